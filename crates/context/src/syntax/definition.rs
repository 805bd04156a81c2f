//! Where functions, classes and their like stand.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use mlxcode_base::Language;
use streaming_iterator::StreamingIterator;
use tree_sitter::{ParseOptions, Parser, Query, QueryCursor, Tree};

/// The parser reports each hundred steps; a file that takes more reports than
/// this is cut by lines. Sources of a megabyte take a few thousand. Time would
/// be the more natural limit, but one file would then give different chunks
/// on a busy machine.
const MOST_REPORTS: u32 = 30_000;

/// A definition in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The first line, from zero.
    pub first: usize,
    /// The last line, itself inside.
    pub last: usize,
    pub name: String,
}

struct Grammar {
    language: tree_sitter::Language,
    query: Query,
}

/// Parses a file; `None` where it takes too long.
fn parse(text: &str, grammar: &Grammar) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&grammar.language).ok()?;
    let mut left = MOST_REPORTS;
    let mut watch = |_: &tree_sitter::ParseState| {
        left = left.saturating_sub(1);
        if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut watch);
    let bytes = text.as_bytes();
    let mut read = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}

/// Counts the syntax errors of a text: the places that its grammar could not
/// read, and the signs that it had to add. `None` for a language without a
/// grammar here, and for a text that takes too long.
///
/// ```
/// use mlxcode_base::Language;
/// use mlxcode_context::error_count;
///
/// assert_eq!(error_count(Language::Rust, "fn main() {}\n"), Some(0));
/// assert!(error_count(Language::Rust, "fn main() {\n") > Some(0));
/// assert_eq!(error_count(Language::Markdown, "# Title\n"), None);
/// ```
pub fn error_count(language: Language, text: &str) -> Option<usize> {
    let tree = parse(text, grammar(language)?)?;
    let mut count = 0;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        count += usize::from(node.is_error() || node.is_missing());
        // Only where there is an error below is it worth going down.
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Some(count);
            }
        }
    }
}

/// The definitions of a file in the order of their beginnings, outer ones
/// first; `None` for a language without a grammar here.
pub fn definitions(text: &str, language: Language) -> Option<Vec<Definition>> {
    let grammar = grammar(language)?;
    let tree = parse(text, grammar)?;
    let bytes = text.as_bytes();
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(&grammar.query, tree.root_node(), bytes);
    let mut found = Vec::new();
    let definition = grammar.query.capture_index_for_name("definition")?;
    let name = grammar.query.capture_index_for_name("name")?;
    while let Some(one) = matches.next() {
        let node = |index| one.nodes_for_capture_index(index).next();
        let (Some(whole), Some(name)) = (node(definition), node(name)) else { continue };
        let end = whole.end_position();
        // A node that ends at the start of a line does not hold that line.
        let last = if end.column == 0 { end.row.saturating_sub(1) } else { end.row };
        let first = whole.start_position().row;
        let name = bare(name.utf8_text(bytes).unwrap_or_default()).to_owned();
        found.push(Definition { first, last: last.max(first), name });
    }
    found.sort_by(|a, b| (a.first, b.last, &a.name).cmp(&(b.first, a.last, &b.name)));
    found.dedup();
    Some(found)
}

/// The last name of a written one: of `&crate::Parser<T>`, `Parser`.
fn bare(written: &str) -> &str {
    let written = written.trim_start_matches(['&', '*', ' ']);
    let plain = match written.find('<') {
        Some(at) if at > 0 && !written.contains("operator") => &written[..at],
        _ => written,
    };
    plain.rsplit("::").next().unwrap_or(plain)
}

