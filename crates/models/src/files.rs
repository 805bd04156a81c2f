//! Files of a model that are read as a whole, within a limit.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// Opens a file and tells its size. A pipe or a device, which could make the
/// reader wait for ever, is refused.
pub fn open_regular(path: &Path) -> Result<(File, u64)> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let meta = fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        let reason = "it is no regular file".to_owned();
        return Err(Error::NotAModel { path: path.to_owned(), reason });
    }
    Ok((File::open(path).map_err(io)?, meta.len()))
}

/// Reads a whole file of at most `most` bytes; `None` where there is none.
pub fn read_optional(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let (file, size) = match open_regular(path) {
        Ok(opened) => opened,
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if size > most {
        let reason = format!("it has {size} bytes, such a file has {most} at most");
        return Err(Error::Damaged { path: path.to_owned(), reason });
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // The file may have grown since its size was asked for.
    let read = file.take(most).read_to_end(&mut bytes);
    read.map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(Some(bytes))
}

/// A JSON file; `None` where there is none.
pub fn read_json(path: &Path, most: u64) -> Result<Option<serde_json::Value>> {
    let Some(bytes) = read_optional(path, most)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| Error::Damaged { path: path.to_owned(), reason: error.to_string() })
}
