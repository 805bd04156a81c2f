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

/// Leaves a watcher behind and becomes the command. The watcher holds the end
/// of a pipe of ours: when this process is killed, it kills the group. It is an
/// orphan at once, so that a command that waits for all its children does not
/// wait for it.
macro_rules! last {
    () => {
        concat!(
            "exec 3<&0 </dev/null\n",
            "( { ",
            watcher!(),
            "; } <&3 >/dev/null 2>&1 & )\n",
            "exec \"$@\" 3<&-\n"
        )
    };
}

macro_rules! watcher {
    () => {
        "read -r mlx_word; kill -KILL \"-$$\""
    };
}

/// What the watcher does, by which it is told from what a command started.
#[cfg(target_os = "linux")]
pub(crate) const WATCHER: &str = watcher!();

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

/// Descriptors up to this one are the shell's own, or closed by it.
#[cfg(target_os = "linux")]
const CLOSED: u32 = 9;

/// A running command.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    pub(crate) output: PipeReader,
    pub(crate) pid: Pid,
    #[cfg(target_os = "linux")]
    pub(crate) tree: crate::linux::Tree,
    /// Closing it tells the watcher that nobody looks after the command.
    _lifeline: ChildStdin,
}

impl Spawned {
    /// Starts a command. Whatever fails, nothing is left running.
    pub(crate) fn start(sandbox: &Sandbox, run: &Run, temp: &Path) -> Result<Self> {
        let (mut output, writer) =
            io::pipe().map_err(|source| failed("make a pipe for the output", source))?;
        let command = command(sandbox, run, temp, writer)?;
        let mut child = start(command, sandbox, temp)?;
        match release(&mut child, &mut output, sandbox) {
            Ok((pid, lifeline)) => Ok(Self {
                child,
                output,
                pid: pid.0,
                #[cfg(target_os = "linux")]
                tree: pid.1,
                _lifeline: lifeline,
            }),
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
    pub(crate) fn kill(&self) -> usize {
        #[cfg(target_os = "linux")]
        return self.tree.kill();
        #[cfg(not(target_os = "linux"))]
        {
            let _ = rustix::process::kill_process_group(self.pid, rustix::process::Signal::KILL);
            0
        }
    }
}

#[cfg(target_os = "linux")]
type Marked = (Pid, crate::linux::Tree);
#[cfg(not(target_os = "linux"))]
type Marked = (Pid,);

/// Sets limits on the shell that waits, and gives the word.
fn release(
    child: &mut Child,
    output: &mut PipeReader,
    sandbox: &Sandbox,
) -> Result<(Marked, ChildStdin)> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (Some(pid), Some(mut lifeline)) = (pid, child.stdin.take()) else {
        return Err(failed("start the shell", io::ErrorKind::Other.into()));
    };
    output.read_exact(&mut [0]).map_err(|source| failed("start the shell", source))?;
    #[cfg(target_os = "linux")]
    let open = inherited(pid)?;
    #[cfg(not(target_os = "linux"))]
    let open = String::new();
    #[cfg(target_os = "linux")]
    let marked = {
        set_limits(pid, sandbox).map_err(|source| failed("set limits", source))?;
        let tag = crate::linux::Tag::new();
        tag.put_on(pid).map_err(|source| failed("mark the command", source))?;
        (pid, crate::linux::Tree::new(tag, pid))
    };
    #[cfg(not(target_os = "linux"))]
    let marked = {
        let _ = sandbox;
        (pid,)
    };
    let word = if open.is_empty() { "go" } else { &open };
    lifeline.write_all(format!("{word}\n").as_bytes()).map_err(|source| failed("start the command", source))?;
    Ok((marked, lifeline))
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
    let errors = output.try_clone().map_err(|source| failed("make a pipe for the output", source))?;
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

#[cfg(target_os = "linux")]
fn start(command: Command, sandbox: &Sandbox, temp: &Path) -> Result<Child> {
    crate::linux::spawn(command, sandbox, temp)
}

#[cfg(not(target_os = "linux"))]
fn start(mut command: Command, _sandbox: &Sandbox, _temp: &Path) -> Result<Child> {
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
    let guarded: Vec<_> = sandbox
        .policy
        .guarded
        .iter()
        .map(|place| root.join(place.trim_end_matches('*')))
        .collect();
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
    let number = |name: &OsStr| name.to_str()?.parse::<u32>().ok().filter(|number| *number > CLOSED);
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
    use rustix::process::{getuid, prlimit};
    let limits = &sandbox.policy.limits;
    let set = |resource, most: u64| -> io::Result<()> {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        prlimit(Some(pid), resource, limit)?;
        Ok(())
    };
    set(Resource::Fsize, limits.file_bytes)?;
    set(Resource::Core, 0)?;
    // The kernel counts what the user has in all, and does not count for root.
    // What there is now and as many again is a bound for a command that starts
    // processes faster than somebody looks.
    if !getuid().is_root() {
        let tasks = std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| {
            text.split_whitespace().nth(3)?.split_once('/')?.1.parse::<u64>().ok()
        });
        let most = tasks.unwrap_or(0) + 4 * limits.processes as u64;
        let hard = rustix::process::getrlimit(Resource::Nproc).maximum.unwrap_or(u64::MAX);
        set(Resource::Nproc, most.min(hard))?;
    }
    // When memory runs out, the kernel ends the command and not what the user
    // works with. It may not be ours to set, and nothing hangs on it.
    #[allow(clippy::disallowed_methods, reason = "a setting of the kernel")]
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero()), "1000");
    Ok(())
}

fn failed(step: &'static str, source: io::Error) -> Error {
    Error::System { step, source }
}
