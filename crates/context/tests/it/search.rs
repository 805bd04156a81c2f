//! Search of each kind, on trees made for it.

use mlxcode_context::{
    CodeIndex, Error, Hit, HitReason, SearchKind, SearchOptions, WalkOptions, search_text,
};

use crate::support::{Ground, update};

fn ground() -> (Ground, CodeIndex) {
    let ground = Ground::new();
    for (name, text) in [
        (
            "src/net/port.rs",
            "/// Opens a port and listens.\npub fn open_port(n: u16) -> Port {\n    \
             fail!(\"cannot open the port {n}\");\n}\n\npub struct Port;\n",
        ),
        (
            "src/net/server.rs",
            "pub fn serve() {\n    let port = open_port(80);\n    open_port(81);\n}\n",
        ),
        (
            "src/parser.rs",
            "pub struct HttpParser;\n\nimpl HttpParser {\n    pub fn parse_reply(&self) {}\n}\n",
        ),
        ("src/reply.rs", "pub fn parse_reply_line() {}\npub fn replay() {}\n"),
        ("tests/port.rs", "#[test]\nfn open_port_works() {\n    open_port(1);\n}\n"),
        ("vendor/port.rs", "pub fn open_port(n: u16) {}\n"),
        ("types/port.d.ts", "export function openPort(n: number): void\n"),
        ("notes.md", "# Ports\n\nPorts are opened by `open_port`.\n"),
    ] {
        ground.write(name, text);
    }
    let index = ground.index("index");
    update(&index);
    (ground, index)
}

fn found(index: &CodeIndex, query: &str, kind: SearchKind) -> Vec<Hit> {
    index.search(query, &SearchOptions::default().kind(kind)).unwrap()
}

fn places(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| format!("{}:{}", hit.path, hit.best_line)).collect()
}

#[test]
fn words_find_passages_and_sources_stand_first() {
    let (_ground, index) = ground();
    let hits = found(&index, "how is a port opened?", SearchKind::Lexical);
    assert_eq!(hits[0].path.as_str(), "src/net/port.rs");
    assert!(hits[0].text.contains("pub fn open_port"));
    assert!(
        hits[0].reasons.contains(&HitReason::Words { words: vec!["port".into(), "opened".into()] }),
        "{:?}",
        hits[0].reasons
    );
    let place = |path: &str| hits.iter().position(|hit| hit.path.as_str() == path).unwrap();
    for lower in ["tests/port.rs", "vendor/port.rs", "types/port.d.ts", "notes.md"] {
        assert!(place(lower) > 0, "{lower}");
    }
    assert_eq!(found(&index, "nothingofthis", SearchKind::Lexical), []);
}

#[test]
fn what_changed_since_the_update_is_shown_as_it_is() {
    let (ground, index) = ground();
    ground.write("src/net/port.rs", &format!("{}fn open_port() {{}}\n", "// a\n".repeat(70)));
    let hits = found(&index, "open port", SearchKind::Lexical);
    let hit = hits.iter().find(|hit| hit.path.as_str() == "src/net/port.rs").unwrap();
    assert!(hit.text.ends_with("fn open_port() {}\n"), "{hit:?}");
    ground.remove("src/net/port.rs");
    let hits = found(&index, "open port", SearchKind::Lexical);
    assert!(hits.iter().all(|hit| hit.path.as_str() != "src/net/port.rs"));
}

#[test]
fn names_find_definitions_whole_short_and_misspelt() {
    let (_ground, index) = ground();
    for (query, first) in [
        ("open_port", "src/net/port.rs:2"),
        ("openport", "src/net/port.rs:2"),
        ("opn prt", "src/net/port.rs:2"),
        ("HttpParser", "src/parser.rs:1"),
        ("HP", "src/parser.rs:1"),
        ("HttpParser::parse_reply()", "src/parser.rs:4"),
        ("prase_reply", "src/parser.rs:4"),
        ("Port", "src/net/port.rs:6"),
    ] {
        let hits = found(&index, query, SearchKind::Symbol);
        assert_eq!(places(&hits).first().map(String::as_str), Some(first), "{query}");
    }
    let hits = found(&index, "parse_reply", SearchKind::Symbol);
    assert_eq!(places(&hits)[..2], ["src/parser.rs:4", "src/reply.rs:1"]);
    assert_eq!(hits[0].reasons, [HitReason::Defines { name: "HttpParser.parse_reply".into() }]);
    assert_eq!(found(&index, "zzzz", SearchKind::Symbol), []);
}

