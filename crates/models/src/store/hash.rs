//! Checksums as fast as the processor sums: one thread reads ahead while
//! another one sums, and several files are summed at once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use mlxcode_base::{CancelToken, ContentHash};

use crate::error::{Error, Result};
use crate::files::open_regular;

/// What is read at once: small enough to be still in the processor's cache
/// when it is summed, large enough that calls cost nothing.
const PART_BYTES: usize = 256 << 10;

/// Parts on their way between the two threads.
const PARTS: usize = 6;

/// Below this, a second thread takes longer to start than it saves.
const AHEAD_BYTES: u64 = 4 << 20;

/// The SHA-256 of a file, `took` told of every part.
pub fn hash(path: &Path, cancel: &CancelToken, took: &mut dyn FnMut(u64)) -> Result<String> {
    sum(path, cancel, &mut |part| {
        took(part.len() as u64);
        Ok(())
    })
}

/// Copies a file to a new one and gives its SHA-256.
pub fn copy(
    source: &Path,
    target: &Path,
    cancel: &CancelToken,
    took: &mut dyn FnMut(u64),
) -> Result<String> {
    let io = |source| Error::Io { path: target.to_owned(), source };
    let mut file = File::create_new(target).map_err(io)?;
    sum(source, cancel, &mut |part| {
        took(part.len() as u64);
        file.write_all(part).map_err(io)
    })
}

/// The SHA-256 of every file, in the order given; as many at once as there are
/// processors. `took` hears from several threads.
pub fn hash_all(
    files: &[PathBuf],
    cancel: &CancelToken,
    took: &(dyn Fn(usize, u64) + Sync),
) -> Vec<Result<String>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len());
    // The largest first, so that none of them begins when all others are done.
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let mut order: Vec<(u64, usize)> = files.iter().map(size).zip(0..).collect();
    order.sort_by(|a, b| b.cmp(a));
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Option<Result<String>>>> =
        Mutex::new(files.iter().map(|_| None).collect());
    let work = || {
        while let Some((_, file)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let hash = hash(&files[*file], cancel, &mut |bytes| took(*file, bytes));
            if let Ok(mut found) = found.lock() {
                found[*file] = Some(hash);
            }
        }
    };
    if threads > 1 {
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
    } else {
        work();
    }
    let found = found.into_inner().unwrap_or_default();
    // None is left out but where a thread panicked, which none does.
    found.into_iter().map(|hash| hash.unwrap_or(Err(Error::Cancelled))).collect()
}

fn sum(
    path: &Path,
    cancel: &CancelToken,
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<String> {
    let (mut file, size) = open_regular(path)?;
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut hasher = ContentHash::hasher();
    let stopped = || if cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) };
    // Also before the first byte, so that not even an empty file is summed.
    stopped()?;
    let mut part = |part: &[u8]| {
        stopped()?;
        hasher.update(part);
        take(part)
    };
    if size < AHEAD_BYTES {
        let mut buffer = vec![0; PART_BYTES.min(size as usize + 1)];
        loop {
            match read_some(&mut file, &mut buffer).map_err(io)? {
                0 => break,
                read => part(&buffer[..read])?,
            }
        }
        return Ok(hasher.finish().to_string());
    }
    let (full, filled) = sync_channel::<(Vec<u8>, usize)>(PARTS);
    let (empty, emptied) = sync_channel::<Vec<u8>>(PARTS);
    for _ in 0..PARTS {
        let _ = empty.send(vec![0; PART_BYTES]);
    }
    thread::scope(|scope| {
        // Ends with this closure, so that a reader that waits for a buffer
        // hears that nobody takes its bytes any more.
        let empty = empty;
        let reader = scope.spawn(move || read_ahead(&mut file, &full, &emptied));
        for (buffer, read) in filled {
            part(&buffer[..read])?;
            // The reader is done where nobody takes it back.
            let _ = empty.send(buffer);
        }
        reader.join().unwrap_or_else(|_| Err(io::Error::other("the reader stopped"))).map_err(io)
    })?;
    Ok(hasher.finish().to_string())
}

/// Fills the buffers that come back, until the file ends or nobody listens.
fn read_ahead(
    file: &mut File,
    full: &SyncSender<(Vec<u8>, usize)>,
    emptied: &Receiver<Vec<u8>>,
) -> io::Result<()> {
    while let Ok(mut buffer) = emptied.recv() {
        let read = read_some(file, &mut buffer)?;
        if read == 0 || full.send((buffer, read)).is_err() {
            break;
        }
    }
    Ok(())
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn files_of_all_sizes_have_the_hash_of_their_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let sizes = [0, 1, PART_BYTES, AHEAD_BYTES as usize, AHEAD_BYTES as usize * 2 + 7];
        let bytes = sizes.map(|size| (0..size).map(|n| (n % 251) as u8).collect::<Vec<u8>>());
        let files = sizes.map(|size| folder.path().join(size.to_string()));
        for (file, bytes) in files.iter().zip(&bytes) {
            fs::write(file, bytes).unwrap();
        }
        let took = AtomicU64::new(0);
        let count = |_: usize, bytes: u64| {
            took.fetch_add(bytes, Ordering::Relaxed);
        };
        let found = hash_all(&files, &CancelToken::new(), &count);
        for (found, bytes) in found.iter().zip(&bytes) {
            assert_eq!(*found.as_ref().unwrap(), ContentHash::of(bytes).to_string());
        }
        assert_eq!(took.into_inner(), sizes.iter().sum::<usize>() as u64);
        assert!(hash_all(&[], &CancelToken::new(), &|_, _| {}).is_empty());
    }

    #[test]
    fn a_missing_file_and_a_stop_are_errors_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        fs::write(&large, vec![0; AHEAD_BYTES as usize]).unwrap();
        let files = [large, folder.path().join("missing")];
        let found = hash_all(&files, &CancelToken::new(), &|_, _| {});
        assert!(found[0].is_ok() && matches!(found[1], Err(Error::Io { .. })));
        let cancel = CancelToken::new();
        let stop = |_: usize, _: u64| cancel.cancel();
        let found = hash_all(&files[..1], &cancel, &stop);
        assert!(matches!(found[0], Err(Error::Cancelled)));
    }
}
