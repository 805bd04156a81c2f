//! Texts of files and of templates, within bounds.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use minijinja::Value;

use super::error::{TaskError, TaskResult};
use crate::prompts::render_source;

/// Renders one text. `name` stands in errors.
pub(crate) fn render_text(name: &str, source: &str, values: &Value) -> TaskResult<String> {
    render_source(source, values).map_err(|flaw| {
        let line = flaw.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let reason = line + &flaw.reason;
        TaskError::Template { name: name.to_owned(), reason }
    })
}

/// Reads a text of at most so many bytes.
pub(crate) fn read_text(path: &Path, most: u64) -> TaskResult<String> {
    let failed = |source| TaskError::Io { path: path.to_owned(), source };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(most + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > most {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}
