//! Changes taken back and applied again, looked up, and refused by policy.

use std::fs;

use crate::ground::{Ground, Play, SHOUT};

fn apply(ground: &Ground, reply: &str, more: &[&str]) -> crate::ground::Ran {
    let args = [&["apply", "--yes"], more].concat();
    ground.play(&args, Play { input: reply, ..Play::default() })
}

#[test]
fn redo_applies_again_what_undo_took_back() {
    let ground = Ground::new();
    assert_eq!(apply(&ground, SHOUT, &[]).code, 0);
    assert_eq!(ground.run(&["undo"]).code, 0);
    let ran = ground.run(&["redo"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "applied 1 by apply again:\n  modify greet.py\n"));
    assert!(ground.read("greet.py").contains("HELLO"));
    let ran = ground.run(&["redo"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("nothing was taken back"), "{ran:?}");
    let ran = ground.run(&["redo", "1"]);
    assert_eq!(ran.code, 4, "{ran:?}");
}

#[test]
fn the_log_names_every_turn_and_its_damage() {
    let ground = Ground::new();
    apply(&ground, SHOUT, &[]);
    ground.run(&["undo"]);
    let shown = ground.run(&["audit"]);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines.len(), 2, "{shown:?}");
    assert!(lines[0].contains("apply 1") && lines[0].ends_with("modify greet.py  exact"));
    assert!(lines[1].contains("undo 1"), "{shown:?}");
    for (args, count) in [
        (vec!["--path", "greet.py"], 2),
        (vec!["--path", "port.py"], 0),
        (vec!["--since", "1h"], 2),
        (vec!["--since", "9999-01-01"], 0),
    ] {
        let shown = ground.run(&[&["audit"], &args[..]].concat());
        let found = shown.out.lines().filter(|line| line.contains("greet.py")).count();
        assert_eq!((shown.code, found), (0, count), "{args:?}: {shown:?}");
    }
    assert_eq!(ground.run(&["audit", "--since", "soon"]).code, 2);

    let sound = ground.run(&["audit", "verify"]);
    assert!(sound.out.starts_with("2 lines, each as it was written\nhead "), "{sound:?}");
    let head = sound.out.split_whitespace().skip_while(|word| *word != "head").nth(1).unwrap();
    assert_eq!(ground.run(&["audit", "verify", "--head", head]).code, 0);
    let other = "0".repeat(64);
    let ran = ground.run(&["audit", "verify", "--head", &other]);
    assert!(ran.code == 1 && ran.out.contains("does not go through"), "{ran:?}");
    assert_eq!(ground.run(&["audit", "verify", "--head", "abc"]).code, 2);

    let journals = ground.home().join("state/journal");
    let journal = fs::read_dir(journals).unwrap().next().unwrap().unwrap().path();
    let log = journal.join("audit/000000000001.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replacen("greet.py", "other.py", 1)).unwrap();
    let ran = ground.run(&["audit", "verify"]);
    assert_eq!(ran.code, 1);
    let expect = "found 000000000001.jsonl:1: record 1 was changed\n1 finding; 1 line as written\n";
    assert_eq!(ran.out, expect);
}

#[test]
fn files_are_renamed_by_a_pattern_and_back() {
    let ground = Ground::new();
    let args = ["rename", "*.py", "src/$1.txt", "--yes"];
    let ran = ground.run(&args);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("rename greet.py -> src/greet.txt"), "{ran:?}");
    assert!(ground.path("src/port.txt").exists() && !ground.path("port.py").exists());
    let ran = ground.run(&args);
    assert_eq!((ran.code, ran.err.as_str()), (0, "no file is to be renamed\n"));
    ground.run(&["undo"]);
    assert!(ground.path("port.py").exists() && !ground.path("src").exists());
    let ran = ground.run(&["rename", "*.py", "one", "--yes"]);
    assert!(ran.code == 5 && ran.out.contains("same path") || ran.out.contains("to this path"));
    assert_eq!(ground.run(&["rename", "*.{py", "$1"]).code, 2);
}

#[test]
fn an_edit_that_breaks_its_file_needs_a_word_more() {
    let ground = Ground::new();
    let before = "def total(a):\n    value = a + 1\n    return value\n";
    ground.write("calc.py", before);
    let reply = "calc.py\n<<<<<<< SEARCH\n  value = a + 1\n  return value\n=======\n\
        \x20 value = (a + 1\n  return value\n>>>>>>> REPLACE\n";
    let ran = apply(&ground, reply, &[]);
    assert!(ran.code != 0 && ran.out.contains("syntax errors"), "{ran:?}");
    assert_eq!(ground.read("calc.py"), before);
    let ran = apply(&ground, reply, &["--ignore-syntax"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ground.read("calc.py"), before.replace("= a", "= (a"));
}

#[test]
fn protected_files_need_a_word_more() {
    let ground = Ground::new();
    ground.write(".env", "KEY=1\n");
    let reply = ".env\n<<<<<<< SEARCH\nKEY=1\n=======\nKEY=2\n>>>>>>> REPLACE\n";
    let ran = apply(&ground, reply, &[]);
    assert!(ran.code == 34 && ran.out.contains("is protected (`.env`)"), "{ran:?}");
    assert!(ran.out.contains("--allow-protected"), "{ran:?}");
    assert_eq!(ground.read(".env"), "KEY=1\n");
    assert_eq!(apply(&ground, reply, &["--allow-protected", ".env"]).code, 0);
    assert_eq!(ground.read(".env"), "KEY=2\n");

    ground.write(".mlx-code.json", r#"{"edit": {"deny": ["greet.py"], "protected": []}}"#);
    let ran = apply(&ground, SHOUT, &["--allow-protected", "**"]);
    assert!(ran.out.contains("`greet.py` is denied"), "{ran:?}");
    let reply = reply.replace("KEY=2", "KEY=3").replace("KEY=1", "KEY=2");
    let ran = apply(&ground, &reply, &[]);
    assert!(ran.out.contains("is protected"), "a project cannot take protection away: {ran:?}");
}
