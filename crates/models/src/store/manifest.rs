use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::place::sync_folder;
use super::{MANIFEST, is_plain};
use crate::error::{Error, Result};
use crate::files::read_optional;

/// A manifest has some hundred bytes a file.
const MOST_BYTES: u64 = 16 << 20;

/// A manifest before it is whole.
pub const FRESH_MANIFEST: &str = ".manifest-new";

/// What a model's folder says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub model: ModelSummary,
    /// The GGUF file in the folder; `.` for the folder itself.
    pub entry: String,
}

/// What is known of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelSummary {
    /// The name it is used by.
    pub name: String,
    /// The architecture, such as `qwen2`.
    pub architecture: String,
    /// How most of the weights are stored, such as `Q4_K`.
    pub weights: String,
    /// The number of weights.
    pub parameters: u64,
    /// The context, in tokens.
    pub context_length: usize,
    /// All files together.
    pub size_bytes: u64,
    /// The files.
    pub files: Vec<ModelFile>,
}

/// One file of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// When it was last changed, in nanoseconds since 1970, UTC.
    pub modified_ns: u64,
    /// Where it came from, such as `hf:org/name@revision/path`; `None` for a
    /// file that was added by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl Manifest {
    /// Reads the manifest of the model called `name`; `None` where there is
    /// none. Nothing it says leads out of the model's folder.
    pub fn read(path: &Path, name: &str) -> Result<Option<Self>> {
        let bad = |reason: String| Error::BadManifest { path: path.to_owned(), reason };
        let Some(bytes) = read_optional(path, MOST_BYTES)? else { return Ok(None) };
        let manifest: Self =
            serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        if manifest.model.name != name {
            return Err(bad(format!("it is of a model called {:?}", manifest.model.name)));
        }
        let mut names = manifest.model.files.iter().map(|file| &file.name);
        if let Some(name) = names.clone().find(|name| !is_plain(name)) {
            return Err(bad(format!("it names the file {name:?}")));
        }
        if manifest.entry != "." && !names.any(|name| *name == manifest.entry) {
            return Err(bad(format!("it names no file {:?}", manifest.entry)));
        }
        Ok(Some(manifest))
    }

    /// Writes the manifest into a model's folder, whole or not at all, and onto
    /// the disk.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let place = folder.join(MANIFEST);
        let fresh = folder.join(FRESH_MANIFEST);
        let written = serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .and_then(|bytes| fs::write(&fresh, bytes))
            .and_then(|()| File::open(&fresh)?.sync_all())
            .and_then(|()| fs::rename(&fresh, &place));
        written.map_err(|source| Error::Io { path: place, source })?;
        sync_folder(folder)
    }
}
