//! Takes a change back, or applies it again, and keeps what was edited since.
//!
//! Both are the same: every content of the entry goes from one side, where it
//! should be now, to the other. What somebody wrote since stays by a three-way
//! merge. A content is followed through a rename, so that what was written
//! under the new name comes back under the old one.

use std::collections::BTreeMap;

use mlxcode_base::{ContentHash, RelPath};

use super::commit::now_ms;
use super::pack::Pack;
use super::{Actor, Change, EntryState, FileOp, Journal, JournalEntry, JournalFile, pack_name};
use crate::audit::AuditTurn;
use crate::content::Content;
use crate::diff::FileDiff;
use crate::error::{Error, Result};
use crate::layer::{DiskOp, FileTraits, Stored};
use crate::merge::merge;

/// Stands for the content where there is no file.
const NO_FILE: &str = "(no file)";

/// Stands for a content that cannot be shown.
const BINARY: &str = "(not UTF-8 text)";

/// More lines of one version than this push the other off the screen.
const MOST_LINES: usize = 20;

/// Which way an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Undo,
    Redo,
}

/// One content on both sides of an entry; where there is none, it came or went.
#[derive(Clone, Copy, Debug)]
struct Link<'e> {
    before: Option<&'e JournalFile>,
    after: Option<&'e JournalFile>,
}

/// A content of an entry, where it belongs and what it is.
struct Side<'e> {
    file: &'e JournalFile,
    content: Content,
    mode: Option<u32>,
}

/// The files of an entry as they are, and as they are to be.
struct Turnover {
    now: BTreeMap<RelPath, Option<Stored>>,
    target: BTreeMap<RelPath, Option<(Content, FileTraits)>>,
}

impl Journal {
    /// Takes the entry `id` back, or the newest that is applied.
    ///
    /// # Errors
    /// Where later edits touch the same lines, nothing is changed and the
    /// error shows both versions.
    pub fn undo(&mut self, id: Option<&str>) -> Result<JournalEntry> {
        let entry = self.to_undo(id)?.clone();
        let entry = self.turn_over(entry, Way::Undo)?;
        self.tree.forget();
        for folder in entry.folders.iter().rev() {
            // One that is not empty holds somebody else's files by now.
            if let Ok(above) = self.tree.of_file(folder.as_path()) {
                let _ = self.layer.perform(DiskOp::RemoveDir(above.at(folder.file_name())));
            }
        }
        Ok(entry)
    }

    /// Applies the entry `id` again, or the one that was taken back last.
    ///
    /// # Errors
    /// As [`undo`](Self::undo). Without `id`, something that was applied since
    /// ends the row of entries that can be applied again.
    pub fn redo(&mut self, id: Option<&str>) -> Result<JournalEntry> {
        let entry = self.to_redo(id)?.clone();
        self.turn_over(entry, Way::Redo)
    }

    fn turn_over(&mut self, mut entry: JournalEntry, way: Way) -> Result<JournalEntry> {
        let turnover = self.targets(&entry, way).map_err(|error| self.with_later(error))?;
        if way == Way::Undo {
            note_modes(&mut entry, &turnover);
        }
        let ops = turnover.ops(&entry);
        let (state, turn, command) = match way {
            Way::Undo => (EntryState::Undone, AuditTurn::Undo, "undo"),
            Way::Redo => (EntryState::Applied, AuditTurn::Redo, "redo"),
        };
        entry.state = state;
        entry.state_turn = self.next_turn();
        // Whoever wrote the edits does not take them back.
        let actor = Actor::new(command);
        self.commit(Change { ops: &ops, entry, turn, actor, time_ms: now_ms() })
    }

    fn targets(&self, entry: &JournalEntry, way: Way) -> Result<Turnover> {
        let pack = self.read_pack(&pack_name(&entry.id))?;
        let mut turnover = Turnover { now: BTreeMap::new(), target: BTreeMap::new() };
        for file in &entry.files {
            turnover.now.insert(file.path.clone(), self.current(&file.path)?);
        }
        let mut pairs = Vec::new();
        for link in links(&entry.files) {
            let before = self.side(&pack, &entry.id, link.before, false)?;
            let after = self.side(&pack, &entry.id, link.after, true)?;
            pairs.push(if way == Way::Undo { (after, before) } else { (before, after) });
        }
        if turnover.is_done(&pairs) {
            return Ok(turnover);
        }
        let leaving: Vec<&RelPath> =
            pairs.iter().filter_map(|(from, _)| Some(&from.as_ref()?.file.path)).collect();
        for (from, to) in &pairs {
            let Some(side) = from.as_ref().or(to.as_ref()) else { continue };
            let clash = Clash { way, id: &entry.id, path: &side.file.path };
            turnover.move_content(from.as_ref(), to.as_ref(), &leaving, &clash)?;
        }
        Ok(turnover)
    }

