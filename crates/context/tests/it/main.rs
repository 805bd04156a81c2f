//! The crate from outside: trees, questions, contexts.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod encodings;
mod graph;
mod history;
mod imports;
mod index;
mod indexed_graph;
mod languages;
mod node_peer;
mod pack;
mod parsing;
#[cfg(unix)]
mod precise;
mod search;
mod semantic;
#[path = "../support/mod.rs"]
mod support;
mod watch;

use std::fs;

use mlxcode_base::{CancelToken, LineRange, RelPath, Root};
use mlxcode_context::{
    Budget, CodeBase, Error, Origin, PackedContext, Passage, Reason, WalkOptions,
};
use proptest::prelude::*;

struct Tree {
    _temp: tempfile::TempDir,
    root: Root,
}

impl Tree {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let place = temp.path().join(name);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
        Self { root: Root::open(temp.path()).unwrap(), _temp: temp }
    }

    fn open(&self) -> CodeBase {
        CodeBase::open(&self.root, &WalkOptions::default(), &CancelToken::new()).unwrap()
    }
}

fn passages(context: &PackedContext) -> Vec<&Passage> {
    context.passages().collect()
}

fn project() -> Tree {
    Tree::new(&[
        ("src/config.rs", b"/// Reads the settings.\npub fn read_config(path: &str) -> Config {\n    parse(path)\n}\n\npub struct Config {\n    pub port: u16,\n}\n"),
        ("src/server.rs", b"pub fn listen(port: u16) {\n    bind(port);\n}\n\npub fn stop() {}\n"),
        ("src/main.rs", b"fn main() {\n    let config = read_config(\"app.toml\");\n    listen(config.port);\n}\n"),
        ("tests/config.rs", b"#[test]\nfn read_config_reads() {\n    read_config(\"x\");\n}\n"),
        ("README.md", b"# App\n\nA server.\n\n## Configuration\n\nWrite `app.toml`.\n"),
        (".gitignore", b"target/\n*.log\n"),
        ("target/config.rs", b"fn read_config() {}\n"),
        ("debug.log", b"config config config\n"),
        (".env", b"CONFIG_SECRET=1\n"),
        (".github/ci.yml", b"run: make config\n"),
        ("logo.png", b"\x89PNG\0\0config"),
        ("latin.txt", b"caf\xe9 config secret\n"),
        ("koi8.txt", b"config \xd0\xd2\xcf\xd7\xc5\xd2\xcb\xc1 \xd0\xcf\xd2\xd4\xc1\n"),
    ])
}

#[test]
fn the_walk_keeps_the_rules_and_counts_what_it_skips() {
    let tree = project();
    let code = tree.open();
    assert_eq!((code.skipped().binary, code.skipped().not_utf8), (1, 1));
    let paths: Vec<String> =
        code.search("config secret", 50).unwrap().iter().map(|hit| hit.path.to_string()).collect();
    for absent in ["target/config.rs", "debug.log", ".env", "logo.png", "koi8.txt"] {
        assert!(!paths.iter().any(|path| path == absent), "{absent} in {paths:?}");
    }
    assert!(paths.iter().any(|path| path == ".github/ci.yml"), "{paths:?}");
    assert!(paths.iter().any(|path| path == "latin.txt"), "{paths:?}");

    let mut options = WalkOptions::default();
    options.max_file_bytes = 60;
    options.max_source_bytes = 60;
    let small = CodeBase::open(&tree.root, &options, &CancelToken::new()).unwrap();
    assert!(small.skipped().too_large >= 3);
    options.max_total_bytes = 0;
    let none = CodeBase::open(&tree.root, &options, &CancelToken::new()).unwrap();
    assert_eq!(none.file_count(), 0);
    assert!(none.search("config", 5).unwrap().is_empty());
}

