use std::sync::Arc;

use crate::plugin::{HookSurroundings, Hooks};
use crate::tool::{SkillFile, ToolSource};

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
}
