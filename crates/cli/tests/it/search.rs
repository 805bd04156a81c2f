//! Search, and the index that it keeps.

use std::fs;

use crate::documents::check;
use crate::ground::{Ground, Play};

#[test]
fn search_prints_as_grep_does_where_nobody_looks() {
    let ground = Ground::new();
    let ran = ground.run(&["search", "open_port"]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (0, "port.py:1:def open_port(number):\n", "")
    );
    // It follows the tree.
    ground.write("more.py", "x = open_port(1)\ny = open_port(2)\n");
    let ran = ground.run(&["search", "open_port", "--kind", "lexical"]);
    assert_eq!(
        ran.out.lines().collect::<Vec<_>>(),
        ["port.py:1:def open_port(number):", "more.py:1:x = open_port(1)"]
    );
    let ran = ground.run(&["search", "OPEN", "--kind", "text", "--ignore-case", "--limit", "2"]);
    assert_eq!(ran.out, "more.py:1:x = open_port(1)\nmore.py:2:y = open_port(2)\n");
    let ran = ground.run(&["search", r"^def \w+_port\(", "--regex"]);
    assert_eq!(ran.out, "port.py:1:def open_port(number):\n");
    let ran = ground.run(&["search", "oprt", "--kind", "symbol"]);
    assert_eq!(ran.out, "port.py:1:def open_port(number):\n");
}

#[test]
fn search_tells_a_person_why() {
    let ground = Ground::new();
    let shown = Play { columns: Some(80), ..Play::default() };
    let ran = ground.play(&["search", "who opens the port?"], shown);
    assert_eq!(
        ran.out,
        "port.py:1-2  defines open_port; holds opens, port; its path holds port\n     \
         1  def open_port(number):\n"
    );
    let ran = ground.run(&["search", "zzz"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", "nothing was found\n"));
    let ran = ground.run(&["search", "(", "--regex"]);
    assert!(ran.code == 2 && ran.err.contains("is no regular expression"), "{ran:?}");
    assert_eq!(ground.run(&["search", " "]).code, 2);
}

#[test]
fn the_index_is_kept_outside_of_the_tree_and_mended() {
    let ground = Ground::new();
    let ran = ground.run(&["index"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "2 files: 2 added, 0 changed, 0 removed\n"));
    ground.write("port.py", "def close_port(number):\n    return number\n");
    ground.write("logo.bin", "\0\0");
    let ran = ground.run(&["index"]);
    assert_eq!(ran.out, "2 files: 0 added, 1 changed, 0 removed\n");
    assert!(ran.err.contains("left out: 1 binary, 0 too large"), "{ran:?}");

    let folder = ground.home().join("state/index");
    let file = |end: &str| {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap()
    };
    fs::write(file(".sqlite3"), "no database").unwrap();
    let ran = ground.run(&["search", "close_port"]);
    assert_eq!(ran.out, "port.py:1:def close_port(number):\n");
    assert_eq!(ran.err, "the index was built anew: it was damaged\n");
}

#[test]
fn documents() {
    let ground = Ground::new();
    check("index", "index", &ground.run(&["index", "--json"]));
    check("search", "search", &ground.run(&["search", "who opens the port?", "--json"]));
    check("context", "context", &ground.run(&["context", "who opens @port.py?", "--json"]));
    let at = ["context", "--at", "port.py:2:5", "--json"];
    check("context-at", "context_at", &ground.run(&at));
    check("search", "search_nothing", &ground.run(&["search", "zzz", "--json"]));
}

#[test]
fn context_prints_the_ledger_and_the_prompt() {
    let ground = Ground::new();
    ground.write("main.py", "from port import open_port\n\n\ndef main():\n    open_port(1)\n");
    let ran = ground.run(&["context", "what does main.py do?", "--tokens", "400"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "39 of 400 tokens, counted as four bytes each",
            "     22  main.py:1-5  the question names main.py",
            "     17  port.py:1-2  defines open_port, used above",
            "",
        ]
    );
    assert_eq!(lines[4..7], ["main.py:1-5", "```python", "from port import open_port"]);
    // A model counts by itself.
    let play = Play { replies: Some(&["x"]), ..Play::default() };
    let ran = ground.play(&["context", "what does main.py do?"], play);
    assert!(ran.out.lines().next().unwrap().ends_with(" of 4096 tokens"), "{}", ran.out);
}

#[test]
fn context_at_a_cursor() {
    let ground = Ground::new();
    ground.write("main.py", "from port import open_port\n\nopen_port()\n");
    let ran = ground.run(&["context", "--at", "main.py:3:11"]);
    assert_eq!(
        ran.out,
        "23 of 4096 tokens, counted as four bytes each\n     12  port.py (heads)  defines open_port, used above\n     10  main.py:1-3  around the cursor\n      1  main.py:3-3  around the cursor\n\n# port.py (heads only)\n# def open_port(number)\nfrom port import open_port\n\nopen_port(\n\n[cursor]\n\n)\n"
    );
    for (args, code) in [
        (&["context"][..], 2),
        (&["context", "--at", "main.py"], 2),
        (&["context", "--at", "main.py:99:1"], 2),
        (&["context", "--at", "none.py:1:1"], 3),
    ] {
        let ran = ground.run(args);
        assert_eq!(ran.code, code, "{ran:?}");
    }
}
