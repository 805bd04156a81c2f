//! Lines that name a file.

/// Files that have no ending and are edited all the same.
const WITHOUT_ENDING: [&str; 14] = [
    "Brewfile",
    "CODEOWNERS",
    "Containerfile",
    "Dockerfile",
    "Gemfile",
    "GNUmakefile",
    "Jenkinsfile",
    "Justfile",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README",
    "Rakefile",
    "Vagrantfile",
];

/// Reads a line that names a file and nothing else, with the usual dress of
/// Markdown around it: `` `src/a.rs` ``, `**src/a.rs**`, `### src/a.rs:`.
pub fn read(line: &str) -> Option<String> {
    let mut text = line.trim().trim_start_matches('#').trim();
    text = text.strip_suffix(':').unwrap_or(text).trim();
    for name in ["File:", "file:", "Path:", "path:", "Filename:", "//", "# "] {
        text = text.strip_prefix(name).unwrap_or(text).trim();
    }
    let quoted = text.starts_with('`') && text.ends_with('`') && text.len() > 2;
    text = text.trim_matches(['*', '_']).trim_matches('`').trim_matches('*').trim();
    text = text.strip_suffix(':').unwrap_or(text);
    let spaced = text.contains(char::is_whitespace);
    if quoted && spaced && !text.contains('`') && text.contains(['/', '.']) {
        return Some(text.to_owned());
    }
    looks_like_path(text).then(|| text.to_owned())
}

/// Whether one word is written like a path: it has a folder, an ending, or a
/// well-known name.
pub fn looks_like_path(word: &str) -> bool {
    if word.is_empty()
        || word.contains(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | '<' | '>' | '|'))
        || word.ends_with(['.', '/', ','])
        // A colon belongs to a URL, or to a place in a file: `src/a.rs:10-20`.
        || word.contains(':')
    {
        return false;
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    if WITHOUT_ENDING.contains(&name) {
        return true;
    }
    match name.rsplit_once('.') {
        Some((_, ending)) => {
            ending.len() <= 12 && ending.starts_with(|c: char| c.is_alphanumeric())
        }
        None => {
            word.contains('/') && name.chars().all(|c| c.is_alphanumeric() || "_-+".contains(c))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_and_not_sentences() {
        for (line, path) in [
            ("src/a.rs", Some("src/a.rs")),
            ("**src/a.rs**", Some("src/a.rs")),
            ("`src/a.rs`:", Some("src/a.rs")),
            ("### `src/a.rs`", Some("src/a.rs")),
            ("File: src/a.rs", Some("src/a.rs")),
            ("# src/a.rs", Some("src/a.rs")),
            ("Makefile", Some("Makefile")),
            (".gitignore", Some(".gitignore")),
            ("`my notes/a b.txt`", Some("my notes/a b.txt")),
            ("bin/run", Some("bin/run")),
            ("../outside.py", Some("../outside.py")),
            ("Here is the change:", None),
            ("Done.", None),
            ("In `src/a.rs` we change the port:", None),
            ("https://example.com/a.rs", None),
            ("src/a.rs:10-20", None),
            ("", None),
        ] {
            assert_eq!(read(line).as_deref(), path, "{line:?}");
        }
    }
}
