//! What a question names: files, lines, folders, patterns, symbols, changes,
//! pictures and documents, issues.

mod attachment;
mod known;
mod published;
mod words;

use mlxcode_base::{LineRange, RelPath};

use crate::syntax::Chunk;
pub use attachment::{Attachment, MediaType};
pub use known::{ends_in, outermost};
use known::{fitting, in_folder, is_pattern, split_lines};
pub use published::{Published, PublishedKind, published};
use words::{Word, words};

/// What is written behind an `@` for the changes in the working tree.
const CHANGES: &str = "diff";

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
    /// Several files: a folder, or those that fit a pattern.
    Files {
        /// As the question writes it.
        name: String,
        /// The files, by path: one at least.
        paths: Vec<RelPath>,
    },
    /// The changes in the working tree, `@diff`.
    Changes,
    /// A picture or a document.
    Attachment(Attachment),
    /// An issue or a change where the repository is published.
    Published(Published),
    /// Something behind an `@` that nothing is called.
    Unknown {
        /// As the question writes it.
        name: String,
    },
}

impl Mention {
    /// Whether a part of a file is what is named, or a part of it.
    pub(crate) fn is_of(&self, file: &RelPath, chunk: &Chunk) -> bool {
        match self {
            Self::File { path, .. } => path == file,
            Self::Symbol { name, .. } => chunk.names.contains(name),
            Self::Files { paths, .. } => paths.contains(file),
            Self::Changes | Self::Attachment(_) | Self::Published(_) | Self::Unknown { .. } => {
                false
            }
        }
    }
}

/// Finds the files and symbols that `question` names, in its order; `find`
/// gives the file whose path ends so.
pub fn mentions(question: &str, find: &dyn Fn(&str) -> Option<RelPath>) -> Vec<Mention> {
    let mut found = Vec::new();
    for word in words(question) {
        let mention =
            file(word.text, find).or_else(|| symbol(word.text, word.is_quoted || word.is_marked));
        if let Some(mention) = mention
            && !found.contains(&mention)
        {
            found.push(mention);
        }
    }
    found
}

/// What a tree tells of the names in a question.
pub trait Names {
    /// The file whose path ends so.
    fn file(&self, name: &str) -> Option<RelPath>;
    /// All files, by path.
    fn files(&self) -> &[RelPath];
    /// A picture or a document at a path that is no text of the tree.
    fn attachment(&self, name: &str) -> Option<Attachment>;
}

/// Finds all that `question` names, in its order.
pub fn all_mentions(question: &str, names: &dyn Names) -> Vec<Mention> {
    let mut found = Vec::new();
    for word in words(question) {
        if let Some(mention) = mention(word, names)
            && !found.contains(&mention)
        {
            found.push(mention);
        }
    }
    found
}

/// A question without what nobody wants to search for: the numbers of lines
/// behind files, and the mark of the changes.
pub fn searched(question: &str) -> String {
    let mut text = question.replace(&format!("@{CHANGES}"), " ");
    for word in words(question) {
        if word.is_marked && Published::read(word.text).is_some() {
            text = text.replace(&format!("@{}", word.text), " ");
        }
        let (name, lines) = split_lines(word.text);
        if lines.is_some() && is_path(name) {
            text = text.replace(word.text, name);
        }
    }
    text
}

/// The word behind an `@` that names a symbol `name`, as the question writes it.
pub fn marked<'q>(question: &'q str, name: &str) -> Option<&'q str> {
    let mut marked = words(question).into_iter().filter(|word| word.is_marked);
    marked.find(|word| word.text.trim_end_matches("()").ends_with(name)).map(|word| word.text)
}

fn mention(word: Word<'_>, names: &dyn Names) -> Option<Mention> {
    let Word { text, is_quoted, is_marked } = word;
    if is_marked && text == CHANGES {
        return Some(Mention::Changes);
    }
    if let Some(published) = Published::read(text).filter(|_| is_marked) {
        return Some(Mention::Published(published));
    }
    let bare = text.trim_start_matches("./");
    if let Some(attached) = attachment(bare, names) {
        return Some(Mention::Attachment(attached));
    }
    if let Some(file) = file(text, &|name| names.file(name)) {
        return Some(file);
    }
    let several = if is_pattern(bare) {
        fitting(bare, names.files())
    } else if bare.len() > 1 && (is_marked || bare.ends_with('/')) {
        in_folder(bare, names.files())
    } else {
        Vec::new()
    };
    if !several.is_empty() {
        return Some(Mention::Files { name: text.to_owned(), paths: several });
    }
    let symbol = symbol(text, is_quoted || is_marked)
        .filter(|_| !(is_pattern(bare) || is_marked && text.contains('/')));
    let is_name = is_marked && text.contains(char::is_alphanumeric);
    symbol.or_else(|| is_name.then(|| Mention::Unknown { name: text.to_owned() }))
}

