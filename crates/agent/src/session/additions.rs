//! What others add to a session, and what changes with it.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Checker, Session, SessionParts, ToolsWhen, hooked, instructions};
use crate::error::Result;
use crate::plugin::{HookSurroundings, Hooks};
use crate::prompts::Prompts;
use crate::tool::{SkillFile, SkillTool, ToolSource};

/// What others add to a session: the user's plugins, servers of tools.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Additions {
    /// Programs that hear what happens, with what they are told beside it.
    pub hooks: Option<Arc<SessionHooks>>,
    /// Instructions for kinds of work.
    pub skills: Arc<[SkillFile]>,
    /// Tools that are there once they are needed.
    pub tools: Option<Arc<dyn ToolSource>>,
}

/// The programs of plugins that hear what happens in a session.
#[derive(Clone, Debug, Default)]
pub struct SessionHooks {
    /// The programs.
    pub hooks: Hooks,
    /// What they are told beside what happens.
    pub around: HookSurroundings,
    /// The folder in which they find the conversation so far, as a file that is
    /// there while they run; `None`: they are given none.
    pub transcripts: Option<PathBuf>,
}

impl Session {
    /// Sets when the model is given tools.
    ///
    /// # Errors
    /// [`Error::Busy`](crate::Error::Busy) while a turn runs.
    pub fn set_tools(&mut self, when: ToolsWhen) -> Result<()> {
        drop(self.state()?);
        self.options.tools = when;
        self.instruct()
    }

    /// Takes what others add now, and who looks at what was changed now.
    ///
    /// # Errors
    /// [`Error::Busy`](crate::Error::Busy) while a turn runs.
    pub fn set_additions(
        &mut self,
        additions: Additions,
        checker: Option<Arc<dyn Checker>>,
    ) -> Result<()> {
        drop(self.state()?);
        self.parts.additions = additions;
        self.parts.checker = checker;
        offer_skills(&mut self.parts);
        self.instruct()
    }

    /// Takes other prompts, from the next turn on.
    ///
    /// # Errors
    /// Prompts that cannot be rendered, with which nothing changes, and
    /// [`Error::Busy`](crate::Error::Busy) while a turn runs.
    pub fn set_prompts(&mut self, prompts: Prompts) -> Result<()> {
        drop(self.state()?);
        let before = std::mem::replace(&mut self.options.prompts, prompts);
        let done = self.instruct();
        if done.is_err() {
            self.options.prompts = before;
        }
        done
    }

    /// Writes the instructions anew: the model can do other things now.
    pub(super) fn instruct(&self) -> Result<()> {
        let (system, notices) = instructions::system_message(&self.parts, &self.options)?;
        self.with_state(|state| {
            state.system = Some(system);
            state.notices = notices;
        })
    }

    /// Tells the programs of plugins that the session ends, and why. What is
    /// said later begins it again.
    pub fn end(&self, reason: &str) -> Result<()> {
        self.with_state(|state| {
            let is_begun = std::mem::take(&mut state.is_begun);
            if let Some(hooks) = self.parts.additions.hooks.as_ref().filter(|_| is_begun) {
                hooked::hear_end(hooks, &self.options.name, &state.entries, reason);
            }
        })
    }
}

/// Puts the tool that reads skills among the tools, where there are any.
pub(super) fn offer_skills(parts: &mut SessionParts) {
    let skills = Arc::clone(&parts.additions.skills);
    if skills.iter().any(|one| !one.skill.for_user_only) {
        parts.tools.add(SkillTool::new(skills));
    } else {
        parts.tools.keep(|name| name != SkillTool::NAME);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A turn holds what it needs itself; it ends before its session does.
        let _ = self.end("other");
    }
}
