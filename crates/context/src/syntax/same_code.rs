//! Whether two texts are the same program, comments aside.

use mlxcode_base::Language;
use tree_sitter::Node;

use super::limits::ParseLimits;
use super::parsed_file::ParsedFile;

/// What lies deeper is not compared: then the texts count as different.
const MOST_DEPTH: usize = 2_000;

/// Tells whether two texts differ in nothing but comments and the texts that
/// document Python's definitions. `None` for a language without a grammar, and
/// for a text that takes too long or is nested too deeply.
///
/// ```
/// use mlxcode_base::Language;
/// use mlxcode_context::is_same_code;
///
/// let check = |after| is_same_code(Language::Rust, "fn f() -> u8 { 1 }\n", after);
/// assert_eq!(check("/// Gives one.\nfn f() -> u8 {\n    1 // at most\n}\n"), Some(true));
/// assert_eq!(check("/// Gives one.\nfn f() -> u8 { 2 }\n"), Some(false));
/// ```
pub fn is_same_code(language: Language, before: &str, after: &str) -> Option<bool> {
    let (before, after) = (shape(language, before)?, shape(language, after)?);
    Some(before == after)
}

/// The tree without comments, as text: kinds in parentheses, the words of what
/// has no parts.
fn shape(language: Language, text: &str) -> Option<String> {
    let file = ParsedFile::parse(text, language, &ParseLimits::default())?;
    if !file.given_up().is_empty() {
        return None;
    }
    let mut shape = String::with_capacity(text.len() * 2);
    for tree in file.trees() {
        add(tree.root_node(), text, language, 0, &mut shape)?;
    }
    Some(shape)
}

fn add(
    node: Node<'_>,
    text: &str,
    language: Language,
    depth: usize,
    shape: &mut String,
) -> Option<()> {
    if depth > MOST_DEPTH {
        return None;
    }
    let kind = node.kind();
    if kind.contains("comment") || (language == Language::Python && is_docstring(node)) {
        return Some(());
    }
    // What stands between the parts of a text belongs to it.
    if node.child_count() == 0 || kind.contains("string") {
        shape.push_str(text.get(node.byte_range()).unwrap_or_default());
        shape.push('\0');
        return Some(());
    }
    shape.push('(');
    shape.push_str(kind);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        add(child, text, language, depth + 1, shape)?;
    }
    shape.push(')');
    Some(())
}

/// A text in quotes that is the first statement of a module or a block.
fn is_docstring(node: Node<'_>) -> bool {
    let alone = node.kind() == "expression_statement"
        && node.named_child_count() == 1
        && node.named_child(0).is_some_and(|child| child.kind() == "string");
    let around = node.parent().filter(|parent| matches!(parent.kind(), "module" | "block"));
    let Some(around) = around.filter(|_| alone) else { return false };
    let mut cursor = around.walk();
    let first = around.named_children(&mut cursor).find(|child| child.kind() != "comment");
    first.is_some_and(|first| first.id() == node.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_change_nothing_and_all_else_does() {
        let check = |language, before: &str, after: &str, expect| {
            assert_eq!(is_same_code(language, before, after), Some(expect), "{after}");
        };
        let python = "def f(a):\n    if a:\n        b()\n    c()\n";
        check(
            Language::Python,
            python,
            "def f(a):\n    \"\"\"Does.\"\"\"\n    if a:\n        # x\n        b()\n    c()\n",
            true,
        );
        check(Language::Python, python, "def f(a):\n    if a:\n        b()\n        c()\n", false);
        check(
            Language::Python,
            python,
            "def f(a):\n    if a:\n        b()\n    'x'\n    c()\n",
            false,
        );
        let go = "package a\n\nfunc F() int { return 1 }\n";
        check(Language::Go, go, "package a\n\n// F gives one.\nfunc F() int { return 1 }\n", true);
        check(Language::Go, go, "package a\n\n/* F gives one. func F() int { return 1 }\n", false);
        let script = "const a = `x ${b} y`;\n";
        check(Language::JavaScript, script, "/** Is a. */\nconst a = `x ${b} y`;\n", true);
        check(Language::JavaScript, script, "const a = `x ${b}  y`;\n", false);
        check(Language::JavaScript, script, "const a = `x /* c */ ${b} y`;\n", false);
    }
}
