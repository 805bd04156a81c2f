//! `--record` and `--replay`: models that are written down, and played again.

#![allow(clippy::disallowed_methods, reason = "writes the file that it was asked for")]

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

use mlxcode_core::{InputError, MOST_RECORDING_BYTES, Model};

use crate::exit::Outcome;
use crate::host::Host;

/// The model, and a new file with all that passes through it.
pub fn record(model: &Model, path: &Path, host: &Host<'_>) -> Outcome<Model> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // It holds files of the project.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(host.current_dir.join(path))
        .map_err(|source| InputError::Unwritable { path: path.to_owned(), source })?;
    Ok(model.recorded_to(file)?)
}

/// The model that a recording stands for.
pub fn replay(path: &Path, host: &Host<'_>) -> Outcome<Model> {
    let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
    let most = MOST_RECORDING_BYTES as u64;
    let file = File::open(host.current_dir.join(path)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(InputError::TextTooLong { path: path.to_owned(), most }.into());
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| InputError::NotUtf8 { path: path.to_owned() })?;
    Ok(Model::replaying(&text)?)
}
