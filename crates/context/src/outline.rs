//! What a file defines, as a tree.

use mlxcode_base::RelPath;
use serde::Serialize;

use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::import::FileSet;
use crate::index::IndexedTree;
use crate::symbol::Symbol;
use crate::syntax::{ParseLimits, ParsedFile, language_of};

/// What lies deeper is shown beside what holds it: people do not nest so, and
/// a file made to nest without end must not exhaust the stack.
const MOST_DEPTH: usize = 64;

/// A symbol with those that lie in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutlineItem {
    /// The symbol.
    pub symbol: Symbol,
    /// The symbols in it, in the order of the file.
    pub children: Vec<OutlineItem>,
}

impl CodeBase {
    /// What the file at `path` defines, in its order; nothing for a text in a
    /// language without a grammar.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>> {
        outline_in(self, path)
    }
}

impl IndexedTree {
    /// As [`CodeBase::outline`], of the file as it is now.
    ///
    /// # Errors
    /// A file that the index does not know is [`Error::FileNotFound`].
    pub fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>> {
        outline_in(self, path)
    }
}

fn outline_in(files: &dyn FileSet, path: &RelPath) -> Result<Vec<OutlineItem>> {
    let text = files.text(path).ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
    let language = language_of(path.as_path(), &text);
    let limits = ParseLimits::default();
    let parsed = language.and_then(|one| ParsedFile::parse(&*text, one, &limits));
    Ok(parsed.map(|file| outline(file.symbols())).unwrap_or_default())
}

/// Puts symbols, in the order of their file, into those that hold them.
pub fn outline(symbols: Vec<Symbol>) -> Vec<OutlineItem> {
    // The items around the present one, from the outermost on, each with its
    // place among the symbols.
    let mut open: Vec<(usize, OutlineItem)> = Vec::new();
    let mut top = Vec::new();
    for (number, symbol) in symbols.into_iter().enumerate() {
        // What came behind the symbol's holder has ended.
        let ended = |holder: usize| symbol.parent.is_none_or(|parent| holder > parent);
        while open.last().is_some_and(|(holder, _)| ended(*holder)) {
            close(&mut open, &mut top);
        }
        if open.len() == MOST_DEPTH {
            close(&mut open, &mut top);
        }
        open.push((number, OutlineItem { symbol, children: Vec::new() }));
    }
    while !open.is_empty() {
        close(&mut open, &mut top);
    }
    top
}

/// Ends the innermost item.
fn close(open: &mut Vec<(usize, OutlineItem)>, top: &mut Vec<OutlineItem>) {
    let Some((_, item)) = open.pop() else { return };
    match open.last_mut() {
        Some((_, around)) => around.children.push(item),
        None => top.push(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlxcode_base::Language;

    fn shown(items: &[OutlineItem], depth: usize, out: &mut Vec<String>) {
        for one in items {
            let Symbol { lines, name, signature, .. } = &one.symbol;
            out.push(format!("{}{lines} {name}: {signature}", "  ".repeat(depth)));
            shown(&one.children, depth + 1, out);
        }
    }

    fn check(text: &str, language: Language, expect: &[&str]) {
        let file = ParsedFile::parse(text, language, &ParseLimits::default()).unwrap();
        let mut out = Vec::new();
        shown(&outline(file.symbols()), 0, &mut out);
        assert_eq!(out, expect);
    }

    #[test]
    fn items_lie_in_one_another() {
        check(
            "struct A {\n}\nimpl A {\n    fn f(&self) {\n    }\n}\nfn g() {}\n",
            Language::Rust,
            &["1-2 A: struct A", "3-6 A: impl A", "  4-5 f: fn f(&self)", "7-7 g: fn g()"],
        );
        check(
            "class A:\n    @x\n    def f(self):\n        pass\nx = 1\n",
            Language::Python,
            &["1-4 A: class A", "  2-4 f: def f(self)", "5-5 x: x = 1"],
        );
        check(
            "# T\na\n## U\nb\n## V\nc\n# W\n",
            Language::Markdown,
            &["1-6 T: # T", "  3-4 U: ## U", "  5-6 V: ## V", "7-7 W: # W"],
        );
    }

    #[test]
    fn endless_nesting_ends() {
        let text = "mod a {\n".repeat(20_000) + &"}\n".repeat(20_000);
        let file = ParsedFile::parse(text, Language::Rust, &ParseLimits::default()).unwrap();
        let symbols = file.symbols();
        // What is far down is not looked at.
        assert!((100..20_000).contains(&symbols.len()));
        assert_eq!(outline(symbols).len(), 1);
    }
}
