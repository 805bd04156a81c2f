//! One try at a file, until it is whole or has to be begun anew.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use ureq::http::Uri;

use super::partial::Partial;
use super::widen::{self, Widen};
use super::{FileProgress, Pace, connection, follow};
use crate::error::{Error, HubError, Result};
use crate::hub::backoff::{Attempts, sleep};
use crate::hub::client::SharedClient;
use crate::hub::tree::RemoteFile;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);
/// How long threads that were told to stop are waited for where what they
/// wait for does not matter any more. They write nothing after that.
const GRACE: Duration = Duration::from_millis(300);

/// How a round ended.
#[derive(Debug)]
pub enum End {
    /// All bytes are there; their checksum.
    Done(String),
    /// A connection without ranges was cut off: from nothing, once more.
    Again,
    /// What is there belongs to something else.
    Restart {
        reason: String,
        /// Whether the server has no ranges.
        whole: bool,
    },
    /// It cannot go on.
    Failed(Error),
}

/// What all rounds of a file share.
#[derive(Clone)]
pub struct Round {
    pub client: SharedClient,
    pub address: Uri,
    pub repo: String,
    pub commit: String,
    pub file: RemoteFile,
    pub partial: Arc<Partial>,
    pub pace: Arc<Pace>,
    pub fetched: Arc<AtomicU64>,
    pub attempts: Arc<Mutex<Attempts>>,
    /// The most bytes that were ever there.
    pub best: Arc<AtomicU64>,
}

/// What the threads of one round share.
pub struct Shared {
    pub round: Round,
    /// Whether the server has no ranges.
    pub whole: bool,
    pub most_connections: usize,
    /// Where the hub sends readers of this file.
    pub location: Mutex<Option<Uri>>,
    parts: Mutex<VecDeque<usize>>,
    stopped: AtomicBool,
    alive: AtomicUsize,
    messages: Mutex<Sender<Message>>,
}

enum Message {
    End(End),
    Trouble(String),
}

impl Round {
    /// Fetches what is missing. `watch` hears how far it is; its error ends
    /// the round.
    pub fn run(
        &self,
        whole: bool,
        cancel: &CancelToken,
        watch: &dyn Fn(FileProgress) -> Result<()>,
    ) -> End {
        let (sender, messages) = mpsc::channel();
        let partial = &self.partial;
        let missing = (0..partial.part_count()).filter(|part| !partial.part_is_whole(*part));
        let parts: VecDeque<usize> = if whole { [0].into() } else { missing.collect() };
        let most_connections = self.client.options.connections.clamp(1, 16).min(parts.len());
        let shared = Arc::new(Shared {
            round: self.clone(),
            whole,
            most_connections,
            location: Mutex::new(None),
            parts: Mutex::new(parts),
            stopped: AtomicBool::new(false),
            alive: AtomicUsize::new(0),
            messages: Mutex::new(sender),
        });
        let started = [follow::hash, follow::flush, connection::run];
        let started = started.into_iter().try_for_each(|work| Shared::start(&shared, work));
        let end = match started {
            Ok(()) => self.wait(&shared, &messages, cancel, watch),
            Err(error) => End::Failed(error),
        };
        shared.stop();
        // What follows writes the file from its beginning.
        let writes_on = matches!(end, End::Done(_) | End::Again | End::Restart { .. });
        let begin = Instant::now();
        while shared.alive.load(Ordering::Acquire) > 0 && (writes_on || begin.elapsed() < GRACE) {
            thread::sleep(Duration::from_millis(1));
        }
        end
    }

    fn wait(
        &self,
        shared: &Arc<Shared>,
        messages: &Receiver<Message>,
        cancel: &CancelToken,
        watch: &dyn Fn(FileProgress) -> Result<()>,
    ) -> End {
        let mut told = Instant::now();
        let mut first = true;
        let mut widen = Widen::new(shared);
        loop {
            if cancel.is_cancelled() {
                return End::Failed(Error::Cancelled);
            }
            let bytes = self.partial.written_bytes();
            let progress = match messages.recv_timeout(widen::LOOK) {
                Ok(Message::End(end)) => {
                    let _ = watch(FileProgress::Fetching(self.partial.written_bytes()));
                    return end;
                }
                Ok(Message::Trouble(reason)) => FileProgress::Retrying { bytes, reason },
                Err(RecvTimeoutError::Timeout) => FileProgress::Fetching(bytes),
                Err(RecvTimeoutError::Disconnected) => {
                    let reason = "the threads that fetch it ended".to_owned();
                    return End::Failed(self.gave_up(reason));
                }
            };
            if let Err(error) = widen.look(shared) {
                return End::Failed(error);
            }
            let trouble = matches!(progress, FileProgress::Retrying { .. });
            if first || trouble || told.elapsed() >= TICK {
                first = false;
                told = Instant::now();
                if let Err(error) = watch(progress) {
                    return End::Failed(error);
                }
            }
        }
    }

    pub fn gave_up(&self, reason: String) -> Error {
        let attempts = self.attempts.lock().map_or(0, |attempts| attempts.total());
        let kept_bytes = self.partial.written_bytes();
        HubError::GaveUp { file: self.file.path.clone(), attempts, reason, kept_bytes }.into()
    }
}

impl Shared {
    /// Starts a thread that the end of the round waits for.
    pub fn start(shared: &Arc<Self>, work: fn(&Self)) -> Result<()> {
        let own = Arc::clone(shared);
        shared.alive.fetch_add(1, Ordering::AcqRel);
        let started = thread::Builder::new().name("mlx-code pull".to_owned()).spawn(move || {
            work(&own);
            own.alive.fetch_sub(1, Ordering::AcqRel);
        });
        started.map(drop).map_err(|source| {
            shared.alive.fetch_sub(1, Ordering::AcqRel);
            Error::Io { path: shared.round.file.path.clone().into(), source }
        })
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    /// The next part that nobody fetches, the lowest first, so that the
    /// checksum follows close behind.
    pub fn next_part(&self) -> Option<usize> {
        self.parts.lock().ok()?.pop_front()
    }

    /// Whether there is one.
    pub fn has_parts(&self) -> bool {
        self.parts.lock().is_ok_and(|parts| !parts.is_empty())
    }

    /// Ends the round.
    pub fn end(&self, end: End) {
        self.tell(Message::End(end));
        self.stop();
    }

    fn tell(&self, message: Message) {
        if let Ok(messages) = self.messages.lock() {
            // Nobody listens any more after the end.
            let _ = messages.send(message);
        }
    }

    /// Counts a failure and waits; tells whether to try again.
    pub fn retry(&self, reason: String, asked: Option<Duration>) -> bool {
        let options = &self.round.client.options.retry;
        if let Ok(mut location) = self.location.lock() {
            *location = None;
        }
        if let Some(asked) = asked.filter(|asked| *asked > options.longest_asked_wait) {
            let (host, wait_s) = (self.round.client.host(), asked.as_secs());
            self.end(End::Failed(HubError::RateLimited { host, wait_s }.into()));
            return false;
        }
        let bytes = self.round.partial.written_bytes();
        let progressed = self.round.best.fetch_max(bytes, Ordering::AcqRel) < bytes;
        let wait = {
            let Ok(mut attempts) = self.round.attempts.lock() else { return false };
            if progressed {
                attempts.progressed();
            }
            attempts.failed().then(|| attempts.next_wait(asked))
        };
        let Some(wait) = wait else {
            self.end(End::Failed(self.round.gave_up(reason)));
            return false;
        };
        self.tell(Message::Trouble(reason));
        sleep(wait, options, &|| self.is_stopped()).is_ok()
    }
}