fn grammar(language: Language) -> Option<&'static Grammar> {
    macro_rules! grammars {
        ($($variant:ident: $function:expr, $query:literal;)*) => {
            match language {
                $(Language::$variant => {
                    // A query that does not compile is found by the tests; a
                    // file without its grammar is still cut by lines.
                    static GRAMMAR: LazyLock<Option<Grammar>> = LazyLock::new(|| {
                        let language: tree_sitter::Language = $function.into();
                        let text = include_str!(concat!("../../queries/", $query, ".scm"));
                        let query = Query::new(&language, text).ok()?;
                        Some(Grammar { language, query })
                    });
                    GRAMMAR.as_ref()
                })*
                _ => None,
            }
        };
    }
    grammars! {
        Bash: tree_sitter_bash::LANGUAGE, "bash";
        C: tree_sitter_c::LANGUAGE, "c";
        Cpp: tree_sitter_cpp::LANGUAGE, "cpp";
        Css: tree_sitter_css::LANGUAGE, "css";
        Go: tree_sitter_go::LANGUAGE, "go";
        Html: tree_sitter_html::LANGUAGE, "html";
        Java: tree_sitter_java::LANGUAGE, "java";
        JavaScript: tree_sitter_javascript::LANGUAGE, "javascript";
        Json: tree_sitter_json::LANGUAGE, "json";
        Python: tree_sitter_python::LANGUAGE, "python";
        Ruby: tree_sitter_ruby::LANGUAGE, "ruby";
        Rust: tree_sitter_rust::LANGUAGE, "rust";
        Toml: tree_sitter_toml_ng::LANGUAGE, "toml";
        TypeScript: tree_sitter_typescript::LANGUAGE_TYPESCRIPT, "typescript";
        Tsx: tree_sitter_typescript::LANGUAGE_TSX, "typescript";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, text: &str, expect: &str) {
        let found = definitions(text, language).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|one| format!("{} {}-{}", one.name, one.first + 1, one.last + 1))
            .collect();
        assert_eq!(shown.join(", "), expect, "{language}");
    }

    #[test]
    fn every_grammar_finds_its_definitions() {
        check(
            Language::Rust,
            "mod m {\n    struct S;\n    impl S {\n        fn f(&self) {}\n    }\n}\nconst C: u8 = 1;\n",
            "m 1-6, S 2-2, S 3-5, f 4-4, C 7-7",
        );
        check(
            Language::Python,
            "LIMIT = 3\n\nclass A:\n    @property\n    def b(self):\n        x = 1\n        return x\n",
            "LIMIT 1-1, A 3-7, b 4-7, b 5-7",
        );
        check(
            Language::JavaScript,
            "const a = () => 1\nclass B {\n  c() {}\n}\nmodule.exports.d = 1\n",
            "a 1-1, B 2-4, c 3-3, d 5-5",
        );
        check(
            Language::TypeScript,
            "interface I { x: number }\ntype T = I\nexport const f = (): T => g()\nenum E { A }\n",
            "I 1-1, T 2-2, f 3-3, E 4-4",
        );
        check(Language::Tsx, "function V() {\n  return <b/>\n}\n", "V 1-3");
        check(
            Language::Go,
            "package p\n\ntype T struct {\n\tx int\n}\n\nfunc (t T) M() {\n}\n\nfunc F() {}\n",
            "T 3-5, M 7-8, F 10-10",
        );
        check(Language::Java, "class A {\n  A() {}\n  void m() {\n  }\n}\n", "A 1-5, A 2-2, m 3-4");
        check(
            Language::Ruby,
            "module M\n  class C\n    def m\n    end\n  end\nend\n",
            "M 1-6, C 2-5, m 3-4",
        );
        check(
            Language::C,
            "#define N 3\nstruct s {\n  int x;\n};\nint f(void) {\n  return N;\n}\n",
            "N 1-1, s 2-4, f 5-7",
        );
        check(
            Language::Cpp,
            "namespace n {\nclass C {\n  void m() {}\n};\n}\n",
            "n 1-5, C 2-4, m 3-3",
        );
        check(Language::Bash, "f() {\n  echo\n}\n", "f 1-3");
        check(
            Language::Css,
            "a, .b {\n  x: 1\n}\n@media print {\n  c { y: 2 }\n}\n@keyframes k {\n}\n",
            "a, .b 1-3, print 4-6, c 5-5, k 7-8",
        );
        check(
            Language::Html,
            "<body>\n<div id=\"menu\">\n</div>\n<script>\nf()\n</script>\n</body>\n",
            "body 1-7, menu 2-3, script 4-6",
        );
        check(
            Language::Json,
            "{\n  \"name\": \"x\",\n  \"scripts\": {\n    \"test\": \"t\"\n  },\n  \"files\": [1]\n}\n",
            "scripts 3-5, files 6-6",
        );
        check(
            Language::Toml,
            "x = 1\n\n[package]\nname = \"n\"\n\n[[bin.a]]\nname = \"m\"\n",
            "package 3-5, bin.a 6-7",
        );
    }

    #[test]
    fn names_are_the_last_ones() {
        for (language, text, name) in [
            (Language::C, "static char **names(void) {\n}\n", "names"),
            (Language::C, "char *name(int);\n", "name"),
            (Language::Cpp, "int &Shape::area() {\n}\n", "area"),
            (Language::Cpp, "bool operator<(A a, B b) {\n}\n", "operator<"),
            (Language::Rust, "impl<T> Drop for crate::Guard<'_, T> {}\n", "Guard"),
            (Language::Rust, "impl Show for &Page {}\n", "Page"),
            (Language::JavaScript, "const o = {\n  go: () => 1\n}\n", "o go"),
            (Language::TypeScript, "class A {\n  run = () => 1\n}\n", "A run"),
        ] {
            let found = definitions(text, language).unwrap();
            let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names.join(" "), name, "{text}");
        }
    }

    #[test]
    fn errors_are_counted() {
        for (language, text, expect) in [
            (Language::Python, "def f():\n    return 1\n", Some(false)),
            (Language::Python, "def f(:\n    return 1\n", Some(true)),
            (Language::Json, "{\"a\": 1}", Some(false)),
            (Language::Json, "{\"a\": }", Some(true)),
            (Language::Markdown, "# a", None),
        ] {
            let broken = error_count(language, text).map(|count| count > 0);
            assert_eq!(broken, expect, "{text}");
        }
    }

    #[test]
    fn broken_code_is_still_read() {
        let found = definitions("fn a() {\n}\nfn b( {{{\nfn c() {}\n", Language::Rust).unwrap();
        assert!(found.iter().any(|one| one.name == "a"), "{found:?}");
    }
}
