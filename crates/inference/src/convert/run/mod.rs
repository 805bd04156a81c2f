//! Carries out a plan with several threads.

mod chunk;
pub mod positioned;
mod staging;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mlxcode_base::{CancelToken, ContentHash, Progress, ProgressEvent};

pub use staging::Staging;

use super::plan::{Job, Plan};
use super::source::Source;
use crate::error::{Error, Result};

/// How much less than others the threads are favoured, of 19.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// What a run works with.
pub struct Run<'r> {
    /// Where the weights come from.
    pub source: &'r Source,
    /// Where they go.
    pub plan: &'r Plan,
    /// The result that grows.
    pub staging: &'r Staging,
    /// Threads.
    pub threads: usize,
    /// Who hears of it.
    pub progress: &'r dyn Progress,
    /// Who can stop it.
    pub cancel: &'r CancelToken,
}

impl Run<'_> {
    /// Makes all weights but those that are done as `known` says, which are
    /// read again first; what was made is read again afterwards. Gives how many
    /// of the former held.
    pub fn all(&self, known: BTreeMap<usize, ContentHash>) -> Result<usize> {
        let plan = self.plan;
        let total = plan.jobs.iter().map(Job::size_bytes).sum();
        let ahead = Ahead { bytes: AtomicU64::new(0), total };
        let known: BTreeMap<usize, ContentHash> =
            known.into_iter().filter(|(job, _)| *job < plan.jobs.len()).collect();
        let held = Mutex::new(Vec::new());
        let claimed: Vec<usize> = known.keys().copied().collect();
        self.pass(
            "check",
            &claimed,
            &ahead,
            &|job, first, count| chunk::written(job, first, count, self.staging),
            &|number, hash| {
                if known.get(&number) == Some(&hash) {
                    lock(&held).push(number);
                }
                Ok(())
            },
        )?;
        let held = held.into_inner().unwrap_or_else(PoisonError::into_inner);
        let held_bytes: u64 = held.iter().map(|job| plan.jobs[*job].size_bytes()).sum();
        ahead.bytes.store(held_bytes, Ordering::Relaxed);
        let made = Mutex::new(BTreeMap::new());
        let open: Vec<usize> = (0..plan.jobs.len()).filter(|job| !held.contains(job)).collect();
        self.pass(
            "convert",
            &open,
            &ahead,
            &|job, first, count| chunk::convert(job, first, count, self.source, self.staging),
            &|number, hash| {
                lock(&made).insert(number, hash);
                self.staging.note(number, hash)
            },
        )?;
        let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
        let made_bytes: u64 = open.iter().map(|job| plan.jobs[*job].size_bytes()).sum();
        let ahead = Ahead { bytes: AtomicU64::new(0), total: made_bytes };
        self.pass(
            "check",
            &open,
            &ahead,
            &|job, first, count| chunk::written(job, first, count, self.staging),
            &|number, hash| {
                if made.get(&number) == Some(&hash) {
                    return Ok(());
                }
                let path = self.staging.result(plan);
                let reason = format!("{} reads otherwise than written", plan.jobs[number].name);
                Err(Error::ConvertUnsound { path, reason })
            },
        )?;
        Ok(held.len())
    }

    /// Does `each` with all chunks of some jobs, and `finished` with the hash of
    /// a job when its last chunk is done.
    fn pass(
        &self,
        what: &str,
        jobs: &[usize],
        ahead: &Ahead,
        each: &(dyn Fn(&Job, usize, usize) -> Result<ContentHash> + Sync),
        finished: &(dyn Fn(usize, ContentHash) -> Result<()> + Sync),
    ) -> Result<()> {
        let mut chunks = Vec::new();
        let mut pending = Vec::new();
        for (slot, number) in jobs.iter().enumerate() {
            let job = &self.plan.jobs[*number];
            let (rows, step) = (job.rows(), chunk::rows_of(job));
            let starts = (0..rows).step_by(step.max(1));
            pending.push(Mutex::new(vec![None; starts.len()]));
            chunks.extend(starts.enumerate().map(|(place, first)| Chunk {
                slot,
                place,
                first,
                count: step.min(rows - first),
            }));
        }
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let failure: Mutex<Option<Error>> = Mutex::new(None);
        let one = |chunk: &Chunk| -> Result<()> {
            let number = jobs[chunk.slot];
            let job = &self.plan.jobs[number];
            let hash = each(job, chunk.first, chunk.count)?;
            let bytes = job.row_bytes().iter().sum::<usize>() * chunk.count;
            let whole = {
                let mut hashes = lock(&pending[chunk.slot]);
                hashes[chunk.place] = Some(hash);
                hashes.iter().copied().collect::<Option<Vec<ContentHash>>>()
            };
            if let Some(hashes) = whole {
                let hashes: String = hashes.iter().map(ContentHash::to_string).collect();
                finished(number, ContentHash::of(hashes.as_bytes()))?;
            }
            let done = ahead.bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
            let task = format!("{what} {}", job.name);
            self.progress.report(ProgressEvent::new(task, done, Some(ahead.total)));
            Ok(())
        };
        let work = || {
            give_way();
            while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                if stop.load(Ordering::Relaxed) || self.cancel.is_cancelled() {
                    return;
                }
                if let Err(error) = one(chunk) {
                    stop.store(true, Ordering::Relaxed);
                    lock(&failure).get_or_insert(error);
                    return;
                }
            }
        };
        let name = || thread::Builder::new().name("convert".to_owned());
        thread::scope(|scope| {
            let count = self.threads.clamp(1, chunks.len().max(1));
            let started = (0..count).filter(|_| name().spawn_scoped(scope, work).is_ok()).count();
            if started == 0 && !chunks.is_empty() {
                let source = std::io::ErrorKind::WouldBlock.into();
                *lock(&failure) = Some(Error::Thread { source });
            }
        });
        if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        if self.cancel.is_cancelled() {
            return Err(Error::ConvertStopped);
        }
        Ok(())
    }
}

/// Some rows of a job.
struct Chunk {
    slot: usize,
    place: usize,
    first: usize,
    count: usize,
}

/// Bytes of the result that are done, and all of them.
struct Ahead {
    bytes: AtomicU64,
    total: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets other threads, such as those of a chat, go first. Linux has a priority
/// for each thread; elsewhere there is none to be had without more rights.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        // A thread that stays as it is works too.
        let _ = rustix::process::nice(NICE);
    }
}
