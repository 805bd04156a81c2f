//! The verbs that look at code.

use crate::documents::promised;
use crate::ground::{Ground, Play, Ran};

fn ground() -> Ground {
    let ground = Ground::new();
    ground.write("main.py", "from port import open_port\n\n\ndef main():\n    open_port(1)\n");
    ground
}

/// A run that succeeds, as text and as the document that its schema promises.
fn both(ground: &Ground, schema: &str, args: &[&str]) -> (String, serde_json::Value) {
    let plain = ground.run(args);
    assert_eq!(plain.code, 0, "{plain:?}");
    let Ran { out, code, err } = ground.run(&[args, &["--json"]].concat());
    assert_eq!(code, 0, "{err}");
    let document = serde_json::from_str(&out).unwrap();
    promised(schema, &document);
    (plain.out, document)
}

#[test]
fn outline_shows_what_a_file_defines() {
    let (text, document) = both(&ground(), "outline", &["outline", "port.py"]);
    assert_eq!(text, "    1  def open_port(number)\n");
    assert_eq!(document["symbols"][0]["name"], "open_port");
}

#[test]
fn definition_takes_places_and_symbols() {
    let ground = ground();
    for place in ["main.py:5:5", "main.py:5", "open_port", "port.py:open_port"] {
        let (text, document) = both(&ground, "definition", &["definition", place]);
        assert_eq!(text, "port.py:1-2  def open_port(number)\n", "{place}");
        assert_eq!(document["definitions"][0]["certainty"], "certain");
    }
    let ran = ground.run(&["definition", "greet.py:2:14"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("cannot be told"), "{}", ran.err);
    let ran = ground.run(&["definition", "no_such_name"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ground.run(&["definition", "main.py:99"]).code, 2);
}

#[test]
fn without_a_server_the_index_answers() {
    let ground = ground();
    for verb in ["definition", "references", "callers"] {
        let (text, document) = both(&ground, verb, &[verb, "main.py:5:5"]);
        assert_eq!(document["by"], "index");
        let ran = ground.run(&[verb, "main.py:5:5", "--precise"]);
        assert_eq!((ran.code, ran.out), (0, text));
        assert!(ran.err.contains("no language server for python is installed"), "{}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn a_project_names_no_server() {
    let ground = ground();
    ground.write(".mlx-code.json", r#"{"servers": {"ty": "/bin/true"}}"#);
    let ran = ground.run(&["definition", "main.py:5:5", "--precise"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("`servers` counts in the user"), "{}", ran.err);
}

#[test]
fn a_watch_tells_what_it_begins_with_and_ends_when_interrupted() {
    let ground = ground();
    let interrupted = || Play { is_cancelled: true, ..Play::default() };
    let ran = ground.play(&["watch", "--json"], interrupted());
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((ran.code, lines.len()), (130, 1), "{ran:?}");
    let document = serde_json::from_str(lines[0]).unwrap();
    promised("watch", &document);
    assert_eq!(document["event"], "ready");
    let ran = ground.play(&["watch"], interrupted());
    assert_eq!((ran.code, ran.out.as_str()), (130, ""));
    assert!(ran.err.contains("waiting for changes"), "{}", ran.err);
}

#[test]
fn references_and_callers_are_lines() {
    let ground = ground();
    let (text, document) = both(&ground, "references", &["references", "open_port"]);
    assert_eq!(text, "main.py:1:from port import open_port\nmain.py:5:    open_port(1)\n");
    assert_eq!(document["references"].as_array().unwrap().len(), 2);
    let (text, document) = both(&ground, "callers", &["callers", "port.py:1"]);
    assert_eq!(text, "main.py:5:    open_port(1)\n");
    assert_eq!(document["references"][0]["inside"], "main");
    let (text, document) = both(&ground, "callees", &["callees", "main"]);
    assert_eq!(text, "port.py:1-2  def open_port(number)\n");
    assert_eq!(document["callees"][0]["symbol"], "open_port");
}

#[test]
fn graph_answers_what_depends_on_what() {
    let ground = ground();
    let (text, document) = both(&ground, "graph", &["graph"]);
    assert!(text.starts_with("3 files, 3 symbols, 0 rings of files\n"), "{text}");
    assert_eq!(document["nodes"].as_array().unwrap().len(), 3);
    let (text, _) = both(&ground, "graph", &["graph", "open_port"]);
    assert_eq!(text, "port.py:open_port\nUses: 0\nUsed by: 2\n  main.py\n  main.py:main\n");
    let (text, document) =
        both(&ground, "graph", &["graph", "--from", "main.py", "--to", "port.py"]);
    assert_eq!(text, "main.py\nport.py\n");
    assert_eq!(document["way"][1], "port.py");
    let (text, document) = both(&ground, "graph", &["graph", "--unused"]);
    assert!(text.contains("low     greet.py:greet  function\n"), "{text}");
    assert_eq!(document["unused"][0]["confidence"], "low");
    let (_, document) = both(&ground, "graph", &["graph", "--cycles"]);
    assert_eq!(document["cycles"], serde_json::json!([]));
    let (text, _) = both(&ground, "graph", &["graph", "port.py", "--impact"]);
    assert_eq!(text, "Reached: 1\n  main.py\n");
    for (format, begins) in
        [("dot", "digraph"), ("mermaid", "flowchart"), ("json", "{"), ("html", "<!doctype html>")]
    {
        let ran = ground.run(&["graph", "--format", format]);
        assert!(ran.code == 0 && ran.out.starts_with(begins), "{ran:?}");
    }
}

#[test]
fn map_holds_its_budget() {
    let ground = ground();
    let (text, document) = both(&ground, "map", &["map", "--near", "port.py"]);
    assert!(text.contains("port.py:\n  def open_port(number)\n"), "{text}");
    assert_eq!(document["symbols"], 3);
    let ran = ground.run(&["map", "--tokens", "1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}
