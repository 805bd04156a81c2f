//! What the process that reads a document tells, a line each.

use serde::{Deserialize, Serialize};

/// A line of what a [`DocumentCommand`](super::DocumentCommand) prints, as
/// JSON: how many pages there are, then the pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DocumentLine {
    /// The document could be opened.
    Pages {
        /// How many it has.
        count: usize,
    },
    /// A page.
    Page {
        /// Its number, from one.
        number: usize,
        /// Its text; `None` where it could not be read.
        text: Option<String>,
    },
    /// The document could not be opened.
    Failed {
        /// Why.
        why: DocumentFailure,
    },
    /// All was said.
    End,
}

/// Why a document could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DocumentFailure {
    /// It asks for a password.
    Encrypted,
    /// It is damaged, or nothing of the kind.
    Damaged,
}

impl DocumentLine {
    /// The line, without its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The lines that are whole. What is none is left out: nothing that a
    /// hostile document makes its reader print is trusted further than that.
    pub(super) fn all(output: &[u8]) -> impl Iterator<Item = Self> + '_ {
        output
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
            .filter_map(|line| serde_json::from_slice(line).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_far_as_they_came() {
        let lines = [
            DocumentLine::Pages { count: 2 },
            DocumentLine::Page { number: 1, text: Some("a\nb \u{e4}\"".to_owned()) },
            DocumentLine::Page { number: 2, text: None },
            DocumentLine::Failed { why: DocumentFailure::Encrypted },
            DocumentLine::End,
        ];
        let text: String = lines.iter().map(|line| line.to_json() + "\n").collect();
        assert_eq!(DocumentLine::all(text.as_bytes()).collect::<Vec<_>>(), lines);
        for end in 0..text.len() {
            let whole = String::from_utf8_lossy(&text.as_bytes()[..end]).matches('\n').count();
            let read: Vec<_> = DocumentLine::all(&text.as_bytes()[..end]).collect();
            assert_eq!(read, lines[..whole]);
        }
        assert_eq!(DocumentLine::all(b"no\n\xff\n{}\n").count(), 0);
    }
}
