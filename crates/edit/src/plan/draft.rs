//! The tree as it would be, edit by edit.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlxcode_base::{PathError, RelPath, Root};

use super::patch::{Patched, Placed};
use super::read::{is_program, read};
use super::{ChangeKind, FileChange, ResolveOptions, foreign};
use crate::content::Content;
use crate::locate::MatchLevel;
use crate::refusal::{NearestMatch, RefusalReason};

/// Why one edit does not fit.
#[derive(Debug)]
pub struct Refused {
    pub reason: RefusalReason,
    pub nearest: Option<Box<NearestMatch>>,
}

impl Refused {
    pub fn is_no_match(&self) -> bool {
        matches!(
            self.reason,
            RefusalReason::NoMatch
                | RefusalReason::WhitespaceDiffers
                | RefusalReason::PoorMatch
                | RefusalReason::Alike { .. }
                | RefusalReason::Repeated
        )
    }
}

/// What an edit that fits comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Changes,
    /// The file holds the result already.
    AlreadyThere,
    /// It is none: what seemed to name a file is prose.
    Prose,
}

impl From<RefusalReason> for Refused {
    fn from(reason: RefusalReason) -> Self {
        Self { reason, nearest: None }
    }
}

/// The files of a plan as they will be, while edits are added one by one.
pub struct Draft<'a> {
    root: &'a Root,
    options: &'a ResolveOptions,
    files: HashMap<RelPath, DraftFile>,
    /// By their place on the disk, links followed: a file with two names is one.
    names: HashMap<PathBuf, RelPath>,
    /// Paths as they were first named.
    order: Vec<RelPath>,
    renames: Vec<(RelPath, RelPath)>,
    /// Files that a block gave whole.
    written: HashSet<RelPath>,
    /// Where the last edit fell.
    placed: Vec<Placed>,
}

#[derive(Clone, Default)]
struct DraftFile {
    before: Option<Arc<String>>,
    after: Option<Arc<String>>,
    /// Whether the file is no UTF-8.
    is_foreign: bool,
    /// Whether it is a program; `None` where the system does not tell.
    program_before: Option<bool>,
    program_after: Option<bool>,
}

impl DraftFile {
    /// Whether it becomes a program, or stops being what `old` is.
    fn becomes(&self, old: Option<&Self>) -> Option<bool> {
        let before = old.and_then(|old| old.program_before);
        self.program_after.filter(|after| self.after.is_some() && Some(*after) != before)
    }
}

/// A text as the bytes of its file.
fn content(text: Option<Arc<String>>, is_foreign: bool) -> Option<Content> {
    let text = text?;
    Some(if is_foreign {
        foreign::to_bytes(&text).into()
    } else {
        Arc::unwrap_or_clone(text).into()
    })
}

impl<'a> Draft<'a> {
    pub fn new(root: &'a Root, options: &'a ResolveOptions) -> Self {
        Self {
            root,
            options,
            files: HashMap::new(),
            names: HashMap::new(),
            order: Vec::new(),
            renames: Vec::new(),
            written: HashSet::new(),
            placed: Vec::new(),
        }
    }

    /// Where the last edit fell in its file.
    pub fn placed(&mut self) -> Vec<Placed> {
        std::mem::take(&mut self.placed)
    }

    /// Takes note of where an edit fell; gives the text after it.
    pub fn note(&mut self, patched: Patched) -> String {
        self.placed = patched.places;
        patched.text
    }

    pub fn forget_places(&mut self) {
        self.placed.clear();
    }

    /// The most that may be overlooked.
    pub fn max_level(&self) -> MatchLevel {
        self.options.max_level
    }

    /// Takes note that a block gave the file whole.
    pub fn note_written(&mut self, path: &RelPath) {
        self.written.insert(path.clone());
    }

    /// Whether a block gave the file whole.
    pub fn is_written(&self, path: &RelPath) -> bool {
        self.written.contains(path)
    }

    /// Whether the file is no UTF-8.
    pub fn is_foreign(&self, path: &RelPath) -> bool {
        self.files.get(path).is_some_and(|file| file.is_foreign)
    }

    /// Whether the file is a program, as the edits so far leave it.
    pub fn program_after(&self, path: &RelPath) -> Option<bool> {
        self.files.get(path).and_then(|file| file.program_after)
    }

    /// The file before all edits and after them, where both are there.
    pub fn sides(&self, path: &RelPath) -> Option<(&str, &str)> {
        let moved = self.renames.iter().rev().find(|(from, _)| from == path);
        let before = self.files.get(path)?.before.as_ref()?;
        let now = self.files.get(moved.map_or(path, |(_, to)| to))?;
        Some((before, now.after.as_ref()?))
    }

