//! A command that has been started, in a group of its own, with limits on it.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit};

use crate::command::Run;
use crate::environment::SET;
use crate::error::{Error, Result};
use crate::sandbox::Sandbox;

/// Becomes the command.
macro_rules! last {
    () => {
        "exec \"$@\" </dev/null\n"
    };
}

/// Where the other shell is.
macro_rules! bash {
    () => {
        "/bin/bash"
    };
}

/// The shell that starts every command.
///
/// It closes what a careless program left open to it, says that it is there,
/// and waits for the word, which comes when limits have been set on it. Most
/// shells cannot close descriptors of two digits; where there are any, the word
/// is their numbers, and `bash` goes on.
const FIRST: &str = concat!(
    "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-\n",
    "mlx_bash=$1; shift\n",
    "echo\n",
    "IFS= read -r mlx_word || exit 125\n",
    "[ \"$mlx_word\" = go ] || exec ",
    bash!(),
    " -c \"$mlx_bash\" \"$mlx_word\" \"$@\"\n",
    last!()
);

/// What `bash` does: its name is the numbers to close.
const CLOSING: &str = concat!("for n in $0; do eval \"exec $n>&-\"; done\n", last!());

/// By how much a command gives way to others where the processors are busy. On
/// an idle machine it is as fast.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// Descriptors up to this one are the shell's own, or closed by it.
#[cfg(target_os = "linux")]
const CLOSED: u32 = 9;

/// A running command.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    pub(crate) output: PipeReader,
    pub(crate) pid: Pid,
    #[cfg(target_os = "linux")]
    pub(crate) warden: crate::linux::Warden,
    /// It kills a last time when it goes, before the group does.
    #[cfg(target_os = "linux")]
    _keeper: crate::linux::Keeper,
    #[cfg(target_os = "linux")]
    _group: Option<crate::linux::Group>,
}

impl Spawned {
    /// Starts a command. Whatever fails, nothing is left running.
    pub(crate) fn start(sandbox: &Sandbox, run: &Run, temp: &Path) -> Result<Self> {
        let (mut output, writer) =
            io::pipe().map_err(|source| failed("make a pipe for the output", source))?;
        let command = command(sandbox, run, temp, writer)?;
        #[cfg(target_os = "linux")]
        let (warden, mut child, mut keeper) = crate::linux::spawn(command, sandbox, temp)?;
        #[cfg(not(target_os = "linux"))]
        let mut child = start(command)?;
        let prepared = prepare(&mut child, &mut output, sandbox).and_then(|prepared| {
            #[cfg(target_os = "linux")]
            {
                keeper.keep(prepared.pid)?;
                warden.watch(prepared.mark, prepared.pid, &sandbox.policy.limits)?;
            }
            prepared.go()
        });
        match prepared {
            #[cfg(target_os = "linux")]
            Ok((pid, group)) => {
                Ok(Self { child, output, pid, warden, _keeper: keeper, _group: group })
            }
            #[cfg(not(target_os = "linux"))]
            Ok(pid) => Ok(Self { child, output, pid }),
            Err(error) => {
                // The command itself has not begun: the shell is all there is.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Kills all that the command has started, itself too, and tells how many
    /// processes there were beside it. It has not been waited for yet.
    pub(crate) fn kill(&mut self) -> usize {
        #[cfg(target_os = "linux")]
        return self.warden.end();
        #[cfg(not(target_os = "linux"))]
        {
            let _ = rustix::process::kill_process_group(self.pid, rustix::process::Signal::KILL);
            0
        }
    }
}

/// The shell that waits, with its limits.
struct Prepared {
    pid: Pid,
    #[cfg(target_os = "linux")]
    mark: crate::linux::Mark,
    /// Where the kernel bounds its tasks.
    #[cfg(target_os = "linux")]
    group: Option<crate::linux::Group>,
    input: ChildStdin,
    /// Numbers of files that it has to close, or `go`.
    word: String,
}

#[cfg(target_os = "linux")]
type Started = (Pid, Option<crate::linux::Group>);
#[cfg(not(target_os = "linux"))]
type Started = Pid;

impl Prepared {
    fn go(mut self) -> Result<Started> {
        self.word.push('\n');
        let told = self.input.write_all(self.word.as_bytes());
        told.map_err(|source| failed("start the command", source))?;
        #[cfg(target_os = "linux")]
        return Ok((self.pid, self.group));
        #[cfg(not(target_os = "linux"))]
        Ok(self.pid)
    }
}

/// Sets limits on the shell that waits.
fn prepare(child: &mut Child, output: &mut PipeReader, sandbox: &Sandbox) -> Result<Prepared> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (Some(pid), Some(input)) = (pid, child.stdin.take()) else {
        return Err(failed("start the shell", io::ErrorKind::Other.into()));
    };
    output.read_exact(&mut [0]).map_err(|source| failed("start the shell", source))?;
    #[cfg(target_os = "linux")]
    {
        let open = inherited(pid)?;
        set_limits(pid, sandbox).map_err(|source| failed("set limits", source))?;
        let mark = crate::linux::Mark::new();
        mark.put_on(pid).map_err(|source| failed("mark the command", source))?;
        let group = crate::linux::Group::make(sandbox.policy.limits.tasks());
        let group = group.filter(|group| group.take(pid).is_ok());
        let word = if open.is_empty() { "go".to_owned() } else { open };
        Ok(Prepared { pid, mark, group, input, word })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = sandbox;
        Ok(Prepared { pid, input, word: "go".to_owned() })
    }
}

fn command(sandbox: &Sandbox, run: &Run, temp: &Path, output: PipeWriter) -> Result<Command> {
    let policy = &sandbox.policy;
    let arguments = run.arguments();
    if arguments.first().is_none_or(|program| program.is_empty()) {
        return Err(Error::Empty);
    }
    let folder = match &run.folder {
        Some(folder) => policy.root.resolve(folder)?,
        None => policy.root.path().to_owned(),
    };
    let mut all = confining(sandbox, temp)?;
    all.extend(["/bin/sh", "-c", FIRST, "sh", CLOSING].map(OsString::from));
    all.extend(arguments);
    let errors =
        output.try_clone().map_err(|source| failed("make a pipe for the output", source))?;
    #[allow(clippy::disallowed_methods, reason = "the one place that starts a command")]
    let mut command = Command::new(&all[0]);
    command
        .args(&all[1..])
        .current_dir(folder)
        .env_clear()
        .envs(policy.environment.iter().map(|(name, value)| (name, value)))
        .envs(SET)
        .envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, temp)))
        // Its cache has to be written for anything to be built.
        .env("GOCACHE", temp.join("go-build"))
        .envs(run.variables.iter().map(|(name, value)| (name, value)))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors);
    Ok(command)
}

