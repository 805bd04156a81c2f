//! Passages as a model reads them: place, fence, lines as they are.

use mlxcode_base::Language;

use super::candidate::Candidate;
use super::{PackedContext, Passage};
use crate::code_base::CodeBase;

impl PackedContext {
    /// The passages as one text, without line numbers: what a model copies
    /// from it for an edit is what stands in the file.
    pub fn render(&self) -> String {
        let blocks: Vec<String> = self.passages.iter().map(Passage::render).collect();
        blocks.join("\n")
    }
}

impl Passage {
    fn render(&self) -> String {
        framed(&self.header, self.path.as_str(), &self.text)
    }
}

/// The text of a candidate as it would stand in the context.
pub fn block(code: &CodeBase, candidate: &Candidate) -> String {
    let text = code.lines(candidate.file, candidate.lines);
    // The line between two blocks is counted with the first.
    framed(&header(code, candidate), code.path(candidate.file).as_str(), text) + "\n"
}

/// The line above a passage.
pub fn header(code: &CodeBase, candidate: &Candidate) -> String {
    let place = format!("{}:{}", code.path(candidate.file), candidate.lines);
    match &candidate.inside {
        Some(inside) => format!("{place} (in `{inside}`)"),
        None => place,
    }
}

fn framed(header: &str, path: &str, text: &str) -> String {
    // Longer than any run of backticks inside.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language = Language::from_path(path.as_ref()).map_or("", Language::fence_name);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{header}\n{fence}{language}\n{text}{end}{fence}\n")
}
