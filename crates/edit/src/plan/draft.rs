//! The tree as it would be, edit by edit.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mlxcode_base::{PathError, RelPath, Root};

use super::already;
use super::elision::elided_line;
use super::patch::{Patched, Placed};
use super::snippet::{has_conflict_marks, is_snippet};
use super::{ChangeKind, FileChange, ResolveOptions, elided_search, patch, substitute};
use crate::format::{EditAction, EditBlock, Naming, PatchHunk, PatchLine};
use crate::layer::open_regular;
use crate::locate::MatchLevel;
use crate::refusal::{NearestMatch, RefusalReason};
use crate::text::FileText;

/// Why one edit does not fit.
#[derive(Debug)]
pub struct Refused {
    pub reason: RefusalReason,
    pub nearest: Option<Box<NearestMatch>>,
}

impl Refused {
    fn is_no_match(&self) -> bool {
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
    before: Option<String>,
    after: Option<String>,
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

    /// Adds one edit; on refusal, the draft is as before.
    pub fn edit(&mut self, edit: &EditBlock) -> Result<Outcome, Refused> {
        self.placed.clear();
        let limit = self.options.max_level;
        let path = self.path(&edit.path)?;
        if matches!(edit.action, EditAction::Delete { .. } | EditAction::Rename { .. })
            && self.is_link(&edit.path)
        {
            return Err(RefusalReason::IsLink.into());
        }
        let content = self.load(&path)?.map(str::to_owned);
        let content = content.as_deref();
        let mut moved_to = None;
        let after = match &edit.action {
            EditAction::Replace { search, replace } => {
                let content = content.ok_or(RefusalReason::NotFound)?;
                match replaced(content, search, replace, limit) {
                    Err(refused)
                        if refused.is_no_match() && already::holds(content, search, replace) =>
                    {
                        return Ok(Outcome::AlreadyThere);
                    }
                    after => Some(self.note(after?)),
                }
            }
            EditAction::Substitute { old, new, all } => {
                if old.is_empty() {
                    if content.is_some_and(|content| !content.trim().is_empty()) {
                        return Err(RefusalReason::Exists.into());
                    }
                    self.written.insert(path.clone());
                    Some(new.clone())
                } else {
                    let content = content.ok_or(RefusalReason::NotFound)?;
                    refuse_elision(new, Some(content))?;
                    match substitute::substitute(content, old, new, *all, limit) {
                        Err(refused)
                            if refused.is_no_match() && already::holds(content, old, new) =>
                        {
                            return Ok(Outcome::AlreadyThere);
                        }
                        after => Some(self.note(after?)),
                    }
                }
            }
            EditAction::Write { content: new, naming } => {
                match naming {
                    Naming::Guess if content.is_none() => return Ok(Outcome::Prose),
                    Naming::Unclear if content.is_none() => {
                        return Err(RefusalReason::UnclearPath.into());
                    }
                    _ => {}
                }
                refuse_elision(new, content)?;
                if has_conflict_marks(new) && !content.is_some_and(has_conflict_marks) {
                    return Err(RefusalReason::ConflictMarks.into());
                }
                let new = content.map_or_else(|| new.clone(), |old| FileText::new(old).dress(new));
                if let Some(old) = content.filter(|old| *old != new) {
                    if self.written.contains(&path) {
                        return Err(RefusalReason::WrittenTwice.into());
                    }
                    if is_snippet(&new, old, *naming) {
                        return Err(RefusalReason::Snippet.into());
                    }
                }
                self.written.insert(path.clone());
                Some(new)
            }
            EditAction::Create { content: new } => {
                if content.is_some_and(|old| old == new || FileText::new(old).dress(new) == old) {
                    return Ok(Outcome::AlreadyThere);
                }
                if content.is_some_and(|old| !old.trim().is_empty()) {
                    return Err(RefusalReason::Exists.into());
                }
                refuse_elision(new, None)?;
                self.written.insert(path.clone());
                Some(new.clone())
            }
            EditAction::Patch { hunks } => {
                let content = content.ok_or(RefusalReason::NotFound)?;
                match patched(content, hunks, limit) {
                    Err(refused) if refused.is_no_match() && already::patched(content, hunks) => {
                        return Ok(Outcome::AlreadyThere);
                    }
                    after => Some(self.note(after?)),
                }
            }
            EditAction::Delete { content: shown } => {
                let content = content.ok_or(RefusalReason::NotFound)?;
                if let Some(shown) = shown {
                    patch::refuse_other_content(content, shown)?;
                }
                None
            }
            EditAction::Rename { to, hunks } => {
                let content = content.ok_or(RefusalReason::NotFound)?;
                let new = patched(content, hunks, limit)?;
                let new = self.note(new);
                let to = self.path(to)?;
                if self.load(&to)?.is_some() {
                    return Err(RefusalReason::Exists.into());
                }
                self.set(&to, Some(new));
                moved_to = Some(to.clone());
                self.renames.push((path.clone(), to));
                None
            }
            EditAction::Copy { to, hunks } => {
                let content = content.ok_or(RefusalReason::NotFound)?;
                let new = patched(content, hunks, limit)?;
                let new = self.note(new);
                let to = self.path(to)?;
                match self.load(&to)? {
                    Some(there) if there == new => return Ok(Outcome::AlreadyThere),
                    Some(_) => return Err(RefusalReason::Exists.into()),
                    None => {}
                }
                let program = self.files.get(&path).and_then(|file| file.program_after);
                self.set(&to, Some(new));
                if let Some(file) = self.files.get_mut(&to) {
                    file.program_after = edit.executable.or(program);
                }
                return Ok(Outcome::Changes);
            }
        };
        let program = self.files.get(&path).and_then(|file| file.program_after);
        let becomes = edit.executable.filter(|becomes| program.is_some_and(|now| now != *becomes));
        if after.as_deref() == content && becomes.is_none() {
            if content.is_some_and(|content| !already::is_made(content, &edit.action)) {
                return Err(RefusalReason::WhitespaceDiffers.into());
            }
            return Ok(Outcome::AlreadyThere);
        }
        self.set(&path, after);
        if let Some(file) = self.files.get_mut(moved_to.as_ref().unwrap_or(&path)) {
            file.program_after = becomes.or(program);
        }
        Ok(Outcome::Changes)
    }

    fn note(&mut self, patched: Patched) -> String {
        self.placed = patched.places;
        patched.text
    }

    /// The file before all edits and after them, where both are there.
    pub fn sides(&self, path: &RelPath) -> Option<(&str, &str)> {
        let moved = self.renames.iter().rev().find(|(from, _)| from == path);
        let before = self.files.get(path)?.before.as_deref()?;
        let now = self.files.get(moved.map_or(path, |(_, to)| to))?;
        Some((before, now.after.as_deref()?))
    }

    /// What the edits come to, one change a file.
    pub fn changes(mut self) -> Vec<FileChange> {
        let mut changes = Vec::new();
        for (from, to) in std::mem::take(&mut self.renames) {
            let pair = (self.files.get(&from), self.files.get(&to));
            let (Some(DraftFile { before: Some(before), after: None, .. }), Some(new)) = pair
            else {
                continue;
            };
            if let DraftFile { before: None, after: Some(after), .. } = new {
                changes.push(FileChange {
                    path: from.clone(),
                    kind: ChangeKind::Rename,
                    to: Some(to.clone()),
                    before: Some(before.clone().into()),
                    after: Some(after.clone().into()),
                    executable: new.becomes(self.files.get(&from)),
                });
                self.files.remove(&from);
                self.files.remove(&to);
            }
        }
        for path in std::mem::take(&mut self.order) {
            let Some(file) = self.files.remove(&path) else { continue };
            let executable = file.becomes(Some(&file));
            let DraftFile { before, after, .. } = file;
            let kind = match (&before, &after) {
                (None, Some(_)) => ChangeKind::Create,
                (Some(_), None) => ChangeKind::Delete,
                (Some(before), Some(after)) if before != after || executable.is_some() => {
                    ChangeKind::Modify
                }
                _ => continue,
            };
            let (before, after) = (before.map(Into::into), after.map(Into::into));
            changes.push(FileChange { path, kind, to: None, before, after, executable });
        }
        changes
    }

    /// The path as the plan calls it, once an edit of it was taken.
    pub fn name(&mut self, written: &str) -> Option<RelPath> {
        self.path(written).ok()
    }

    /// The path as the plan calls it: a file keeps the name it was given first.
    fn path(&mut self, written: &str) -> Result<RelPath, Refused> {
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

    fn is_link(&self, written: &str) -> bool {
        let place = self.below(written).map(|path| self.root.path().join(path.as_path()));
        let meta = place.ok().and_then(|place| fs::symlink_metadata(place).ok());
        meta.is_some_and(|meta| meta.is_symlink())
    }

    fn set(&mut self, path: &RelPath, after: Option<String>) {
        if let Some(file) = self.files.get_mut(path) {
            file.after = after;
        }
    }

    /// The file as the edits so far leave it.
    fn load(&mut self, path: &RelPath) -> Result<Option<&str>, Refused> {
        if !self.files.contains_key(path) {
            let before = self.read(path)?;
            let program = self.root.resolve(path).ok().and_then(|place| is_program(&place));
            self.files.insert(
                path.clone(),
                DraftFile {
                    after: before.clone(),
                    before,
                    program_before: program,
                    program_after: program,
                },
            );
            self.order.push(path.clone());
        }
        Ok(self.files.get(path).and_then(|file| file.after.as_deref()))
    }

    fn read(&self, path: &RelPath) -> Result<Option<String>, RefusalReason> {
        let unreadable = |error: io::Error| RefusalReason::Unreadable { reason: error.to_string() };
        let place = self.root.resolve(path).map_err(RefusalReason::of_path)?;
        let meta = match fs::metadata(&place) {
            Ok(meta) => meta,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(unreadable(error)),
        };
        if meta.is_dir() {
            return Err(RefusalReason::IsFolder);
        }
        if !meta.is_file() {
            return Err(RefusalReason::NotRegular);
        }
        let limit_bytes = self.options.max_file_bytes;
        if meta.len() > limit_bytes {
            return Err(RefusalReason::TooLarge { size_bytes: meta.len(), limit_bytes });
        }
        let mut bytes = Vec::new();
        open_regular(&place)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(unreadable)?;
        String::from_utf8(bytes).map(Some).map_err(|_| RefusalReason::NotText)
    }
}

/// Whether the file may be run; a file that is not there yet may not. `None`
/// where the system does not tell.
fn is_program(place: &Path) -> Option<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        match fs::metadata(place) {
            Ok(meta) => Some(meta.permissions().mode() & 0o100 != 0),
            Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(false),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = place;
        None
    }
}

fn patched(content: &str, hunks: &[PatchHunk], limit: MatchLevel) -> Result<Patched, Refused> {
    for line in hunks.iter().flat_map(|hunk| &hunk.lines) {
        if let PatchLine::Added(line) = line {
            refuse_elision(line, Some(content))?;
        }
    }
    patch::apply(content, hunks, limit)
}

/// Puts `replace` in place of `search`, of which the middle may be left out.
fn replaced(
    content: &str,
    search: &str,
    replace: &str,
    limit: MatchLevel,
) -> Result<Patched, Refused> {
    let whole = match refuse_elision(replace, Some(content)) {
        Ok(()) => patch::replace(content, search, replace, limit),
        Err(reason) => Err(Refused::from(reason)),
    };
    match whole {
        Err(refused)
            if elided_search::is_elided(search)
                && (refused.is_no_match()
                    || matches!(refused.reason, RefusalReason::Elided { .. })) =>
        {
            elided_search::replace(content, search, replace, limit)
        }
        whole => whole,
    }
}

fn refuse_elision(new: &str, old: Option<&str>) -> Result<(), RefusalReason> {
    match elided_line(new, old.unwrap_or_default()) {
        Some(line) => Err(RefusalReason::Elided { line: line.to_owned() }),
        None => Ok(()),
    }
}