#[cfg(not(target_os = "linux"))]
fn start(mut command: Command) -> Result<Child> {
    command.spawn().map_err(|source| failed("start the shell", source))
}

/// The arguments that confine those behind them.
#[cfg(target_os = "macos")]
fn confining(sandbox: &Sandbox, temp: &Path) -> Result<Vec<OsString>> {
    if !sandbox.availability.sandbox_exec {
        return Ok(Vec::new());
    }
    let root = sandbox.policy.root.path();
    let mut writable = vec![root.to_owned(), crate::paths::real(temp)];
    writable.extend(sandbox.policy.writable.iter().map(|folder| crate::paths::real(folder)));
    let guarded: Vec<_> =
        sandbox.policy.guarded.iter().map(|place| root.join(place.trim_end_matches('*'))).collect();
    let places = crate::profile::Places {
        writable: &writable,
        guarded: &guarded,
        hidden: &sandbox.hidden,
        network: sandbox.policy.network,
    };
    let profile = places
        .profile()
        .ok_or_else(|| failed("write the sandbox's profile", io::ErrorKind::InvalidInput.into()))?;
    Ok(vec![crate::profile::PROGRAM.into(), "-p".into(), profile.into()])
}

#[cfg(not(target_os = "macos"))]
#[allow(clippy::unnecessary_wraps, reason = "as on macOS")]
fn confining(_sandbox: &Sandbox, _temp: &Path) -> Result<Vec<OsString>> {
    Ok(Vec::new())
}

/// The numbers of files of ours that are open in the shell that waits, where it
/// does not close them itself. The standard library and most others open files
/// so that a command does not get them; one that does not, or whoever started
/// this program, could hand it a terminal or a connection.
#[cfg(target_os = "linux")]
fn inherited(pid: Pid) -> Result<String> {
    let folder = format!("/proc/{}/fd", pid.as_raw_nonzero());
    let entries = std::fs::read_dir(&folder)
        .map_err(|source| failed("look at what the command inherits", source))?;
    let number =
        |name: &OsStr| name.to_str()?.parse::<u32>().ok().filter(|number| *number > CLOSED);
    let mut open: Vec<u32> =
        entries.flatten().filter_map(|entry| number(&entry.file_name())).collect();
    open.sort_unstable();
    match open.first() {
        Some(number) if !Path::new(bash!()).exists() => {
            let what = std::fs::read_link(format!("{folder}/{number}")).unwrap_or_default();
            Err(Error::Inherited { number: *number, what: what.display().to_string() })
        }
        _ => Ok(open.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")),
    }
}

#[cfg(target_os = "linux")]
fn set_limits(pid: Pid, sandbox: &Sandbox) -> io::Result<()> {
    use rustix::process::prlimit;
    let limits = &sandbox.policy.limits;
    let set = |resource, most: u64| -> io::Result<()> {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        prlimit(Some(pid), resource, limit)?;
        Ok(())
    };
    set(Resource::Fsize, limits.file_bytes)?;
    set(Resource::Core, 0)?;
    // The kernel counts what the user has in all.
    if let Some(tasks) = crate::linux::tasks_of_the_user() {
        let most = tasks.saturating_add(limits.tasks() as u64);
        let hard = rustix::process::getrlimit(Resource::Nproc).maximum.unwrap_or(u64::MAX);
        set(Resource::Nproc, most.min(hard))?;
    }
    // What watches, and what the user works with, goes first.
    // Nothing hangs on it.
    let now = rustix::process::getpriority_process(None).unwrap_or(0);
    let _ = rustix::process::setpriority_process(Some(pid), (now + NICENESS).min(19));
    // When memory runs out, the kernel ends the command and not what the user
    // works with. It may not be ours to set, and nothing hangs on it.
    #[allow(clippy::disallowed_methods, reason = "a setting of the kernel")]
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero()), "1000");
    Ok(())
}

fn failed(step: &'static str, source: io::Error) -> Error {
    Error::System { step, source }
}
