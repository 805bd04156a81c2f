//! A process that ends a command when the program that started it has died.
//!
//! `kill(-1)` signals every process that the caller may signal, in one step in
//! which none can start another. Landlock (ABI 6) bounds what may be signalled to
//! the caller's domain and those made inside it. The keeper is started in a
//! domain that bounds signals alone and lies around the command's, so that it
//! reaches every process of the command and nothing else, and none of them
//! reaches the keeper.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use landlock::{
    AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::Pid;

use super::system;
use crate::error::Result;

/// The keeper. Where signals are not bounded it keeps to the command's group;
/// that they are is looked at twice, since a mistake would end whatever the
/// user runs: the domain was taken on by us, and our own process is out of
/// reach.
const SCRIPT: &str = r#"exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
host=$1 reach=$2
if [ "$reach" = domain ]; then
    kill -0 "$host" 2>/dev/null && exit 1
fi
echo ready
IFS= read -r group || exit
case $reach in
    domain) target=-1 ;;
    *) target=-$group ;;
esac
IFS= read -r word
[ "$word" = done ] || kill -s KILL -- "$target" 2>/dev/null
"#;

/// The running process.
#[derive(Debug)]
pub(crate) struct Keeper {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    is_bounded: bool,
}

/// Bounds the signals of the calling thread, and tells whether the kernel can.
///
/// Every domain refuses to move files between folders unless it allows that,
/// whatever else it handles; so this one allows it everywhere, and the command's
/// own decides.
pub(super) fn bound_signals() -> bool {
    let taken = || -> Result<RestrictionStatus, Box<dyn std::error::Error>> {
        let domain = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::Refer)?
            .scope(Scope::Signal)?
            .create()?
            .add_rule(PathBeneath::new(PathFd::new("/")?, AccessFs::Refer))?;
        Ok(domain.restrict_self()?)
    };
    taken().is_ok_and(|status| status.ruleset == RulesetStatus::FullyEnforced)
}

impl Keeper {
    /// Starts it from the calling thread, whose signals are bounded or not.
    pub(super) fn start(is_bounded: bool) -> Result<Self> {
        let reach = if is_bounded { "domain" } else { "group" };
        let host = std::process::id().to_string();
        #[allow(clippy::disallowed_methods, reason = "ends what commands have started")]
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "sh", &host, reach])
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| system("start the keeper", source))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let Some(output) = output.map(BufReader::new) else {
            return Err(system("start the keeper", std::io::ErrorKind::Other));
        };
        Ok(Self { child, input, output, is_bounded })
    }

    /// Its number.
    pub(super) fn pid(&self) -> Result<Pid> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.ok_or_else(|| system("start the keeper", std::io::ErrorKind::Other))
    }

    /// Tells it which command it is for. That it answers means that it has seen
    /// our own process out of the reach of its domain.
    pub(crate) fn keep(&mut self, group: Pid) -> Result<()> {
        let mut line = String::new();
        let is_ready = self.output.read_line(&mut line).is_ok() && line.trim_end() == "ready";
        let group = format!("{}\n", group.as_raw_nonzero());
        let told = self.input.as_mut().is_some_and(|to| to.write_all(group.as_bytes()).is_ok());
        if is_ready && told {
            Ok(())
        } else {
            Err(system("start the keeper", std::io::ErrorKind::BrokenPipe))
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Where it reaches the command alone it kills a last time. A group's
        // number may be another's by now.
        if let Some(input) = self.input.as_mut().filter(|_| !self.is_bounded) {
            let _ = input.write_all(b"done\n");
        }
        self.input = None;
        let _ = self.child.wait();
    }
}
