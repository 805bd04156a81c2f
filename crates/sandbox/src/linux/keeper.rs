//! A process that can end a command with all that it has started, at once.
//!
//! `kill(-1)` signals every process that the caller may signal, in one step in
//! which none can start another. Landlock (ABI 6) bounds what may be signalled to
//! the caller's domain and those made inside it. So the thread that starts a
//! command first takes on a domain that bounds signals alone, starts the keeper
//! there, and then takes on the command's own domain inside it: the keeper
//! reaches every process of the command and nothing else, and none of them
//! reaches the keeper. It does the same when its input ends, that is when this
//! program has died.

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
while IFS= read -r signal; do
    kill -s "$signal" -- "$target" 2>/dev/null
    echo done
done
kill -s KILL -- "$target" 2>/dev/null
"#;

/// What is done to all processes of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Stop,
    Continue,
    Kill,
}

/// The running process.
#[derive(Debug)]
pub(crate) struct Keeper {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
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
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        let Some(answers) = answers.map(BufReader::new) else {
            return Err(system("start the keeper", std::io::ErrorKind::Other));
        };
        Ok(Self { child, orders, answers, is_bounded })
    }

    /// Tells it which command it is for.
    pub(crate) fn keep(&mut self, group: Pid) -> Result<()> {
        let told =
            self.answer() == Some("ready") && self.order(&group.as_raw_nonzero().to_string());
        if told { Ok(()) } else { Err(system("start the keeper", std::io::ErrorKind::BrokenPipe)) }
    }

    /// Whether it reaches every process of the command, or its group alone.
    pub(crate) fn reaches_all(&self) -> bool {
        self.is_bounded
    }

    /// Does it to all processes; false where the keeper is gone.
    pub(crate) fn does(&mut self, deed: Deed) -> bool {
        let signal = match deed {
            Deed::Stop => "STOP",
            Deed::Continue => "CONT",
            Deed::Kill => "KILL",
        };
        self.order(signal) && self.answer() == Some("done")
    }

    fn order(&mut self, line: &str) -> bool {
        let Some(orders) = &mut self.orders else { return false };
        orders.write_all(format!("{line}\n").as_bytes()).is_ok()
    }

    fn answer(&mut self) -> Option<&'static str> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        ["ready", "done"].into_iter().find(|known| line.trim_end() == *known)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It kills a last time and ends.
        self.orders = None;
        let _ = self.child.wait();
    }
}
