use std::fmt;
use std::sync::Arc;

use mlxcode_models::ToolSpec;

use super::change::{EditTool, WriteTool};
use super::definition::DefinitionTool;
use super::diff::DiffTool;
use super::list::ListTool;
use super::outline::OutlineTool;
use super::read::ReadTool;
use super::search::SearchTool;
use super::task::TaskTool;
use super::{CommandRunner, RunTool, Tool};

/// The tools that a session has, by name.
#[derive(Clone, Default)]
pub struct ToolBox {
    tools: Vec<Arc<dyn Tool>>,
}

impl ToolBox {
    /// Tools that only look: read, list, search, symbols, definition, diff.
    pub fn reading() -> Self {
        let mut tools = Self::default();
        tools.add(ReadTool::default());
        tools.add(ListTool::default());
        tools.add(SearchTool::default());
        tools.add(OutlineTool::default());
        tools.add(DefinitionTool::default());
        tools.add(DiffTool::default());
        tools
    }

    /// Those that look, and edit, write and task; with a runner, run too.
    pub fn usual(runner: Option<Arc<dyn CommandRunner>>) -> Self {
        let mut tools = Self::reading();
        tools.add(EditTool::default());
        tools.add(WriteTool::default());
        if let Some(runner) = runner {
            tools.add(RunTool::new(runner));
        }
        tools.add(TaskTool::default());
        tools
    }

    /// Adds a tool, in place of one of the same name.
    pub fn add(&mut self, tool: impl Tool + 'static) {
        self.add_shared(Arc::new(tool));
    }

    /// As [`add`](Self::add), for a tool that is shared.
    pub fn add_shared(&mut self, tool: Arc<dyn Tool>) {
        let name = &tool.spec().name;
        match self.tools.iter_mut().find(|one| one.spec().name == *name) {
            Some(one) => *one = tool,
            None => self.tools.push(tool),
        }
    }

    /// Keeps the tools for which `wanted` says yes.
    pub fn keep(&mut self, mut wanted: impl FnMut(&str) -> bool) {
        self.tools.retain(|tool| wanted(&tool.spec().name));
    }

    /// The tool of a name.
    pub fn tool(&self, name: &str) -> Option<&dyn Tool> {
        self.tools.iter().find(|tool| tool.spec().name == name).map(|tool| &**tool)
    }

    /// All, in the order that they were added.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Tool> {
        self.tools.iter().map(|tool| &**tool)
    }

    /// Their names, in that order.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.tools.iter().map(|tool| tool.spec().name.clone())
    }

    /// What a model is told of them, in the order that they were added.
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|tool| tool.spec().clone()).collect()
    }
}

impl fmt::Debug for ToolBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tools.iter().map(|tool| &tool.spec().name)).finish()
    }
}
