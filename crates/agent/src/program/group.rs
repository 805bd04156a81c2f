//! A process and the group that it leads, which ends as a whole.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How soon an end is seen.
const PAUSE: Duration = Duration::from_millis(10);

/// How long one that was killed may take to be gone. A process that waits
/// inside the system is not gone before that lets it.
const GONE: Duration = Duration::from_secs(1);

/// A file that was just written is busy while another thread starts a program:
/// until that has begun, it holds the file open. It takes less than this many
/// pauses.
const BUSY_ATTEMPTS: usize = 20;

/// A process, and all that it starts in its group. They end when this is
/// dropped.
///
/// The exit status is taken last: until then the process keeps its number, which
/// is also that of the group, and nobody else's group can be meant by it.
pub(crate) struct Group {
    child: Child,
    is_over: bool,
}

impl Group {
    /// Starts a program as the leader of a group.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        for _ in 0..BUSY_ATTEMPTS {
            match command.spawn() {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                    thread::sleep(PAUSE);
                }
                started => return Ok(Self { child: started?, is_over: false }),
            }
        }
        Ok(Self { child: command.spawn()?, is_over: false })
    }

    /// The process, for its streams.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The number of the process and of its group.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process has ended.
    #[cfg(unix)]
    pub(crate) fn has_ended(&mut self) -> bool {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let ended = |pid| waitid(WaitId::Pid(pid), options).is_ok_and(|ended| ended.is_some());
        self.is_over || self.pid().is_some_and(ended)
    }

    #[cfg(not(unix))]
    pub(crate) fn has_ended(&mut self) -> bool {
        self.is_over || self.child.try_wait().is_ok_and(|ended| ended.is_some())
    }

    /// Kills what is left of the group, and takes the exit status of the
    /// process: its own, where it had ended.
    pub(crate) fn end(&mut self) -> Option<ExitStatus> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        #[cfg(unix)]
        if let Some(group) = self.pid() {
            // It may be gone already, and with it all that it started.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let until = Instant::now() + GONE;
        loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < until => thread::sleep(PAUSE),
                Ok(Some(status)) => return Some(status),
                _ => break,
            }
        }
        // Somebody has to take its exit status one day.
        #[cfg(unix)]
        if let Some(pid) = self.pid() {
            use rustix::process::{WaitOptions, waitpid};
            thread::spawn(move || waitpid(Some(pid), WaitOptions::empty()));
        }
        None
    }

    #[cfg(unix)]
    fn pid(&self) -> Option<rustix::process::Pid> {
        i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Group").field(&self.id()).finish()
    }
}
