use std::sync::Arc;

use mlxcode_base::{CancelToken, Diagnostic as _, ErrorKind, RelPath};
use mlxcode_context::{
    CodeBase, CodeGraph, CodeIndex, CodePlace, CodeUsage, Definition, FileSet, IndexedTree, NodeId,
    OutlineItem, RepoMap,
};

use crate::error::Result;
use crate::index::index_is_at_fault;
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
    code: Code,
    graph: CodeGraph,
}

/// Where the texts are.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
enum Code {
    /// In the tree, which an index knows.
    Indexed { index: CodeIndex, tree: Arc<IndexedTree> },
    /// In memory.
    Read(CodeBase),
}

impl Workspace {
    /// Finds out what uses what, by the index, which is updated first. Where
    /// it cannot be written, all of the code is read instead. `cancel` stops
    /// it.
    pub fn navigation(&self, cancel: &CancelToken) -> Result<Navigation> {
        match self.indexed(cancel) {
            Ok((index, tree)) => {
                let graph = CodeGraph::of_index(&tree);
                Ok(Navigation { code: Code::Indexed { index, tree }, graph })
            }
            Err(error) if !index_is_at_fault(&error) => Err(error),
            Err(_) => {
                let code = self.scan(cancel)?;
                let graph = CodeGraph::new(code.facts()?);
                Ok(Navigation { code: Code::Read(code), graph })
            }
        }
    }

    /// What a file defines, as a tree.
    pub fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>> {
        let cancel = CancelToken::new();
        match self.indexed(&cancel) {
            Ok((_, tree)) => Ok(tree.outline(path)?),
            Err(error) if !index_is_at_fault(&error) => Err(error),
            Err(_) => Ok(self.scan(&cancel)?.outline(path)?),
        }
    }

    /// The text files of the tree, in order: what can be named in a question.
    pub fn files(&self, cancel: &CancelToken) -> Result<Vec<RelPath>> {
        Ok(self.navigation(cancel)?.texts().paths())
    }

    /// The index, and all that it knows now.
    fn indexed(&self, cancel: &CancelToken) -> Result<(CodeIndex, Arc<IndexedTree>)> {
        let index = self.index()?;
        index.update(cancel, &())?;
        let tree = match index.tree() {
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                index.update(cancel, &())?;
                index.tree()?
            }
            tree => tree?,
        };
        Ok((index, tree))
    }
}

impl Navigation {
    /// The graph of files and symbols.
    pub fn graph(&self) -> &CodeGraph {
        &self.graph
    }

    /// Where something is defined; nothing where that cannot be told.
    pub fn definition(&self, place: &CodePlace) -> Result<Vec<Definition>> {
        self.sound(self.graph.definitions_at(self.texts(), place))
    }

    /// The files and symbols that are meant.
    pub fn nodes(&self, place: &CodePlace) -> Result<Vec<NodeId>> {
        self.sound(self.graph.nodes_of(self.texts(), place))
    }

    /// Who uses something.
    pub fn references(&self, place: &CodePlace) -> Result<Vec<CodeUsage>> {
        let nodes = self.nodes(place)?;
        self.sound(Ok(self.graph.references(self.texts(), &nodes)))
    }

    /// Who calls something.
    pub fn callers(&self, place: &CodePlace) -> Result<Vec<CodeUsage>> {
        let nodes = self.nodes(place)?;
        self.sound(Ok(self.graph.callers(self.texts(), &nodes)))
    }

    /// What the code of something calls, each once, in the order of its text.
    pub fn callees(&self, place: &CodePlace) -> Result<Vec<Definition>> {
        let mut called: Vec<NodeId> = Vec::new();
        for node in self.nodes(place)? {
            let all = self.graph.callees(node).into_iter();
            called.extend(all.filter(|one| !called.contains(one)).collect::<Vec<_>>());
        }
        let define = |node| self.graph.definition_of(self.texts(), node);
        self.sound(Ok(called.into_iter().filter_map(define).collect()))
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
        let text = self.texts().text(path)?;
        text.lines().nth(line.checked_sub(1)?).map(str::to_owned)
    }

    pub(crate) fn texts(&self) -> &dyn FileSet {
        match &self.code {
            Code::Indexed { tree, .. } => &**tree,
            Code::Read(code) => code,
        }
    }

    /// What was found, unless the index turned out to be damaged: then it is
    /// built anew, for whoever asks next.
    fn sound<T>(&self, found: mlxcode_context::Result<T>) -> Result<T> {
        match &self.code {
            Code::Indexed { index, tree } if tree.is_damaged() => {
                let error = index.damaged();
                index.update(&CancelToken::new(), &())?;
                Err(error.into())
            }
            _ => Ok(found?),
        }
    }
}
