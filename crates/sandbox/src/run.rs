//! The life of one command: started, looked after, ended, cleared away.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::command::Run;
use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::output::{Decoder, Keeper};
use crate::policy::Limits;
use crate::ran::{Ended, Ran};
use crate::sandbox::Sandbox;
use crate::spawned::Spawned;
use crate::watch::Disks;

/// Bytes of output that are taken at once.
const PIECE: usize = 64 << 10;

/// Pieces that wait to be heard. A command that prints faster waits.
const WAITING: usize = 8;

/// How often somebody looks whether to cancel.
const GLANCE: Duration = Duration::from_millis(4);

/// How long output is waited for when everybody who could print is gone.
const REST: Duration = Duration::from_secs(1);

enum Event {
    Output(Vec<u8>),
    /// Nobody can print any more.
    Silent,
    /// The command has ended; it has not been waited for.
    Exited,
}

/// Runs a command to its end.
pub(crate) fn run(
    sandbox: &Sandbox,
    run: &Run,
    cancel: &CancelToken,
    on_output: &mut dyn FnMut(&str),
) -> Result<Ran> {
    let policy = &sandbox.policy;
    let begun = Instant::now();
    let temp = private_folder(sandbox)?;
    let guard = Guard::read(policy.root.path(), &policy.guarded)?;
    let mut folders = vec![policy.root.path(), temp.path()];
    if policy.shared_memory {
        folders.push("/dev/shm".as_ref());
    }
    let disks = Disks::look(folders);

    let spawned = Spawned::start(sandbox, run, temp.path())?;
    let (sender, events) = sync_channel(WAITING);
    let started = read(&spawned, sender.clone()).and_then(|()| wait(spawned.pid, sender));
    let mut watch = Watch {
        limits: &policy.limits,
        begun,
        looked: begun,
        cancel,
        disks,
        spawned,
        keeper: Keeper::new(policy.limits.kept_output_bytes),
        decoder: Decoder::default(),
        on_output,
    };
    let stopped = match &started {
        Ok(()) => watch.until_the_end(&events),
        Err(_) => None,
    };
    let left_running = watch.spawned.kill();
    watch.take_the_rest(&events);
    let text = watch.decoder.finish();
    if !text.is_empty() {
        (watch.on_output)(&text);
    }
    let Watch { mut spawned, keeper, .. } = watch;
    let status = spawned.child.wait();
    let put_back = guard.put_back()?;
    started?;
    let status = status.map_err(|source| Error::System { step: "wait for the command", source })?;
    let ended = stopped.unwrap_or_else(|| by_itself(status));
    let output = keeper.finish();
    Ok(Ran { ended, output, wall: begun.elapsed(), left_running, put_back })
}

/// A folder that nobody else reads; it goes with the value.
fn private_folder(sandbox: &Sandbox) -> Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let folder = &sandbox.policy.temp;
    tempfile::Builder::new()
        .prefix("mlx-code-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(crate::paths::real(folder))
        .map_err(|source| Error::Temp { folder: folder.clone(), source })
}

fn by_itself(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited { code },
        (None, signal) => Ended::Signalled { signal: signal.unwrap_or(0) },
    }
}

/// Reads the output in a thread. It ends when nobody can print any more.
fn read(spawned: &Spawned, to: SyncSender<Event>) -> Result<()> {
    let failed = |source| Error::System { step: "read the output", source };
    let mut output = spawned.output.try_clone().map_err(failed)?;
    let reader = move || {
        let mut piece = vec![0; PIECE];
        loop {
            match output.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    if to.send(Event::Output(piece[..length].to_vec())).is_err() {
                        return;
                    }
                }
            }
        }
        let _ = to.send(Event::Silent);
    };
    thread::Builder::new().name("output".to_owned()).spawn(reader).map(drop).map_err(failed)
}

/// Waits for the end in a thread, and leaves the dead process as it is: as long
/// as nobody has waited for it, its number is no other's.
fn wait(pid: Pid, to: SyncSender<Event>) -> Result<()> {
    let waiter = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
        let _ = to.send(Event::Exited);
    };
    let spawned = thread::Builder::new().name("waiter".to_owned()).spawn(waiter);
    spawned.map(drop).map_err(|source| Error::System { step: "wait for the command", source })
}

struct Watch<'a> {
    limits: &'a Limits,
    begun: Instant,
    looked: Instant,
    cancel: &'a CancelToken,
    disks: Disks,
    spawned: Spawned,
    keeper: Keeper,
    decoder: Decoder,
    on_output: &'a mut dyn FnMut(&str),
}

impl Watch<'_> {
    /// Looks after the command until it ends, or gives the reason to end it.
    fn until_the_end(&mut self, events: &Receiver<Event>) -> Option<Ended> {
        loop {
            match events.recv_timeout(GLANCE) {
                Ok(Event::Output(bytes)) => self.hear(&bytes),
                Ok(Event::Silent) | Err(RecvTimeoutError::Timeout) => {}
                // The end that a limit brought may be seen before the reason.
                Ok(Event::Exited) | Err(RecvTimeoutError::Disconnected) => {
                    #[cfg(target_os = "linux")]
                    return self.spawned.warden.found();
                    #[cfg(not(target_os = "linux"))]
                    return None;
                }
            }
            if let Some(reason) = self.reason_to_stop() {
                return Some(reason);
            }
        }
    }

    fn reason_to_stop(&mut self) -> Option<Ended> {
        #[cfg(target_os = "linux")]
        if let Some(ended) = self.spawned.warden.found() {
            return Some(ended);
        }
        if self.cancel.is_cancelled() {
            return Some(Ended::Cancelled);
        }
        if self.keeper.total() > self.limits.output_bytes {
            return Some(Ended::TooMuchOutput);
        }
        let now = Instant::now();
        if now.duration_since(self.begun) > self.limits.wall {
            return Some(Ended::TimedOut);
        }
        if now.duration_since(self.looked) < Limits::LOOK {
            return None;
        }
        self.looked = now;
        self.disks.are_full(self.limits).then_some(Ended::TooMuchDisk)
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.keeper.add(bytes);
        let text = self.decoder.decode(bytes);
        if !text.is_empty() {
            (self.on_output)(&text);
        }
    }

    /// Takes what was printed before the end and has not been read.
    fn take_the_rest(&mut self, events: &Receiver<Event>) {
        let deadline = Instant::now() + REST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match events.recv_timeout(left) {
                Ok(Event::Output(bytes)) => self.hear(&bytes),
                Ok(Event::Exited) => {}
                Ok(Event::Silent) | Err(_) => return,
            }
        }
    }
}
