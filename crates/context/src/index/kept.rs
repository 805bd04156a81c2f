//! What was read from the index and is still what it holds.

use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;

use super::storage;

/// Something that was read once, for as long as nobody has written.
pub struct Kept<T> {
    known: Option<(i64, Arc<T>)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { known: None }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("is_known", &self.known.is_some()).finish()
    }
}

impl<T> Kept<T> {
    /// What is kept; read anew where another process has written since.
    pub fn get(
        &mut self,
        connection: &Connection,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Arc<T>> {
        let version = storage::version(connection)?;
        if let Some((known, kept)) = &self.known
            && *known == version
        {
            return Ok(Arc::clone(kept));
        }
        let kept = Arc::new(read(connection)?);
        self.known = Some((version, Arc::clone(&kept)));
        Ok(kept)
    }

    /// Forgets it: this process has written.
    pub fn forget(&mut self) {
        self.known = None;
    }
}
