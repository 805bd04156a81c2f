//! Typing, in a real terminal.

use crate::pty::Terminal;

const ENTER: &str = "\r";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const UP: &str = "\x1b[A";

/// Starts and waits for the prompt.
fn start(args: &[&str]) -> Terminal {
    let mut terminal = crate::start(24, args, &[]);
    terminal.wait_for("›");
    terminal
}

/// Waits for the next prompt, empty, at the end.
#[track_caller]
fn wait_for_prompt(terminal: &mut Terminal) {
    terminal.wait_until("a prompt", |screen| screen.trim_end_matches([' ', '\n']).ends_with("\n›"));
}

#[test]
fn a_line_is_typed_and_answered() {
    let mut terminal = start(&[]);
    terminal.send("say **hello**\r");
    terminal.wait_for("1 lines, 13 bytes\nsay hello");
    wait_for_prompt(&mut terminal);
    terminal.send(CTRL_D);
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(terminal.contents().contains("left"));
}

#[test]
fn an_input_has_several_lines() {
    let mut terminal = start(&[]);
    terminal.send("one\x1b\rtwo\\\rthree\x0afour\r");
    terminal.wait_for("4 lines, 18 bytes");
    wait_for_prompt(&mut terminal);
    terminal.send("```\rcode\r```\r");
    terminal.wait_for("3 lines, 12 bytes");
}

#[test]
fn commands_and_paths_complete() {
    let mut terminal = start(&[]);
    terminal.send("/");
    terminal.send("\t");
    terminal.wait_for("about help");
    terminal.send("mo");
    terminal.wait_until("one candidate", |screen| {
        screen.contains("about model") && !screen.contains("about help")
    });
    terminal.send(ENTER);
    terminal.wait_for("› /model");
    terminal.send("sm\t");
    terminal.wait_for("› /model smollm");
    terminal.send(ENTER);
    terminal.wait_for("1 lines, 13 bytes");
    wait_for_prompt(&mut terminal);
    terminal.send("see @main\t");
    terminal.wait_for("› see @src/main.rs");
}

#[test]
fn ten_thousand_pasted_lines_are_one_input() {
    let mut terminal = start(&[]);
    terminal.send("why? ");
    let lines: String = (0..10_000).map(|at| format!("line {at} of what was pasted\n")).collect();
    terminal.paste(&lines);
    terminal.wait_for("› why? [pasted 10,000 lines]");
    terminal.send(ENTER);
    terminal.wait_for(&format!("10000 lines, {} bytes", "why? ".len() + lines.len() - 1));
    // It comes back from the history, and is the same again.
    wait_for_prompt(&mut terminal);
    terminal.send(UP);
    terminal.wait_until("the mark", |screen| {
        screen.trim_end().ends_with("› why? [pasted 10,000 lines]")
    });
}

#[test]
fn a_short_paste_is_shown_and_not_sent() {
    let mut terminal = start(&[]);
    terminal.paste("fn main() {\r\n}\x1b[31m\r\n");
    terminal.wait_for("› fn main() {");
    terminal.send("x\r");
    terminal.wait_for("3 lines, 19 bytes");
}

#[test]
fn control_c_clears_and_twice_leaves() {
    let mut terminal = start(&[]);
    terminal.send("half a thought");
    terminal.wait_for("half a thought");
    terminal.send(CTRL_C);
    wait_for_prompt(&mut terminal);
    assert!(!terminal.contents().contains("again to leave"));
    terminal.send(CTRL_C);
    terminal.wait_for("Ctrl-C again to leave");
    wait_for_prompt(&mut terminal);
    // Something typed in between, and it is not twice in a row.
    terminal.send("x\r");
    terminal.wait_for("1 lines, 1 bytes");
    wait_for_prompt(&mut terminal);
    terminal.send(CTRL_C);
    terminal.wait_until("the note again", |screen| screen.matches("again to leave").count() == 2);
    wait_for_prompt(&mut terminal);
    terminal.send(CTRL_C);
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(terminal.contents().contains("left"));
}

#[test]
fn control_d_leaves_an_empty_line_only() {
    let mut terminal = start(&[]);
    terminal.send("ab\x02");
    terminal.wait_for("› ab");
    terminal.send(CTRL_D);
    terminal.wait_until("one letter", |screen| screen.trim_end().ends_with("› a"));
    terminal.send("\x7f");
    wait_for_prompt_alone(&mut terminal);
    terminal.send(CTRL_D);
    assert_eq!(terminal.wait_for_end(), 0);
}

