//! Content that leaves parts out: writing it would lose them.

/// Words of which one stands beside the dots, where a model leaves code out.
const WORDS: [&str; 11] = [
    "existing",
    "rest of",
    "unchanged",
    "remain",
    "same as before",
    "previous code",
    "other code",
    "omitted",
    "as before",
    "keep the",
    "your code",
];

/// The line of `new` that stands for something left out, such as
/// `// ... existing code ...`, unless `old` holds that very line.
pub fn elided_line<'n>(new: &'n str, old: &str) -> Option<&'n str> {
    new.lines()
        .map(str::trim)
        .find(|line| stands_for_more(line) && !old.lines().any(|kept| kept.trim() == *line))
}

/// Whether a line stands for lines that are left out, and is nothing else:
/// dots alone, in a comment or not, with or without words such as
/// `existing code`.
pub fn is_elision(line: &str) -> bool {
    let signs = ['/', '#', '*', '-', '<', '!', '>', ';', '%', '(', ')', '{', '}', '[', ']'];
    let bare = line.trim_matches(|c: char| c.is_whitespace() || signs.contains(&c));
    bare == "..." || bare == "…" || stands_for_more(line.trim())
}

fn stands_for_more(line: &str) -> bool {
    let signs: &[char] =
        &['/', '#', '*', '-', '<', '!', '>', ';', '%', '"', '(', ')', '{', '}', '['];
    let trimmed = line.trim_matches(|c: char| c.is_whitespace() || signs.contains(&c) || c == ']');
    // A comment, or nothing but the words: a sentence in a string is neither.
    let commented = line.starts_with(signs) || line.starts_with("...") || line.starts_with('…');
    let dotted =
        ["...", "…"].iter().any(|dots| trimmed.starts_with(dots) || trimmed.ends_with(dots));
    let lower = trimmed.to_lowercase();
    commented && dotted && trimmed.len() < 100 && WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_left_out_from_what_is_written() {
        for (line, elided) in [
            ("// ... existing code ...", true),
            ("# ... rest of the file ...", true),
            ("    /* ... unchanged ... */", true),
            ("<!-- ... existing markup ... -->", true),
            ("// … the rest of the class remains …", true),
            ("... (existing code)", true),
            ("// the existing code", false),
            ("print(\"... existing ...\")", false),
            ("let rest = [...existing];", false),
            ("...", false),
        ] {
            assert_eq!(elided_line(line, "").is_some(), elided, "{line}");
        }
        assert_eq!(elided_line("# ... existing ...", "a\n  # ... existing ...\n"), None);
    }
}
