//! Comments that document, and change nothing else.

mod place;
mod render;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;

use minijinja::context;
use mlxcode_base::{Language, RelPath, Root};
use mlxcode_context::{ParseLimits, ParsedFile, Symbol, SymbolKind, Visibility, is_same_code};
use mlxcode_edit::FileOperation;
use serde::Serialize;

use super::answer::Asker;
use super::error::{TaskError, TaskResult};
use super::text::read_text;
use crate::prompts::Prompts;

use render::DocStyle;
use words::DocWords;

/// A comment of some lines.
const ANSWER_TOKENS: usize = 300;

/// A file of more is not written by hand.
const MOST_FILE_BYTES: u64 = 2 << 20;

/// What is documented.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DocumentOptions {
    /// Only the symbols of these names.
    pub symbols: Vec<String>,
    /// Also what nobody outside can use.
    pub private: bool,
}

/// A file with its comments, and what became of each symbol.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Documented {
    /// The file.
    pub path: RelPath,
    /// The symbols that have a comment now.
    pub added: Vec<String>,
    /// Symbols for which the model gave none that could be used, and why.
    pub left_out: Vec<(String, String)>,
    /// The file's new content.
    #[serde(skip)]
    pub text: String,
}

impl Documented {
    /// The change, for a plan.
    pub fn operation(&self) -> FileOperation {
        FileOperation::Write { path: self.path.clone(), content: self.text.clone().into_bytes() }
    }
}

/// Documents the symbols of a file that have no comment. The model gives words
/// alone; they are laid out here as the language and the file do it, and the
/// new text is held against the old one: but for comments it is the same.
pub fn document(
    root: &Root,
    path: &RelPath,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
    options: &DocumentOptions,
) -> TaskResult<Documented> {
    let text = read_text(&root.resolve(path)?, MOST_FILE_BYTES)?;
    let language = Language::from_path(Path::new(path.as_str()));
    let refuse = |what: String| TaskError::Nothing { verb: "document", what };
    let Some(language) = language else {
        return Err(refuse(format!("{path} is in no known language")));
    };
    let Some(file) = ParsedFile::parse(text.as_str(), language, &ParseLimits::default()) else {
        return Err(refuse(format!("{path} is in a language without a grammar")));
    };
    let style = DocStyle::of(language, &text)
        .ok_or_else(|| refuse(format!("{language} has no comments that document")))?;
    let symbols = wanted(&file, options);
    if symbols.is_empty() {
        return Err(refuse(format!("all of {path} is documented")));
    }
    let mut documented = Documented {
        path: path.clone(),
        added: Vec::new(),
        left_out: Vec::new(),
        text: text.clone(),
    };
    let mut insertions: Vec<(usize, String)> = Vec::new();
    for symbol in &symbols {
        let name = symbol.path();
        asker.tell(&format!("documenting {name}"));
        match comment(&text, symbol, style, asker, prompts)? {
            Ok(insertion) => {
                // Alone first, so that one that goes wrong takes no other with it.
                let tried = inserted(&text, std::slice::from_ref(&insertion));
                if is_same_code(language, &text, &tried) == Some(true) {
                    documented.added.push(name);
                    insertions.push(insertion);
                } else {
                    documented.left_out.push((name, "it would change the code".to_owned()));
                }
            }
            Err(reason) => documented.left_out.push((name, reason)),
        }
    }
    documented.text = inserted(&text, &insertions);
    if is_same_code(language, &text, &documented.text) != Some(true) {
        let reason = "the comments would change the code".to_owned();
        return Err(TaskError::Refused { reason });
    }
    if documented.added.is_empty() {
        return Err(TaskError::NoAnswer { what: "comment that can be used" });
    }
    Ok(documented)
}

/// The symbols to document, in the order of the file.
fn wanted(file: &ParsedFile, options: &DocumentOptions) -> Vec<Symbol> {
    let all = file.symbols();
    let fits = |symbol: &&Symbol| {
        if !options.symbols.is_empty() {
            let named = |name: &String| *name == symbol.name || *name == symbol.path();
            return options.symbols.iter().any(named) && symbol.doc.is_empty();
        }
        let kind = matches!(
            symbol.kind,
            SymbolKind::Function
                | SymbolKind::Method
                | SymbolKind::Class
                | SymbolKind::Struct
                | SymbolKind::Enum
                | SymbolKind::Trait
                | SymbolKind::Interface
                | SymbolKind::Constructor
        );
        let seen = options.private || symbol.visibility == Visibility::Public;
        kind && seen && symbol.doc.is_empty() && !is_test(symbol)
    };
    all.iter().filter(fits).cloned().collect()
}

fn is_test(symbol: &Symbol) -> bool {
    symbol.name.starts_with("test_") || symbol.container.split('.').any(|part| part == "tests")
}

/// Where a comment goes and its text; the inner error says why there is none.
fn comment(
    text: &str,
    symbol: &Symbol,
    style: DocStyle,
    asker: &mut Asker<'_>,
    prompts: &Prompts,
) -> TaskResult<Result<(usize, String), String>> {
    let Some(place) = place::of(text, symbol, style) else {
        return Ok(Err("it has no place for a comment".to_owned()));
    };
    let code = &text[symbol.range.start..symbol.range.end];
    let values = |code: &str| {
        context! {
            code,
            name => symbol.path(),
            kind => symbol.kind.word(),
            conventions => style.conventions(),
            with_parts => symbol.kind.is_callable(),
        }
    };
    let room = asker.room(&prompts.render("document", values(""))?, ANSWER_TOKENS)?;
    let mut shown = code;
    while asker.count(shown)? > room && shown.len() > 200 {
        let less = shown.floor_char_boundary(shown.len() * 3 / 4);
        shown = &shown[..shown[..less].rfind('\n').unwrap_or(less)];
    }
    let reply = asker.ask(prompts.render("document", values(shown))?, ANSWER_TOKENS)?;
    let Some(words) = DocWords::read(&reply, code) else {
        return Ok(Err("the answer says nothing of it".to_owned()));
    };
    Ok(Ok((place.at, render::rendered(&words, symbol, style, &place))))
}

/// The text with each insertion at its place.
fn inserted(text: &str, insertions: &[(usize, String)]) -> String {
    let mut order: Vec<&(usize, String)> = insertions.iter().collect();
    order.sort_by_key(|(at, _)| *at);
    let (mut out, mut last) = (String::with_capacity(text.len() + 1_024), 0);
    for (at, insertion) in order {
        out.push_str(&text[last..*at]);
        out.push_str(insertion);
        last = *at;
    }
    out.push_str(&text[last..]);
    out
}
