//! The comment that stands above a definition.

use mlxcode_base::{Language, TextRange};

/// A longer comment is a chapter; its beginning says what is defined.
const MOST_BYTES: usize = 4_000;

/// Beginnings of comments that are for programs.
const DIRECTIVES: [&str; 12] = [
    "#!",
    "//go:",
    "// +build",
    "//nolint",
    "// eslint",
    "/* eslint",
    "// @ts-",
    "# noqa",
    "# type:",
    "# pylint",
    "# -*-",
    "// prettier",
];

/// The comments and the attributes of a file, in its order.
#[derive(Default)]
pub struct Remarks {
    all: Vec<(TextRange, bool)>,
}

/// What stands above a definition.
pub struct Above {
    /// Where its attributes begin.
    pub start: usize,
    /// What its comment says.
    pub doc: String,
}

impl Remarks {
    pub fn add(&mut self, range: TextRange, is_comment: bool) {
        self.all.push((range, is_comment));
    }

    pub fn sort(&mut self) {
        self.all.sort_unstable();
        self.all.dedup();
    }

    /// What belongs to a definition that begins at `start`.
    pub fn above(&self, text: &str, start: usize, language: Language) -> Above {
        let mut begin = start;
        let mut own = start;
        let mut comments: Vec<&str> = Vec::new();
        let mut left = self.all.partition_point(|(range, _)| range.end <= start);
        while let Some((range, is_comment)) = left.checked_sub(1).map(|last| self.all[last]) {
            left -= 1;
            let written = text[range.start..range.end].trim_end();
            let between = &text[range.start + written.len()..begin.max(range.end)];
            // Comments and other words on the way from it to the definition.
            if !between.trim().is_empty() {
                break;
            }
            let lines = between.bytes().filter(|byte| *byte == b'\n').count();
            if !is_comment {
                begin = range.start;
                own = begin;
                continue;
            }
            // A blank line parts a comment from what follows, and one behind
            // other code is about that.
            if lines > 1 || !stands_alone(text, range.start) {
                break;
            }
            begin = range.start;
            if is_doc(written, language) {
                comments.push(written);
            }
        }
        comments.reverse();
        Above { start: own, doc: cleaned(&comments) }
    }
}

fn stands_alone(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[line..at].trim().is_empty()
}

fn is_doc(comment: &str, language: Language) -> bool {
    if DIRECTIVES.iter().any(|start| comment.starts_with(start)) {
        return false;
    }
    match language {
        // Rust tells comments that document from those that explain.
        Language::Rust => {
            (comment.starts_with("///") && !comment.starts_with("////"))
                || (comment.starts_with("/**") && !comment.starts_with("/***"))
        }
        _ => true,
    }
}

/// The words of comments, without the signs around them.
pub fn cleaned(comments: &[&str]) -> String {
    let mut out = String::new();
    for comment in comments {
        let comment = comment.trim();
        let block = comment.strip_prefix("/*").and_then(|rest| rest.strip_suffix("*/"));
        for line in block.unwrap_or(comment).lines() {
            let line = line.trim();
            let line = if block.is_some() {
                line.trim_start_matches('*').trim_end_matches('*').trim_start_matches('!')
            } else {
                let line =
                    line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or(line);
                let line = line.strip_prefix("//").unwrap_or(line);
                line.trim_start_matches('#').trim_start_matches('!')
            };
            let line = line.trim();
            // Lines of stars or dashes only draw.
            if !line.is_empty() && line.chars().all(|c| "*-=#/~".contains(c)) {
                continue;
            }
            out.push_str(line);
            out.push('\n');
        }
    }
    shortened(out.trim())
}

/// The words of a text in quotes at the head of a body.
pub fn cleaned_string(written: &str) -> String {
    let inner = written.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let inner = inner.trim_matches(['"', '\'']);
    let lines: Vec<&str> = inner.lines().map(str::trim).collect();
    shortened(lines.join("\n").trim())
}

fn shortened(text: &str) -> String {
    text[..text.floor_char_boundary(MOST_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_lose_their_signs() {
        for (comments, expect) in [
            (&["/// Opens.", "/// Fails."][..], "Opens.\nFails."),
            (&["/**\n * Opens.\n *\n * @param a b\n */"], "Opens.\n\n@param a b"),
            (&["# ----", "# Opens.", "# ----"], "Opens."),
            (&["/* one */", "// two"], "one\ntwo"),
        ] {
            assert_eq!(cleaned(comments), expect);
        }
        assert_eq!(cleaned_string("r\"\"\"Opens.\n\n    Fails.\n    \"\"\""), "Opens.\n\nFails.");
    }
}
