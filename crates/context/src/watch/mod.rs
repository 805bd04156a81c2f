//! An index that follows its tree while people edit it.
//!
//! The principal type is [`Watch`]. What the system tells is a hint only: which
//! files changed is decided by their contents, as in any update.

mod folders;
mod follow;
mod foreign;
mod hint;
mod mounts;
mod source;
mod tests;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;

use crate::error::{Error, Result};
use crate::index::{CodeIndex, Updated};
pub(crate) use mounts::silent;

use follow::Follower;
use hint::Hint;
use source::System;

/// How soon somebody who cancels is heard.
const HEARD: Duration = Duration::from_millis(100);

/// Where the system tells nothing, the tree is looked at this often, and never
/// for more than a part of the time.
const POLLED: Duration = Duration::from_secs(1);
const POLLED_PART: u32 = 10;

/// What a [`Watch`] tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEvent {
    /// The index is what the tree is, and follows it from now on.
    Ready(Updated),
    /// Files changed, came or went ([`Updated::files`] names them), and the
    /// index knows it.
    Changed(Updated),
    /// The system does not tell what changes, so that the tree is looked at
    /// again and again.
    Polling(PollReason),
    /// The index could not be updated; the next change is another try.
    Failed(Error),
}

/// Why a tree is looked at again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollReason {
    /// The tree has more folders than the system watches for one user.
    WatchLimit,
    /// The tree lies on a file system of this type, which does not tell of
    /// all changes.
    FileSystem(String),
    /// Watching failed otherwise.
    Unavailable,
}

/// An index that follows its tree until this is dropped. It gives events,
/// waiting for the next, and ends when its token is cancelled.
///
/// ```
/// use mlxcode_base::{CancelToken, Root};
/// use mlxcode_context::{CodeIndex, WalkOptions, Watch, WatchEvent};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let tree = folder.path().join("tree");
/// # std::fs::create_dir(&tree)?;
/// # std::fs::write(tree.join("port.py"), "def open_port(n):\n    return n\n")?;
/// let root = Root::open(&tree)?;
/// let index = CodeIndex::open(&folder.path().join("index"), &root, WalkOptions::default())?;
/// let mut watch = Watch::start(index, &CancelToken::new())?;
/// assert!(matches!(watch.next(), Some(WatchEvent::Ready(updated)) if updated.added == 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    events: Receiver<WatchEvent>,
    stop: Sender<Signal>,
    worker: Option<JoinHandle<()>>,
    own: CancelToken,
}

/// What the worker is told.
enum Signal {
    Hints(Vec<Hint>),
    Stop,
}

impl Watch {
    /// Brings the index to what the tree is, and follows it. `cancel` ends the
    /// watch.
    pub fn start(index: CodeIndex, cancel: &CancelToken) -> Result<Self> {
        let (stop, signals) = channel();
        let (sender, events) = channel();
        let hints = stop.clone();
        // Who does not listen any more is told nothing.
        let told = move |some| drop(hints.send(Signal::Hints(some)));
        let system = System::new(told);
        let (own, cancel) = (CancelToken::new(), cancel.clone());
        let follower = Follower::new(index, system.map(|one| Box::new(one) as _), own.clone());
        let both = (own.clone(), cancel);
        let worker = thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || follow(follower, &signals, &sender, &both))
            .map_err(|source| Error::Watch { source })?;
        Ok(Self { events, stop, worker: Some(worker), own })
    }

    /// The next event, if one comes within `time`. `None` also where the watch
    /// has ended.
    pub fn next_within(&self, time: Duration) -> Option<WatchEvent> {
        self.events.recv_timeout(time).ok()
    }
}

impl Iterator for Watch {
    type Item = WatchEvent;

    fn next(&mut self) -> Option<WatchEvent> {
        self.events.recv().ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.own.cancel();
        // It may have ended already.
        let _ = self.stop.send(Signal::Stop);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

fn follow(
    mut follower: Follower,
    signals: &Receiver<Signal>,
    events: &Sender<WatchEvent>,
    (own, cancel): &(CancelToken, CancelToken),
) {
    let tell = |some: Vec<WatchEvent>| some.into_iter().all(|one| events.send(one).is_ok());
    if !tell(follower.start()) {
        return;
    }
    let mut polled = Instant::now();
    let mut pause = POLLED;
    loop {
        if own.is_cancelled() || cancel.is_cancelled() {
            return;
        }
        let mut hints = match signals.recv_timeout(HEARD) {
            Ok(Signal::Hints(hints)) => hints,
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => Vec::new(),
        };
        // What came while the last was worked on is one piece of work.
        for more in signals.try_iter() {
            match more {
                Signal::Hints(more) => hints.extend(more),
                Signal::Stop => return,
            }
        }
        if follower.is_polling() && polled.elapsed() >= pause {
            let begin = Instant::now();
            hints.push(Hint::Lost);
            if !tell(follower.take(hints)) {
                return;
            }
            pause = POLLED.max(begin.elapsed() * POLLED_PART);
            polled = Instant::now();
        } else if !hints.is_empty() && !tell(follower.take(hints)) {
            return;
        }
    }
}
