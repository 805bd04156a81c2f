//! Reads a file that is to be edited.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use mlxcode_base::{RelPath, Root};

use crate::layer::open_regular;
use crate::refusal::RefusalReason;

/// The bytes of a file of at most `limit_bytes`; `None` where there is none.
pub fn read(
    root: &Root,
    path: &RelPath,
    limit_bytes: u64,
) -> Result<Option<Vec<u8>>, RefusalReason> {
    let unreadable = |error: io::Error| RefusalReason::Unreadable { reason: error.to_string() };
    let place = root.resolve(path).map_err(RefusalReason::of_path)?;
    let meta = match fs::metadata(&place) {
        Ok(meta) => meta,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    if meta.is_dir() {
        return Err(RefusalReason::IsFolder);
    }
    if !meta.is_file() {
        return Err(RefusalReason::NotRegular);
    }
    if meta.len() > limit_bytes {
        return Err(RefusalReason::TooLarge { size_bytes: meta.len(), limit_bytes });
    }
    let mut bytes = Vec::new();
    open_regular(&place).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(Some(bytes))
}

/// Whether the file may be run; a file that is not there yet may not. `None`
/// where the system does not tell.
pub fn is_program(place: &Path) -> Option<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        match fs::metadata(place) {
            Ok(meta) => Some(meta.permissions().mode() & 0o100 != 0),
            Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(false),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = place;
        None
    }
}
