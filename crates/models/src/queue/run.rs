//! The work on a pull.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mlxcode_base::{CancelToken, ErrorKind, ProgressEvent};

use super::PullQueue;
use super::job::{PullError, PullJob, PullJobState};
use crate::error::{Error, HubError, Result};
use crate::hub::{FileChecksum, Hub, Meter, Pace, PullEvent, PullObserver, PullPlan, PullState};
use crate::installed::check_config;
use crate::store::Store;

/// How often the queue is told how far a pull is, and asked whether it is
/// still wanted.
const LOOK: Duration = Duration::from_millis(200);

impl PullQueue {
    /// Works on a pull until it is done, or until it is stopped: by `cancel`,
    /// which pauses it, or by whoever changes the queue. Where another process
    /// works on it already, this one waits for that and shows how far it is.
    /// Gives the pull as it stands then.
    ///
    /// # Errors
    /// What could not be overcome; the queue remembers it. A pull that failed
    /// in another process is [`HubError::PullFailed`] with what is remembered.
    pub fn run(
        &self,
        id: i64,
        hub: &Hub,
        store: &mut Store,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
    ) -> Result<PullJob> {
        let lock = self.wait_for_lock(id, observer, cancel)?;
        let job = self.row(id)?;
        match job.state {
            PullJobState::Waiting | PullJobState::Running => {}
            PullJobState::Failed => return Err(failed(&job)),
            _ => return Ok(job),
        }
        let running = "state = 'running', error_code = NULL, error_message = NULL, \
                       error_help = NULL, error_kind = NULL";
        self.update(id, running, &[])?;
        let done = self.work(&job, hub, store, observer, cancel);
        self.update(id, "speed_bytes = NULL", &[])?;
        match done {
            Ok(installed) => {
                self.update(
                    id,
                    "state = 'done', installed = ?1, done_bytes = total_bytes",
                    &[&installed],
                )?;
            }
            Err(Error::Cancelled) => {
                let now = self.row(id)?;
                match (now.state, &now.plan) {
                    // Interrupted, not told to by the queue.
                    (PullJobState::Running, _) => self.update(id, "state = 'paused'", &[])?,
                    (PullJobState::Cancelled, Some(plan)) => hub.remove_partials(plan)?,
                    _ => {}
                }
            }
            Err(error) => {
                let told = PullError::new(&error);
                self.update(
                    id,
                    "state = 'failed', error_code = ?1, error_message = ?2, error_help = ?3, \
                     error_kind = ?4",
                    &[&told.code, &told.message, &told.help, &told.kind.map(ErrorKind::as_str)],
                )?;
                return Err(error);
            }
        }
        drop(lock);
        self.job(id)
    }

    /// The next pull that waits and that nobody works on.
    pub fn next(&self) -> Result<Option<PullJob>> {
        let waits = |job: &PullJob| job.state == PullJobState::Waiting;
        Ok(self.jobs()?.into_iter().find(waits))
    }

    /// Waits until nobody else works on a pull.
    fn wait_for_lock(
        &self,
        id: i64,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
    ) -> Result<File> {
        loop {
            if let Some(lock) = self.try_lock(id)? {
                return Ok(lock);
            }
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let job = self.row(id)?;
            let mut event = PullEvent::new(PullState::Waiting);
            event.total_bytes = job.total_bytes;
            event.done_bytes = job.done_bytes;
            event.bytes_per_second = job.bytes_per_second;
            observer.report(&event);
            thread::sleep(LOOK);
        }
    }

