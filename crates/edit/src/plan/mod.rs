//! What a reply's edits do to a tree, before anything is written.

mod already;
mod draft;
mod elided_search;
mod elision;
mod foreign;
mod frame;
mod line_ends;
mod names;
mod operations;
mod parts;
mod patch;
mod placement;
mod read;
mod rename_pattern;
mod rival;
mod snippet;
mod substitute;
mod syntax;
mod take;
mod token_merge;
mod weave;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use mlxcode_base::{RelPath, Root};
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::diff::FileDiff;
use crate::error::Result;
use crate::format::{EditAction, EditBlock, Naming, ParsedItem};
use crate::locate::MatchLevel;
use crate::policy::EditPolicy;
use crate::refusal::{Refusal, RefusalReason};
use draft::{Draft, Outcome};
use names::Names;

pub use names::NameFlaw;
pub use operations::FileOperation;
pub use placement::Placement;
pub use rename_pattern::RenamePattern;
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
    /// Which files may be changed.
    pub policy: Arc<EditPolicy>,
    /// The most that may be overlooked to find a place.
    pub max_level: MatchLevel,
    /// Tells whether a file parses. With it, an edit that is not placed exactly
    /// is refused where its file had fewer syntax errors before.
    pub syntax: Option<Arc<dyn SyntaxCheck>>,
}

impl Default for ResolveOptions {
    fn default() -> Self {
        Self {
            // The content is held a few times over while it is compared.
            max_file_bytes: 128 << 20,
            max_level: MatchLevel::default(),
            syntax: None,
            policy: EditPolicy::usual(),
        }
    }
}