#[test]
fn text_is_found_line_by_line() {
    let (ground, _index) = ground();
    let search = |query: &str, change: &dyn Fn(&mut SearchOptions)| {
        let mut options = SearchOptions::default().kind(SearchKind::Text);
        change(&mut options);
        search_text(&ground.root, &WalkOptions::default(), query, &options)
            .map(|hits| places(&hits))
    };
    assert_eq!(
        search("open_port(8", &|_| ()).unwrap(),
        ["src/net/server.rs:2", "src/net/server.rs:3"]
    );
    assert_eq!(search(r"open_port\(\d\)", &|o| o.is_regex = true).unwrap(), ["tests/port.rs:3"]);
    assert_eq!(search("httpparser", &|_| ()).unwrap(), ["src/parser.rs:1", "src/parser.rs:3"]);
    assert!(search("HTTPPARSER", &|_| ()).unwrap().is_empty());
    let both = search("HTTPPARSER", &|o| o.case_sensitive = Some(false)).unwrap();
    assert_eq!(both.len(), 2);
    assert!(search("httpparser", &|o| o.case_sensitive = Some(true)).unwrap().is_empty());
    assert_eq!(search("open_port", &|o| o.limit = 3).unwrap().len(), 3);
    // Sources before tests, foreign code and prose.
    assert!(search("open_port", &|_| ()).unwrap()[0].starts_with("src/"));
    let wrong = search("open_port(", &|o| o.is_regex = true);
    assert!(matches!(wrong, Err(Error::BadPattern { .. })));
    assert!(matches!(search("", &|_| ()), Err(Error::EmptyQuery)));
}

#[test]
fn text_is_found_in_the_first_files_that_fit() {
    let (ground, _index) = ground();
    let search = |max_total_bytes| {
        let mut walk = WalkOptions::default();
        walk.max_total_bytes = max_total_bytes;
        let options = SearchOptions::default().kind(SearchKind::Text);
        let mut found = places(&search_text(&ground.root, &walk, "n", &options).unwrap());
        found.sort();
        found
    };
    let all = search(u64::MAX);
    let path = |place: &String| place.split(':').next().unwrap().to_owned();
    // Each file of the ground holds an `n`.
    let mut files: Vec<_> = all.iter().map(path).collect();
    files.dedup();
    let mut total = 0;
    for (number, file) in files.iter().enumerate() {
        let fits = |place: &&String| files[..number].contains(&path(place));
        let expect: Vec<_> = all.iter().filter(fits).cloned().collect();
        assert_eq!(search(total), expect, "{total} bytes");
        total += std::fs::metadata(ground.root.path().join(file)).unwrap().len();
    }
    assert_eq!(search(total), all);
}

#[test]
fn queries_are_answered_as_they_look() {
    let (_ground, index) = ground();
    for (query, first) in [
        ("open_port", "src/net/port.rs:2"),
        ("HttpParser::parse_reply", "src/parser.rs:4"),
        ("src/net/server.rs", "src/net/server.rs:1"),
        ("server.rs", "src/net/server.rs:1"),
        ("error: cannot open the port 8080", "src/net/port.rs:3"),
    ] {
        let hits = found(&index, query, SearchKind::Auto);
        assert_eq!(places(&hits).first().map(String::as_str), Some(first), "{query}: {hits:?}");
        assert!(hits.iter().all(|hit| !hit.reasons.is_empty()), "{query}");
    }
    let question = "who opens the port?";
    let auto = found(&index, question, SearchKind::Auto);
    assert_eq!(auto, found(&index, question, SearchKind::Lexical));
    let said = found(&index, "error: cannot open the port 8080", SearchKind::Auto);
    assert_eq!(said[0].reasons[0], HitReason::Holds { text: "cannot open the port".into() });
    let limited = SearchOptions::default().limit(2);
    assert_eq!(index.search("open_port", &limited).unwrap().len(), 2);
    assert!(matches!(index.search(" ", &limited), Err(Error::EmptyQuery)));
}