/// A picture or a document; `report.pdf:3-7` names pages of one.
fn attachment(word: &str, names: &dyn Names) -> Option<Attachment> {
    let (name, pages) = split_lines(word);
    let at = |name: &str| is_path(name).then(|| names.attachment(name)).flatten();
    at(word).or_else(|| {
        let pages = Some(pages?);
        // A picture has no pages.
        at(name).map(|one| match one.media_type {
            MediaType::Pdf => Attachment { pages, ..one },
            _ => one,
        })
    })
}

/// Whether a word can be the path of a file that is no code.
fn is_path(word: &str) -> bool {
    word.rsplit('/').next().is_some_and(|name| name.trim_start_matches('.').contains('.'))
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

    struct Few(Vec<RelPath>);

    impl Names for Few {
        fn file(&self, name: &str) -> Option<RelPath> {
            outermost(self.0.iter().filter(|path| ends_in(path, name))).cloned()
        }

        fn files(&self) -> &[RelPath] {
            &self.0
        }

        fn attachment(&self, name: &str) -> Option<Attachment> {
            let known = ["docs/shot.png", "docs/plan.pdf"];
            let path = RelPath::new(name).ok().filter(|path| known.contains(&path.as_str()))?;
            let media_type = if name.ends_with("pdf") { MediaType::Pdf } else { MediaType::Png };
            Some(Attachment { path, media_type, size_bytes: 8, pages: None })
        }
    }

    fn check(question: &str, expect: &str) {
        let paths = ["Makefile", "src/a/mod.rs", "src/lib.rs", "src/mod.rs", "web/app.js"];
        let names = Few(paths.iter().map(|path| RelPath::new(path).unwrap()).collect());
        let shown = |mention| match mention {
            Mention::File { path, lines: None } => path.to_string(),
            Mention::File { path, lines: Some(lines) } => format!("{path}:{lines}"),
            Mention::Symbol { name, owner: None } => format!("<{name}>"),
            Mention::Symbol { name, owner: Some(owner) } => format!("<{owner}/{name}>"),
            Mention::Files { name, paths } => format!("{name}={}", paths.len()),
            Mention::Changes => "changes".to_owned(),
            Mention::Attachment(one) => {
                let pages = one.pages.map(|pages| format!(" {pages}")).unwrap_or_default();
                format!("{} {}{pages}", one.path, one.media_type)
            }
            Mention::Published(one) => one.to_string(),
            Mention::Unknown { name } => format!("?{name}"),
        };
        let found: Vec<String> = all_mentions(question, &names).into_iter().map(shown).collect();
        assert_eq!(found.join(" "), expect, "{question}");
    }

    #[test]
    fn marked_words_name_something() {
        check(
            "what of @src/lib.rs:3-9, @lib.rs and @Makefile?",
            "src/lib.rs:3-9 src/lib.rs Makefile",
        );
        check("explain @run (and @Parser::push, @port.open)", "<run> <Parser/push> <port/open>");
        check("review @diff, please; the diff", "changes");
        check("@src/a and @src/ and src/a/", "src/a=1 src/=3 src/a/=1");
        check("and/or src / a me@host.org @ @@ 3@4", "");
        check("what is @no/such.rs and @b-c?", "?no/such.rs ?b-c");
        check("does @pr:7 (or @mr:8) mend @issue:12?", "@pr:7 @pr:8 @issue:12");
        check("issue:12 @issue:0 @issue:+1 @issue:x", "?issue:0 ?issue:+1 ?issue:x");
        check("see docs/shot.png, @docs/shot.png and docs/none.png", "docs/shot.png image/png");
        check(
            "see @docs/plan.pdf:3-7, docs/plan.pdf:9 and @docs/shot.png:2",
            "docs/plan.pdf application/pdf 3-7 docs/plan.pdf application/pdf 9-9 docs/shot.png \
             image/png",
        );
    }

    #[test]
    fn numbers_and_marks_are_nothing_to_search_for() {
        for (question, expect) in [
            ("why src/lib.rs:3-9, and a.rs#L2?", "why src/lib.rs, and a.rs?"),
            ("error at a.rs:3:14: no", "error at a.rs: no"),
            ("at 12:30 on 3:4", "at 12:30 on 3:4"),
            ("review @diff", "review  "),
            ("mend @issue:12, now", "mend  , now"),
        ] {
            assert_eq!(searched(question), expect);
        }
    }

    #[test]
    fn patterns_name_files() {
        check("all of src/**/*.rs?", "src/**/*.rs=3");
        check("in *.js, src/*.rs and **/mod.rs.", "*.js=1 src/*.rs=2 **/mod.rs=2");
        check("*.{rs,js}, or *.{rs,js}?", "*.{rs,js}=4");
        check("is **this** 2*3.5 or *.py a Vec<*>?", "");
        check("@*.py", "?*.py");
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
