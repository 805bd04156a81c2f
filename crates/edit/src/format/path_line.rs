//! Lines that name a file.

mod name;
mod sentence;

use super::Naming;
pub use name::{is_command, is_shell, looks_like_path, may_be_json};
use name::{is_known, is_without_ending};
use sentence::sentence;

/// A line that names a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathLine {
    pub path: String,
    /// How sure it is that a file is meant.
    pub naming: Naming,
    /// What the line says besides.
    pub says: Says,
}

/// What a line that names a file says of the fence below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Nothing but the name, or that the file follows whole.
    File,
    /// What is changed in the file: a diff may follow.
    Change,
    /// Anything: only blocks with marks of their own are meant.
    Something,
}

/// Reads a line that names a file, with the usual dress of Markdown around it:
/// `` `src/a.rs` ``, `**src/a.rs**`, `### src/a.rs:`, ``In `src/a.rs`, …:``.
pub fn read(line: &str) -> Option<PathLine> {
    alone(line).or_else(|| sentence(line))
}

/// More words than this do not stand around a path that stands alone.
const MOST_WORDS: usize = 12;

/// Takes off Markdown's emphasis. An underscore is more often a part of the
/// name, as of `__init__.py`, unless it stands at both ends.
fn without_emphasis(text: &str) -> &str {
    let text = text.trim_matches('*');
    text.strip_prefix('_').and_then(|rest| rest.strip_suffix('_')).unwrap_or(text)
}

/// What stands in front of a name, besides Markdown.
const NAMES: [&str; 13] = [
    "**File:**",
    "**Path:**",
    "**Filename:**",
    "File:",
    "file:",
    "Path:",
    "path:",
    "Filename:",
    "filename:",
    "File path:",
    "New file:",
    "//",
    "# ",
];

