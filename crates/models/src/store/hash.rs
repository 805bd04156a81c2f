//! Checksums, and copies that are summed on the way.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use mlxcode_base::CancelToken;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::files::open_regular;

const BUFFER_BYTES: usize = 1 << 20;

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
    let (mut file, _) = open_regular(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&buffer[..read]);
                take(&buffer[..read])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}