/// What the edits of a reply do to a tree. Nothing is written yet.
#[derive(Clone, Debug)]
pub struct EditPlan {
    changes: Vec<FileChange>,
    refusals: Vec<Refusal>,
    already_there: Vec<AlreadyThere>,
    /// Looked at again when the plan is applied, by where the files are then.
    policy: Arc<EditPolicy>,
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

/// Whether an action changes a place of a file, so that the same again would
/// change it twice.
fn is_change(action: &EditAction) -> bool {
    matches!(
        action,
        EditAction::Replace { .. } | EditAction::Substitute { .. } | EditAction::Patch { .. }
    )
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
    pub(crate) before: Option<Content>,
    pub(crate) after: Option<Content>,
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
    /// The content before as text; `None` where there is no file, and where it
    /// is no UTF-8.
    pub fn before(&self) -> Option<&str> {
        self.before.as_ref().and_then(Content::text)
    }

    /// The content after as text; `None` where there is no file, and where it
    /// is no UTF-8.
    pub fn after(&self) -> Option<&str> {
        self.after.as_ref().and_then(Content::text)
    }

    /// The content before; `None` where there is no file.
    pub fn before_bytes(&self) -> Option<&[u8]> {
        self.before.as_ref().map(Content::bytes)
    }

    /// The content after; `None` where there is no file.
    pub fn after_bytes(&self) -> Option<&[u8]> {
        self.after.as_ref().map(Content::bytes)
    }

    /// Whether the file becomes a program or stops being one (Unix's `x` bits);
    /// `None` where that stays.
    pub fn executable(&self) -> Option<bool> {
        self.executable
    }

    /// Whether anything would be another than before.
    fn is_one(&self) -> bool {
        self.before != self.after || self.to.is_some() || self.executable.is_some()
    }

    fn keep_hunks(&mut self, taken: &[bool]) -> bool {
        let before = self.before.as_ref().map_or(Some(""), Content::text);
        let after = self.after.as_ref().map_or(Some(""), Content::text);
        let (Some(before), Some(after)) = (before, after) else { return false };
        let hunks = self.diff().hunks;
        if hunks.iter().enumerate().all(|(at, _)| taken.get(at) == Some(&true)) {
            return true;
        }
        let kept = parts::with_hunks(before, after, &hunks, taken);
        // A file of which no hunk is made or taken away stays as it was.
        let none = !taken.iter().take(hunks.len()).any(|one| *one);
        self.after = if none { self.before.clone() } else { Some(kept.into()) };
        if none {
            self.executable = None;
        }
        if self.kind == ChangeKind::Delete && self.after.is_some() {
            self.kind = ChangeKind::Modify;
        }
        true
    }

    /// The change as a unified diff.
    pub fn diff(&self) -> FileDiff {
        let to = self.to.as_ref().unwrap_or(&self.path);
        FileDiff {
            executable: self.executable,
            ..FileDiff::of_contents(&self.path, to, self.before.as_ref(), self.after.as_ref())
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
        let mut gate = Gate { root, policy: &options.policy, names: Names::new(root) };
        let mut refusals = Vec::new();
        let mut already_there = Vec::new();
        let mut placements = Vec::new();
        let mut made: Vec<&EditBlock> = Vec::new();
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
                ParsedItem::Edit(edit) => {
                    // Models that go in a circle write a block again: what it
                    // says is there.
                    let is_same =
                        |one: &&EditBlock| one.path == edit.path && one.action == edit.action;
                    let outcome = if made.iter().any(is_same) {
                        Ok(Outcome::AlreadyThere)
                    } else {
                        gate.check(edit).map_err(Into::into).and_then(|()| draft.edit(edit))
                    };
                    match outcome {
                        Ok(Outcome::Changes) => {
                            if is_change(&edit.action) {
                                made.push(edit);
                            }
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
                    }
                }
            }
        }
        if let Some(check) = &options.syntax {
            refusals.extend(syntax::broken(check.as_ref(), &draft, &placements));
            refusals.sort_by_key(|refusal| refusal.block);
        }
        let policy = options.policy.clone();
        Ok(Self { changes: draft.changes(), refusals, already_there, placements, policy })
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

    pub(crate) fn policy(&self) -> &EditPolicy {
        &self.policy
    }

    /// Keeps of a file's change the hunks for which `taken` says yes, counted as
    /// its [`diff`](FileChange::diff) shows them; those that it does not tell of
    /// go. A change of which nothing is left goes whole, but for a new name.
    ///
    /// False where the file is not among the changes, or is no text.
    pub fn keep_hunks(&mut self, path: &RelPath, taken: &[bool]) -> bool {
        let Some(change) = self.changes.iter_mut().find(|change| change.path == *path) else {
            return false;
        };
        if !change.keep_hunks(taken) {
            return false;
        }
        self.changes.retain(FileChange::is_one);
        true
    }

    /// Gives a file another content than the edits do, as somebody wrote it.
    ///
    /// False where the file is not among the changes, or goes.
    pub fn replace_content(&mut self, path: &RelPath, text: &str) -> bool {
        let Some(change) = self.changes.iter_mut().find(|change| change.path == *path) else {
            return false;
        };
        if change.after.is_none() {
            return false;
        }
        change.after = Some(text.to_owned().into());
        self.changes.retain(FileChange::is_one);
        true
    }

    /// Drops the changes for which `wanted` says no.
    pub fn keep(&mut self, wanted: impl FnMut(&FileChange) -> bool) {
        self.changes.retain(wanted);
    }
}

/// What is looked at before an edit is placed: whether its file may be changed,
/// and whether a new one can have its name.
struct Gate<'g> {
    root: &'g Root,
    policy: &'g EditPolicy,
    names: Names<'g>,
}

impl Gate<'_> {
    fn check(&mut self, edit: &EditBlock) -> Result<(), RefusalReason> {
        let path = self.path(&edit.path);
        let there = path.as_ref().is_some_and(|path| self.is_there(path));
        let (is_new, to) = match &edit.action {
            // What may be prose is looked at as a file only where there is one.
            EditAction::Write { naming: Naming::Guess | Naming::Unclear, .. } if !there => {
                return Ok(());
            }
            EditAction::Write { .. } | EditAction::Create { .. } => (true, None),
            EditAction::Substitute { old, .. } => (old.is_empty(), None),
            EditAction::Rename { to, .. } => (false, self.path(to)),
            EditAction::Copy { to, .. } => return self.check_target(self.path(to), None),
            _ => (false, None),
        };
        if let Some(path) = &path {
            self.may_change(path)?;
            if is_new && !there {
                self.names.check_new(path, None).map_err(RefusalReason::Name)?;
            }
        }
        self.check_target(to, path.as_ref())
    }

    /// The path that a file gets, where it gets another one.
    fn check_target(
        &mut self,
        to: Option<RelPath>,
        gone: Option<&RelPath>,
    ) -> Result<(), RefusalReason> {
        let Some(to) = to else { return Ok(()) };
        self.may_change(&to)?;
        if self.is_there(&to) {
            return Ok(());
        }
        self.names.check_new(&to, gone).map_err(RefusalReason::Name)
    }

    fn is_there(&self, path: &RelPath) -> bool {
        self.root.path().join(path.as_path()).symlink_metadata().is_ok()
    }

    /// The path as a reply names it; one that is none is refused later, with
    /// its own reason.
    fn path(&self, written: &str) -> Option<RelPath> {
        let below = Path::new(written).strip_prefix(self.root.path()).ok();
        RelPath::new(below.and_then(Path::to_str).unwrap_or(written)).ok()
    }

    /// Under its own name, and under that of what a link leads to.
    fn may_change(&self, path: &RelPath) -> Result<(), RefusalReason> {
        self.policy.check(path).map_err(RefusalReason::Policy)?;
        let place = self.root.resolve(path).ok();
        let below = place.as_ref().and_then(|place| place.strip_prefix(self.root.path()).ok());
        match below.and_then(|below| RelPath::from_path(below).ok()) {
            Some(real) if real != *path => self.policy.check(&real).map_err(RefusalReason::Policy),
            _ => Ok(()),
        }
    }
}