#[track_caller]
fn wait_for_prompt_alone(terminal: &mut Terminal) {
    terminal.wait_until("an empty prompt", |screen| screen.trim_end().ends_with('›'));
}

#[test]
fn keys_of_vi() {
    let mut terminal = start(&["--vi"]);
    terminal.send("one two three");
    terminal.wait_for("› one two three");
    terminal.send("\x1b");
    terminal.wait_for(": one two three");
    terminal.send("0dw");
    terminal.wait_for(": two three");
    terminal.send("A four\r");
    terminal.wait_for("1 lines, 14 bytes\ntwo three four");
}

#[test]
fn the_history_is_searched_and_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history");
    let args = ["--history", file.to_str().unwrap()];
    let mut terminal = start(&args);
    for input in ["first question", "second\x1b\rwith two lines", " a secret", "third"] {
        terminal.send(input);
        terminal.send(ENTER);
        wait_for_prompt(&mut terminal);
    }
    terminal.send(CTRL_D);
    terminal.wait_for_end();

    let mut terminal = start(&args);
    terminal.send(UP);
    terminal.wait_for("› third");
    terminal.send(UP);
    terminal.wait_for("› second\n  with two lines");
    terminal.send(CTRL_C);
    wait_for_prompt(&mut terminal);
    terminal.send("\x12FIRST");
    terminal.wait_for("first question");
    terminal.send("\r\r");
    terminal.wait_for("1 lines, 14 bytes");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("secret"));
}

#[test]
fn what_the_history_proposes_is_taken_by_an_arrow() {
    let mut terminal = start(&[]);
    terminal.send("explain the parser\r");
    terminal.wait_for("1 lines, 18 bytes");
    wait_for_prompt(&mut terminal);
    terminal.send("expl");
    terminal.wait_until("a hint", |screen| screen.trim_end().ends_with("› explain the parser"));
    terminal.send("\x1b[C\r");
    terminal.wait_until("the same again", |screen| screen.matches("18 bytes").count() == 2);
}

#[test]
fn an_editor_is_opened() {
    for keys in ["\x0f", "\x18\x05"] {
        let mut terminal = start(&[]);
        terminal.send("draft");
        terminal.wait_for("› draft");
        terminal.send(keys);
        terminal.wait_for("› draft edited");
        terminal.send(ENTER);
        terminal.wait_for("1 lines, 12 bytes");
    }
}

#[test]
fn a_narrower_terminal_keeps_the_line() {
    let mut terminal = start(&[]);
    terminal.send("a line that is rather long and goes on for a while, so that it wraps");
    terminal.wait_for("it wraps");
    terminal.resize((40, 24));
    terminal.wait_for_more();
    terminal.send(" now");
    terminal.wait_until("the end", |screen| screen.replace('\n', "").contains("it wraps now"));
    terminal.send(ENTER);
    terminal.wait_for("1 lines, 72 bytes");
}

#[test]
fn control_l_clears_the_screen_and_keeps_the_line() {
    let mut terminal = start(&[]);
    terminal.send("x\r");
    terminal.wait_for("1 lines, 1 bytes");
    wait_for_prompt(&mut terminal);
    terminal.send("kept");
    terminal.wait_for("› kept");
    terminal.send("\x0c");
    terminal.wait_until("a clear screen", |screen| screen.trim() == "› kept");
}

#[test]
fn the_terminal_is_as_it_was_after_leaving() {
    let mut terminal = start(&[]);
    terminal.send(CTRL_D);
    terminal.wait_for_end();
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    assert!(written.contains("\x1b[?2004h"), "pastes are told apart");
    assert!(written.rfind("\x1b[?2004l") > written.rfind("\x1b[?2004h"), "and no longer after");
    assert!(!written.contains("\x1b[?1049h"), "the screen is the normal one");
}

#[test]
fn a_dumb_terminal_and_plain_text_read_lines() {
    for (args, env) in [(&[][..], &[("TERM", "dumb")][..]), (&["--plain"], &[])] {
        let mut terminal = crate::start(24, args, env);
        terminal.wait_for(">");
        terminal.send("hello\n");
        terminal.wait_for("1 lines, 5 bytes");
        terminal.send("/pick\n");
        terminal.wait_for("Which session? Type a number");
        terminal.send("3\n");
        terminal.wait_for("picked: Items([2])");
        terminal.send(CTRL_D);
        terminal.wait_for_end();
        assert!(!terminal.written.contains(&b'\x1b'), "{args:?}: a sequence");
    }
}
