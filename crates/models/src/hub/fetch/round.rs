//! One try at a file, until it is whole or has to be begun anew.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use ureq::http::Uri;

use super::digest::Digest;
use super::partial::Partial;
use super::{FileProgress, Pace, connection};
use crate::error::{Error, HubError, Result};
use crate::hub::backoff::{Attempts, sleep};
use crate::hub::client::SharedClient;
use crate::hub::tree::RemoteFile;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);
/// How long threads that were told to stop are waited for where what they
/// wait for does not matter any more. They write nothing after that.
const GRACE: Duration = Duration::from_millis(300);
/// After how long, and after how many bytes, what came is brought onto the
/// disk: a loss of power costs no more than what came since, and the disk works
/// while more comes, not when all is there.
const FLUSH: Duration = Duration::from_secs(5);
const FLUSH_BYTES: u64 = 64 << 20;
/// How often it is looked whether that is due.
const FLUSH_LOOK: Duration = Duration::from_millis(10);
/// How much is hashed at once: still in the processor's cache when it is summed.
const HASH_BYTES: usize = 256 << 10;
/// How long the checksum waits for more bytes.
const HASH_WAIT: Duration = Duration::from_micros(500);

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
        let connections = self.client.options.connections.clamp(1, 16).min(parts.len());
        let shared = Arc::new(Shared {
            round: self.clone(),
            whole,
            location: Mutex::new(None),
            parts: Mutex::new(parts),
            stopped: AtomicBool::new(false),
            alive: AtomicUsize::new(0),
            messages: Mutex::new(sender),
        });
        let threads = (0..connections).map(|_| connection::run as fn(&Shared));
        for work in threads.chain([hash as fn(&Shared), flush as fn(&Shared)]) {
            if let Err(source) = Shared::start(&shared, work) {
                shared.stop();
                let path = self.file.path.clone().into();
                return End::Failed(Error::Io { path, source });
            }
        }
        let end = self.wait(&messages, cancel, watch);
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
        messages: &Receiver<Message>,
        cancel: &CancelToken,
        watch: &dyn Fn(FileProgress) -> Result<()>,
    ) -> End {
        let mut told = Instant::now();
        let mut first = true;
        loop {
            if cancel.is_cancelled() {
                return End::Failed(Error::Cancelled);
            }
            let bytes = self.partial.written_bytes();
            let progress = match messages.recv_timeout(TICK) {
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
    fn start(shared: &Arc<Self>, work: fn(&Self)) -> std::io::Result<()> {
        let own = Arc::clone(shared);
        shared.alive.fetch_add(1, Ordering::AcqRel);
        let started = thread::Builder::new().name("mlx-code pull".to_owned()).spawn(move || {
            work(&own);
            own.alive.fetch_sub(1, Ordering::AcqRel);
        });
        if started.is_err() {
            shared.alive.fetch_sub(1, Ordering::AcqRel);
        }
        started.map(drop)
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

/// Computes the checksum behind the bytes that come.
fn hash(shared: &Shared) {
    let partial = &shared.round.partial;
    let mut digest = Digest::new(&shared.round.file.checksum, partial.size_bytes());
    let mut buffer = vec![0; HASH_BYTES.min(partial.size_bytes() as usize)];
    let mut done = 0;
    let mut part = 0;
    while done < partial.size_bytes() {
        if shared.is_stopped() {
            return;
        }
        let (frontier, first_missing) = partial.frontier(part);
        part = first_missing;
        if frontier == done {
            thread::sleep(HASH_WAIT);
            continue;
        }
        let length = (frontier - done).min(HASH_BYTES as u64) as usize;
        if let Err(error) = partial.read(done, &mut buffer[..length]) {
            shared.end(End::Failed(error));
            return;
        }
        digest.update(&buffer[..length]);
        done += length as u64;
    }
    shared.end(End::Done(digest.finish()));
}

/// Brings what came onto the disk from time to time.
fn flush(shared: &Shared) {
    let partial = &shared.round.partial;
    let (mut last, mut flushed) = (Instant::now(), partial.written_bytes());
    while !shared.is_stopped() {
        thread::sleep(FLUSH_LOOK);
        let written = partial.written_bytes();
        // Also the last ones, beside the end of the sum and not after it.
        let last_ones = written == partial.size_bytes() && flushed < written;
        let many = written.saturating_sub(flushed) >= FLUSH_BYTES;
        if last.elapsed() >= FLUSH || many || last_ones {
            if let Err(error) = partial.flush() {
                shared.end(End::Failed(error));
                return;
            }
            (last, flushed) = (Instant::now(), written);
        }
    }
}
