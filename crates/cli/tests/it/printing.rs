//! `--print`, for scripts.

use serde_json::Value;

use crate::ground::{Ground, Play};

const EDIT: &str = "greet.py\n```python\n<<<<<<< SEARCH\n    return \"hello\"\n=======\n    \
                    return \"good morning\"\n>>>>>>> REPLACE\n```\n";

fn play<'a>(replies: &'a [&'a str]) -> Play<'a> {
    Play { replies: Some(replies), ..Play::default() }
}

#[test]
fn the_answer_is_printed_as_it_was_written() {
    let ground = Ground::new();
    let ran = ground.play(&["-p", "what?"], play(&["It **greets**."]));
    assert_eq!((ran.code, ran.out.as_str()), (0, "It **greets**.\n"), "{ran:?}");
}

#[test]
fn what_is_said_comes_from_the_standard_input() {
    let ground = Ground::new();
    let play = Play { input: "what?", ..play(&["That."]) };
    assert_eq!(ground.play(&["--print", "-"], play).out, "That.\n");
}

#[test]
fn nothing_is_changed_unless_it_is_allowed() {
    let ground = Ground::new();
    let ran = ground.play(&["-p", "be friendlier"], play(&[EDIT]));
    assert_eq!(ran.code, 8, "{ran:?}");
    assert!(ground.read("greet.py").contains("\"hello\""));
    let args = ["-p", "be friendlier", "--mode", "auto-edit", "--output-format", "json"];
    let ran = ground.play(&args, play(&[EDIT]));
    assert_eq!(ran.code, 0, "{ran:?}");
    let document = ran.document();
    assert_eq!(document["changed"], serde_json::json!(["greet.py"]));
    assert_eq!(document["end"], "done");
    assert!(ground.read("greet.py").contains("good morning"));
}

#[test]
fn events_come_a_line_each() {
    let ground = Ground::new();
    let args = ["-p", "what?", "--output-format", "stream-json"];
    let ran = ground.play(&args, play(&["It greets."]));
    let types: Vec<String> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].to_string())
        .collect();
    assert_eq!(types.first().map(String::as_str), Some("\"started\""));
    assert_eq!(types.last().map(String::as_str), Some("\"finished\""));
    assert!(types.contains(&"\"text\"".to_owned()), "{types:?}");
}

#[test]
fn a_conversation_needs_a_terminal_and_no_command() {
    let ground = Ground::new();
    for (args, expect) in [
        (&[][..], "a conversation needs a terminal"),
        (&["history", "-p", "x"], "unexpected argument"),
        (&["-p", "x", "history"], "cannot be used with a command"),
        (&["--output-format", "json"], "--print"),
    ] {
        let ran = ground.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(ran.err.contains(expect), "{args:?}: {ran:?}");
    }
}
