//! Understands code: reads a tree, finds the passages that matter for a
//! question, and packs them into a model's context.
//!
//! The principal type is [`CodeBase`]: the files of a tree, in memory. It is
//! searched in two steps: all files are ranked by their words, then the best
//! are parsed into [`Chunk`]s along their syntax and these are ranked again.
//! [`CodeIndex`] does the same from a file, in which the tree was read before.
//! One file is a [`ParsedFile`]: what it defines, names and imports.
//!
//! ```
//! use mlxcode_base::{CancelToken, Root};
//! use mlxcode_context::{Budget, CodeBase, WalkOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("port.py"), "def open_port(n):\n    return n\n")?;
//! let root = Root::open(folder.path())?;
//! let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new())?;
//! let bytes = |text: &str| text.len();
//! let context = code.pack("who opens a port?", &[], &Budget::new(500, &bytes))?;
//! assert_eq!(context.pieces[0].path().unwrap().as_str(), "port.py");
//! assert!(context.render().len() <= 500);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod cache;
mod code_base;
mod encoding;
mod error;
mod graph;
mod import;
mod index;
mod mention;
mod origin;
mod outline;
mod pack;
mod precise;
mod reference;
mod scope;
mod search;
mod stamp;
mod symbol;
mod syntax;
mod terms;
mod vector;
mod vocabulary;
mod walk;
mod watch;
mod words;

pub use cache::ParseCache;
pub use code_base::CodeBase;
pub use encoding::Encoding;
pub use error::{Error, Result};
pub use graph::{
    Certainty, CodeGraph, CodePlace, CodeUsage, Confidence, Definition, FileFacts, FileImport,
    GraphFormat, GraphNode, NodeId, Reached, RepoMap, Unreferenced,
};
pub use import::{FileSet, Import, ImportKind, ImportResolver, ImportedName, Target};
pub use index::{CodeIndex, IndexedChange, IndexedTree, Rebuilt, Updated};
pub use mention::{Attachment, MediaType, Mention, Published, PublishedKind, published};
pub use origin::Origin;
pub use outline::OutlineItem;
pub use pack::{
    Budget, CodeSource, CursorRequest, LeftOut, LeftOutReason, Note, NoteKind, PackRequest,
    PackedContext, PackedCursor, Passage, Piece, PublishedText, Reason, TokenCounter,
};
pub use precise::{
    DiagnosticLevel, LanguageServer, ServerDiagnostic, ServerError, ServerPlace, ServerSession,
};
pub use reference::{Reference, ReferenceKind, Told};
pub use search::{Hit, HitReason, SearchKind, SearchOptions, search_text};
pub use symbol::{Symbol, SymbolKind, Visibility};
pub use syntax::{
    Chunk, ParseLimits, ParsedFile, SyntaxError, chunks, error_count, is_same_code, language_of,
    syntax_errors,
};
pub use walk::{Skipped, WalkOptions};
pub use watch::{PollReason, Watch, WatchEvent};
