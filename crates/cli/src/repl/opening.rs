//! What is told and done when a conversation opens.

use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use mlxcode_terminal::Role;

use super::{Repl, slash};
use crate::exit::Outcome;
use crate::output::count;

impl Repl<'_, '_> {
    /// Reads the commands with names of their own, and tells what of the words
    /// that reach the model is not the program's: which prompts files replace,
    /// which of the project's wait for a yes, which commands cannot be called.
    pub(super) fn tell_own_words(&mut self) -> Outcome<()> {
        for (name, file) in self.workspace.prompts().replaced() {
            self.say(Role::Faint, &format!("the prompt `{name}` is that of {}", file.display()))?;
        }
        if let Some(project) = self.workspace.project_prompts()?.filter(|one| !one.is_trusted) {
            let prompts = count(project.files.len(), "prompt");
            let folder = project.folder.display();
            let text = format!(
                "not in use: {prompts} of this project, in {folder}; `mlx-code prompts trust` lets \
                 them count"
            );
            self.say(Role::Warning, &text)?;
        }
        self.read_commands()?;
        let hidden = self.commands.hidden.iter();
        // Of a plugin's, the long name is left.
        let hidden: Vec<String> = hidden
            .filter(|command| !matches!(command.origin, mlxcode_core::CommandOrigin::Plugin(_)))
            .map(|command| format!("/{} of the {}", command.name, command.origin))
            .collect();
        if !hidden.is_empty() {
            let text = format!("others have these names already: {}", hidden.join(", "));
            self.say(Role::Warning, &text)?;
        }
        let problems = std::mem::take(&mut self.commands.problems);
        for problem in problems {
            let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
            let text = format!("{}{line}: {}", problem.path.display(), problem.text);
            self.say(Role::Warning, &text)?;
        }
        Ok(())
    }

    /// Reads the commands with names of their own.
    pub(super) fn read_commands(&mut self) -> Outcome<()> {
        self.commands = self.workspace.commands()?;
        self.commands.reserve(slash::reserved());
        Ok(())
    }

    /// Deletes old conversations, as the configuration says, beside what is
    /// done here. Nobody waits for it, and nobody misses it where it fails: the
    /// next conversation tries again.
    pub(super) fn delete_old_sessions(&self) {
        let Some(store) = &self.store else { return };
        if self.workspace.config().session.keep_days.is_none() {
            return;
        }
        let (store, workspace) = (Arc::clone(store), self.workspace.clone());
        let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return };
        thread::spawn(move || workspace.delete_old_sessions(&store, now.as_millis() as u64));
    }
}
