//! A copy of a project, in which changes are tried.

#![allow(clippy::disallowed_methods, reason = "makes and fills a folder of our own, nothing else")]

use std::fs;
use std::io;
use std::path::{Component, Path};
use std::time::UNIX_EPOCH;

use mlxcode_agent::DirectRunner;
use mlxcode_base::{CancelToken, ContentHash, RelPath};
use mlxcode_edit::ParsedItem;

use crate::checks::CheckCommand;
use crate::dirs::Dirs;
use crate::workspace::Workspace;

/// A larger project is not copied: with what was built in it, it takes longer
/// than the answers.
const MOST_BYTES: u64 = 1 << 30;

/// The same of its files.
const MOST_FILES: usize = 50_000;

/// Folders deeper than this are no project.
const MOST_DEPTH: usize = 64;

/// A copy of a workspace.
pub struct Trial {
    workspace: Workspace,
    /// The original as it was copied.
    of: ContentHash,
    _folder: tempfile::TempDir,
}

impl Trial {
    /// Copies all but git's own folder. `None` where there is too much of it, or
    /// no room, or this is cancelled.
    pub fn new(original: &Workspace, cancel: &CancelToken) -> Option<Self> {
        let scratch = original.dirs.state.join("trials");
        fs::create_dir_all(&scratch).ok()?;
        // Before it is copied: what changes meanwhile is another tree then.
        let of = look(original.root(), cancel)?;
        let folder = tempfile::Builder::new().prefix(".judge-").tempdir_in(scratch).ok()?;
        let tree = folder.path().join("tree");
        fs::create_dir(&tree).ok()?;
        Copy { bytes: 0, files: 0, cancel }.all(original.root(), &tree, 0).ok()?;
        // The journal is another.
        let dirs = Dirs { state: folder.path().join("state"), ..original.dirs.clone() };
        Some(Self { workspace: Workspace::open(&tree, &dirs).ok()?, of, _folder: folder })
    }

    /// Whether it is a copy of a workspace as that is now.
    pub fn is_of(&self, original: &Workspace, cancel: &CancelToken) -> bool {
        look(original.root(), cancel) == Some(self.of)
    }

    /// Whether all commands pass with edits. They are taken back afterwards.
    pub fn passes(
        &self,
        items: &[ParsedItem],
        commands: &[CheckCommand],
        cancel: &CancelToken,
    ) -> bool {
        let Ok(plan) = self.workspace.plan(items) else { return false };
        if self.workspace.apply(&plan, "trial").is_err() {
            return false;
        }
        let of =
            |change: &mlxcode_edit::FileChange| change.to.as_ref().unwrap_or(&change.path).clone();
        let files: Vec<RelPath> = plan.changes().iter().map(of).collect();
        // A command that no file concerns has nothing against it; one that was
        // cancelled says nothing.
        let ok = commands.iter().all(|command| {
            let report = command.run(&self.workspace.root, &files, &DirectRunner, cancel);
            report.is_none_or(|report| report.ok) && !cancel.is_cancelled()
        });
        // Where it cannot be taken back, nothing that follows would be judged
        // by itself.
        self.workspace.undo(None).is_ok() && ok
    }
}

/// What tells a tree from what it was: the names, sizes and times of its files.
fn look(root: &Path, cancel: &CancelToken) -> Option<ContentHash> {
    let mut hasher = ContentHash::hasher();
    let mut folders = vec![(root.to_owned(), 0)];
    let mut files = 0;
    while let Some((folder, depth)) = folders.pop() {
        let entries: io::Result<Vec<_>> = fs::read_dir(&folder).ok()?.collect();
        let mut entries = entries.ok()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if depth == 0 && entry.file_name() == ".git" {
                continue;
            }
            files += 1;
            if files > MOST_FILES || depth > MOST_DEPTH || cancel.is_cancelled() {
                return None;
            }
            let (meta, place) = (entry.metadata().ok()?, entry.path());
            let time = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let time = time.map_or(0, |at| at.as_nanos());
            hasher.update(place.as_os_str().as_encoded_bytes());
            hasher.update(&meta.len().to_le_bytes());
            hasher.update(&time.to_le_bytes());
            if meta.is_dir() {
                folders.push((place, depth + 1));
            }
        }
    }
    Some(hasher.finish())
}

struct Copy<'c> {
    bytes: u64,
    files: usize,
    cancel: &'c CancelToken,
}

impl Copy<'_> {
    fn all(&mut self, from: &Path, to: &Path, depth: usize) -> io::Result<()> {
        let too_much = || io::Error::other("too much to copy");
        if depth > MOST_DEPTH {
            return Err(too_much());
        }
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if depth == 0 && entry.file_name() == ".git" {
                continue;
            }
            self.files += 1;
            let (kind, place) = (entry.file_type()?, to.join(entry.file_name()));
            if self.files > MOST_FILES {
                return Err(too_much());
            }
            if self.cancel.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if kind.is_dir() {
                fs::create_dir(&place)?;
                self.all(&entry.path(), &place, depth + 1)?;
            } else if kind.is_symlink() {
                copy_link(&entry.path(), &place, depth)?;
            } else if kind.is_file() {
                self.bytes += entry.metadata()?.len();
                if self.bytes > MOST_BYTES {
                    return Err(too_much());
                }
                fs::copy(entry.path(), &place)?;
            }
        }
        Ok(())
    }
}

/// Makes a link again that stays inside; others are left out, since a command
/// that writes would change the original through them.
fn copy_link(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    let target = fs::read_link(from)?;
    let mut above = depth;
    let mut descends = false;
    for part in target.components() {
        match part {
            Component::Normal(_) => descends = true,
            // After a name, which may be a link, it may lead anywhere.
            Component::ParentDir if above > 0 && !descends => above -= 1,
            Component::CurDir => {}
            _ => return Ok(()),
        }
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(&target, to)?;
    #[cfg(not(unix))]
    let _ = (target, to);
    Ok(())
}
