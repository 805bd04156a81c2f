//! The names before a name.

use mlxcode_base::TextRange;

/// Signs between a name and what belongs to it.
const LINKS: [&str; 6] = ["?.", "!.", "::", "?->", "->", "."];

/// A longer chain tells nothing more.
const MOST_NAMES: usize = 8;

/// The names that stand right before the place `at`, joined by `.`; empty
/// where there are none, or where the chain begins with more than a name.
pub fn qualifier(text: &str, at: usize) -> String {
    chain(text, at).0
}

/// Where the first of the names before a place stands.
pub fn first(text: &str, at: usize) -> Option<TextRange> {
    let (names, start) = chain(text, at);
    let end = names.find('.').unwrap_or(names.len());
    (end > 0 && !names.starts_with("super")).then(|| TextRange::new(start, start + end))
}

/// The names before a place, and where they begin.
fn chain(text: &str, at: usize) -> (String, usize) {
    let mut names: Vec<&str> = Vec::new();
    let mut before = &text[..at];
    while let Some(rest) = linked(before) {
        if names.len() == MOST_NAMES {
            return (String::new(), at);
        }
        if let Some(start) = rest.strip_suffix("super()") {
            names.push("super");
            before = start;
            continue;
        }
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let start = rest.trim_end_matches(is_part).len();
        if start == rest.len() || rest[start..].starts_with(|c: char| c.is_ascii_digit()) {
            return (String::new(), at);
        }
        names.push(&rest[start..]);
        before = &rest[..start];
    }
    names.reverse();
    (names.join("."), before.len())
}

/// What stands before a link at the end of a text.
fn linked(before: &str) -> Option<&str> {
    // A name and its link stand on one line: a point at the end of the line
    // above ends a sentence of a comment.
    let before = before.trim_end_matches([' ', '\t']);
    // Of `1..end` the second point is no link.
    if before.ends_with("..") {
        return None;
    }
    LINKS.iter().find_map(|link| before.strip_suffix(link)).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_before_a_name() {
        for (text, expect) in [
            ("x = self.port.", "self.port"),
            ("crate::net::", "crate.net"),
            ("$this->", "$this"),
            ("a?.b\n  .", "a.b"),
            ("super().", "super"),
            ("open().", ""),
            ("list[0].port.", ""),
            ("0..", ""),
            ("x = ", ""),
            ("1.", ""),
            ("# ends a line.\n  ", ""),
            ("@app.", "app"),
        ] {
            assert_eq!(qualifier(text, text.len()), expect, "{text}");
        }
    }
}
