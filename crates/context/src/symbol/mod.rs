//! What a file defines.

mod collect;
mod doc;
mod kind;
mod name;
mod nesting;
mod signature;
mod visibility;

use mlxcode_base::{LineRange, TextRange};
use serde::{Deserialize, Serialize};

pub use kind::SymbolKind;
pub(crate) use nesting::parents;

/// A definition, a heading or a key of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Symbol {
    /// Its name, without what it belongs to: of `impl fmt::Display for Port`,
    /// `Port`.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// What it belongs to, from the outermost name on, joined by `.`; empty at
    /// the top of a file. A method that is written outside of its type
    /// belongs to the type all the same.
    pub container: String,
    /// The symbol around it, by its place in the file's list.
    pub parent: Option<usize>,
    /// Its head on one line: what it is called with and gives, no body.
    pub signature: String,
    /// What the comment or the text at its head says, without the signs of
    /// comments; empty where there is none.
    pub doc: String,
    /// Where its name stands.
    pub name_range: TextRange,
    /// All of it, with its attributes and without the comment above.
    pub range: TextRange,
    /// The lines of `range`.
    pub lines: LineRange,
    /// Who may use it.
    pub visibility: Visibility,
}

/// A line that begins a definition, without what opens its body.
pub(crate) fn head(line: &str) -> String {
    signature::line(line, true)
}

impl Symbol {
    /// Its container's path and its name, joined by `.`.
    pub fn path(&self) -> String {
        match self.container.as_str() {
            "" => self.name.clone(),
            container => format!("{container}.{}", self.name),
        }
    }
}

/// Who may use a symbol, as its file says or its language takes for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    Public,
    /// The package, crate or assembly.
    Internal,
    /// Types that inherit.
    Protected,
    /// The file or the type alone.
    Private,
}
