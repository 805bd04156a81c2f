//! Markdown code fences.

use super::path_line;

/// An open code fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    mark: char,
    length: usize,
    indent: usize,
    /// The language, where the info string names one.
    pub language: String,
    /// The path, where the info string holds one.
    pub path: Option<String>,
}

impl Fence {
    /// Reads an opening line such as ```` ```rust src/lib.rs ````.
    pub fn open(line: &str) -> Option<Self> {
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        let mark = body.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let length = body.chars().take_while(|c| *c == mark).count();
        let info = body[length..].trim();
        if length < 3 || info.contains('`') {
            return None;
        }
        let (language, path) = read_info(info);
        Some(Self { mark, length, indent, language, path })
    }

    /// Whether `line` closes this fence.
    pub fn closes(&self, line: &str) -> bool {
        let body = line.trim();
        body.len() >= self.length && body.chars().all(|c| c == self.mark)
    }

    /// Whether the fence stands at the beginning of its line.
    pub fn is_flush(&self) -> bool {
        self.indent == 0
    }

    /// Whether the fence is made of this sign.
    pub fn begins_with(&self, sign: u8) -> bool {
        self.mark == char::from(sign)
    }

    /// Whether the fence has no info string.
    pub fn is_bare(&self) -> bool {
        self.language.is_empty() && self.path.is_none()
    }

    /// The opening line without its info string.
    pub fn marks(&self) -> String {
        self.mark.to_string().repeat(self.length)
    }

    /// Whether `line` is indented like text inside this fence: four columns or
    /// more beyond it, no line of marks opens or closes a fence (`CommonMark` 4.5).
    pub fn is_deeper(&self, line: &str) -> bool {
        let blank = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
        let columns: usize = blank.map(|c| if c == '\t' { 4 } else { 1 }).sum();
        columns > self.indent + 3
    }

    /// Whether `line` opens a fence inside this one, with a language: a bare
    /// line of marks could as well close this one.
    pub fn nests(&self, line: &str) -> bool {
        Self::open(line).is_some_and(|inner| {
            inner.mark == self.mark && inner.length >= self.length && !inner.is_bare()
        })
    }

    /// Takes the fence's own indentation off a line inside it.
    pub fn inner<'l>(&self, line: &'l str) -> &'l str {
        let spaces = line.bytes().take(self.indent).take_while(|b| *b == b' ').count();
        &line[spaces..]
    }
}

/// Reads `rust`, `rust src/a.rs`, `rust:src/a.rs`, `src/a.rs`, `path=src/a.rs`
/// and `rust title="src/a.rs"`.
fn read_info(info: &str) -> (String, Option<String>) {
    let mut language = String::new();
    for (position, word) in info.split_whitespace().enumerate() {
        let word = word.trim_matches(['{', '}']);
        let named = word.contains('=').then(|| value_of_name(word)).flatten();
        let after_colon = word.split_once(':').filter(|(left, right)| {
            position == 0 && !left.is_empty() && path_line::looks_like_path(right)
        });
        if let Some(path) = named.filter(|path| !path.is_empty()) {
            return (language, Some(path.to_owned()));
        }
        if let Some((left, right)) = after_colon {
            return (left.to_owned(), Some(right.to_owned()));
        }
        if path_line::looks_like_path(word) {
            return (language, Some(word.to_owned()));
        }
        if position == 0 {
            word.clone_into(&mut language);
        }
    }
    (language, None)
}

/// The path of `path=src/a.rs`.
fn value_of_name(word: &str) -> Option<&str> {
    let names = ["path=", "file=", "filename=", "filepath=", "title=", "name="];
    let path = names.iter().find_map(|name| word.strip_prefix(name))?;
    Some(path.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_info_strings() {
        for (line, language, path) in [
            ("```", "", None),
            ("```rust", "rust", None),
            ("````markdown", "markdown", None),
            ("```rust src/a.rs", "rust", Some("src/a.rs")),
            ("```rust:src/a.rs", "rust", Some("src/a.rs")),
            ("```src/a.rs", "", Some("src/a.rs")),
            ("~~~py file=a.py", "py", Some("a.py")),
            ("  ```js title=\"x/y.js\"", "js", Some("x/y.js")),
            ("```c++", "c++", None),
            ("```js {title=\"x.js\"}", "js", Some("x.js")),
        ] {
            let fence = Fence::open(line).unwrap();
            assert_eq!(
                (fence.language.as_str(), fence.path.as_deref()),
                (language, path),
                "{line}"
            );
        }
        assert_eq!(Fence::open("``"), None);
        assert_eq!(Fence::open("```not `this` one"), None);
    }
}