    fn side<'e>(
        &self,
        pack: &Pack,
        id: &str,
        file: Option<&'e JournalFile>,
        is_after: bool,
    ) -> Result<Option<Side<'e>>> {
        let Some(file) = file else { return Ok(None) };
        let hash: Option<ContentHash> = if is_after { file.hash_after } else { file.hash_before };
        let Some(hash) = hash else { return Ok(None) };
        let content = self.kept(pack, id, hash)?;
        let mode = if is_after { file.mode_after } else { file.mode_before };
        Ok(Some(Side { file, content, mode }))
    }

    /// Names the newest entry that touches the file of a conflict: it is the
    /// one to take back first.
    fn with_later(&self, error: Error) -> Error {
        let Error::UndoConflict { id, path, now, before, .. } = error else { return error };
        let after = self.entries.iter().rev().take_while(|entry| entry.id != id);
        let applied = after.filter(|entry| entry.state == EntryState::Applied);
        let touches = |entry: &&JournalEntry| entry.files.iter().any(|file| file.path == path);
        let later = applied.into_iter().find(touches).map(|entry| entry.id.clone());
        Error::UndoConflict { id, path, later, now, before }
    }
}

/// Which content became which.
fn links(files: &[JournalFile]) -> Vec<Link<'_>> {
    let moved_to =
        |path: &RelPath| files.iter().find(|file| file.moved_from.as_ref() == Some(path));
    let mut links = Vec::new();
    for file in files.iter().filter(|file| file.hash_before.is_some()) {
        let stayed =
            || Some(file).filter(|file| file.hash_after.is_some() && file.moved_from.is_none());
        links.push(Link { before: Some(file), after: moved_to(&file.path).or_else(stayed) });
    }
    for file in files.iter().filter(|file| file.hash_after.is_some()) {
        let is_known =
            links.iter().any(|link| link.after.is_some_and(|after| after.path == file.path));
        if !is_known {
            links.push(Link { before: None, after: Some(file) });
        }
    }
    links
}

/// Notes the permissions of files that go, so that they can come again.
fn note_modes(entry: &mut JournalEntry, turnover: &Turnover) {
    for file in entry.files.iter_mut().filter(|file| file.hash_before.is_none()) {
        if let Some(Some(now)) = turnover.now.get(&file.path) {
            file.mode_after = now.traits.mode;
        }
    }
}

impl Turnover {
    /// Whether somebody did by hand what is to be done.
    fn is_done(&self, pairs: &[(Option<Side<'_>>, Option<Side<'_>>)]) -> bool {
        let mut target: BTreeMap<&RelPath, Option<&Side<'_>>> = BTreeMap::new();
        for (from, to) in pairs {
            if let Some(from) = from {
                target.entry(&from.file.path).or_insert(None);
            }
            if let Some(to) = to {
                target.insert(&to.file.path, Some(to));
            }
        }
        target.into_iter().all(|(path, side)| {
            let now = self.now.get(path).and_then(Option::as_ref);
            match (side, now) {
                (None, None) => true,
                (Some(side), Some(now)) => {
                    let mode_differs = side.mode.is_some() && side.mode != now.traits.mode;
                    now.bytes == side.content.bytes() && !mode_differs
                }
                _ => false,
            }
        })
    }

    fn now(&self, path: &RelPath) -> Option<&Stored> {
        self.now.get(path).and_then(Option::as_ref)
    }

