use mlxcode_base::{CancelToken, RelPath};
use mlxcode_context::{
    CodeBase, CodeGraph, CodePlace, CodeUsage, Definition, FileSet as _, NodeId, OutlineItem,
    RepoMap,
};

use crate::error::Result;
use crate::workspace::Workspace;

/// Which files and symbols a workspace has, where each is defined, and who
/// uses it: the tree as it was when this was made.
///
/// ```
/// use mlxcode_core::{CancelToken, CodePlace, Dirs, Workspace};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("port.py"), "def bind():\n    pass\n\nbind()\n")?;
/// let dirs = Dirs::under(&folder.path().join(".state"));
/// let workspace = Workspace::open(folder.path(), &dirs)?;
/// let navigation = workspace.navigation(&CancelToken::new())?;
/// let found = navigation.definition(&CodePlace::read("port.py:4:1"))?;
/// assert_eq!((found[0].path.as_str(), found[0].lines.first), ("port.py", 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Navigation {
    code: CodeBase,
    graph: CodeGraph,
}

impl Workspace {
    /// Reads all of the code, and finds out what uses what. `cancel` stops it.
    pub fn navigation(&self, cancel: &CancelToken) -> Result<Navigation> {
        let code = self.scan(cancel)?;
        let graph = CodeGraph::new(code.facts()?);
        Ok(Navigation { code, graph })
    }

    /// What a file defines, as a tree.
    pub fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>> {
        Ok(self.scan(&CancelToken::new())?.outline(path)?)
    }
}

impl Navigation {
    /// The graph of files and symbols.
    pub fn graph(&self) -> &CodeGraph {
        &self.graph
    }

    /// Where something is defined; nothing where that cannot be told.
    pub fn definition(&self, place: &CodePlace) -> Result<Vec<Definition>> {
        Ok(self.graph.definitions_at(&self.code, place)?)
    }

    /// The files and symbols that are meant.
    pub fn nodes(&self, place: &CodePlace) -> Result<Vec<NodeId>> {
        Ok(self.graph.nodes_of(&self.code, place)?)
    }

    /// Who uses something.
    pub fn references(&self, place: &CodePlace) -> Result<Vec<CodeUsage>> {
        Ok(self.graph.references(&self.code, &self.nodes(place)?))
    }

    /// Who calls something.
    pub fn callers(&self, place: &CodePlace) -> Result<Vec<CodeUsage>> {
        Ok(self.graph.callers(&self.code, &self.nodes(place)?))
    }

    /// The heads of the most central symbols, in at most so many units of four
    /// bytes, about as many tokens. `near` draws what is around some files or
    /// symbols to the front.
    pub fn map(&self, near: &[NodeId], most_tokens: usize) -> RepoMap {
        let counter = |text: &str| text.len().div_ceil(4);
        self.graph.repo_map(near, most_tokens, &counter)
    }

    /// A line of a file, without its end.
    pub fn line(&self, path: &RelPath, line: usize) -> Option<String> {
        let text = self.code.text(path)?;
        text.lines().nth(line.checked_sub(1)?).map(str::to_owned)
    }
}
