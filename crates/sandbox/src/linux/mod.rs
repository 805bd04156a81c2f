//! What Linux guards: Landlock for files, seccomp for system calls.
//!
//! Both act on the calling thread and on what it starts. So two threads are made
//! for each command: the warden, which stays, and from it one that gives up its
//! rights, starts the command and ends.

mod calls;
mod census;
mod files;
mod group;
mod keeper;
mod mark;
mod signs;
mod tasks;
mod warden;

use std::io;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use landlock::{ABI, Access, AccessFs, LandlockStatus, Ruleset, RulesetAttr, RulesetStatus};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
use seccompiler::BpfProgram;

use files::Grants;
pub(crate) use group::Group;
pub(crate) use keeper::Keeper;
pub(crate) use mark::Mark;
pub(crate) use tasks::tasks_of_the_user;
pub(crate) use warden::Warden;

use crate::error::{Error, Result};
use crate::sandbox::Sandbox;

/// How long a thread that has started a command may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// Rights of root that are left: to read and write what lies below the root
/// whoever owns it. Without them a container's root could not work in a folder
/// of its host's user. Everything else goes: devices, memory, clocks, other
/// people's processes, owners.
const KEPT: CapabilitySet = CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH);

/// The version of Landlock here, found out by a thread that restricts nothing
/// but itself and ends.
pub(crate) fn landlock_abi() -> Option<u32> {
    let probe = || {
        let rights = AccessFs::from_all(ABI::V1);
        let status = Ruleset::default().handle_access(rights).ok()?.create().ok()?;
        match status.restrict_self().ok()?.landlock {
            LandlockStatus::Available { effective_abi, .. } => Some(effective_abi as u32),
            _ => None,
        }
    };
    thread::Builder::new().spawn(probe).ok()?.join().ok().flatten()
}

/// Whether system calls can be filtered here.
pub(crate) fn has_seccomp() -> bool {
    let known = calls::architecture().is_some();
    known
        && std::fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail")
            .is_ok_and(|actions| actions.split_whitespace().any(|action| action == "errno"))
}

/// Starts a command, and who watches over it.
pub(crate) fn spawn(
    command: Command,
    sandbox: &Sandbox,
    temp: &Path,
) -> Result<(Warden, Child, Keeper)> {
    let availability = &sandbox.availability;
    let grants = match availability.landlock_abi {
        Some(_) => Some(Grants::new(sandbox, temp)?),
        None => None,
    };
    let unix_sockets = sandbox.policy.unix_sockets || availability.landlock_abi >= Some(9);
    let filters = if availability.seccomp {
        calls::filters(sandbox.policy.network, unix_sockets)?
    } else {
        Vec::new()
    };
    Warden::start(move || confined(command, grants, filters))
}

/// Starts a command in a thread that has given up its rights.
///
/// The thread has ended when this returns. It has to: it is in the same Landlock
/// domain as the command, and shares our memory, which the command could
/// otherwise read through it.
fn confined(
    mut command: Command,
    grants: Option<Grants>,
    filters: Vec<BpfProgram>,
) -> Result<Child> {
    let confined = move || -> Result<(Child, u32)> {
        if let Some(grants) = grants {
            let status = grants.restrict()?;
            if status == RulesetStatus::NotEnforced {
                return Err(system("restrict files", io::ErrorKind::Unsupported));
            }
        }
        for filter in &filters {
            seccompiler::apply_filter(filter)
                .map_err(|error| system("filter system calls", io::Error::other(error)))?;
        }
        let child = command.spawn().map_err(|source| system("start the shell", source))?;
        Ok((child, rustix::thread::gettid().as_raw_nonzero().get() as u32))
    };
    let thread = thread::Builder::new()
        .name("sandbox".to_owned())
        .spawn(confined)
        .map_err(|source| system("start a thread", source))?;
    let joined = thread.join();
    let (mut child, thread) =
        joined.unwrap_or_else(|_| Err(system("restrict a thread", io::ErrorKind::Other)))?;
    let place = format!("/proc/self/task/{thread}");
    let deadline = Instant::now() + GONE;
    while Path::new(&place).exists() {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(system("end the thread that started it", io::ErrorKind::TimedOut));
        }
        thread::yield_now();
    }
    Ok(child)
}

/// Gives up, for the calling thread and what it starts, what a command needs
/// not.
fn give_up_powers() -> Result<()> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|source| system("give up new privileges", source))?;
    drop_capabilities()
}

fn drop_capabilities() -> Result<()> {
    let has = capabilities(None).map_err(|source| system("look at capabilities", source))?;
    let left = CapabilitySets {
        effective: has.effective & KEPT,
        permitted: has.permitted & KEPT,
        inheritable: CapabilitySet::empty(),
    };
    // Root gets back on `exec` what it may have at most: that is bounded by
    // what it had, since there are no new privileges.
    set_capabilities(None, left).map_err(|source| system("give up capabilities", source))
}

pub(crate) fn system(step: &'static str, source: impl Into<io::Error>) -> Error {
    Error::System { step, source: source.into() }
}