    /// One content, from where it should be to where it is to be.
    fn move_content(
        &mut self,
        from: Option<&Side<'_>>,
        to: Option<&Side<'_>>,
        leaving: &[&RelPath],
        clash: &Clash<'_>,
    ) -> Result<()> {
        if let Some(to) = to
            && from.is_none_or(|from| from.file.path != to.file.path)
            && !leaving.contains(&&to.file.path)
            && let Some(there) = self.now(&to.file.path)
        {
            if from.is_none() && there.bytes == to.content.bytes() {
                return Ok(());
            }
            return Err(clash.error(Some(&there.bytes), Some(to.content.bytes())));
        }
        let Some(from) = from else {
            if let Some(to) = to {
                let traits = FileTraits { mode: to.mode, ..FileTraits::default() };
                self.target.insert(to.file.path.clone(), Some((to.content.clone(), traits)));
            }
            return Ok(());
        };
        let now = self.now(&from.file.path).cloned();
        let Some(to) = to else {
            match now {
                None => {}
                Some(now) if now.bytes == from.content.bytes() => {
                    self.target.entry(from.file.path.clone()).or_insert(None);
                }
                // What came since is what would be lost.
                Some(now) => {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
                    let since = match (text(from.content.bytes()), text(&now.bytes)) {
                        (Some(then), Some(now)) => FileDiff::of_passages(&then, &now).to_string(),
                        _ => BINARY.to_owned(),
                    };
                    return Err(clash.error(Some(since.as_bytes()), None));
                }
            }
            return Ok(());
        };
        let Some(Stored { bytes: current, traits }) = now else {
            return Err(clash.error(None, Some(to.content.bytes())));
        };
        let content = unedit(&current, &from.content, &to.content, clash)?;
        // The permissions to give, unless somebody changed them since.
        let changes_mode = match clash.way {
            Way::Undo => from.mode.is_some(),
            Way::Redo => to.mode.is_some(),
        };
        let mode = if changes_mode && from.mode == traits.mode && to.mode.is_some() {
            to.mode
        } else {
            traits.mode
        };
        self.target.insert(to.file.path.clone(), Some((content, FileTraits { mode, ..traits })));
        if from.file.path != to.file.path {
            self.target.entry(from.file.path.clone()).or_insert(None);
        }
        Ok(())
    }

    /// What has to be written.
    fn ops(&self, entry: &JournalEntry) -> Vec<FileOp> {
        let mut ops = Vec::new();
        for file in &entry.files {
            let Some(target) = self.target.get(&file.path) else { continue };
            let now = self.now(&file.path);
            let before = now.map(|now| Content::from(now.bytes.clone()));
            let (after, traits_after) = match target {
                Some((content, traits)) => (Some(content.clone()), Some(traits.clone())),
                None => (None, None),
            };
            let traits = match now {
                Some(now) => now.traits.clone(),
                None => traits_after.clone().unwrap_or_default(),
            };
            let traits_after = traits_after.unwrap_or_else(|| traits.clone());
            if before == after && traits.mode == traits_after.mode {
                continue;
            }
            let (path, kind) = (file.path.clone(), file.kind);
            ops.push(FileOp { path, kind, before, after, traits, traits_after, level: None });
        }
        ops
    }
}

/// Takes the change from `to` to `from` out of `current`.
fn unedit(current: &[u8], from: &Content, to: &Content, clash: &Clash<'_>) -> Result<Content> {
    if current == from.bytes() || current == to.bytes() {
        return Ok(to.clone());
    }
    let texts = (from.text(), std::str::from_utf8(current), to.text());
    let (Some(base), Ok(ours), Some(theirs)) = texts else {
        return Err(clash.error(Some(current), Some(to.bytes())));
    };
    merge(base, ours, theirs).map(Content::from).map_err(|lines| {
        let around = |text: &str| format!("{}{text}{}", lines.above, lines.below);
        let (now, then) = (around(&lines.ours), around(&lines.theirs));
        clash.error(Some(now.as_bytes()), Some(then.as_bytes()))
    })
}

/// Where a conflict would be.
struct Clash<'c> {
    way: Way,
    id: &'c str,
    path: &'c RelPath,
}

impl Clash<'_> {
    fn error(&self, now: Option<&[u8]>, then: Option<&[u8]>) -> Error {
        let (id, path) = (self.id.to_owned(), self.path.clone());
        let (now, then) = (shown(now), shown(then));
        match self.way {
            Way::Undo => Error::UndoConflict { id, path, later: None, now, before: then },
            Way::Redo => Error::RedoConflict { id, path, now, after: then },
        }
    }
}

/// The first lines of one version, and how many follow.
fn shown(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return NO_FILE.to_owned() };
    let Ok(text) = std::str::from_utf8(bytes) else { return BINARY.to_owned() };
    let text = text.trim_end();
    let lines: Vec<&str> = text.lines().collect();
    match lines.get(..MOST_LINES) {
        Some(first) if lines.len() > MOST_LINES => {
            format!("{}\n… {} more lines", first.join("\n"), lines.len() - MOST_LINES)
        }
        _ => text.to_owned(),
    }
}
