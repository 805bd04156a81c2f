//! The pieces that fit into a model's context.

mod candidate;
mod changes;
mod context;
mod cursor;
mod earlier;
mod heads;
mod hits;
mod ledger;
mod map;
mod named;
mod near;
mod packer;
mod piece;
mod published;
mod tree;
mod used;

use std::fmt;

use mlxcode_base::{CancelToken, RelPath};

use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::mention::searched;
use candidate::Candidate;
use packer::Packer;
use tree::Tree;

pub use context::{LeftOut, LeftOutReason, PackedContext};
pub use cursor::{CursorRequest, PackedCursor};
pub use piece::{Note, NoteKind, Passage, Piece, Reason};
pub use published::PublishedText;
pub use tree::CodeSource;
pub(crate) use tree::MOST_DEFINITIONS;

/// Counts the tokens of a text as the model does. Closures are counters.
pub trait TokenCounter {
    /// The number of tokens of `text`.
    fn count(&self, text: &str) -> usize;
}

impl<F: Fn(&str) -> usize> TokenCounter for F {
    fn count(&self, text: &str) -> usize {
        self(text)
    }
}

/// How much may be packed.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// The most tokens of [`PackedContext::render`].
    pub tokens: usize,
    /// What is found adds nothing once this many tokens are taken; only files
    /// that the caller gave, and what is kept of an earlier context, go beyond.
    pub search_tokens: usize,
    /// Who counts them.
    pub counter: &'a dyn TokenCounter,
}

impl<'a> Budget<'a> {
    /// A budget that search may fill.
    pub fn new(tokens: usize, counter: &'a dyn TokenCounter) -> Self {
        Self { tokens, search_tokens: tokens, counter }
    }
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("tokens", &self.tokens)
            .field("search_tokens", &self.search_tokens)
            .finish_non_exhaustive()
    }
}

/// What is packed for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackRequest<'a> {
    /// The question or the instruction.
    pub question: &'a str,
    /// Files to show whole, before all else.
    pub files: &'a [RelPath],
    /// What was packed for the turn before: what of it still holds stays in
    /// front, byte by byte, so that a prompt cache holds.
    pub earlier: Option<&'a PackedContext>,
    /// The issues and changes that the question names, as they were read.
    pub published: &'a [PublishedText],
    /// Whether what is left is filled with a map.
    pub with_map: bool,
    /// Stops the work.
    pub cancel: CancelToken,
}

impl<'a> PackRequest<'a> {
    /// A request with nothing but a question.
    pub fn new(question: &'a str) -> Self {
        let cancel = CancelToken::new();
        Self { question, files: &[], earlier: None, published: &[], with_map: true, cancel }
    }
}

impl CodeBase {
    /// Packs what fits `question` best, first `files`, whole; see
    /// [`CodeSource::pack`].
    ///
    /// # Errors
    /// As [`CodeSource::pack`].
    pub fn pack(
        &self,
        question: &str,
        files: &[RelPath],
        budget: &Budget<'_>,
    ) -> Result<PackedContext> {
        let request = PackRequest { files, ..PackRequest::new(question) };
        CodeSource::from(self).pack(&request, budget)
    }
}

impl CodeSource<'_> {
    /// Packs what fits a question best: first files that were given, whole;
    /// then what the question names; then definitions that this uses; then
    /// what search finds; and a map of what is around it where room is left.
    ///
    /// The same request over the same tree gives the same context.
    ///
    /// # Errors
    /// A given file that is not there or does not fit is an error: to leave it
    /// out in silence would give an answer about something else. So is a
    /// question for changes that git cannot answer.
    pub fn pack(&self, request: &PackRequest<'_>, budget: &Budget<'_>) -> Result<PackedContext> {
        let tree = Tree::new(*self, &request.cancel)?;
        let mut packer = Packer::new(&tree, budget);
        if let Some(earlier) = request.earlier {
            packer.keep(earlier);
        }
        for path in request.files {
            give(&mut packer, path)?;
        }
        packer.limit_search();
        let mut attachments = Vec::new();
        let found = tree.found(&searched(request.question), hits::MOST_RANKED)?;
        packer.offer_outdated();
        named::offer(&mut packer, request, &found, &mut attachments)?;
        used::offer(&mut packer, &found)?;
        hits::offer(&mut packer, found)?;
        let with_map = request.with_map;
        packer.finish(attachments, with_map)
    }
}

/// Takes a whole file, whatever the limit of search.
fn give(packer: &mut Packer<'_>, path: &RelPath) -> Result<()> {
    if !packer.tree.holds(path) {
        return Err(Error::FileNotFound { path: path.clone() });
    }
    let whole = Candidate::whole(packer.tree, path, Reason::Given);
    // What is kept of an earlier context need not stand here twice.
    let parts = packer.new_parts(whole);
    let tokens = parts.iter().map(|part| packer.cost(part)).sum();
    let room = packer.room();
    if tokens > room {
        return Err(Error::FileTooLong { path: path.clone(), tokens, room });
    }
    for part in parts {
        packer.give(part);
    }
    Ok(())
}
