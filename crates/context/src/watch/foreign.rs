//! What tells that a file still belongs to no tree.

use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

use crate::walk::WalkOptions;

/// A file that the rules may leave out, as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    reasons: Reasons,
    /// Another file may come in its place.
    number: u64,
    made: Option<SystemTime>,
}

/// What decides, beside a file's path and the rules, whether it is of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons {
    mode: u32,
    is_link: bool,
    is_long: bool,
}

impl Looks {
    /// Those of what lies at `path`.
    pub fn of(path: &Path, options: &WalkOptions) -> Option<Self> {
        let meta = path.symlink_metadata().ok()?;
        let (number, mode) = number_and_mode(&meta);
        let is_long = meta.len() > options.most_bytes(path);
        let reasons = Reasons { mode, is_link: meta.is_symlink(), is_long };
        Some(Self { reasons, number, made: meta.created().ok() })
    }

    pub fn reasons(&self) -> Reasons {
        self.reasons
    }
}

#[cfg(unix)]
fn number_and_mode(meta: &Metadata) -> (u64, u32) {
    use std::os::unix::fs::MetadataExt as _;
    (meta.ino(), meta.mode())
}

#[cfg(not(unix))]
fn number_and_mode(meta: &Metadata) -> (u64, u32) {
    (0, u32::from(meta.permissions().readonly()))
}
