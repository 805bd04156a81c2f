//! Files and symbols, and which uses which.

mod adjacency;
mod build;
mod cycles;
mod facts;
mod file;
mod kindred;
mod likely;
mod locate;
mod members;
mod names;
mod navigate;
mod questions;
mod rank;
mod render;
mod repo_map;
mod resolve;
mod taken;
mod told;
mod types;
mod unused;
mod usages;
mod used;

use std::sync::OnceLock;

use mlxcode_base::{Language, LineRange, RelPath, TextRange};
use serde::Serialize;

pub(crate) use facts::resolved;
pub use facts::{FileFacts, FileImport};
pub(crate) use file::made_names;
pub use locate::CodePlace;
pub use navigate::Definition;
pub use questions::Reached;
pub use render::GraphFormat;
pub use repo_map::RepoMap;
pub use unused::{Confidence, Unreferenced};
pub use usages::CodeUsage;

use crate::cache::ParseCache;
use crate::reference::Reference;
use crate::symbol::{Symbol, SymbolKind};
use build::Joined;
use file::GraphFile;
use names::Names;

/// The files and symbols of a tree, and which uses which.
///
/// It is built from [`FileFacts`], or from an index; then a file is looked into
/// when something is asked that it matters for.
///
/// ```
/// use mlxcode_base::{CancelToken, Root};
/// use mlxcode_context::{CodeBase, CodeGraph, WalkOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("port.py"), "def bind():\n    pass\n")?;
/// # std::fs::write(folder.path().join("main.py"), "import port\n\ndef main():\n    port.bind()\n")?;
/// let root = Root::open(folder.path())?;
/// let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new())?;
/// let graph = CodeGraph::new(code.facts()?);
/// let bind = graph.find("bind")[0];
/// let users = graph.dependents(bind, None);
/// assert_eq!(graph.node(users[0].node).name(), "main.py:main");
/// # Ok(())
/// # }
/// ```
pub struct CodeGraph {
    files: Vec<GraphFile>,
    names: Names,
    /// The number of each file's first symbol among the nodes.
    starts: Vec<u32>,
    node_count: u32,
    /// What uses what, once that was asked for.
    joined: OnceLock<Joined>,
    /// Files that were parsed for the variables of their functions.
    parsed: ParseCache,
}

/// A file or a symbol of a [`CodeGraph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GraphNode {
    /// The file.
    pub path: RelPath,
    /// The symbol's path in the file; `None` for the file itself.
    pub symbol: Option<String>,
    /// The symbol's kind.
    pub kind: Option<SymbolKind>,
    /// The symbol's lines.
    pub lines: Option<LineRange>,
}

impl GraphNode {
    /// The path, and behind it the symbol.
    pub fn name(&self) -> String {
        match &self.symbol {
            Some(symbol) => format!("{}:{symbol}", self.path),
            None => self.path.to_string(),
        }
    }
}

/// How sure an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The rules of scopes and imports lead there.
    Certain,
    /// It is the only thing in the tree that has the name.
    Likely,
}

/// A symbol, by its file and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SymbolId {
    file: u32,
    symbol: u32,
}

/// Where a name is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Symbol(SymbolId),
    /// A file, as a module.
    File(u32),
    /// A reference of a file that makes a field.
    Spot(u32, u32),
}

/// Where a reference leads, and how sure that is.
#[derive(Clone, Debug)]
struct Answer {
    places: Vec<Place>,
    certainty: Certainty,
}

impl CodeGraph {
    /// How many files it has.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// How many files and symbols it has.
    pub fn node_count(&self) -> usize {
        self.node_count as usize
    }

    /// What the file of a node defines, in its order.
    pub fn symbols(&self, id: NodeId) -> &[Symbol] {
        self.files[self.file_of(id).0 as usize].symbols()
    }

    /// What the file of a node names, in its order. From an index, variables
    /// of functions are left out.
    pub fn names_in(&self, id: NodeId) -> &[Reference] {
        self.files[self.file_of(id).0 as usize].references()
    }

    /// The language of the file of a node.
    pub fn language(&self, id: NodeId) -> Language {
        self.files[self.file_of(id).0 as usize].language
    }

    /// All files, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.files.len() as u32).map(NodeId)
    }

    /// The file at a path.
    pub fn file(&self, path: &RelPath) -> Option<NodeId> {
        self.names.by_path.get(path.as_str()).map(|file| NodeId(*file))
    }

    /// The files and symbols that a text names: a path, a symbol's name, or
    /// the end of its path, `Port.open`; with a file before it, `port.py:open`,
    /// those of that file.
    pub fn find(&self, text: &str) -> Vec<NodeId> {
        if let Some(file) = self.names.by_path.get(text) {
            return vec![NodeId(*file)];
        }
        let (path, symbol) = match text.rsplit_once(':') {
            Some((path, symbol)) if !path.ends_with(':') => (Some(path), symbol.to_owned()),
            _ => (None, text.replace("::", ".")),
        };
        let name = symbol.rsplit('.').next().unwrap_or_default();
        let fits = |id: &SymbolId| {
            let file = &self.files[id.file as usize];
            let whole = file.symbols()[id.symbol as usize].path();
            let is_end = whole.strip_suffix(symbol.as_str());
            is_end.is_some_and(|before| before.is_empty() || before.ends_with('.'))
                && path.is_none_or(|path| file.path.as_str() == path)
        };
        self.names.by_name(&self.files, name).filter(fits).map(|id| self.symbol_node(id)).collect()
    }

    /// What a node is.
    pub fn node(&self, id: NodeId) -> GraphNode {
        match self.symbol_of(id) {
            None => {
                let path = self.files[id.0 as usize].path.clone();
                GraphNode { path, symbol: None, kind: None, lines: None }
            }
            Some(id) => {
                let file = &self.files[id.file as usize];
                let symbol = &file.symbols()[id.symbol as usize];
                GraphNode {
                    path: file.path.clone(),
                    symbol: Some(symbol.path()),
                    kind: Some(symbol.kind),
                    lines: Some(symbol.lines),
                }
            }
        }
    }

    /// The file of a node.
    pub fn file_of(&self, id: NodeId) -> NodeId {
        NodeId(self.symbol_of(id).map_or(id.0, |id| id.file))
    }

    fn symbol_node(&self, id: SymbolId) -> NodeId {
        NodeId(self.starts[id.file as usize] + id.symbol)
    }

    fn symbol_of(&self, id: NodeId) -> Option<SymbolId> {
        if id.0 < self.files.len() as u32 {
            return None;
        }
        let file = self.starts.partition_point(|start| *start <= id.0).checked_sub(1)?;
        Some(SymbolId { file: file as u32, symbol: id.0 - self.starts[file] })
    }

    /// Where the name at a place stands.
    fn name_range(&self, place: Place) -> (u32, TextRange) {
        match place {
            Place::Symbol(id) => {
                let symbol = &self.files[id.file as usize].symbols()[id.symbol as usize];
                (id.file, symbol.name_range)
            }
            Place::File(file) => (file, TextRange::default()),
            Place::Spot(file, reference) => {
                (file, self.files[file as usize].references()[reference as usize].range)
            }
        }
    }
}

impl std::fmt::Debug for CodeGraph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("CodeGraph");
        shown.field("files", &self.file_count()).field("nodes", &self.node_count());
        shown.finish_non_exhaustive()
    }
}
