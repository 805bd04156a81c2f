//! Whether an edited file still parses.

use std::path::Path;

use mlxcode_base::{Language, RelPath};
use mlxcode_edit::SyntaxCheck;

/// The grammars of `context` as `edit` asks for them.
#[derive(Debug)]
pub(crate) struct Grammars;

impl SyntaxCheck for Grammars {
    fn errors(&self, path: &RelPath, text: &str) -> Option<usize> {
        let language = Language::from_path(Path::new(path.as_str()))?;
        mlxcode_context::error_count(language, text)
    }
}
