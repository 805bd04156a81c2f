use mlxcode_base::{Language, TextRange};

use super::limits::ParseLimits;
use super::parsed_file::ParsedFile;

/// More parts of a place that the grammar could not read take seconds to walk.
const MOST_ERROR_PARTS: u32 = 20_000;

/// Counts the syntax errors of a text: the places that its grammar could not
/// read, and the signs that it had to add. `None` for a language without a
/// grammar here, for prose, which cannot be wrong, and for a text that takes
/// too long.
///
/// ```
/// use mlxcode_base::{Language, TextRange};
/// use mlxcode_context::error_count;
///
/// assert_eq!(error_count(Language::Rust, "fn main() {}\n"), Some(0));
/// assert!(error_count(Language::Rust, "fn main() {\n") > Some(0));
/// assert_eq!(error_count(Language::Markdown, "# Title\n"), None);
/// ```
pub fn error_count(language: Language, text: &str) -> Option<usize> {
    if language == Language::Markdown {
        return None;
    }
    let file = ParsedFile::parse(text, language, &ParseLimits::default())?;
    file.given_up().is_empty().then(|| file.error_count())
}

/// A place that a grammar could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntaxError {
    /// What it could not read; nothing where a sign is missing.
    pub range: TextRange,
    /// The sign that it had to add, such as `)`.
    pub missing: Option<String>,
}

/// The syntax errors that [`error_count`] counts, in their order.
///
/// ```
/// use mlxcode_base::Language;
/// use mlxcode_context::syntax_errors;
///
/// let errors = syntax_errors(Language::Rust, "fn main() {\n").unwrap_or_default();
/// assert_eq!(errors[0].missing.as_deref(), Some("}"));
/// ```
pub fn syntax_errors(language: Language, text: &str) -> Option<Vec<SyntaxError>> {
    if language == Language::Markdown {
        return None;
    }
    let file = ParsedFile::parse(text, language, &ParseLimits::default())?;
    if !file.given_up().is_empty() {
        return None;
    }
    let mut found = Vec::new();
    file.trees().for_each(|tree| {
        each_error(tree, |node| {
            let range = TextRange::new(node.start_byte(), node.end_byte());
            let missing = node.is_missing().then(|| node.kind().to_owned());
            found.push(SyntaxError { range, missing });
        });
    });
    Some(found)
}

impl ParsedFile {
    /// How many places the grammar could not read, and how many signs it had
    /// to add.
    pub fn error_count(&self) -> usize {
        self.error_ranges().len()
    }

    /// These places.
    pub(super) fn error_ranges(&self) -> Vec<TextRange> {
        let mut found = Vec::new();
        self.trees().for_each(|tree| {
            each_error(tree, |node| {
                found.push(TextRange::new(node.start_byte(), node.end_byte()));
            });
        });
        found
    }
}

/// Whether the tree can be walked in good time. The parts of what could not be
/// read lie in a row, and a query counts for each those that come after.
pub(super) fn is_walkable(tree: &tree_sitter::Tree) -> bool {
    let mut walkable = true;
    each_error(tree, |node| walkable &= node.child_count() <= MOST_ERROR_PARTS);
    walkable
}

fn each_error(tree: &tree_sitter::Tree, mut take: impl FnMut(tree_sitter::Node<'_>)) {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            take(node);
        }
        // Only where there is an error below is it worth going down.
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted() {
        for (language, text, expect) in [
            (Language::Python, "def f():\n    return 1\n", Some(false)),
            (Language::Python, "def f(:\n    return 1\n", Some(true)),
            (Language::Json, "{\"a\": 1}", Some(false)),
            (Language::Json, "{\"a\": }", Some(true)),
            (Language::Markdown, "# a", None),
        ] {
            let broken = error_count(language, text).map(|count| count > 0);
            assert_eq!(broken, expect, "{text}");
        }
    }
}
