use mlxcode_base::Language;

use super::limits::ParseLimits;
use super::parsed_file::ParsedFile;

/// Counts the syntax errors of a text: the places that its grammar could not
/// read, and the signs that it had to add. `None` for a language without a
/// grammar here, for prose, which cannot be wrong, and for a text that takes
/// too long.
///
/// ```
/// use mlxcode_base::Language;
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

impl ParsedFile {
    /// How many places the grammar could not read, and how many signs it had
    /// to add.
    pub fn error_count(&self) -> usize {
        self.trees().map(count).sum()
    }
}

fn count(tree: &tree_sitter::Tree) -> usize {
    let mut count = 0;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        count += usize::from(node.is_error() || node.is_missing());
        // Only where there is an error below is it worth going down.
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return count;
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
