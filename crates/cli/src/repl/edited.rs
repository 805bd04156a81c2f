//! Texts that a person writes in the editor of his choice.

use std::io;
use std::path::PathBuf;

use mlxcode_core::{ChangeKind, FileOperation, PlanOptions, ProposedChange, RelPath};
use mlxcode_terminal::{Role, TextEditor};

use super::{Repl, proposal};
use crate::command::dirs;
use crate::editor::{Draft, Editor, edit_text};
use crate::exit::Outcome;
use crate::host::Host;

/// The folder of drafts, beside the user's other state.
const DRAFTS: &str = "drafts";

/// What an input is called while it is written.
const INPUT: &str = "input.md";

/// What opens an input in the editor; `None` where none is named.
pub(super) fn for_inputs(host: &Host<'_>) -> Outcome<Option<TextEditor>> {
    let Some(editor) = host.editor.clone() else { return Ok(None) };
    let beside = dirs(host)?.state.join(DRAFTS).join(INPUT);
    let current_dir = host.current_dir.clone();
    Ok(Some(Box::new(move |text: &str| {
        let read = |editor: &Editor| editor.open(text, &beside, &current_dir)?.text();
        read(&editor).map_err(io::Error::other)
    })))
}

impl Repl<'_, '_> {
    /// Gives a text to the editor under a name; what became of it.
    pub(super) fn edit(&mut self, text: &str, name: &str) -> Outcome<String> {
        Ok(self.draft(text, name)?.text()?)
    }

    fn draft(&mut self, text: &str, name: &str) -> Outcome<Draft> {
        let name = PathBuf::from(name);
        let name = name.file_name().unwrap_or(INPUT.as_ref());
        let beside = dirs(self.host)?.state.join(DRAFTS).join(name);
        edit_text(text, &beside, self.host)
    }

    /// Lets somebody write what files of the proposed change hold, and shows
    /// the change as it is then.
    pub(super) fn edit_change(&mut self, files: &[usize]) -> Outcome<()> {
        for at in files {
            let Some(change) = self.proposed.get(*at).cloned() else { continue };
            let earlier = self.change.edited.get(&change.path).cloned();
            let Some(text) = earlier.or_else(|| change.after.as_deref().map(str::to_owned)) else {
                let text = format!("{} would hold no text that could be edited", change.path);
                self.say(Role::Warning, &text)?;
                continue;
            };
            let target = change.to.as_ref().unwrap_or(&change.path).clone();
            let mut draft = self.draft(&text, &target)?;
            let edited = draft.text()?;
            if edited == text {
                self.say(Role::Faint, &format!("{} is as it was proposed", change.path))?;
                continue;
            }
            if let Err(failure) = self.take_edited(*at, &change, edited) {
                let kept = format!("what was written is kept in {}", draft.keep().display());
                self.say(Role::Warning, &kept)?;
                return Err(failure);
            }
        }
        Ok(())
    }

    fn take_edited(&mut self, at: usize, change: &ProposedChange, text: String) -> Outcome<()> {
        let path = RelPath::new(&change.path)?;
        let content = text.clone().into_bytes();
        let written = match change.kind {
            ChangeKind::Create => FileOperation::Create { path, content, executable: false },
            _ => FileOperation::Write { path, content },
        };
        let plan = self.workspace.plan_operations(&[written], &PlanOptions::default())?;
        let diff = plan.changes().first().map(|one| one.diff().to_string()).unwrap_or_default();
        let view = proposal::file(&ProposedChange { diff, after: None, ..change.clone() });
        self.change.edited.insert(change.path.clone(), text);
        // The parts that were decided are no longer those of the file.
        self.change.answers = None;
        let out = &mut *self.host.output;
        crate::exit::written(proposal::show(std::slice::from_ref(&view), &self.screen, out))?;
        self.change.files[at] = view;
        Ok(())
    }
}
