//! What was overlooked to place an edit, and who may say how much that is.

use std::sync::Arc;

use mlxcode_base::RelPath;
use mlxcode_edit::{EditPlan, MatchLevel, ResolveOptions, SyntaxCheck, parse_reply};

use crate::tree::Tree;

const FILE: &str =
    "def total(items):\n    first = items.pop(0)\n    check(first)\n\n    return first\n";

fn reply(search: &str) -> String {
    let replace = search.replace("check(first)", "check(first, strict=True)");
    format!("a.py\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n")
}

/// The level of `search` in `file`, after a look that exactly this level is
/// enough.
fn check(file: &str, search: &str, expect: MatchLevel) {
    let tree = Tree::of(&[("a.py", file)]);
    let items = parse_reply(&reply(search));
    let plan = |level| {
        let mut options = ResolveOptions::default();
        options.max_level = level;
        EditPlan::resolve(&tree.root, &items, &options).unwrap()
    };
    let found = plan(expect);
    assert!(found.is_applicable(), "{search:?}: {:?}", found.refusals());
    assert_eq!(found.placements()[0].level, expect, "{search:?}");
    let path = RelPath::new("a.py").unwrap();
    assert_eq!(found.level_of(&path), Some(expect));
    let all = [
        MatchLevel::Exact,
        MatchLevel::LineEndings,
        MatchLevel::TrailingWhitespace,
        MatchLevel::Indentation,
        MatchLevel::BlankLines,
        MatchLevel::Punctuation,
        MatchLevel::Scored,
    ];
    for level in all.into_iter().filter(|level| *level < expect) {
        let refused = plan(level);
        assert_eq!(refused.refusals()[0].reason.code(), "edit.level_limited", "{search:?}");
    }
}

#[test]
fn each_level_is_told_and_can_be_limited() {
    let exact = "    first = items.pop(0)\n    check(first)\n\n    return first\n";
    check(FILE, exact, MatchLevel::Exact);
    check(&FILE.replace('\n', "\r\n"), exact, MatchLevel::LineEndings);
    let trailing = exact.replace("pop(0)\n", "pop(0)  \n");
    check(FILE, &trailing, MatchLevel::TrailingWhitespace);
    check(FILE, &exact.replace("    ", ""), MatchLevel::Indentation);
    check(FILE, &exact.replace("\n\n", "\n"), MatchLevel::BlankLines);
    let curly = FILE.replace("pop(0)", "pop(\u{2018}0\u{2019})");
    check(&curly, &exact.replace("pop(0)", "pop('0')"), MatchLevel::Punctuation);
    check(FILE, &exact.replace("items.pop", "itms.pop"), MatchLevel::Scored);
}

/// Counts brackets that are not closed.
#[derive(Debug)]
struct Brackets;

impl SyntaxCheck for Brackets {
    fn errors(&self, path: &RelPath, text: &str) -> Option<usize> {
        let count = |sign| text.matches(sign).count();
        let is_python = path.as_path().extension().is_some_and(|end| end == "py");
        is_python.then(|| count('(').abs_diff(count(')')))
    }
}

#[test]
fn only_an_exact_edit_may_break_the_syntax() {
    let broken = |search: &str, name: &str| {
        let tree = Tree::of(&[(name, FILE)]);
        let reply = format!(
            "{name}\n<<<<<<< SEARCH\n{search}=======\n{}>>>>>>> REPLACE\n",
            search.replace("check(first)", "check(first")
        );
        let mut options = ResolveOptions::default();
        options.syntax = Some(Arc::new(Brackets));
        let plan = EditPlan::resolve(&tree.root, &parse_reply(&reply), &options).unwrap();
        plan.refusals().first().map(|refusal| refusal.reason.code())
    };
    let exact = "    first = items.pop(0)\n    check(first)\n";
    let shifted = "first = items.pop(0)\ncheck(first)\n";
    assert_eq!(broken(exact, "a.py"), None);
    assert_eq!(broken(shifted, "a.py"), Some("edit.breaks_syntax"));
    // Of a language that nobody knows nothing can be said.
    assert_eq!(broken(shifted, "a.txt"), None);
}