#[test]
fn the_walk_knows_own_rules_long_sources_and_who_wrote() {
    let tree = Tree::new(&[
        (".mlxignore", b"secret/\n"),
        ("secret/a.rs", b"fn a() {}\n"),
        ("long.rs", "fn long_one() {}\n".repeat(70_000).as_bytes()),
        ("long.json", "{\"a\": 1}\n".repeat(120_000).as_bytes()),
        ("half.rs", b"\xff\xfef\0n"),
        ("vendor/b.rs", b"fn b() {}\n"),
        ("mine.rs", b"fn mine() {}\n"),
        ("user_rules", b"mine.rs\n"),
    ]);
    let code = tree.open();
    assert_eq!((code.skipped().too_large, code.skipped().not_utf8), (1, 1));
    let origin = |path: &str| code.origin(&RelPath::new(path).unwrap());
    assert_eq!(origin("secret/a.rs"), None);
    assert_eq!(origin("long.rs"), Some(Origin::Written));
    assert_eq!(origin("vendor/b.rs"), Some(Origin::Vendored));

    let mut options = WalkOptions::default();
    options.rules = vec![tree.root.path().join("user_rules")];
    let code = CodeBase::open(&tree.root, &options, &CancelToken::new()).unwrap();
    assert_eq!(code.origin(&RelPath::new("mine.rs").unwrap()), None);

    let mut options = WalkOptions::default();
    options.exclude = vec!["vendor/".to_owned(), "*.json".to_owned(), "!secret/".to_owned()];
    let code = CodeBase::open(&tree.root, &options, &CancelToken::new()).unwrap();
    assert_eq!((code.skipped().too_large, code.skipped().not_utf8), (0, 1));
    let origin = |path: &str| code.origin(&RelPath::new(path).unwrap());
    assert_eq!(origin("vendor/b.rs"), None);
    assert_eq!(origin("mine.rs"), Some(Origin::Written));
    // It only leaves out.
    assert_eq!(origin("secret/a.rs"), None);
    options.exclude = vec!["{a".to_owned()];
    let refused = CodeBase::open(&tree.root, &options, &CancelToken::new());
    assert!(matches!(refused, Err(Error::BadExclude { .. })));
}

#[test]
fn a_name_is_told_from_the_longer_ones() {
    let folder = tempfile::tempdir().unwrap();
    for number in 10..90 {
        let text = format!("def port_1{number}():\n    return {number}\n");
        fs::write(folder.path().join(format!("a{number}.py")), text).unwrap();
    }
    fs::write(folder.path().join("z.py"), "def port_1():\n    return 1\n").unwrap();
    let root = Root::open(folder.path()).unwrap();
    let code = CodeBase::open(&root, &WalkOptions::default(), &CancelToken::new()).unwrap();
    let bytes = |text: &str| text.len();
    let context = code.pack("what does port_1 return?", &[], &Budget::new(500, &bytes)).unwrap();
    assert_eq!(passages(&context)[0].path.as_str(), "z.py");
}

#[cfg(unix)]
#[test]
fn rules_that_are_no_files_are_refused() {
    let tree = project();
    let rules = tree.root.path().join("src/.gitignore");
    std::os::unix::fs::symlink("/dev/zero", &rules).unwrap();
    let code = tree.open();
    assert!(code.skipped().unreadable > 0);
    assert!(
        code.search("config", 50).unwrap().iter().all(|hit| !hit.path.as_str().starts_with("src/"))
    );

    let rules = tree.root.path().join(".ignore");
    fs::write(rules, "#".repeat((1 << 20) + 1)).unwrap();
    let refused = CodeBase::open(&tree.root, &WalkOptions::default(), &CancelToken::new());
    assert!(matches!(refused, Err(Error::BadRules { .. })));
}

#[test]
fn the_definition_stands_before_its_uses_and_its_tests() {
    let code = project().open();
    for (question, path, line) in [
        ("where is the configuration read?", "src/config.rs", 1),
        ("how do we listen on a port?", "src/server.rs", 1),
        ("what stops the server?", "src/server.rs", 1),
    ] {
        let hits = code.search(question, 3).unwrap();
        assert_eq!(
            (hits[0].path.as_str(), hits[0].lines.first),
            (path, line),
            "{question} {hits:?}"
        );
    }
}

