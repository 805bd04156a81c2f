//! A thread of ours that counts what a command has started, and ends it.
//!
//! It is in a domain that bounds its signals, around the command's and inside
//! the keeper's. So one system call of it, `kill(-1)`, stops or ends every
//! process of the command, in one step in which none can start another, and
//! nothing else; and no second process has to get a turn on a busy machine
//! first.

use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal, test_kill_process,
};

use super::census::{Census, Use, lives};
use super::keeper::{Keeper, bound_signals};
use super::mark::Mark;
use super::signs::Signs;
use super::system;
use crate::error::Result;
use crate::policy::Limits;
use crate::ran::Ended;

/// How often somebody looks whether there are suddenly more tasks. Starting a
/// process takes some 30 microseconds, so that two processors start sixty
/// meanwhile.
const GLANCE: Duration = Duration::from_millis(1);

/// Where more tasks wait for a processor, each millisecond of a look costs a turn
/// among them, and nobody looks without a reason: more processes and less memory
/// are noticed without.
const CROWD: u64 = 32;

/// The niceness of the thread, which only root and few users may set.
const FIRST: i32 = -10;

/// How long processes are looked for that have been killed: one that waits in a
/// driver is not gone before the driver lets it.
const GONE: Duration = Duration::from_secs(30);

/// How long is waited before it is looked again whether they are gone.
const PAUSE: Duration = Duration::from_micros(200);

/// How often nothing has to be found in a row where processes are killed one by
/// one.
const SURE: usize = 2;

/// The thread.
#[derive(Debug)]
pub(crate) struct Warden {
    orders: SyncSender<Order>,
    found: Arc<OnceLock<Ended>>,
}

#[derive(Debug)]
enum Order {
    Watch(Box<Watch>),
    End(SyncSender<usize>),
}

/// What signals of the thread reach.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// All processes of the command and nothing else, by `kill(-1)`.
    Domain,
    /// Whatever its user may signal.
    Everything,
}

impl Warden {
    /// Starts the thread, from it the keeper, and the command by `start`, which
    /// is called where signals are bounded if they can be.
    pub(super) fn start(
        start: impl FnOnce() -> Result<Child> + Send + 'static,
    ) -> Result<(Self, Child, Keeper)> {
        let (orders, from) = sync_channel(1);
        let (to, begun) = sync_channel(1);
        let found = Arc::new(OnceLock::new());
        let tell = Arc::clone(&found);
        let live = move || {
            let (reach, started) = begin(start);
            let is_started = started.is_ok();
            let is_heard = to.send(started).is_ok();
            if let (true, true, Ok(Order::Watch(watch))) = (is_started, is_heard, from.recv()) {
                Watch { reach, ..*watch }.live(&from, &tell);
            }
        };
        thread::Builder::new()
            .name("warden".to_owned())
            .spawn(live)
            .map_err(|source| system("start a thread", source))?;
        let gone = || system("restrict a thread", std::io::ErrorKind::Other);
        let (child, keeper) = begun.recv().map_err(|_| gone())??;
        Ok((Self { orders, found }, child, keeper))
    }

    /// Begins to watch over the processes of a shell that has not become the
    /// command yet. The keeper has told that signals are bounded.
    pub(crate) fn watch(&self, mark: Mark, first: Pid, limits: &Limits) -> Result<()> {
        let watch = Box::new(Watch::new(mark, first, limits));
        let told = self.orders.send(Order::Watch(watch));
        told.map_err(|_| system("watch over the command", std::io::ErrorKind::BrokenPipe))
    }

    /// The limit that the command has passed, once it has; all its processes
    /// are killed then.
    pub(crate) fn found(&self) -> Option<Ended> {
        self.found.get().copied()
    }

    /// Kills all processes, waits until they are gone, and tells how many there
    /// were beside the first. That one has not been waited for yet, so that its
    /// number is no other's.
    pub(crate) fn end(&self) -> usize {
        let (to, answer) = sync_channel(1);
        // Without the thread it is the keeper who ends them.
        if self.orders.send(Order::End(to)).is_err() {
            return 0;
        }
        answer.recv().unwrap_or(0)
    }
}

fn begin(start: impl FnOnce() -> Result<Child>) -> (Reach, Result<(Child, Keeper)>) {
    let mut reach = Reach::Everything;
    let mut started = || {
        // Before others, where it may. Nothing hangs on it.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), FIRST);
        super::give_up_powers()?;
        let is_bounded = bound_signals();
        let keeper = Keeper::start(is_bounded)?;
        // Inside, so that the keeper is not ended with the command. That it is
        // out of reach shows that nothing else is in it.
        if is_bounded && bound_signals() && test_kill_process(keeper.pid()?) == Err(Errno::PERM) {
            reach = Reach::Domain;
        }
        Ok(keeper)
    };
    let keeper = started();
    (reach, keeper.and_then(|keeper| Ok((start()?, keeper))))
}

#[derive(Debug)]
struct Watch {
    reach: Reach,
    census: Census,
    limits: Limits,
    /// The first process, whose number is that of its group too, until it is
    /// waited for.
    first: Pid,
    signs: Signs,
    looked: Instant,
    /// Processes beside the first when they were killed.
    left: Option<usize>,
}

