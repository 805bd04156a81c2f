//! Files and symbols that a question names.

use mlxcode_base::{LineRange, RelPath};

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
    /// A function, a type or the like, by its last name: of `a::B`, `B`.
    Symbol {
        /// The name.
        name: String,
    },
}

/// Finds what `question` names among the files `paths`, in its order.
pub fn mentions(question: &str, paths: &[&RelPath]) -> Vec<Mention> {
    let mut found = Vec::new();
    for (word, quoted) in words(question) {
        let mention = file(word, paths).or_else(|| symbol(word, quoted));
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
            let word = word.trim_start_matches(edge).trim_end_matches(edge);
            // `parse()` keeps its parentheses, a remark in parentheses loses its own.
            let word = if word.ends_with("()") { word } else { word.trim_end_matches(')') };
            words.push((word.trim_end_matches(edge), quoted));
        }
    }
    words
}

fn file(word: &str, paths: &[&RelPath]) -> Option<Mention> {
    let (name, lines) = match word.rsplit_once(':') {
        Some((name, lines)) => match line_range(lines) {
            Some(range) => (name, Some(range)),
            None => (word, None),
        },
        None => (word, None),
    };
    let name = name.trim_start_matches("./");
    // A file without an ending, such as `Makefile`, is written like a name.
    if !name.contains(['.', '/']) && !name.starts_with(char::is_uppercase) {
        return None;
    }
    let fits = |path: &&&RelPath| {
        let text = path.as_str();
        text == name || text.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
    };
    // Of several with the same name, the outermost.
    let path = paths.iter().filter(fits).min_by_key(|path| path.parts().count())?;
    Some(Mention::File { path: (**path).clone(), lines })
}

fn line_range(text: &str) -> Option<LineRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(LineRange::new(first.parse().ok()?, last.parse().ok()?))
}

fn symbol(word: &str, quoted: bool) -> Option<Mention> {
    let call = word.strip_suffix("()");
    let bare = call.unwrap_or(word);
    let qualified = bare.contains("::") || (bare.contains('.') && (quoted || call.is_some()));
    let name = bare.rsplit("::").next().unwrap_or(bare);
    let name = if quoted || call.is_some() { name.rsplit('.').next()? } else { name };
    let letters = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().count() > 1;
    let inner = name.get(1..).unwrap_or_default();
    let humped = name.chars().any(char::is_lowercase) && inner.chars().any(char::is_uppercase);
    let written_as_code =
        quoted || call.is_some() || qualified || humped || name.trim_matches('_').contains('_');
    (letters && written_as_code).then(|| Mention::Symbol { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, expect: &str) {
        let paths = ["src/lib.rs", "src/a/mod.rs", "src/mod.rs", "Makefile", "web/app.js"];
        let paths: Vec<RelPath> = paths.iter().map(|path| RelPath::new(path).unwrap()).collect();
        let found = mentions(question, &paths.iter().collect::<Vec<_>>());
        let shown: Vec<String> = found
            .into_iter()
            .map(|mention| match mention {
                Mention::File { path, lines: None } => path.to_string(),
                Mention::File { path, lines: Some(lines) } => format!("{path}:{lines}"),
                Mention::Symbol { name } => format!("<{name}>"),
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
        check("nothing like other.rs here. Nor lib.", "");
    }

    #[test]
    fn symbols_are_what_is_written_like_code() {
        check("how does CancelToken work?", "<CancelToken>");
        check("who calls edit::parse_reply() and `run`?", "<parse_reply> <run>");
        check("what does self.model.generate() do?", "<generate>");
        check("where is Error made? In Rust, e.g. here.", "");
        check("why is http_client so slow (HTTPServer too)?", "<http_client> <HTTPServer>");
        check("a `b-c` d", "");
    }
}
