//! What is found is what the parser's own engine finds.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mlxcode_base::Language;
use streaming_iterator::StreamingIterator as _;
use tree_sitter::{Parser, Query, QueryCursor};

use super::{Patterns, search};
use crate::syntax::languages::{Grammar, Topic, grammar};
use crate::syntax::nodes::Nodes;

/// A match: the number of its pattern, and captures with what they hold.
type Found = BTreeSet<(usize, Vec<(String, usize, usize)>)>;

fn ours(grammar: &'static Grammar, query: &str, text: &str) -> Found {
    let tree = tree(grammar, text);
    let nodes = Nodes::of(grammar, std::iter::once(&tree));
    let patterns = Patterns::read(query, grammar).unwrap();
    let mut found = Found::new();
    search(&patterns, &nodes, text.as_bytes(), u64::MAX, |pattern, captures| {
        let shown = captures.iter().map(|(name, place)| {
            let range = nodes.node(*place).range();
            (patterns.names[usize::from(*name)].clone(), range.start, range.end)
        });
        found.insert((pattern, shown.collect()));
    });
    found
}

fn theirs(grammar: &'static Grammar, query: &str, text: &str) -> Found {
    let tree = tree(grammar, text);
    let query = Query::new(&grammar.language, query).unwrap();
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(&query, tree.root_node(), text.as_bytes());
    let mut found = Found::new();
    while let Some(one) = matches.next() {
        let shown = one.captures().iter().map(|capture| {
            let name = query.capture_names()[capture.index as usize].to_owned();
            (name, capture.node.start_byte(), capture.node.end_byte())
        });
        found.insert((one.pattern_index, shown.collect()));
    }
    found
}

fn tree(grammar: &Grammar, text: &str) -> tree_sitter::Tree {
    let mut parser = Parser::new();
    parser.set_language(&grammar.language).unwrap();
    parser.parse(text, None).unwrap()
}

fn check(language: Language, query: &str, text: &str) -> usize {
    let grammar = grammar(language).unwrap();
    let (ours, theirs) = (ours(grammar, query, text), theirs(grammar, query, text));
    let more: Vec<_> = ours.difference(&theirs).collect();
    let less: Vec<_> = theirs.difference(&ours).collect();
    assert!(more.is_empty() && less.is_empty(), "{language}: {query}\n+ {more:?}\n- {less:?}");
    ours.len()
}

#[test]
fn each_query_finds_what_the_parsers_engine_finds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/languages");
    let mut count = 0;
    for language in Language::ALL {
        let text = fs::read_to_string(folder.join(format!("{language}.txt"))).unwrap();
        let text = text.split("\n===").next().unwrap();
        let topics = [Topic::Symbols, Topic::References, Topic::Imports, Topic::Scopes];
        for topic in topics {
            count += check(language, grammar(language).unwrap().query_text(topic), text);
        }
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn each_sign_of_the_query_language_means_the_same() {
    let text = "@a\n@b\ndef f(a, b=1, *c):\n    # one\n    # two\n    \"doc\"\n    g(a, b)\n\
                def g(): pass\nx = y = 2\n";
    for (query, least) in [
        ("(identifier) @name", 9),
        ("(parameters (_) @first (_) @second)", 3),
        ("(parameters . (_) @first . (_) @second)", 1),
        ("(parameters (_) @last .)", 1),
        ("(parameters \"(\" . (_) @first)", 1),
        ("(decorated_definition (decorator) @a . (decorator) @b)", 1),
        ("((decorator) @a . (decorator) @b)", 1),
        ("((decorator) @a . (function_definition) @b)", 1),
        ("(block . (comment)* . (expression_statement . (string) @doc .))", 1),
        ("(function_definition name: (identifier) @name !return_type) @whole", 2),
        ("(default_parameter value: _ @value)", 1),
        ("(call function: [(identifier) (attribute)] @called)", 1),
        ("[(call) (assignment)] @either", 3),
        ("((identifier) @name (#any-of? @name \"f\" \"g\"))", 3),
        ("((identifier) @name (#not-match? @name \"^[a-f]$\"))", 3),
        ("((identifier) @name (#eq? @name \"y\"))", 1),
        ("; a remark\n(assignment) @a @b", 2),
    ] {
        let found = check(Language::Python, query, text);
        assert!(found >= least, "{query}: {found}");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    let grammar = grammar(Language::Python).unwrap();
    for query in [
        "(no_such_node)",
        "(call no_such_field: (_))",
        "(call",
        "(_) @any",
        "(call)+",
        "(call (identifier)? @name)",
        "(block . (call)* @call)",
        "(block (comment)* . (call))",
        "((identifier) @a (#is? @a \"b\"))",
        "((identifier) @a (#match? @a \"[\"))",
        "((identifier) @a (#eq? @a \"b))",
        "(expression) @a",
    ] {
        assert!(Patterns::read(query, grammar).is_err(), "{query}");
    }
}

#[test]
fn a_search_ends_when_its_steps_are_spent() {
    let grammar = grammar(Language::Python).unwrap();
    let text = "f(1)\n".repeat(100);
    let tree = tree(grammar, &text);
    let nodes = Nodes::of(grammar, std::iter::once(&tree));
    let patterns = Patterns::read("(call (identifier) @name)", grammar).unwrap();
    let mut count = 0;
    search(&patterns, &nodes, text.as_bytes(), 50, |_, _| count += 1);
    assert!((1..50).contains(&count), "{count}");
}