/// Reads a line that names a file and nothing else.
pub fn alone(line: &str) -> Option<PathLine> {
    let line = line.trim();
    if line.split_ascii_whitespace().nth(MOST_WORDS).is_some() {
        return None;
    }
    let heading = line.starts_with('#');
    let whole = line.trim_start_matches('#').trim();
    let mut text = list_item(whole);
    // The last item of a list of files says nothing of the fence below it.
    let listed = text.len() < whole.len() && !text.ends_with(':');
    text = text.strip_suffix(':').unwrap_or(text).trim();
    // `📄 src/a.rs`
    text = text.trim_start_matches(|c: char| !c.is_ascii() && !c.is_alphanumeric()).trim_start();
    if text.starts_with('<') {
        for (open, close) in [("<file>", "</file>"), ("<path>", "</path>"), ("<!--", "-->")] {
            let tagged = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            text = tagged.map_or(text, str::trim);
        }
    }
    if text.ends_with(')') {
        for remark in ["(new)", "(new file)", "(updated)", "(modified)", "(changed)"] {
            text = text.strip_suffix(remark).map_or(text, str::trim);
        }
    }
    let mut explicit = false;
    // `[src/a.rs](src/a.rs)`
    if let Some((name, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]("))
        && text.ends_with(')')
    {
        text = name.trim();
    }
    // `**File: src/a.rs**`
    if let Some(bold) = text.strip_prefix("**").and_then(|rest| rest.strip_suffix("**")) {
        explicit = true;
        text = bold.strip_suffix(':').unwrap_or(bold).trim();
    }
    for name in NAMES {
        if let Some(rest) = text.strip_prefix(name) {
            explicit |= name.ends_with(':');
            text = rest.trim();
        }
    }
    let quoted = |mark| text.len() > 2 && text.starts_with(mark) && text.ends_with(mark);
    let spaced_ok = quoted('`') || quoted('"') || quoted('\'');
    if !spaced_ok && has_words(text) {
        return None;
    }
    let bare = without_emphasis(text).trim_matches(['`', '"', '\'']).trim_matches('*').trim();
    let dressed = bare.len() < text.len();
    let path = bare.strip_suffix(':').unwrap_or(bare);
    let spaced = path.contains(char::is_whitespace);
    let has_name = path.contains(['/', '.']) && !path.contains(['`', '"']);
    let spaced = spaced_ok && spaced && has_name;
    if !looks_like_path(path) && !spaced {
        return None;
    }
    let naming = if path.contains('/') || is_without_ending(path) {
        Naming::Clear
    } else if !is_known(path) {
        Naming::Guess
    } else if dressed || explicit {
        Naming::Clear
    } else if heading {
        Naming::Guess
    } else {
        Naming::Unclear
    };
    let says = if listed { Says::Change } else { Says::File };
    Some(PathLine { path: path.to_owned(), naming, says })
}

/// Whether white space stands between letters: no marks around it change that.
fn has_words(text: &str) -> bool {
    let letters = |part: &str| part.bytes().any(|byte| byte.is_ascii_alphanumeric());
    let first = text.split_once(' ').is_some_and(|(first, _)| letters(first));
    first && text.rsplit_once(' ').is_some_and(|(_, last)| letters(last))
}

/// Reads the comment that many models put on the first line of a file:
/// `# pkg/b.py`, `// src/x.rs`.
pub fn comment(line: &str) -> Option<PathLine> {
    let text = line.trim();
    let (open, close) =
        [("#", ""), ("//", ""), ("--", ""), (";", ""), ("/*", "*/"), ("<!--", "-->")]
            .into_iter()
            .find(|(open, _)| text.starts_with(open))?;
    let path = text.strip_prefix(open)?.strip_prefix(' ')?.strip_suffix(close)?.trim();
    let named = ["file:", "File:", "filename:", "Filename:", "path:", "Path:", "filepath:"]
        .iter()
        .find_map(|name| path.strip_prefix(name));
    let (path, named) = (named.unwrap_or(path).trim(), named.is_some());
    let known = (named || path.contains('/')) && is_known(path) && looks_like_path(path);
    known.then(|| PathLine { path: path.to_owned(), naming: Naming::Comment, says: Says::File })
}

/// The text of a list item: `1. text`, `- text`.
fn list_item(text: &str) -> &str {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match text[digits..].strip_prefix(['.', ')']) {
        Some(rest) if digits > 0 => rest,
        _ => text.strip_prefix(['-', '*', '+']).unwrap_or(text),
    };
    rest.strip_prefix(' ').map_or(text, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Naming::{Clear, Guess, Unclear};

    #[test]
    fn reads_paths_and_not_sentences() {
        for (line, path) in [
            ("src/a.rs", Some(("src/a.rs", Clear))),
            ("**src/a.rs**", Some(("src/a.rs", Clear))),
            ("**`a.rs`**", Some(("a.rs", Clear))),
            ("`src/a.rs`:", Some(("src/a.rs", Clear))),
            ("### `src/a.rs`", Some(("src/a.rs", Clear))),
            ("2. `a.rs`", Some(("a.rs", Clear))),
            ("File: a.rs", Some(("a.rs", Clear))),
            ("**File: `a.rs`**", Some(("a.rs", Clear))),
            ("**a.rs:**", Some(("a.rs", Clear))),
            ("### `a.rs` (new)", Some(("a.rs", Clear))),
            ("# src/a.rs", Some(("src/a.rs", Clear))),
            ("__init__.py", Some(("__init__.py", Unclear))),
            ("**__init__.py**", Some(("__init__.py", Clear))),
            ("File: __init__.py", Some(("__init__.py", Clear))),
            ("### _x.py", Some(("_x.py", Guess))),
            ("_src/a.rs_", Some(("src/a.rs", Clear))),
            ("### [src/a.rs](src/a.rs)", Some(("src/a.rs", Clear))),
            ("[`src/a.rs`](./src/a.rs):", Some(("src/a.rs", Clear))),
            ("### 📄 `src/a.rs`", Some(("src/a.rs", Clear))),
            ("## src/a.rs (modified)", Some(("src/a.rs", Clear))),
            ("**File:** `src/a.rs`", Some(("src/a.rs", Clear))),
            ("<file>src/a.rs</file>", Some(("src/a.rs", Clear))),
            ("Makefile", Some(("Makefile", Clear))),
            ("`.gitignore`", Some((".gitignore", Clear))),
            ("`my notes/a b.txt`", Some(("my notes/a b.txt", Clear))),
            ("\"my notes/a b.txt\"", Some(("my notes/a b.txt", Clear))),
            ("bin/run", Some(("bin/run", Clear))),
            ("../outside.py", Some(("../outside.py", Clear))),
            ("main.py", Some(("main.py", Unclear))),
            ("### Node.js", Some(("Node.js", Guess))),
            ("1.5", Some(("1.5", Guess))),
            ("**v1.5**", Some(("v1.5", Guess))),
            ("Here is the change:", None),
            ("Done.", None),
            ("In `src/a.rs` we change the port:", None),
            ("https://example.com/a.rs", None),
            ("src/a.rs:10-20", None),
            ("", None),
        ] {
            let read = alone(line);
            let read = read.as_ref().map(|read| (read.path.as_str(), read.naming));
            assert_eq!(read, path, "{line:?}");
        }
    }

    #[test]
    fn reads_sentences() {
        use Says::{Change, File, Something};
        for (line, expect) in [
            ("In `src/a.rs`, replace the port:", Some(("src/a.rs", Change))),
            ("1. **`srv.py`** — add a route:", Some(("srv.py", Change))),
            ("Updated file srv.py:", Some(("srv.py", File))),
            ("Create `lib/util.js`:", Some(("lib/util.js", File))),
            ("Here is the full content of `a.py`:", Some(("a.py", File))),
            ("Create a function in `src/a.rs`:", Some(("src/a.rs", Something))),
            ("This is what `a.txt` looked like:", Some(("a.txt", Something))),
            ("Between `a.rs` and `b.rs`:", None),
            ("In `src/a.rs` we change the port.", None),
            ("Call `self.port`:", None),
            ("Run `f.bar()`:", None),
            ("Use Node.js:", None),
            ("Then `make` it:", None),
        ] {
            let read = read(line);
            let read = read.as_ref().map(|read| (read.path.as_str(), read.says));
            assert_eq!(read, expect, "{line:?}");
        }
    }

    #[test]
    fn reads_comments() {
        for (line, path) in [
            ("# pkg/b.py", Some("pkg/b.py")),
            ("// src/x.rs", Some("src/x.rs")),
            ("<!-- a/b.html -->", Some("a/b.html")),
            ("/* a/b.css */", Some("a/b.css")),
            ("# and/or", None),
            ("# b.py", None),
            ("# see pkg/b.py", None),
            ("#!/bin/run.sh", None),
            ("pkg/b.py", None),
        ] {
            assert_eq!(comment(line).map(|read| read.path).as_deref(), path, "{line}");
        }
    }
}
