//! What an update of the index tells.

use mlxcode_base::RelPath;

use crate::walk::Skipped;

/// Why an index was built anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rebuilt {
    /// Its file was damaged.
    Damaged,
    /// Another version of this program wrote it.
    OtherLayout,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexedChange {
    /// It is new.
    Added,
    /// Its text is another.
    Changed,
    /// It is gone, or holds no text any more.
    Removed,
}

/// What an update did. Files without text are not counted, but in `skipped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated {
    /// Files that are new.
    pub added: usize,
    /// Files whose text is another.
    pub changed: usize,
    /// Files that are gone.
    pub removed: usize,
    /// Files that are as they were.
    pub unchanged: usize,
    /// Those that are new, changed or gone, by path.
    pub files: Vec<(RelPath, IndexedChange)>,
    /// Files that were left out.
    pub skipped: Skipped,
    /// Why all was built anew, where it was.
    pub rebuilt: Option<Rebuilt>,
}

impl Updated {
    /// Counts a change.
    pub(super) fn note(&mut self, path: &RelPath, change: IndexedChange) {
        let count = match change {
            IndexedChange::Added => &mut self.added,
            IndexedChange::Changed => &mut self.changed,
            IndexedChange::Removed => &mut self.removed,
        };
        *count += 1;
        self.files.push((path.clone(), change));
    }
}
