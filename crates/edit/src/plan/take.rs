//! Takes one edit of a reply into the draft.

use mlxcode_base::RelPath;

use super::draft::{Draft, Outcome, Refused};
use super::elision::elided_line;
use super::patch::{self, Patched};
use super::snippet::{has_conflict_marks, is_escaped, is_snippet};
use super::{already, elided_search, foreign, substitute};
use crate::format::{EditAction, EditBlock, Naming, PatchHunk, PatchLine};
use crate::locate::MatchLevel;
use crate::refusal::RefusalReason;
use crate::text::FileText;

/// What one edit makes of its file.
enum Made {
    /// Nothing: it holds that already, or was no file's name.
    Nothing(Outcome),
    Text(Patched),
    Gone,
    Moved(RelPath, Patched),
    Copied(RelPath, Patched),
}

impl Draft<'_> {
    /// Adds one edit; on refusal, the draft is as before.
    pub fn edit(&mut self, edit: &EditBlock) -> Result<Outcome, Refused> {
        self.forget_places();
        let path = self.path(&edit.path)?;
        if matches!(edit.action, EditAction::Delete { .. } | EditAction::Rename { .. })
            && self.is_link(&edit.path)
        {
            return Err(RefusalReason::IsLink.into());
        }
        let content = self.load(&path)?;
        let content = content.as_ref().map(|content| content.as_str());
        let made = if self.is_foreign(&path) {
            self.make_foreign(edit, &path, content)?
        } else {
            self.make(edit, &path, content, self.max_level())?
        };
        let program = self.program_after(&path);
        let becomes = edit.executable.filter(|becomes| program.is_some_and(|now| now != *becomes));
        match made {
            Made::Nothing(outcome) => return Ok(outcome),
            Made::Text(patched) => {
                if Some(patched.text.as_str()) == content && becomes.is_none() {
                    if content.is_some_and(|content| !already::is_made(content, &edit.action)) {
                        return Err(RefusalReason::WhitespaceDiffers.into());
                    }
                    return Ok(Outcome::AlreadyThere);
                }
                let text = self.note(patched);
                self.set(&path, Some(text), becomes.or(program));
            }
            Made::Gone => self.set(&path, None, becomes.or(program)),
            Made::Moved(to, patched) => {
                let text = self.note(patched);
                self.move_to(&path, &to);
                self.set(&to, Some(text), becomes.or(program));
                self.set(&path, None, program);
            }
            Made::Copied(to, patched) => {
                let text = self.note(patched);
                self.copy_to(&path, &to);
                self.set(&to, Some(text), edit.executable.or(program));
            }
        }
        Ok(Outcome::Changes)
    }

    fn make(
        &mut self,
        edit: &EditBlock,
        path: &RelPath,
        content: Option<&str>,
        limit: MatchLevel,
    ) -> Result<Made, Refused> {
        let there = || content.ok_or(RefusalReason::NotFound);
        Ok(match &edit.action {
            EditAction::Replace { search, replace } => {
                let content = there()?;
                let after = replaced(content, search, replace, limit);
                unless_made(after, || already::holds(content, search, replace))?
            }
            EditAction::Substitute { old, new, .. } if old.is_empty() => {
                if content.is_some_and(|content| !content.trim().is_empty()) {
                    return Err(RefusalReason::Exists.into());
                }
                self.note_written(path);
                Made::text(new.clone())
            }
            EditAction::Substitute { old, new, all } => {
                let content = there()?;
                refuse_elision(new, Some(content))?;
                let after = substitute::substitute(content, old, new, *all, limit);
                unless_made(after, || already::holds(content, old, new))?
            }
            EditAction::Write { content: new, naming } => {
                self.make_whole(path, content, new, *naming)?
            }
            EditAction::Create { content: new } => {
                if content.is_some_and(|old| old == new || FileText::new(old).dress(new) == old) {
                    return Ok(Made::Nothing(Outcome::AlreadyThere));
                }
                if content.is_some_and(|old| !old.trim().is_empty()) {
                    return Err(RefusalReason::Exists.into());
                }
                refuse_elision(new, None)?;
                self.note_written(path);
                Made::text(new.clone())
            }
            EditAction::Patch { hunks } => {
                let content = there()?;
                let after = patched(content, hunks, limit);
                unless_made(after, || already::patched(content, hunks))?
            }
            EditAction::Delete { content: shown } => {
                let content = there()?;
                if let Some(shown) = shown {
                    patch::refuse_other_content(content, shown)?;
                }
                Made::Gone
            }
            EditAction::Rename { to, hunks } => {
                let new = patched(there()?, hunks, limit)?;
                let to = self.path(to)?;
                if self.load(&to)?.is_some() {
                    return Err(RefusalReason::Exists.into());
                }
                Made::Moved(to, new)
            }
            EditAction::Copy { to, hunks } => {
                let new = patched(there()?, hunks, limit)?;
                let to = self.path(to)?;
                match self.load(&to)? {
                    Some(there) if *there == new.text => Made::Nothing(Outcome::AlreadyThere),
                    Some(_) => return Err(RefusalReason::Exists.into()),
                    None => Made::Copied(to, new),
                }
            }
        })
    }

    /// A file that the reply shows whole.
    fn make_whole(
        &mut self,
        path: &RelPath,
        content: Option<&str>,
        new: &str,
        naming: Naming,
    ) -> Result<Made, Refused> {
        match naming {
            Naming::Guess if content.is_none() => return Ok(Made::Nothing(Outcome::Prose)),
            Naming::Unclear if content.is_none() => return Err(RefusalReason::UnclearPath.into()),
            _ => {}
        }
        refuse_elision(new, content)?;
        if has_conflict_marks(new) && !content.is_some_and(has_conflict_marks) {
            return Err(RefusalReason::ConflictMarks.into());
        }
        let new = content.map_or_else(|| new.to_owned(), |old| FileText::new(old).dress(new));
        if let Some(old) = content.filter(|old| *old != new) {
            if self.is_written(path) {
                return Err(RefusalReason::WrittenTwice.into());
            }
            if is_escaped(&new, old) {
                return Err(RefusalReason::Escaped.into());
            }
            if is_snippet(&new, old, naming) {
                return Err(RefusalReason::Snippet.into());
            }
        }
        self.note_written(path);
        Ok(Made::text(new))
    }

    /// A file that is no UTF-8: what fits it byte for byte, and brings nothing
    /// but ASCII, which nearly all encodings share.
    fn make_foreign(
        &mut self,
        edit: &EditBlock,
        path: &RelPath,
        content: Option<&str>,
    ) -> Result<Made, Refused> {
        if !foreign::may_take(&edit.action) {
            return Err(RefusalReason::NotText.into());
        }
        let limit = self.max_level().min(MatchLevel::LineEndings);
        self.make(edit, path, content, limit).map_err(|refused| match refused.reason {
            RefusalReason::NoMatch
            | RefusalReason::WhitespaceDiffers
            | RefusalReason::PoorMatch
            | RefusalReason::Alike { .. }
            | RefusalReason::LevelLimited { .. }
            | RefusalReason::OtherContent => RefusalReason::NotText.into(),
            reason => reason.into(),
        })
    }
}

impl Made {
    /// A whole file: it has no place.
    fn text(text: String) -> Self {
        Self::Text(Patched { text, places: Vec::new() })
    }
}

/// What an edit makes, or nothing where it fits nowhere because the file holds
/// its result.
fn unless_made(after: Result<Patched, Refused>, holds: impl Fn() -> bool) -> Result<Made, Refused> {
    match after {
        Err(refused) if refused.is_no_match() && holds() => {
            Ok(Made::Nothing(Outcome::AlreadyThere))
        }
        after => after.map(Made::Text),
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
