//! One file: from the hub into the cache, whatever happens on the way.
//!
//! Connections, one where it brings enough, fetch parts of it at the same time
//! and write them where they belong; one thread follows behind the bytes that are there without a gap
//! and computes the checksum. No byte is written twice in a round; what makes
//! that necessary (a server without ranges, a file that changed) begins
//! another round, from nothing. Only what has the hub's checksum gets the name
//! of a blob.

#![allow(clippy::disallowed_methods, reason = "the cache is written here, and nothing else")]

mod body;
mod connection;
mod digest;
mod follow;
mod pace;
mod partial;
mod position;
mod response;
mod round;
mod widen;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;

use super::backoff::{Attempts, sleep};
use super::cache::RepoCache;
use super::client::SharedClient;
use super::place::escape;
use super::tree::{RemoteFile, lasting};
use crate::error::{Error, HubError, Result};
use digest::Digest;
use partial::Partial;
use round::{End, Round};

pub use pace::Pace;

/// How often somebody else's work on the same file is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A file is begun anew at most so often because its server says other things
/// than before, or sends other bytes than the hub promises.
const MOST_RESTARTS: u32 = 3;

/// Not more often, since the system is asked each time.
const SPACE_EVERY: Duration = Duration::from_millis(500);

/// How far one file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProgress {
    /// Another process fetches it; so many bytes are there.
    Waiting(u64),
    /// So many bytes are there.
    Fetching(u64),
    /// A request failed and is made again.
    Retrying { bytes: u64, reason: String },
    /// So many bytes of what was found were read.
    Checking(u64),
}

/// What to fetch, and with what.
pub struct Fetch<'a> {
    pub client: &'a SharedClient,
    pub cache: &'a RepoCache,
    pub repo: &'a str,
    pub commit: &'a str,
    pub file: &'a RemoteFile,
    pub pace: &'a Arc<Pace>,
    /// Bytes that came over the network, of all files.
    pub fetched: &'a Arc<AtomicU64>,
    pub cancel: &'a CancelToken,
    pub report: &'a (dyn Fn(FileProgress) + Sync),
}

