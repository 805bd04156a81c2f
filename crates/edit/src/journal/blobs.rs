//! Contents by their hash.

use std::path::PathBuf;

use mlxcode_base::ContentHash;

use super::Journal;
use crate::error::{Error, Result};

impl Journal {
    /// Keeps a content. It is safe on the disk after [`sync_blobs`](Self::sync_blobs).
    pub(super) fn keep_blob(&self, text: &str) -> Result<ContentHash> {
        let hash = ContentHash::of(text.as_bytes());
        // One that was damaged since is written anew.
        if self.blob(hash).is_err() {
            self.write_whole(&self.blob_place(hash), text.as_bytes())?;
        }
        Ok(hash)
    }

    /// Waits until the kept contents are on the disk.
    pub(super) fn sync_blobs(&self) -> Result<()> {
        self.sync(&self.dir.join("blobs"))
    }

    /// Gives a kept content back, after checking that it is still the same.
    pub(super) fn blob(&self, hash: ContentHash) -> Result<String> {
        let place = self.blob_place(hash);
        let damaged =
            |reason: &str| Error::JournalCorrupt { path: place.clone(), reason: reason.to_owned() };
        let stored = self
            .layer
            .read(&place)
            .map_err(|source| Error::JournalIo { path: place.clone(), source })?
            .ok_or_else(|| damaged("it is missing"))?;
        if ContentHash::of(&stored.bytes) != hash {
            return Err(damaged("its content does not fit its name"));
        }
        String::from_utf8(stored.bytes).map_err(|_| damaged("it is not UTF-8"))
    }

    fn blob_place(&self, hash: ContentHash) -> PathBuf {
        self.dir.join("blobs").join(hash.to_string())
    }
}