/// What a look has found.
#[derive(Clone, Copy, Debug)]
enum Judgement {
    Fine,
    /// There are suddenly more, and they were not counted to the end.
    Grows,
    /// A limit is passed.
    Beyond(Ended),
}

/// The limit that is passed.
fn beyond(limits: &Limits, used: &Use) -> Option<Ended> {
    if used.living + used.dead > limits.processes || used.threads > limits.tasks() {
        Some(Ended::TooManyProcesses)
    } else {
        (used.memory_bytes > limits.memory_bytes).then_some(Ended::TooMuchMemory)
    }
}

impl Watch {
    fn new(mark: Mark, first: Pid, limits: &Limits) -> Self {
        Self {
            reach: Reach::Everything,
            census: Census::new(mark),
            limits: limits.clone(),
            first,
            signs: Signs::new(limits),
            looked: Instant::now(),
            left: None,
        }
    }

    fn live(mut self, orders: &Receiver<Order>, found: &OnceLock<Ended>) {
        loop {
            match orders.recv_timeout(GLANCE) {
                Ok(Order::End(answer)) => {
                    let _ = answer.send(self.end());
                    return;
                }
                Ok(Order::Watch(_)) => {}
                Err(RecvTimeoutError::Timeout) => {
                    if found.get().is_none()
                        && let Some(ended) = self.glance()
                    {
                        // Known before anybody can see the command's end.
                        let _ = found.set(ended);
                        self.signal(Signal::STOP);
                        self.count_what_is_left();
                        self.kill();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.end();
                    return;
                }
            }
        }
    }

    /// A single number of the whole system tells whether there can be too many
    /// processes. Where there can, all are stopped while they are counted: a
    /// counter that shares the processors with a thousand others would come too
    /// late.
    fn glance(&mut self) -> Option<Ended> {
        let load = self.signs.load();
        if !self.signs.have_risen(load) {
            self.signs.falls(load);
            if self.looked.elapsed() < Limits::LOOK {
                return None;
            }
            if load.running > CROWD && !self.signs.has_fallen() {
                self.looked = Instant::now();
                return None;
            }
            match self.look(true) {
                Judgement::Fine => return None,
                Judgement::Beyond(ended) => return Some(ended),
                Judgement::Grows => {}
            }
        }
        self.signal(Signal::STOP);
        if let Judgement::Beyond(ended) = self.look(false) {
            return Some(ended);
        }
        self.signal(Signal::CONT);
        None
    }

    /// Counts all that the command has started, and judges. What grows while it
    /// is counted cannot be, unless it is stopped.
    fn look(&mut self, is_running: bool) -> Judgement {
        let Self { census, signs, limits, .. } = self;
        // What comes while it is counted may be missed, and is new.
        let load = signs.load();
        let mut has_risen = false;
        let used = census.count(|used| {
            has_risen = is_running && signs.have_risen(signs.load());
            has_risen || beyond(limits, used).is_some()
        });
        self.looked = Instant::now();
        if let Some(ended) = beyond(limits, &used) {
            return Judgement::Beyond(ended);
        }
        if has_risen {
            return Judgement::Grows;
        }
        signs.after(load, limits, &used);
        Judgement::Fine
    }

    fn first(&self) -> u32 {
        self.first.as_raw_nonzero().get() as u32
    }

    fn count_what_is_left(&mut self) {
        let first = self.first();
        let beside = self.census.find().into_iter().filter(|pid| *pid != first && lives(*pid));
        self.left = Some(beside.count());
    }

    fn signal(&mut self, signal: Signal) {
        match self.reach {
            // The kernel reads the negative of 1 as everybody within reach.
            Reach::Domain => drop(kill_process_group(Pid::INIT, signal)),
            Reach::Everything => drop(self.signal_one_by_one(signal)),
        }
    }

    fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    fn end(&mut self) -> usize {
        if self.left.is_none() {
            self.count_what_is_left();
        }
        let mut left = self.left.unwrap_or(0);
        let deadline = Instant::now() + GONE;
        let mut in_a_row = 0;
        loop {
            match self.reach {
                Reach::Domain => {
                    self.kill();
                    // Killed they all are; what one was about to write may
                    // still come.
                    if self.census.living() == 0 {
                        return left;
                    }
                }
                Reach::Everything => {
                    let found = self.signal_one_by_one(Signal::KILL);
                    left = left.max(found);
                    in_a_row = if self.census.living() == 0 { in_a_row + 1 } else { 0 };
                    if in_a_row >= SURE {
                        return left;
                    }
                }
            }
            if Instant::now() > deadline {
                return left;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Signals what bears the mark, and tells how many there were beside the
    /// first: where the kernel does not bound signals.
    fn signal_one_by_one(&mut self, signal: Signal) -> usize {
        // The group at once: no process of it can start another meanwhile.
        let _ = kill_process_group(self.first, signal);
        let mut found = 0;
        for pid in self.census.find() {
            let Some(id) = Pid::from_raw(pid as i32) else { continue };
            // The file descriptor holds on to the process whose mark is looked
            // at, whatever becomes of its number.
            let Ok(process) = pidfd_open(id, PidfdFlags::empty()) else { continue };
            if self.census.bears_the_mark(pid) && lives(pid) {
                let _ = pidfd_send_signal(&process, signal);
                found += usize::from(pid != self.first());
            }
        }
        found
    }
}

#[cfg(test)]
#[path = "warden_tests.rs"]
mod tests;