#[test]
fn what_the_question_names_comes_first_and_whole() {
    let code = project().open();
    let bytes = |text: &str| text.len();
    let budget = Budget::new(4_000, &bytes);
    let context = code.pack("explain main.rs and `stop`", &[], &budget).unwrap();
    let places: Vec<String> =
        passages(&context).iter().map(|one| format!("{}:{}", one.path, one.lines)).collect();
    assert_eq!(places[0], "src/main.rs:1-4");
    assert!(places[1].starts_with("src/server.rs:"), "{places:?}");
    assert_eq!(passages(&context)[1].reason, Reason::Named { name: "stop".to_owned() });
    let lines = code.pack("what do src/config.rs:6-8 say?", &[], &budget).unwrap();
    // What search finds right above joins it.
    assert_eq!(passages(&lines)[0].lines.last, 8);
    assert!(passages(&lines)[0].text.ends_with("pub struct Config {\n    pub port: u16,\n}\n"));
    let far = code.pack("what does src/server.rs:1-2 do?", &[], &budget).unwrap();
    assert!(passages(&far)[0].text.starts_with("pub fn listen"), "{:?}", passages(&far)[0]);
}

#[test]
fn given_files_are_whole_or_an_error() {
    let code = project().open();
    let bytes = |text: &str| text.len();
    let given = [RelPath::new("src/server.rs").unwrap()];
    let context = code.pack("stop", &given, &Budget::new(2_000, &bytes)).unwrap();
    assert_eq!(passages(&context)[0].reason, Reason::Given);
    assert_eq!(passages(&context)[0].lines, LineRange::new(1, 5));
    let small = Budget::new(60, &bytes);
    assert!(matches!(code.pack("stop", &given, &small), Err(Error::FileTooLong { .. })));
    let missing = [RelPath::new("logo.png").unwrap()];
    assert!(matches!(code.pack("x", &missing, &small), Err(Error::FileNotFound { .. })));
}