impl Fetch<'_> {
    /// Brings the file into the cache and links it where its commit has it.
    /// What is there already and is sound is not fetched.
    pub fn run(&self) -> Result<()> {
        self.cache.prepare()?;
        let _lock = self.lock()?;
        if self.found()? {
            // Of one that was killed when its file had just got its name.
            let _ = fs::remove_file(self.cache.parts(&self.file.checksum));
        } else {
            self.check_space()?;
            self.rounds()?;
        }
        self.cache.link(self.commit, self.file)
    }

    /// Waits until nobody else fetches this file, showing how far they are.
    fn lock(&self) -> Result<File> {
        let options = &self.client.options;
        loop {
            if let Some(lock) = self.cache.try_lock(&self.file.checksum)? {
                return Ok(lock);
            }
            let parts = self.cache.parts(&self.file.checksum);
            let bytes = written_bytes(&parts, self.file.size_bytes);
            (self.report)(FileProgress::Waiting(bytes));
            sleep(LOOK, &options.retry, &|| self.cancel.is_cancelled())?;
        }
    }

    /// Whether the blob is there and sound. A damaged one is removed.
    fn found(&self) -> Result<bool> {
        let blob = self.cache.blob(&self.file.checksum);
        let io = |source| Error::Io { path: blob.clone(), source };
        let mut file = match File::open(&blob) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(io(source)),
        };
        if file.metadata().map_err(io)?.len() == self.file.size_bytes {
            let mut digest = Digest::new(&self.file.checksum, self.file.size_bytes);
            let mut buffer = vec![0; 1 << 20];
            let mut done = 0;
            loop {
                if self.cancel.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                match file.read(&mut buffer).map_err(io)? {
                    0 => break,
                    read => {
                        digest.update(&buffer[..read]);
                        done += read as u64;
                        (self.report)(FileProgress::Checking(done));
                    }
                }
            }
            if digest.finish() == self.file.checksum.as_str() {
                return Ok(true);
            }
        }
        fs::remove_file(&blob).map_err(io)?;
        Ok(false)
    }

    fn check_space(&self) -> Result<()> {
        let path = self.cache.partial(&self.file.checksum);
        let needed = self.file.size_bytes.saturating_sub(allocated(&path));
        let reserve = self.client.options.reserve_bytes;
        space(&self.client.options, &path, needed + reserve)
    }

    fn rounds(&self) -> Result<()> {
        let checksum = &self.file.checksum;
        let (path, parts) = (self.cache.partial(checksum), self.cache.parts(checksum));
        let options = &self.client.options;
        let size = self.file.size_bytes;
        let partial = Partial::open(&path, &parts, size, options.part_bytes.max(1))
            .map_err(|error| self.full(error, &path))?;
        let partial = Arc::new(partial);
        let escaped = escape(&self.file.path, "/");
        let address = format!("/{}/resolve/{}/{escaped}", self.repo, self.commit);
        let round = Round {
            client: Arc::clone(self.client),
            address: self.client.address(&address).map_err(lasting)?,
            repo: self.repo.to_owned(),
            commit: self.commit.to_owned(),
            file: self.file.clone(),
            partial: Arc::clone(&partial),
            pace: Arc::clone(self.pace),
            fetched: Arc::clone(self.fetched),
            attempts: Arc::new(Mutex::new(Attempts::new(&options.retry))),
            best: Arc::new(AtomicU64::new(partial.written_bytes())),
        };
        let mut whole = false;
        let mut restarts = 0;
        loop {
            let looked = Mutex::new(Instant::now());
            let watch = |progress| {
                (self.report)(progress);
                let Ok(mut looked) = looked.lock() else { return Ok(()) };
                if looked.elapsed() < SPACE_EVERY {
                    return Ok(());
                }
                *looked = Instant::now();
                let needed = size.saturating_sub(allocated(&path));
                space(options, &path, needed + options.reserve_bytes / 2)
            };
            match round.run(whole, self.cancel, &watch) {
                End::Done(found) if found == checksum.as_str() => break,
                End::Done(found) => {
                    partial.reset()?;
                    restarts += 1;
                    if restarts >= MOST_RESTARTS - 1 {
                        let file = self.file.path.clone();
                        let expected = checksum.as_str().to_owned();
                        return Err(HubError::WrongChecksum { file, expected, found }.into());
                    }
                }
                // Not counted: the attempts are.
                End::Again => partial.reset()?,
                End::Restart { reason, whole: from_now } => {
                    partial.reset()?;
                    // A server that has no ranges says so once.
                    restarts += u32::from(!from_now || whole);
                    whole |= from_now;
                    if restarts >= MOST_RESTARTS {
                        let (file, attempts) = (self.file.path.clone(), restarts);
                        let kept_bytes = 0;
                        return Err(HubError::GaveUp { file, attempts, reason, kept_bytes }.into());
                    }
                }
                End::Failed(error) => return Err(self.full(error, &path)),
            }
        }
        partial.sync()?;
        let blob = self.cache.blob(checksum);
        fs::rename(&path, &blob).map_err(|source| Error::Io { path: blob.clone(), source })?;
        sync_folder(&blob);
        let _ = fs::remove_file(parts);
        Ok(())
    }

    /// Says how much is lacking where a disk is full.
    fn full(&self, error: Error, path: &Path) -> Error {
        let full = matches!(&error, Error::Io { source, .. } if matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        ));
        if !full {
            return error;
        }
        HubError::DiskFull {
            path: path.parent().unwrap_or(path).to_owned(),
            needed_bytes: self.file.size_bytes.saturating_sub(allocated(path)),
            free_bytes: (self.client.options.free_space)(path).unwrap_or(0),
        }
        .into()
    }
}

/// Bytes of a partial file that are there.
pub fn written_bytes(parts_path: &Path, size_bytes: u64) -> u64 {
    partial::written_bytes(parts_path, size_bytes).unwrap_or(0)
}

/// Fails where fewer bytes are free than are needed.
pub fn space(options: &super::HubOptions, path: &Path, needed_bytes: u64) -> Result<()> {
    match (options.free_space)(path) {
        Some(free_bytes) if free_bytes < needed_bytes => {
            let path = path.parent().unwrap_or(path).to_owned();
            Err(HubError::DiskFull { path, needed_bytes, free_bytes }.into())
        }
        _ => Ok(()),
    }
}

/// Bytes of the disk that a file has already.
#[cfg(unix)]
pub fn allocated(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map_or(0, |meta| meta.blocks() * 512)
}

/// Bytes of the disk that a file has already.
#[cfg(not(unix))]
pub fn allocated(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// A new name is on the disk when its folder is.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        // Not every system opens folders; the name then comes with time.
        let _ = folder.sync_all();
    }
}
