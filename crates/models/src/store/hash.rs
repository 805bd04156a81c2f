//! Checksums, and copies that are summed on the way.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use mlxcode_base::{CancelToken, ContentHash};

use crate::error::{Error, Result};
use crate::files::open_regular;

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
    let sha256 = sum(source, cancel, &mut |part| {
        took(part.len() as u64);
        file.write_all(part).map_err(io)
    })?;
    file.sync_all().map_err(io)?;
    Ok(sha256)
}

fn sum(
    path: &Path,
    cancel: &CancelToken,
    take: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<String> {
    let (file, _) = open_regular(path)?;
    let mut watched = Watched { file, cancel, take, failure: None };
    match ContentHash::of_reader(&mut watched) {
        Ok(hash) => Ok(hash.to_string()),
        Err(source) => {
            Err(watched.failure.unwrap_or_else(|| Error::Io { path: path.to_owned(), source }))
        }
    }
}

/// A file that hands on what is read from it, and that can be stopped.
struct Watched<'a> {
    file: File,
    cancel: &'a CancelToken,
    take: &'a mut dyn FnMut(&[u8]) -> Result<()>,
    /// Why reading ended where the file itself was not the reason.
    failure: Option<Error>,
}

impl Watched<'_> {
    fn stop(&mut self, failure: Error) -> io::Error {
        self.failure = Some(failure);
        io::Error::other("stopped")
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(self.stop(Error::Cancelled));
        }
        let read = self.file.read(buffer)?;
        if read > 0 {
            (self.take)(&buffer[..read]).map_err(|failure| self.stop(failure))?;
        }
        Ok(read)
    }
}
