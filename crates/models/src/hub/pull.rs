//! All files of a plan, one after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use mlxcode_base::CancelToken;

use super::event::{Meter, PullEvent, PullObserver, PullState, remaining};
use super::fetch::{Fetch, FileProgress, Pace, allocated, space};
use super::{Hub, PullPlan, RemoteFile};
use crate::error::{HubError, Result};

/// What a pull brought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulled {
    /// The GGUF file or the folder, in the cache.
    pub path: PathBuf,
    /// Bytes that came over the network.
    pub fetched_bytes: u64,
}

impl Hub {
    /// Fetches what is missing of a plan's files into the cache, each until it
    /// has the hub's checksum, and notes which commit the revision is at.
    ///
    /// # Errors
    /// What could not be overcome by trying again. What came is kept, and the
    /// next pull goes on from there.
    pub fn pull(
        &self,
        plan: &PullPlan,
        pace: &Arc<Pace>,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
    ) -> Result<Pulled> {
        self.pull_checked(plan, pace, observer, cancel, &|_| Ok(()))
    }

    /// As [`pull`](Self::pull); `check` sees the folder before the first
    /// weights of a folder's model come.
    pub(crate) fn pull_checked(
        &self,
        plan: &PullPlan,
        pace: &Arc<Pace>,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
        check: &dyn Fn(&Path) -> Result<()>,
    ) -> Result<Pulled> {
        let cache = self.cache(&plan.repo);
        self.check_space(plan)?;
        let total_bytes = plan.total_bytes();
        let fetched = Arc::new(AtomicU64::new(0));
        let meter = Mutex::new(Meter::default());
        let begin = Instant::now();
        let mut before = 0;
        let mut checked = plan.entry.is_some();
        for file in &plan.files {
            if !checked && file.path.ends_with(".safetensors") {
                check(&cache.snapshot(&plan.commit))?;
                checked = true;
            }
            let report = |progress: FileProgress| {
                let (state, bytes) = match progress {
                    FileProgress::Waiting(bytes) => (PullState::Waiting, bytes),
                    FileProgress::Fetching(bytes) => (PullState::Fetching, bytes),
                    FileProgress::Retrying { bytes, reason } => {
                        (PullState::Retrying { reason }, bytes)
                    }
                    FileProgress::Checking(bytes) => (PullState::Checking, bytes),
                };
                let fetched_bytes = fetched.load(Ordering::Relaxed);
                // Somebody else's bytes count where one waits for them.
                let counted = match state {
                    PullState::Waiting => fetched_bytes + bytes,
                    _ => fetched_bytes,
                };
                let speed =
                    meter.lock().ok().and_then(|mut meter| meter.sample(begin.elapsed(), counted));
                let done_bytes = before + bytes;
                let left = total_bytes.saturating_sub(done_bytes);
                observer.report(&PullEvent {
                    state,
                    file: file.path.clone(),
                    file_done_bytes: bytes,
                    file_bytes: file.size_bytes,
                    done_bytes,
                    total_bytes,
                    fetched_bytes,
                    bytes_per_second: speed,
                    remaining: remaining(left, speed),
                });
            };
            let fetch = Fetch {
                client: &self.client,
                cache: &cache,
                repo: &plan.repo,
                commit: &plan.commit,
                file,
                pace,
                fetched: &fetched,
                cancel,
                report: &report,
            };
            if self.client.is_offline() && !cache.blob(&file.checksum).exists() {
                return Err(HubError::Offline { repo: plan.repo.clone(), cached: None }.into());
            }
            fetch.run()?;
            before += file.size_bytes;
        }
        cache.set_commit(&plan.revision, &plan.commit)?;
        let path = match &plan.entry {
            Some(entry) => cache.file(&plan.commit, entry),
            None => cache.snapshot(&plan.commit),
        };
        Ok(Pulled { path, fetched_bytes: fetched.load(Ordering::Relaxed) })
    }

    /// Bytes of a plan's files that are here, whole or in part.
    pub fn present_bytes(&self, plan: &PullPlan) -> u64 {
        let cache = self.cache(&plan.repo);
        let of = |file: &RemoteFile| match fs::metadata(cache.blob(&file.checksum)) {
            Ok(meta) => meta.len().min(file.size_bytes),
            Err(_) => super::fetch::written_bytes(&cache.parts(&file.checksum), file.size_bytes),
        };
        plan.files.iter().map(of).sum()
    }

    /// All that is missing has to fit, before the first byte of it comes.
    fn check_space(&self, plan: &PullPlan) -> Result<()> {
        let cache = self.cache(&plan.repo);
        let missing = |file: &RemoteFile| {
            if cache.blob(&file.checksum).exists() {
                return 0;
            }
            file.size_bytes.saturating_sub(allocated(&cache.partial(&file.checksum)))
        };
        let needed = plan.files.iter().map(missing).fold(0, u64::saturating_add);
        if needed == 0 {
            return Ok(());
        }
        let options = self.options();
        let place = options.cache_dir.join("models");
        space(options, &place, needed.saturating_add(options.reserve_bytes))
    }
}
