//! The conversation, in a real terminal, with a model that answers from a list.

use crate::ground::Ground;
use crate::pty::{self, Terminal};

pub const EDIT: &str = "I make it friendlier.\n\ngreet.py\n```python\n<<<<<<< SEARCH\n    return \
                    \"hello\"\n=======\n    return \"good morning\"\n>>>>>>> REPLACE\n```\n";

/// Opens a conversation with these replies in a terminal.
pub fn open(ground: &Ground, replies: &[&str], args: &[&str], columns: u16) -> Terminal {
    open_with(ground, replies, args, columns, &[])
}

/// As [`open`], with more variables of the environment.
pub fn open_with(
    ground: &Ground,
    replies: &[&str],
    args: &[&str],
    columns: u16,
    env: &[(&str, &str)],
) -> Terminal {
    let file = ground.root().join("../replies.json");
    std::fs::write(&file, serde_json::to_vec(replies).unwrap()).unwrap();
    let home = ground.home();
    let mut all = vec![file.to_str().unwrap()];
    all.extend(args);
    let usual = [("HOME", home.to_str().unwrap()), ("PATH", "/usr/bin:/bin")];
    let env = [&usual[..], env].concat();
    let mut terminal =
        Terminal::start(&pty::example("scripted"), &all, &env, &ground.root(), (columns, 30));
    terminal.wait_for("›");
    terminal
}

#[test]
fn a_question_is_answered_in_markdown() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &["It **greets**, in `greet.py`."], &[], 80);
    terminal.send("what does greet do?\r");
    terminal.wait_for("It greets, in greet.py.");
    terminal.wait_for("tokens read");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn a_change_is_shown_agreed_to_and_taken_back() {
    for columns in [60, 80, 140] {
        let ground = Ground::new();
        let mut terminal = open(&ground, &[EDIT], &[], columns);
        terminal.send("be friendlier\r");
        terminal.wait_for("Apply the change to greet.py? [y/n/why/?]");
        let screen = terminal.contents();
        assert!(screen.contains("I make it friendlier."), "{screen}");
        assert!(!screen.contains("SEARCH"), "the block is not shown:\n{screen}");
        assert!(ground.read("greet.py").contains("\"hello\""), "nothing is written yet");
        terminal.send("y");
        terminal.wait_for("changed greet.py; /undo takes it back");
        terminal.wait_for_prompt();
        assert!(ground.read("greet.py").contains("good morning"));
        terminal.send("/undo\r");
        terminal.wait_for("took back: greet.py");
        assert!(ground.read("greet.py").contains("\"hello\""));
        terminal.wait_for_prompt();
        terminal.send("/redo\r");
        terminal.wait_for("applied again: greet.py");
        assert!(ground.read("greet.py").contains("good morning"));
    }
}

#[test]
fn a_no_changes_nothing_and_a_reason_goes_to_the_model() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &[EDIT, "It sounds nicer.", "Then I leave it."], &[], 80);
    terminal.send("be friendlier\r");
    terminal.wait_for("Apply the change");
    terminal.send("w");
    terminal.wait_for("It is asked because");
    terminal.wait_for("It sounds nicer.");
    terminal.wait_for_times("Apply the change to greet.py?", 2);
    terminal.send("n");
    terminal.wait_for("What should it do instead?");
    terminal.send("leave it\n");
    terminal.wait_for("Then I leave it.");
    terminal.wait_for_prompt();
    assert!(ground.read("greet.py").contains("\"hello\""));
}

#[test]
fn commands_of_the_conversation() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &["Yes."], &[], 100);
    for (typed, expect) in [
        ("/help", "/theme [THEME]"),
        ("/mode auto-edit", "the mode is auto-edit"),
        ("/files greet.py", "\ngreet.py\n"),
        ("/drop", "no file is shown whole"),
        ("/hlep", "did you mean /help?"),
        ("/model", "the model is scripted"),
        ("/thinking off", "thinking is off"),
        ("/stats", "tokens written"),
        ("is it?", "Yes."),
        ("/context", "of 8192 with all that was said"),
        ("/export talk.md", "wrote "),
        ("/clear", "what was said is forgotten"),
        ("/theme light", "/theme NAME sets one of auto, dark, light, none"),
        ("/diff", "nothing was proposed yet"),
        ("/undo", "error:"),
    ] {
        terminal.clear();
        terminal.send(typed);
        terminal.send("\r");
        terminal.wait_for(expect);
        terminal.wait_for_prompt();
    }
    assert!(ground.read("talk.md").contains("## You\n\nis it?\n\n## Model\n\nYes."));
    terminal.send("/quit\r");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn files_and_symbols_complete() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &[], &[], 80);
    terminal.send("see @gree\t");
    terminal.wait_for("greet.py");
    terminal.send("\x03");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("@open_po\t");
    terminal.wait_for("@open_port");
}

#[test]
fn control_c_stops_an_answer_and_not_the_conversation() {
    let ground = Ground::new();
    let long = "word ".repeat(2_000_000);
    let mut terminal = open(&ground, &[&long, "Short."], &[], 80);
    terminal.send("talk\r");
    terminal.wait_for("word word");
    terminal.send("\x03");
    terminal.wait_for("stopped");
    terminal.wait_for_prompt();
    terminal.send("and now?\r");
    terminal.wait_for("Short.");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn plain_text_has_no_sequences() {
    let ground = Ground::new();
    let file = ground.root().join("../replies.json");
    std::fs::write(&file, serde_json::to_vec(&[EDIT]).unwrap()).unwrap();
    let home = ground.home();
    let env = [("HOME", home.to_str().unwrap())];
    let args = [file.to_str().unwrap(), "--plain"];
    let mut terminal =
        Terminal::start(&pty::example("scripted"), &args, &env, &ground.root(), (80, 30));
    terminal.wait_for("> ");
    terminal.send("be friendlier\n");
    terminal.wait_for("added line 2:");
    terminal.wait_for("Apply the change to greet.py?");
    terminal.send("y\n");
    terminal.wait_for("changed greet.py");
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(!terminal.written.contains(&b'\x1b'));
}

#[test]
fn a_conversation_goes_on_later() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &["It greets."], &[], 80);
    terminal.send("what does greet do?\r");
    terminal.wait_for("It greets.");
    terminal.wait_for_prompt();
    terminal.send("/rename greeting\r");
    terminal.wait_for("this conversation is greeting");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    terminal.wait_for_end();

    for (args, end, answer) in [
        (&["--continue"][..], "› what does greet do?\nIt greets.", "As I said."),
        (&["--resume", "greeting"], "› again?\nAs I said.", "Once more."),
    ] {
        let mut terminal = open(&ground, &[answer], args, 80);
        terminal.wait_for(end);
        terminal.wait_for_prompt();
        terminal.send("again?\r");
        terminal.wait_for(answer);
        terminal.wait_for_prompt();
        terminal.send("\x04");
        terminal.wait_for_end();
    }

    let mut terminal = open(&ground, &["Forked."], &[], 80);
    terminal.send("/resume\r");
    terminal.wait_for("Which conversation?");
    terminal.send("\r");
    terminal.wait_for("going on with greeting (3 turns)");
    terminal.wait_for_prompt();
    terminal.send("/fork side\r");
    terminal.wait_for("going on with side (3 turns)");
    terminal.wait_for_prompt();
    terminal.send("and?\r");
    terminal.wait_for("Forked.");
}
