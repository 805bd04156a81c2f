//! What other files say, as comments: a model goes on from code of the
//! cursor's language, and does not mistake them for it.

use mlxcode_base::Language;

/// What begins a comment up to the end of its line; `None` for a language
/// that has no such.
pub fn mark(language: Language) -> Option<&'static str> {
    use Language as L;
    match language {
        L::Bash | L::Python | L::Ruby | L::Toml | L::Yaml => Some("#"),
        L::C
        | L::Cpp
        | L::CSharp
        | L::Go
        | L::Java
        | L::JavaScript
        | L::Kotlin
        | L::Php
        | L::Rust
        | L::Swift
        | L::Tsx
        | L::TypeScript => Some("//"),
        _ => None,
    }
}

/// Writes a text as a comment, below what it is.
pub fn commented(mark: &str, header: &str, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8 + header.len() + 8);
    // A line of the text may end in other ways than a comment does.
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}']);
    let shown = std::iter::once(header).chain(lines.map(str::trim_end));
    for line in shown.filter(|line| !line.is_empty()) {
        out.push_str(mark);
        out.push(' ');
        // What ends in one goes on in the next line, in C and its kin.
        out.push_str(line.trim_end_matches('\\'));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment() {
        let text = "fn a() {\r\n\n  b(); \\\n\u{2028}exit()\n}";
        assert_eq!(
            commented("//", "a.rs:1-4", text),
            "// a.rs:1-4\n// fn a() {\n//   b(); \n// exit()\n// }\n"
        );
        assert_eq!(commented("#", "a.py", ""), "# a.py\n");
    }
}
