//! A copy of a project, in which changes are tried.

#![allow(clippy::disallowed_methods, reason = "makes and fills a folder of our own, nothing else")]

use std::fs;
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use mlxcode_agent::{Checker, DirectRunner};
use mlxcode_base::{CancelToken, RelPath};
use mlxcode_edit::ParsedItem;

use crate::dirs::Dirs;
use crate::precise::ServerFolders;
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
    _folder: tempfile::TempDir,
}

impl Trial {
    /// Copies all but git's own folder. `None` where there is too much of it, or
    /// no room.
    pub fn new(original: &Workspace) -> Option<Self> {
        let scratch = original.dirs.state.join("trials");
        fs::create_dir_all(&scratch).ok()?;
        let folder = tempfile::Builder::new().prefix(".judge-").tempdir_in(scratch).ok()?;
        let tree = folder.path().join("tree");
        fs::create_dir(&tree).ok()?;
        Copy { bytes: 0, files: 0 }.all(original.root(), &tree, 0).ok()?;
        // The user's commands count, the journal is another.
        let dirs = Dirs { state: folder.path().join("state"), ..original.dirs.clone() };
        Some(Self { workspace: Workspace::open(&tree, &dirs).ok()?, _folder: folder })
    }

    /// Whether all checks pass with edits. They are taken back afterwards.
    pub fn passes(&self, items: &[ParsedItem]) -> bool {
        let Ok(plan) = self.workspace.plan(items) else { return false };
        if self.workspace.apply(&plan, "trial").is_err() {
            return false;
        }
        let of =
            |change: &mlxcode_edit::FileChange| change.to.as_ref().unwrap_or(&change.path).clone();
        let files: Vec<RelPath> = plan.changes().iter().map(of).collect();
        let checks = self.workspace.checks(&ServerFolders::default());
        let checks = checks.with_runner(Arc::new(DirectRunner));
        let mut ok = true;
        checks.check(&files, &CancelToken::new(), &mut |report| ok &= report.ok);
        // Where it cannot be taken back, nothing that follows would be judged
        // by itself.
        self.workspace.undo(None).is_ok() && ok
    }
}

struct Copy {
    bytes: u64,
    files: usize,
}

impl Copy {
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