    /// What the edits come to, one change a file.
    pub fn changes(mut self) -> Vec<FileChange> {
        let mut changes = Vec::new();
        for (from, to) in std::mem::take(&mut self.renames) {
            let pair = (self.files.get(&from), self.files.get(&to));
            let (Some(old), Some(new)) = pair else { continue };
            let moved = old.before.is_some()
                && old.after.is_none()
                && new.before.is_none()
                && new.after.is_some();
            if !moved {
                continue;
            }
            let executable = new.becomes(Some(old));
            let (old, new) = (self.files.remove(&from), self.files.remove(&to));
            changes.push(FileChange {
                path: from,
                kind: ChangeKind::Rename,
                to: Some(to),
                before: old.and_then(|old| content(old.before, old.is_foreign)),
                after: new.and_then(|new| content(new.after, new.is_foreign)),
                executable,
            });
        }
        for path in std::mem::take(&mut self.order) {
            let Some(file) = self.files.remove(&path) else { continue };
            let executable = file.becomes(Some(&file));
            let kind = match (&file.before, &file.after) {
                (None, Some(_)) => ChangeKind::Create,
                (Some(_), None) => ChangeKind::Delete,
                (Some(before), Some(after)) if before != after || executable.is_some() => {
                    ChangeKind::Modify
                }
                _ => continue,
            };
            let is_foreign = file.is_foreign;
            let (before, after) =
                (content(file.before, is_foreign), content(file.after, is_foreign));
            changes.push(FileChange { path, kind, to: None, before, after, executable });
        }
        changes
    }

    /// The path as the plan calls it, once an edit of it was taken.
    pub fn name(&mut self, written: &str) -> Option<RelPath> {
        self.path(written).ok()
    }

    /// The path as the plan calls it: a file keeps the name it was given first.
    pub fn path(&mut self, written: &str) -> Result<RelPath, Refused> {
        let refuse = RefusalReason::of_path;
        let path = self.below(written).map_err(refuse)?;
        let place = self.root.resolve(&path).map_err(refuse)?;
        Ok(self.names.entry(place).or_insert(path).clone())
    }

    fn below(&self, written: &str) -> Result<RelPath, PathError> {
        if written == "~" || written.starts_with("~/") {
            // A shell would look in the home folder, and nobody calls a folder so.
            let (path, reason) = (written.to_owned(), "is in the home folder, not below the root");
            return Err(PathError::NotRelative { path, reason });
        }
        let below = Path::new(written).strip_prefix(self.root.path()).ok();
        RelPath::new(below.and_then(Path::to_str).unwrap_or(written))
    }

    pub fn is_link(&self, written: &str) -> bool {
        let place = self.below(written).map(|path| self.root.path().join(path.as_path()));
        let meta = place.ok().and_then(|place| fs::symlink_metadata(place).ok());
        meta.is_some_and(|meta| meta.is_symlink())
    }

    /// What the file holds from now on, and whether it is a program.
    pub fn set(&mut self, path: &RelPath, after: Option<String>, program: Option<bool>) {
        if let Some(file) = self.files.get_mut(path) {
            file.after = after.map(Arc::new);
            file.program_after = program;
        }
    }

    /// Takes note that what `from` holds is to be found at `to`.
    pub fn move_to(&mut self, from: &RelPath, to: &RelPath) {
        self.copy_to(from, to);
        self.renames.push((from.clone(), to.clone()));
    }

    /// What is copied is read as its source is.
    pub fn copy_to(&mut self, from: &RelPath, to: &RelPath) {
        let is_foreign = self.is_foreign(from);
        if let Some(file) = self.files.get_mut(to) {
            file.is_foreign = is_foreign;
        }
    }

    /// The file as the edits so far leave it.
    pub fn load(&mut self, path: &RelPath) -> Result<Option<Arc<String>>, Refused> {
        if !self.files.contains_key(path) {
            let file = self.read(path)?;
            self.files.insert(path.clone(), file);
            self.order.push(path.clone());
        }
        Ok(self.files.get(path).and_then(|file| file.after.clone()))
    }

    fn read(&self, path: &RelPath) -> Result<DraftFile, Refused> {
        let bytes = read(self.root, path, self.options.max_file_bytes)?;
        let (text, is_foreign) = match bytes.map(String::from_utf8) {
            None => (None, false),
            Some(Ok(text)) => (Some(text), false),
            Some(Err(error)) => {
                let text = foreign::to_text(error.as_bytes()).ok_or(RefusalReason::NotText)?;
                (Some(text), true)
            }
        };
        let text = text.map(Arc::new);
        let program = self.root.resolve(path).ok().and_then(|place| is_program(&place));
        Ok(DraftFile {
            after: text.clone(),
            before: text,
            is_foreign,
            program_before: program,
            program_after: program,
        })
    }
}