    /// Fetches and installs, with a second thread that keeps the queue told.
    fn work(
        &self,
        job: &PullJob,
        hub: &Hub,
        store: &mut Store,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
    ) -> Result<Option<String>> {
        let stop = CancelToken::new();
        let pace = Arc::new(Pace::new(hub.options().limit_bytes_per_second));
        let last = Mutex::new(None);
        let over = AtomicBool::new(false);
        let told = |event: &PullEvent| {
            if let Ok(mut last) = last.lock() {
                *last = Some(event.clone());
            }
            observer.report(event);
        };
        // Before the first byte, so that none comes faster than it may.
        self.look(job.id, hub, &pace, &stop, None)?;
        thread::scope(|scope| {
            let steward = scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    if cancel.is_cancelled() {
                        stop.cancel();
                    }
                    let event = last.lock().ok().and_then(|mut last| last.take());
                    // A queue that is busy is asked again the next time.
                    let _ = self.look(job.id, hub, &pace, &stop, event);
                    thread::park_timeout(LOOK);
                }
            });
            let done = self.fetch(job, hub, store, &told, &pace, &stop);
            over.store(true, Ordering::Release);
            steward.thread().unpark();
            done
        })
    }

    /// Tells the queue how far a pull is, and does what it says.
    fn look(
        &self,
        id: i64,
        hub: &Hub,
        pace: &Pace,
        stop: &CancelToken,
        event: Option<PullEvent>,
    ) -> Result<()> {
        if let Some(event) = event.filter(|event| event.state != PullState::Installing) {
            let speed = event.bytes_per_second.map(|speed| speed as i64);
            self.update(
                id,
                "done_bytes = ?1, speed_bytes = ?2",
                &[&(event.done_bytes as i64), &speed],
            )?;
        }
        let job = self.row(id)?;
        if job.state != PullJobState::Running {
            stop.cancel();
        }
        let limit = match job.limit_bytes_per_second {
            Some(limit) => Some(limit),
            None => self.default_limit()?.or(hub.options().limit_bytes_per_second),
        };
        pace.set_limit(limit);
        Ok(())
    }

    fn fetch(
        &self,
        job: &PullJob,
        hub: &Hub,
        store: &mut Store,
        observer: &dyn PullObserver,
        pace: &Arc<Pace>,
        stop: &CancelToken,
    ) -> Result<Option<String>> {
        observer.report(&PullEvent::new(PullState::Asking));
        // One that was begun goes on with the commit that it began with.
        let plan = if let Some(plan) = &job.plan {
            plan.clone()
        } else {
            let told = |reason: &str| {
                let reason = reason.to_owned();
                observer.report(&PullEvent::new(PullState::Retrying { reason }));
            };
            hub.plan_told(&job.source, &told, stop)?
        };
        self.update(
            job.id,
            "plan = ?1, total_bytes = ?2, done_bytes = ?3",
            &[&plan.to_json(), &(plan.total_bytes() as i64), &(hub.present_bytes(&plan) as i64)],
        )?;
        if job.install && installed(store, &job.name, &plan)? {
            return Ok(Some(job.name.clone()));
        }
        if !job.install {
            hub.pull(&plan, pace, observer, stop)?;
            return Ok(None);
        }
        // What cannot run here is known before its gigabytes come.
        if let (Some(entry), true) = (&plan.entry, plan.files.len() > 1) {
            let what = "a model split into several GGUF files".to_owned();
            return Err(Error::UnsupportedModel { path: entry.into(), what });
        }
        let pulled = hub.pull_checked(&plan, pace, observer, stop, &check_config)?;
        let total_bytes = plan.total_bytes();
        let meter = Mutex::new(Meter::default());
        let begin = std::time::Instant::now();
        let progress = |event: ProgressEvent| {
            let mut report = PullEvent::new(PullState::Installing);
            report.file = event.task;
            report.done_bytes = event.done;
            report.total_bytes = event.total.unwrap_or(total_bytes);
            let mut meter = meter.lock().ok();
            report.bytes_per_second =
                meter.as_mut().and_then(|meter| meter.sample(begin.elapsed(), event.done));
            observer.report(&report);
        };
        match store.add(&pulled.path, Some(&job.name), &progress, stop) {
            // Another process was faster.
            Err(Error::AlreadyInstalled { .. }) if installed(store, &job.name, &plan)? => {}
            added => drop(added?),
        }
        Ok(Some(job.name.clone()))
    }
}

/// What is remembered of a pull that failed.
fn failed(job: &PullJob) -> Error {
    let told = job.error.clone();
    let (kind, help) = told.as_ref().map_or((None, None), |told| (told.kind, told.help.clone()));
    HubError::PullFailed {
        id: job.id,
        reason: told.map_or_else(|| "it is not known why".to_owned(), |told| told.message),
        kind: kind.unwrap_or(ErrorKind::Unavailable),
        help,
    }
    .into()
}

/// Whether these very files are installed under the name.
///
/// # Errors
/// Where another model has the name.
fn installed(store: &Store, name: &str, plan: &PullPlan) -> Result<bool> {
    let there = match store.summary(name) {
        Err(Error::NotInstalled { .. }) => return Ok(false),
        there => there?,
    };
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let same = plan.files.iter().all(|file| match &file.checksum {
        FileChecksum::Sha256(sha256) => there.files.iter().any(|found| found.sha256 == *sha256),
        FileChecksum::Git(digits) => {
            // A file that was taken from a link may have the name of its blob.
            let named = |name: &str| name == base(&file.path) || name == digits;
            let found = there.files.iter().find(|found| named(&found.name));
            // The store leaves out what it does not read.
            let is_weights = Path::new(&file.path)
                .extension()
                .is_some_and(|ending| ending == "safetensors" || ending == "gguf");
            found.map_or(!is_weights, |found| found.size_bytes == file.size_bytes)
        }
    });
    if same { Ok(true) } else { Err(Error::AlreadyInstalled { name: name.to_owned() }) }
}
