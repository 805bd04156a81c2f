//! The words of a file, as they are looked for.
//!
//! The full-text table gets texts that are cut already: stems of words, parted
//! by blanks, and each identifier of several words as a whole, in small
//! letters. `parseReply` is found by `parsing`, by `replies` and by itself.

use std::collections::HashSet;

use mlxcode_base::RelPath;

use crate::symbol::Symbol;
use crate::words::{each_identifier, each_word, stem};

/// Longer words are data.
const MOST_WORD_BYTES: usize = 48;

/// The texts of one file for the columns of the full-text table.
#[derive(Debug, Default)]
pub struct Tokens {
    pub path: String,
    pub symbols: String,
    pub body: String,
    pub docs: String,
    /// How many words the text has.
    pub words: u32,
}

impl Tokens {
    /// Cuts a file's text.
    pub fn of(path: &RelPath, text: &str, symbols: &[Symbol]) -> Self {
        let mut tokens = Self::default();
        stems(path.as_str(), &mut tokens.path);
        wholes(path.as_str(), &mut tokens.path);
        for one in symbols {
            stems(&one.name, &mut tokens.symbols);
            stems(&one.doc, &mut tokens.docs);
        }
        let names: HashSet<&str> = symbols.iter().map(|one| one.name.as_str()).collect();
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        for name in names {
            push(&name.to_lowercase(), &mut tokens.symbols);
        }
        tokens.body.reserve(text.len());
        tokens.words = stems(text, &mut tokens.body);
        wholes(text, &mut tokens.body);
        tokens
    }
}

/// Cuts what was said of a change.
pub fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    stems(text, &mut out);
    out
}

fn stems(text: &str, out: &mut String) -> u32 {
    let mut words = 0;
    each_word(text, |word| {
        words += 1;
        push(stem(word), out);
    });
    words
}

/// Adds each identifier that is made of several words, once.
fn wholes(text: &str, out: &mut String) {
    let mut seen = HashSet::new();
    each_identifier(text, |whole| {
        if seen.insert(whole) {
            push(&whole.to_lowercase(), out);
        }
    });
}

fn push(word: &str, out: &mut String) {
    if word.len() <= MOST_WORD_BYTES {
        out.push_str(word);
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{ParseLimits, ParsedFile};
    use mlxcode_base::Language;

    #[test]
    fn identifiers_are_kept_whole_and_in_parts() {
        let text = "/// Opens ports.\nfn open_port() { parseReply(x); parseReply(y) }\n";
        let file = ParsedFile::parse(text, Language::Rust, &ParseLimits::default()).unwrap();
        let path = RelPath::new("src/net_port.rs").unwrap();
        let tokens = Tokens::of(&path, text, &file.symbols());
        assert_eq!(tokens.path, "src net port rs net_port ");
        assert_eq!(tokens.symbols, "open port open_port ");
        assert_eq!(tokens.docs, "open port ");
        assert_eq!(
            tokens.body,
            "open port fn open port pars repl x pars repl y open_port parsereply "
        );
        assert_eq!(tokens.words, 11);
    }
}
