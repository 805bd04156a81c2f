//! Contents by their hash.

use std::path::PathBuf;

use mlxcode_base::ContentHash;

use super::Journal;
use crate::error::{Error, Result};

impl Journal {
    /// Keeps a content.
    pub(super) fn keep_blob(&self, text: &str) -> Result<ContentHash> {
        let hash = ContentHash::of(text.as_bytes());
        let place = self.blob_place(hash);
        if !place.exists() {
            self.write_whole(&place, text.as_bytes())?;
        }
        Ok(hash)
    }

    /// Gives a kept content back, after checking that it is still the same.
    pub(super) fn blob(&self, hash: ContentHash) -> Result<String> {
        let place = self.blob_place(hash);
        let damaged =
            |reason: &str| Error::JournalCorrupt { path: place.clone(), reason: reason.to_owned() };
        let bytes = self
            .layer
            .read(&place)
            .map_err(|source| Error::JournalIo { path: place.clone(), source })?
            .ok_or_else(|| damaged("it is missing"))?;
        if ContentHash::of(&bytes) != hash {
            return Err(damaged("its content does not fit its name"));
        }
        String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))
    }

    fn blob_place(&self, hash: ContentHash) -> PathBuf {
        self.dir.join("blobs").join(hash.to_string())
    }
}
