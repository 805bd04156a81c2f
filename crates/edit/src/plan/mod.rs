//! What a reply's edits do to a tree, before anything is written.

mod already;
mod draft;
mod elided_search;
mod elision;
mod frame;
mod line_ends;
mod patch;
mod placement;
mod rival;
mod snippet;
mod substitute;
mod syntax;
mod token_merge;
mod weave;

use std::fmt;
use std::sync::Arc;

use mlxcode_base::{RelPath, Root};
use serde::{Deserialize, Serialize};

use crate::diff::FileDiff;
use crate::error::Result;
use crate::format::ParsedItem;
use crate::locate::MatchLevel;
use crate::refusal::{Refusal, RefusalReason};
use draft::{Draft, Outcome};
pub use placement::Placement;
pub use syntax::SyntaxCheck;

/// What is edited at all, and how sure its place has to be.
///
/// ```
/// use mlxcode_edit::{MatchLevel, ResolveOptions};
///
/// let mut options = ResolveOptions::default();
/// // Nothing but white space may be overlooked.
/// options.max_level = MatchLevel::BlankLines;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolveOptions {
    /// Larger files are refused.
    pub max_file_bytes: u64,
    /// The most that may be overlooked to find a place.
    pub max_level: MatchLevel,
    /// Tells whether a file parses. With it, an edit that is not placed exactly
    /// is refused where its file had fewer syntax errors before.
    pub syntax: Option<Arc<dyn SyntaxCheck>>,
}

impl Default for ResolveOptions {
    fn default() -> Self {
        // The content is held a few times over while it is compared.
        Self { max_file_bytes: 128 << 20, max_level: MatchLevel::default(), syntax: None }
    }
}

/// What the edits of a reply do to a tree. Nothing is written yet.
#[derive(Clone, Debug)]
pub struct EditPlan {
    changes: Vec<FileChange>,
    refusals: Vec<Refusal>,
    already_there: Vec<AlreadyThere>,
    placements: Vec<Placement>,
}

/// An edit whose result the file holds already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadyThere {
    /// Which edit of the reply, from one.
    pub block: usize,
    /// The line of the reply that it begins on, from one.
    pub line: usize,
    /// The file it names, as written.
    pub path: String,
}

impl fmt::Display for AlreadyThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds this already", self.path)
    }
}

/// One file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The file; of a rename, its old path.
    pub path: RelPath,
    /// What happens to it.
    pub kind: ChangeKind,
    /// Of a rename, the new path.
    pub to: Option<RelPath>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) executable: Option<bool>,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It comes into being.
    Create,
    /// Its content changes.
    Modify,
    /// It goes.
    Delete,
    /// It gets another path, and maybe another content.
    Rename,
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Modify => "modify",
            Self::Delete => "delete",
            Self::Rename => "rename",
        })
    }
}

impl FileChange {
    /// The content before; `None` where there is no file.
    pub fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// The content after; `None` where there is no file.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Whether the file becomes a program or stops being one (Unix's `x` bits);
    /// `None` where that stays.
    pub fn executable(&self) -> Option<bool> {
        self.executable
    }

    /// The change as a unified diff.
    pub fn diff(&self) -> FileDiff {
        let to = self.to.as_ref().unwrap_or(&self.path);
        FileDiff {
            executable: self.executable,
            ..FileDiff::of_file(&self.path, to, self.before(), self.after())
        }
    }
}

impl EditPlan {
    /// Finds where each edit belongs in the tree below `root`. Edits of one
    /// file build on each other, in the order of the reply.
    ///
    /// # Errors
    /// What is wrong with an edit is no error but a [`Refusal`] in the plan.
    pub fn resolve(root: &Root, items: &[ParsedItem], options: &ResolveOptions) -> Result<Self> {
        let mut draft = Draft::new(root, options);
        let mut refusals = Vec::new();
        let mut already_there = Vec::new();
        let mut placements = Vec::new();
        // What is no edit has no number among them.
        let edits = items.iter().filter(|item| !matches!(item, ParsedItem::Command(_)));
        for (number, item) in edits.enumerate() {
            let block = number + 1;
            match item {
                ParsedItem::Command(_) => {}
                ParsedItem::Broken(broken) => refusals.push(Refusal {
                    block,
                    line: broken.line,
                    path: broken.path.clone().unwrap_or_default(),
                    reason: RefusalReason::Broken(broken.reason),
                    nearest: None,
                }),
                ParsedItem::Edit(edit) => match draft.edit(edit) {
                    Ok(Outcome::Changes) => {
                        placements.extend(Placement::all(block, edit, &mut draft));
                    }
                    Ok(Outcome::Prose) => {}
                    Ok(Outcome::AlreadyThere) => already_there.push(AlreadyThere {
                        block,
                        line: edit.line,
                        path: edit.path.clone(),
                    }),
                    Err(refused) => refusals.push(Refusal {
                        block,
                        line: edit.line,
                        path: edit.path.clone(),
                        reason: refused.reason,
                        nearest: refused.nearest.map(|nearest| *nearest),
                    }),
                },
            }
        }
        if let Some(check) = &options.syntax {
            refusals.extend(syntax::broken(check.as_ref(), &draft, &placements));
            refusals.sort_by_key(|refusal| refusal.block);
        }
        Ok(Self { changes: draft.changes(), refusals, already_there, placements })
    }

    /// Where each edit of a place was put and what was overlooked for it, in the
    /// order of the reply. A file that is written whole has no place.
    pub fn placements(&self) -> &[Placement] {
        &self.placements
    }

    /// The most that was overlooked to place the edits of one file; `None` where
    /// none of them needed a place.
    pub fn level_of(&self, path: &RelPath) -> Option<MatchLevel> {
        let of_file = self.placements.iter().filter(|place| place.path == *path);
        of_file.map(|place| place.level).max()
    }

    /// The files that change, in the order that the reply first names them.
    pub fn changes(&self) -> &[FileChange] {
        &self.changes
    }

    /// The edits that fit nowhere.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The edits that would change nothing, because the file holds their result.
    /// Where they are all there is, the reply was applied before.
    pub fn already_there(&self) -> &[AlreadyThere] {
        &self.already_there
    }

    /// Whether there is something to write and nothing was refused.
    pub fn is_applicable(&self) -> bool {
        !self.changes.is_empty() && self.refusals.is_empty()
    }

    /// Drops the changes for which `wanted` says no.
    pub fn keep(&mut self, wanted: impl FnMut(&FileChange) -> bool) {
        self.changes.retain(wanted);
    }
}