#[test]
fn an_owner_chooses_among_definitions() {
    let tree = Tree::new(&[
        ("src/queue.rs", b"pub struct Queue;\nimpl Queue {\n    pub fn push(&self) {}\n}\n"),
        ("src/stack.rs", b"pub struct Stack;\nimpl Stack {\n    pub fn push(&self) {}\n}\n"),
        ("src/net/mod.rs", b"pub fn push() {}\n"),
        ("notes.json", b"{\"push\": [1]}\n"),
    ]);
    let code = tree.open();
    let bytes = |text: &str| text.len();
    let budget = Budget::new(4_000, &bytes);
    let named = |question: &str| {
        let context = code.pack(question, &[], &budget).unwrap();
        let named = passages(&context).into_iter();
        let named = named.filter(|one| matches!(one.reason, Reason::Named { .. }));
        named.map(|one| one.path.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(named("what does Stack::push do?"), "src/stack.rs");
    assert_eq!(named("what does net::push do?"), "src/net/mod.rs");
    assert_eq!(named("what does `push` do?"), "src/net/mod.rs src/queue.rs src/stack.rs");
    assert_eq!(named("what does nothing::push do?"), "src/net/mod.rs src/queue.rs src/stack.rs");
}

#[test]
fn a_definition_is_found_among_many_uses() {
    let uses: Vec<String> = (0..120).map(|number| format!("src/a{number:03}.rs")).collect();
    let mut files: Vec<(&str, &[u8])> = uses
        .iter()
        .map(|name| (name.as_str(), b"fn f() {\n    open_port();\n}\n".as_slice()))
        .collect();
    files.push(("src/z.rs", b"fn open_port() {}\n"));
    let code = Tree::new(&files).open();
    let bytes = |text: &str| text.len();
    let budget = Budget::new(300, &bytes);
    let context = code.pack("explain open_port()", &[], &budget).unwrap();
    assert_eq!(passages(&context)[0].path.as_str(), "src/z.rs");
}

#[test]
fn a_named_file_that_is_too_long_gives_its_best_parts() {
    let filler = "fn step() {\n    walk();\n}\n\n".repeat(400);
    let text =
        format!("{filler}/// Opens the port.\nfn open_port() {{\n    bind();\n}}\n\n{filler}");
    let tree = Tree::new(&[("src/long.rs", text.as_bytes()), ("src/port.rs", b"fn port() {}\n")]);
    let code = tree.open();
    let bytes = |text: &str| text.len();
    let budget = Budget::new(1_500, &bytes);
    let context = code.pack("how is the port opened in long.rs?", &[], &budget).unwrap();
    assert_eq!(passages(&context)[0].path.as_str(), "src/long.rs");
    assert!(passages(&context)[0].text.contains("fn open_port()"), "{}", context.render());
}

#[test]
fn a_part_of_a_definition_keeps_its_signature_in_the_header() {
    let text = format!("fn open_port() {{\n{}}}\n", "    bind_port();\n".repeat(40));
    let code = Tree::new(&[("a.rs", text.as_bytes())]).open();
    let bytes = |text: &str| text.len();
    let small = Budget::new(400, &bytes);
    let context = code.pack("why a.rs:13-19?", &[], &small).unwrap();
    assert_eq!(passages(&context)[0].header, "a.rs:13-19 (in `fn open_port()`)");
    // With room for all, the parts join into the whole, which says it itself.
    let large = Budget::new(4_000, &bytes);
    let context = code.pack("why a.rs:13-19 of open_port()?", &[], &large).unwrap();
    assert_eq!(passages(&context).len(), 1);
    assert_eq!(passages(&context)[0].header, "a.rs:1-42");
}

#[test]
fn outlines_are_of_files_that_were_read() {
    let code = project().open();
    let items = code.outline(&RelPath::new("src/config.rs").unwrap()).unwrap();
    let names: Vec<&str> = items.iter().map(|item| item.symbol.name.as_str()).collect();
    assert_eq!(names, ["read_config", "Config"]);
    assert_eq!(items[1].children[0].symbol.path(), "Config.port");
    let missing = RelPath::new("src/none.rs").unwrap();
    assert!(matches!(code.outline(&missing), Err(Error::FileNotFound { .. })));
}

#[test]
fn an_empty_tree_and_a_question_without_words_give_nothing() {
    let empty = Tree::new(&[]).open();
    let bytes = |text: &str| text.len();
    let budget = Budget::new(100, &bytes);
    for (code, question) in [(&empty, "where?"), (&project().open(), "where is it?")] {
        let context = code.pack(question, &[], &budget).unwrap();
        assert_eq!((passages(&context).len(), context.tokens), (0, 0));
    }
}

#[test]
fn a_cancelled_token_stops_the_work() {
    let tree = project();
    let cancel = CancelToken::new();
    let code = CodeBase::open(&tree.root, &WalkOptions::default(), &cancel).unwrap();
    cancel.cancel();
    assert!(matches!(code.search("config", 1), Err(Error::Cancelled)));
    assert!(matches!(
        CodeBase::open(&tree.root, &WalkOptions::default(), &cancel),
        Err(Error::Cancelled)
    ));
}

/// Counters of different grain: none is the sum of its parts exactly.
fn count(kind: usize, text: &str) -> usize {
    match kind {
        0 => text.len(),
        1 => text.split_whitespace().count(),
        2 => text.len().div_ceil(7),
        _ => text.chars().filter(|c| !c.is_alphanumeric()).count() + 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_budget_is_never_passed(
        tokens in 0..900_usize,
        kind in 0..4_usize,
        question in "(config|read|port|server|listen|main.rs|`stop`|app| ){1,5}",
    ) {
        let code = project().open();
        let counter = move |text: &str| count(kind, text);
        let context = code.pack(&question, &[], &Budget::new(tokens, &counter)).unwrap();
        let text = context.render();
        prop_assert!(text.is_empty() || counter(&text) <= tokens);
        prop_assert_eq!(context.tokens, if text.is_empty() { 0 } else { counter(&text) });
        // No line is there twice, and each is what the file holds.
        for (number, one) in passages(&context).iter().enumerate() {
            for other in &passages(&context)[number + 1..] {
                prop_assert!(one.path != other.path
                    || one.lines.last < other.lines.first
                    || other.lines.last < one.lines.first);
            }
        }
        let again = code.pack(&question, &[], &Budget::new(tokens, &counter)).unwrap();
        prop_assert_eq!(context, again);
    }
}
