//! What a file takes from other files.

mod c;
mod collect;
mod files;
mod go;
mod java;
mod json;
mod node;
mod php;
mod python;
mod resolve;
mod ruby;
mod rust;
mod rust_tree;
mod tsconfig;

use mlxcode_base::TextRange;
use serde::{Deserialize, Serialize};

pub use files::FileSet;
pub use resolve::{ImportResolver, Target};

/// One statement that takes something from another file, or one source of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Import {
    /// Where from, as it is written, without quotes: `..models`, `./port.js`,
    /// `crate::net`, `<vector>`.
    pub source: String,
    /// The names that are taken; empty where the source itself is.
    pub names: Vec<ImportedName>,
    /// What the source itself is called in this file, where that is said.
    pub alias: Option<String>,
    /// Whether all names of the source are taken.
    pub is_wildcard: bool,
    /// How it is written.
    pub kind: ImportKind,
    /// The whole statement.
    pub range: TextRange,
}

/// A name that is taken from another file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedName {
    /// The name there.
    pub name: String,
    /// The name here, where it is another.
    pub alias: Option<String>,
}

/// How an import is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportKind {
    /// A statement that brings names: `import`, `use`, `require`.
    Import,
    /// One that also hands them on: `export … from`, `pub use`.
    Export,
    /// One that puts the text of a file, or runs it: `#include`, `source`.
    Include,
    /// One that says that a file is a part of this one: `mod` of Rust.
    Module,
}
