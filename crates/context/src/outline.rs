//! What a file defines.

use std::path::Path;

use mlxcode_base::{Language, LineRange, RelPath};
use serde::Serialize;

use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::syntax::{definitions, headings, signature};

/// A definition or a heading of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutlineItem {
    /// Its name.
    pub name: String,
    /// Its first line, without what opens its body.
    pub signature: String,
    /// Its lines.
    pub lines: LineRange,
    /// How many other items it lies in.
    pub depth: usize,
}

impl CodeBase {
    /// What the file at `path` defines, in its order; nothing for a text in a
    /// language without a grammar.
    ///
    /// # Errors
    /// A file that was not read is [`Error::FileNotFound`].
    pub fn outline(&self, path: &RelPath) -> Result<Vec<OutlineItem>> {
        let number = self.number_of(path);
        let number = number.ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
        Ok(outline(self.text(number), Language::from_path(Path::new(path.as_str()))))
    }
}

fn outline(text: &str, language: Option<Language>) -> Vec<OutlineItem> {
    let lines: Vec<&str> = text.lines().collect();
    let found = match language {
        Some(Language::Markdown) => sections(&lines),
        Some(language) => definitions(text, language)
            .unwrap_or_default()
            .into_iter()
            .map(|one| (LineRange::new(one.first + 1, one.last + 1), one.name))
            .collect(),
        None => Vec::new(),
    };
    let mut items: Vec<OutlineItem> = Vec::with_capacity(found.len());
    // The items around the present one, by their last lines.
    let mut around: Vec<usize> = Vec::new();
    for (range, name) in found {
        // A decorated definition is found with its decorators and without.
        let twin = items.last().is_some_and(|last| {
            last.name == name && last.lines.last == range.last && last.lines.first <= range.first
        });
        let first = lines.get(range.first - 1).copied().unwrap_or_default();
        let signature = signature(first);
        if twin {
            if let Some(last) = items.last_mut() {
                last.signature = signature;
            }
            continue;
        }
        while around.last().is_some_and(|last| *last < range.first) {
            around.pop();
        }
        items.push(OutlineItem { name, signature, lines: range, depth: around.len() });
        around.push(range.last);
    }
    items
}

/// Each heading with all lines up to the next of its level or above.
fn sections(lines: &[&str]) -> Vec<(LineRange, String)> {
    let level = |line: usize| lines[line].bytes().take_while(|byte| *byte == b'#').count();
    let starts = headings(lines);
    let mut found = Vec::with_capacity(starts.len());
    for (number, start) in starts.iter().enumerate() {
        let next = starts[number + 1..].iter().find(|next| level(**next) <= level(*start));
        let name = lines[*start].trim_start_matches('#').trim().to_owned();
        found.push((LineRange::new(start + 1, next.copied().unwrap_or(lines.len())), name));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, language: Language, expect: &[&str]) {
        let shown: Vec<String> = outline(text, Some(language))
            .into_iter()
            .map(|one| {
                format!("{}{} {} {}", "  ".repeat(one.depth), one.lines, one.name, one.signature)
            })
            .collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn items_lie_in_one_another() {
        check(
            "struct A {\n}\nimpl A {\n    fn f(&self) {\n    }\n}\nfn g() {}\n",
            Language::Rust,
            &["1-2 A struct A", "3-6 A impl A", "  4-5 f fn f(&self)", "7-7 g fn g() {}"],
        );
        check(
            "class A:\n    @x\n    def f(self):\n        pass\n",
            Language::Python,
            &["1-4 A class A", "  2-4 f def f(self)"],
        );
        check(
            "# T\na\n## U\nb\n## V\nc\n# W\n",
            Language::Markdown,
            &["1-6 T # T", "  3-4 U ## U", "  5-6 V ## V", "7-7 W # W"],
        );
        check("a: 1\n", Language::Yaml, &[]);
    }
}
