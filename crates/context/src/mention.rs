//! Files and symbols that a question names.

use mlxcode_base::{LineRange, RelPath};

use crate::syntax::Chunk;

/// Something of the code that a question names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mention {
    /// A file, or lines of it.
    File {
        /// The file.
        path: RelPath,
        /// The lines, where the question names some.
        lines: Option<LineRange>,
    },
    /// A function, a type or the like.
    Symbol {
        /// The last name: of `a::B`, `B`.
        name: String,
        /// The name before it: of `a::B`, `a`.
        owner: Option<String>,
    },
}

impl Mention {
    /// Whether a part of a file is what is named, or a part of it.
    pub(crate) fn is_of(&self, file: &RelPath, chunk: &Chunk) -> bool {
        match self {
            Self::File { path, .. } => path == file,
            Self::Symbol { name, .. } => chunk.names.contains(name),
        }
    }
}

/// Finds what `question` names, in its order; `find` gives the file whose path
/// ends so.
pub fn mentions(question: &str, find: &dyn Fn(&str) -> Option<RelPath>) -> Vec<Mention> {
    let mut found = Vec::new();
    for (word, quoted) in words(question) {
        let mention = file(word, find).or_else(|| symbol(word, quoted));
        if let Some(mention) = mention
            && !found.contains(&mention)
        {
            found.push(mention);
        }
    }
    found
}

/// The words of a question, and whether each stands in backticks.
fn words(question: &str) -> Vec<(&str, bool)> {
    let mut words = Vec::new();
    for (number, part) in question.split('`').enumerate() {
        let quoted = number % 2 == 1;
        for word in part.split_whitespace() {
            let edge: &[char] = &['.', ',', ';', ':', '?', '!', '"', '\'', '(', '[', ']', '{', '}'];
            // A point in front belongs to `./a.rs` and `.github/ci.yml`.
            let word = word.trim_start_matches(&edge[1..]).trim_end_matches(edge);
            // `parse()` keeps its parentheses, a remark in parentheses loses its own.
            let word = if word.ends_with("()") { word } else { word.trim_end_matches(')') };
            words.push((word.trim_end_matches(edge), quoted));
        }
    }
    words
}

fn file(word: &str, find: &dyn Fn(&str) -> Option<RelPath>) -> Option<Mention> {
    let (name, lines) = split_lines(word);
    let name = name.trim_start_matches("./");
    // A file without an ending, such as `Makefile`, is written like a name.
    if !name.contains(['.', '/']) && !name.starts_with(char::is_uppercase) {
        return None;
    }
    Some(Mention::File { path: find(name)?, lines })
}

/// Whether a path is `name` or lies so in some folder.
pub fn ends_in(path: &RelPath, name: &str) -> bool {
    let rest = path.as_str().strip_suffix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Of several files with the same name, the outermost.
pub fn outermost<'p>(paths: impl Iterator<Item = &'p RelPath>) -> Option<&'p RelPath> {
    paths.min_by_key(|path| path.parts().count())
}

/// Takes lines off a file's name: `a:7`, `a:7-9`, a compiler's `a:7:12`, and
/// `a#L7-L9` as web pages link.
fn split_lines(word: &str) -> (&str, Option<LineRange>) {
    if let Some((name, lines)) = word.split_once("#L") {
        return (name, line_range(&lines.replace('L', "")));
    }
    let Some((name, last)) = word.rsplit_once(':') else { return (word, None) };
    if let Some((name, line)) = name.rsplit_once(':')
        && let (Some(line), Some(_)) = (line_range(line), line_range(last))
    {
        return (name, Some(line));
    }
    match line_range(last) {
        Some(lines) => (name, Some(lines)),
        None => (word, None),
    }
}

fn line_range(text: &str) -> Option<LineRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(LineRange::new(first.parse().ok()?, last.parse().ok()?))
}

fn symbol(word: &str, quoted: bool) -> Option<Mention> {
    let call = word.strip_suffix("()");
    let bare = call.unwrap_or(word);
    let qualified = bare.contains("::") || (bare.contains('.') && (quoted || call.is_some()));
    let dotted = quoted || call.is_some();
    let mut parts = bare.rsplit("::").flat_map(|part| part.rsplit(if dotted { '.' } else { ':' }));
    let name = parts.next()?;
    // `self.run()` says nothing of whose `run` it is.
    let owner = parts.next().filter(|owner| is_name(owner) && !["self", "this"].contains(owner));
    let inner = name.get(1..).unwrap_or_default();
    let humped = name.chars().any(char::is_lowercase) && inner.chars().any(char::is_uppercase);
    let written_as_code =
        quoted || call.is_some() || qualified || humped || name.trim_matches('_').contains('_');
    (is_name(name) && written_as_code)
        .then(|| Mention::Symbol { name: name.to_owned(), owner: owner.map(str::to_owned) })
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, expect: &str) {
        let paths = ["src/lib.rs", "src/a/mod.rs", "src/mod.rs", "Makefile", "web/app.js"];
        let paths: Vec<RelPath> = paths.iter().map(|path| RelPath::new(path).unwrap()).collect();
        let found = mentions(question, &|name| {
            outermost(paths.iter().filter(|path| ends_in(path, name))).cloned()
        });
        let shown: Vec<String> = found
            .into_iter()
            .map(|mention| match mention {
                Mention::File { path, lines: None } => path.to_string(),
                Mention::File { path, lines: Some(lines) } => format!("{path}:{lines}"),
                Mention::Symbol { name, owner: None } => format!("<{name}>"),
                Mention::Symbol { name, owner: Some(owner) } => format!("<{owner}/{name}>"),
            })
            .collect();
        assert_eq!(shown.join(" "), expect, "{question}");
    }

    #[test]
    fn files_are_found_by_path_and_name() {
        check("What is in src/lib.rs?", "src/lib.rs");
        check("explain `app.js`, please", "web/app.js");
        check("Why mod.rs:10-20?", "src/mod.rs:10-20");
        check("and a/mod.rs:7 (see Makefile)?", "src/a/mod.rs:7-7 Makefile");
        check("error at src/lib.rs:3:14: no", "src/lib.rs:3-3");
        check("see web/app.js#L3-L5 and ./src/a/mod.rs#L2", "web/app.js:3-5 src/a/mod.rs:2-2");
        check("from src/lib.rs:9-2 and src/lib.rs:0", "src/lib.rs:9-9 src/lib.rs:1-1");
        check("src/lib.rs:99999999999999999999 ::: :: #L `` `", "");
        check("nothing like other.rs here. Nor lib.", "");
    }

    #[test]
    fn symbols_are_what_is_written_like_code() {
        check("how does CancelToken work?", "<CancelToken>");
        check("who calls edit::parse_reply() and `run`?", "<edit/parse_reply> <run>");
        check("what does self.model.generate() do?", "<model/generate>");
        check("why does self.stop() return?", "<stop>");
        check("what is a::b::Parser<T>, and Parser::push?", "<Parser/push>");
        check("where is Error made? In Rust, e.g. here.", "");
        check("why is http_client so slow (HTTPServer too)?", "<http_client> <HTTPServer>");
        check("a `b-c` d", "");
    }
}
