//! What a model can do besides answer.

mod access;
mod arguments;
mod change;
mod definition;
mod diff;
mod list;
mod outline;
mod read;
mod registry;
mod run;
mod search;
mod skill;
mod source;
mod task;

use std::fmt;

use mlxcode_base::{CancelToken, RelPath, Root};
use mlxcode_context::{CodePlace, Definition, Hit, OutlineItem, SearchOptions};
use mlxcode_edit::ParsedItem;
use mlxcode_models::ToolSpec;
use serde_json::Value;

use crate::error::Result;

pub use access::Access;
pub use registry::ToolBox;
pub use run::{CommandRun, CommandRunner, RunTool};
pub use skill::{SkillFile, SkillTool};
pub use source::ToolSource;

/// Something that a model can do.
///
/// What it would touch is asked for first, and a policy decides; only then it
/// is done.
pub trait Tool: Send + Sync {
    /// What the model is told of it.
    fn spec(&self) -> &ToolSpec;

    /// What a call would touch.
    ///
    /// # Errors
    /// Arguments that make no sense, in a sentence for the model.
    fn access(&self, arguments: &Value) -> ToolResult<Access>;

    /// Does it.
    ///
    /// # Errors
    /// What went wrong, in a sentence for the model.
    fn call(&self, arguments: &Value, world: &World<'_>) -> ToolResult<Outcome>;

    /// What calls touch as a rule, for who asks before there is one.
    fn usual_access(&self) -> Access {
        Access::Other
    }
}

/// What a tool works on.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The tree.
    pub root: &'a Root,
    /// What is known of the code.
    pub lookup: &'a dyn Lookup,
    /// Stops the work.
    pub cancel: &'a CancelToken,
}

/// What is known of the code of a tree.
pub trait Lookup: Send + Sync {
    /// The places that fit a query, best first.
    fn find(&self, query: &str, options: &SearchOptions) -> Result<Vec<Hit>>;

    /// The files that are part of the code: all, or those in a folder.
    fn files(&self, folder: Option<&RelPath>) -> Result<Vec<RelPath>>;

    /// Where something is defined.
    fn definition(&self, place: &CodePlace) -> Result<Vec<Definition>>;

    /// What a file defines.
    fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>>;
}

/// What came of a call.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// What the model is told.
    Text(String),
    /// Edits, which are proposed like those of a reply.
    Edits(Vec<ParsedItem>),
    /// Something that is done in a conversation of its own; its result is one
    /// message.
    Task {
        /// What is to be done.
        prompt: String,
    },
}

/// Why a tool did not do what it was asked, in a sentence for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError(String);

/// What a tool gives.
pub type ToolResult<T> = std::result::Result<T, ToolError>;

impl ToolError {
    /// An error in these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: mlxcode_base::Diagnostic> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self(match error.help() {
            Some(help) => format!("{error}; {help}"),
            None => error.to_string(),
        })
    }
}

/// What a tool tells a model of, at most, in bytes: some three thousand
/// tokens. More would push the question itself out of a small context.
pub const MOST_TOLD_BYTES: usize = 12 << 10;

/// A text cut at a line's end where it is too long, with a word about what is
/// missing.
fn cut(text: String, what: &str) -> String {
    if text.len() <= MOST_TOLD_BYTES {
        return text;
    }
    let mut end = MOST_TOLD_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').map_or(end, |line| line + 1);
    let left = text[end..].lines().count();
    format!("{}… {left} more lines; {what}", &text[..end])
}
