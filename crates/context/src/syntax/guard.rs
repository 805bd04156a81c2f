//! Texts that must not reach a scanner.
//!
//! A grammar's scanner keeps its state in 1,024 bytes. Those of three
//! languages count them a little wrong when very much is open at once, and
//! would write behind the end. People do not write so; such a text is given up.

use std::collections::HashMap;

use mlxcode_base::Language;

/// The scanners' room holds 253 levels of YAML and 383 of Python.
const MOST_LEVELS: usize = 200;

/// The bytes that open heredocs of Ruby take in their scanner's room.
const MOST_HEREDOC_BYTES: usize = 900;

/// Whether a text is one that the language's scanner keeps count of.
pub fn is_bounded(text: &str, language: Language) -> bool {
    match language {
        Language::Python => levels(text, false) <= MOST_LEVELS,
        Language::Yaml => levels(text, true) <= MOST_LEVELS,
        Language::Ruby => heredoc_bytes(text) <= MOST_HEREDOC_BYTES,
        _ => true,
    }
}

/// The most indentations that are open at once, and with `markers` also signs
/// such as `- ` that indent what follows on their line.
fn levels(text: &str, markers: bool) -> usize {
    let mut open: Vec<usize> = Vec::new();
    let mut most = 0;
    for line in text.lines() {
        let mut column = 0;
        let mut bytes = line.bytes().peekable();
        let mut first = true;
        while let Some(byte) = bytes.next() {
            match byte {
                b' ' | b'\t' | b'\x0c' => {}
                _ => {
                    if first {
                        while open.pop_if(|outer| *outer >= column).is_some() {}
                        first = false;
                    }
                    open.push(column);
                    let blank = matches!(bytes.peek(), Some(b' ' | b'\t') | None);
                    if !(markers && matches!(byte, b'-' | b'?' | b':') && blank) {
                        break;
                    }
                }
            }
            column += 1;
        }
        most = most.max(open.len());
    }
    most
}

/// The most bytes that heredocs, begun and not ended, take at once: at least
/// as many as the scanner counts.
fn heredoc_bytes(text: &str) -> usize {
    /// What the scanner keeps of each beside its word.
    const EACH: usize = 4;
    let mut open: HashMap<&str, usize> = HashMap::new();
    let (mut bytes, mut most) = (0, 0);
    for line in text.lines() {
        for begin in line.split("<<").skip(1) {
            let begin = begin.trim_start_matches(['~', '-']).trim_start_matches(['"', '\'', '`']);
            let word = begin.split(|c: char| !c.is_alphanumeric() && c != '_').next();
            if let Some(word) = word.filter(|word| !word.is_empty()) {
                *open.entry(word).or_default() += 1;
                bytes += word.len() + EACH;
            }
        }
        most = most.max(bytes);
        if let Some(count) = open.get_mut(line.trim()).filter(|count| **count > 0) {
            *count -= 1;
            bytes -= line.trim().len() + EACH;
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_made_texts_are_given_up() {
        let nested: String = (0..300).map(|n| format!("{}if a:\n", " ".repeat(n))).collect();
        for (language, text, expect) in [
            (Language::Python, "if a:\n  if b:\n    c\nd\n".repeat(900), true),
            (Language::Python, nested, false),
            (Language::Yaml, "- a: 1\n  b:\n  - - c\n".repeat(900), true),
            (Language::Yaml, "- ".repeat(300), false),
            (Language::Ruby, "a = <<~TEXT\n  b\nTEXT\nlist << Item\n".repeat(900), true),
            (Language::Ruby, "<<A\n".repeat(300), false),
            (Language::Rust, "{".repeat(900), true),
        ] {
            assert_eq!(is_bounded(&text, language), expect, "{language}");
        }
    }
}
