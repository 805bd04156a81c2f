//! What a conversation does beside talking: commits, reviews, the editor, parts
//! of a change, words of one's own.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::conversation::{EDIT, open, open_with};
use crate::ground::Ground;
use crate::pty::Terminal;
use crate::tasks::{git, repository};

/// An editor that does to its last argument what a shell's line says.
fn editor(ground: &Ground, line: &str) -> String {
    let path = ground.path("../editor.sh");
    fs::write(&path, format!("#!/bin/sh\nfile=\"$1\"\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn configured(ground: &Ground, name: &str, text: &str) {
    let path = ground.home().join(".config/mlx-code").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Three places of a file, far from each other.
fn long_file() -> String {
    (1..=60).map(|number| format!("line_{number} = {number}\n")).collect()
}

const THREE: &str = "Three places.\n\nlong.py\n```python\n\
    <<<<<<< SEARCH\nline_2 = 2\n=======\nline_2 = \"two\"\n>>>>>>> REPLACE\n\
    <<<<<<< SEARCH\nline_30 = 30\n=======\nline_30 = \"thirty\"\n>>>>>>> REPLACE\n\
    <<<<<<< SEARCH\nline_58 = 58\n=======\nline_58 = \"last\"\n>>>>>>> REPLACE\n```\n";

fn leave(mut terminal: Terminal) {
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn parts_of_a_change_are_agreed_to() {
    let ground = Ground::new();
    ground.write("long.py", &long_file());
    let mut terminal = open(&ground, &[THREE, "It reads better."], &[], 80);
    terminal.send("words for numbers\r");
    terminal.wait_for("Apply the change to long.py? [y/n/each/why/?]");
    terminal.send("e");
    terminal.wait_for("Apply part 1 of 3 of long.py?");
    terminal.send("y");
    terminal.wait_for("Apply part 2 of 3 of long.py?");
    // The question is where it was after the answer.
    terminal.send("w");
    terminal.wait_for("It reads better.");
    terminal.wait_for_times("Apply part 2 of 3 of long.py?", 2);
    terminal.send("n");
    terminal.wait_for("Apply part 3 of 3 of long.py?");
    terminal.send("y");
    terminal.wait_for("changed long.py");
    let expect = long_file()
        .replace("line_2 = 2\n", "line_2 = \"two\"\n")
        .replace("line_58 = 58\n", "line_58 = \"last\"\n");
    assert_eq!(ground.read("long.py"), expect);
    terminal.wait_for_prompt();
    terminal.send("/undo\r");
    terminal.wait_for("took back: long.py");
    assert_eq!(ground.read("long.py"), long_file());
    leave(terminal);
}

#[test]
fn a_change_is_edited_by_hand() {
    let ground = Ground::new();
    let editor = editor(&ground, "sed -i 's/good morning/good evening/' \"$file\"");
    let mut terminal = open_with(&ground, &[EDIT], &[], 80, &[("EDITOR", &editor)]);
    terminal.send("be friendlier\r");
    terminal.wait_for("Apply the change to greet.py? [y/n/open/why/?]");
    terminal.send("o");
    terminal.wait_for("good evening");
    terminal.wait_for_times("Apply the change to greet.py?", 2);
    assert!(ground.read("greet.py").contains("\"hello\""), "nothing is written yet");
    terminal.send("y");
    terminal.wait_for("changed greet.py");
    assert!(ground.read("greet.py").contains("good evening"));
    terminal.wait_for_prompt();
    terminal.send("/undo\r");
    terminal.wait_for("took back: greet.py");
    assert!(ground.read("greet.py").contains("\"hello\""));
    leave(terminal);
    let drafts = ground.home().join(".local/state/mlx-code/drafts");
    assert_eq!(fs::read_dir(drafts).unwrap().count(), 0, "drafts are removed");
}

#[test]
fn an_editor_that_fails_leaves_the_question() {
    let ground = Ground::new();
    let editor = editor(&ground, "exit 3");
    let mut terminal = open_with(&ground, &[EDIT], &[], 80, &[("EDITOR", &editor)]);
    terminal.send("be friendlier\r");
    terminal.wait_for("Apply the change to greet.py?");
    terminal.send("o");
    terminal.wait_for("failed");
    terminal.wait_for_times("Apply the change to greet.py?", 2);
    terminal.send("y");
    terminal.wait_for("changed greet.py");
    leave(terminal);
}

#[test]
fn what_cannot_be_read_back_from_the_editor_is_kept() {
    let ground = Ground::new();
    let editor = editor(&ground, "printf 'caf\\351' > \"$file\"");
    let mut terminal = open_with(&ground, &[EDIT], &[], 200, &[("EDITOR", &editor)]);
    terminal.send("be friendlier\r");
    terminal.wait_for("Apply the change to greet.py?");
    terminal.send("o");
    terminal.wait_for("UTF-8");
    terminal.wait_for_times("Apply the change to greet.py?", 2);
    terminal.send("n");
    terminal.wait_for("What should it do instead?");
    terminal.send("\n");
    leave(terminal);
    let drafts = ground.home().join(".local/state/mlx-code/drafts");
    let kept: Vec<_> = fs::read_dir(drafts).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(&kept[0]).unwrap(), b"caf\xe9");
}

#[test]
fn files_that_are_pinned_before_the_first_word_are_pinned_later() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &["Hello."], &["--pin", "port.py"], 80);
    terminal.send("/files greet.py\r");
    terminal.wait_for("\ngreet.py\n");
    terminal.wait_for_prompt();
    terminal.send("hello\r");
    terminal.wait_for("Hello.");
    leave(terminal);
    let mut terminal = open(&ground, &[], &["--continue"], 80);
    terminal.wait_for("Hello.");
    terminal.wait_for_prompt();
    terminal.send("/drop greet.py\r");
    terminal.wait_for("port.py");
    terminal.wait_for_prompt();
    terminal.send("/drop\r");
    terminal.wait_for("no file is shown whole");
    assert!(!terminal.contents().contains("is not shown whole"), "{}", terminal.contents());
    leave(terminal);
    let mut terminal = open(&ground, &[], &["--continue"], 80);
    terminal.wait_for("Hello.");
    terminal.wait_for_prompt();
    terminal.send("/drop greet.py\r");
    terminal.wait_for("greet.py is not shown whole");
    leave(terminal);
}

#[test]
fn an_input_is_written_in_the_editor() {
    let ground = Ground::new();
    let editor = editor(&ground, "echo 'and a second line' >> \"$file\"");
    let replies = ["Once.", "Twice."];
    let mut terminal = open_with(&ground, &replies, &[], 80, &[("VISUAL", &editor)]);
    terminal.send("/edit what is it\r");
    terminal.wait_for("and a second line");
    terminal.wait_for("Once.");
    terminal.wait_for_prompt();
    terminal.send("a first");
    terminal.wait_for("a first");
    terminal.send("\x18\x05");
    terminal.wait_for_times("and a second line", 2);
    terminal.send("\r");
    terminal.wait_for("Twice.");
    leave(terminal);
}

#[test]
fn what_is_staged_is_committed() {
    let ground = repository();
    ground.write("port.py", "def open_port(number):\n    return number + 1\n");
    let editor = editor(&ground, "sed -i '1s/.*/Add one to every port/' \"$file\"");
    let replies = ["Add one to the port", "Add two to the port"];
    let mut terminal = open_with(&ground, &replies, &[], 80, &[("EDITOR", &editor)]);
    terminal.send("/commit\r");
    terminal.wait_for("nothing is staged");
    terminal.wait_for_prompt();
    git(&ground, &["add", "port.py"]);
    terminal.send("/commit ports begin at one\r");
    terminal.wait_for("Add one to the port");
    terminal.wait_for("Commit with this message? [yes/no/edit/again]");
    terminal.send("a");
    terminal.wait_for("Add two to the port");
    terminal.wait_for_times("Commit with this message?", 2);
    terminal.send("e");
    terminal.wait_for("Add one to every port");
    terminal.wait_for_times("Commit with this message?", 3);
    assert_eq!(git(&ground, &["log", "--oneline"]).lines().count(), 1);
    terminal.send("y");
    terminal.wait_for("committed ");
    assert_eq!(git(&ground, &["log", "-1", "--format=%s"]), "Add one to every port");
    leave(terminal);
}

#[test]
fn what_changed_is_reviewed() {
    let ground = repository();
    ground.write("port.py", "def open_port(number):\n    return number / 0\n");
    let reply = "FINDING\npath: port.py\nline: 2\nseverity: error\ntitle: It divides by zero\nwhy: Always.\n";
    let mut terminal = open(&ground, &[reply, "NONE"], &[], 80);
    terminal.send("/review\r");
    terminal.wait_for("port.py:2 error It divides by zero");
    terminal.wait_for("1 finding in 1 file");
    terminal.wait_for_prompt();
    terminal.send("/review @greet.py\r");
    terminal.wait_for("0 findings in 1 file");
    leave(terminal);
}

#[test]
fn commands_and_prompts_of_ones_own_count() {
    let ground = Ground::new();
    let text = r#"{"commands": {"tidy": {"prompt": "Tidy {{ arguments }} up", "description": "Tidies up"}},
        "theme": "see"}"#;
    configured(&ground, "config.json", text);
    configured(&ground, "prompts/session.md", "You are a pirate.");
    configured(&ground, "commands/help.md", "hidden");
    ground.write(".mlx-code/prompts/plan.md", "{{ words }}");
    let mut terminal = open(&ground, &["Tidied.", "Said."], &[], 120);
    for told in [
        "there is no theme `see`",
        "the prompt `session` is that of ",
        "not in use: 1 prompt of this project",
        "others have these names already: /help of the user",
    ] {
        terminal.wait_for(told);
    }
    terminal.send("/tid\t");
    terminal.wait_for("/tidy ");
    terminal.send("the port\r");
    terminal.wait_for("Tidied.");
    terminal.wait_for_prompt();
    // One that is written while the conversation goes on.
    configured(&ground, "commands/say.md", "Say $1.");
    terminal.send("/say hello\r");
    terminal.wait_for("Said.");
    terminal.wait_for_prompt();
    terminal.send("/help\r");
    terminal.wait_for("Tidies up (configuration)");
    terminal.wait_for_prompt();
    terminal.send("/export talk.json\r");
    terminal.wait_for("wrote ");
    let talk = ground.read("talk.json");
    assert!(talk.contains("Tidy the port up") && talk.contains("Say hello."), "{talk}");
    leave(terminal);
}

#[test]
fn what_is_not_to_be_kept_is_not() {
    let ground = Ground::new();
    configured(&ground, "config.json", r#"{"session": {"record": false}, "keys": "vi"}"#);
    let mut terminal = open(&ground, &["Yes."], &[], 80);
    // The keys of vi: Esc, to the first column, insert there.
    terminal.send("s it?\x1b0ii\r");
    terminal.wait_for("› is it?");
    terminal.wait_for("Yes.");
    terminal.wait_for_prompt();
    terminal.send("/rename x\r");
    terminal.wait_for("conversations are not kept here");
    leave(terminal);
    assert!(!ground.home().join(".local/state/mlx-code/sessions").exists());
}

#[test]
fn a_terminal_changes_its_size_while_an_answer_streams() {
    let ground = Ground::new();
    // No line is as one before: a model that repeats itself is stopped.
    let long: String = (0..8_000).map(|number| format!("word{number} fills ")).collect();
    let short = "A sentence whose words are together wider than forty columns of a terminal.";
    let mut terminal = open(&ground, &[&long, short], &[], 100);
    terminal.send("talk\r");
    terminal.wait_for("word9 ");
    for columns in [60, 140, 40] {
        terminal.resize((columns, 30));
    }
    terminal.wait_for("tokens read");
    terminal.wait_for_prompt();
    terminal.send("and?\r");
    terminal.wait_for("of a terminal.");
    terminal.wait_for_prompt();
    // What comes is laid out for the terminal as it is now: no word is cut.
    let screen = terminal.contents();
    let shown: Vec<&str> = screen.lines().skip_while(|line| !line.contains("A sentence")).collect();
    assert!(shown[0].len() <= 40 && shown[1].contains("columns"), "{screen}");
    let words = shown[..2].iter().flat_map(|line| line.split_whitespace());
    assert_eq!(words.collect::<Vec<_>>().join(" "), short, "{screen}");
    leave(terminal);
}

#[test]
fn a_paste_of_ten_thousand_lines_is_one_input() {
    let ground = Ground::new();
    let mut terminal = open(&ground, &["Long."], &[], 80);
    let text: String = (1..=10_000).map(|number| format!("l{number}\n")).collect();
    terminal.send(&format!("\x1b[200~{text}\x1b[201~"));
    terminal.wait_for("[pasted 10,000 lines]");
    terminal.send("\r");
    // It is longer than the model's context, and that is said.
    terminal.wait_for("tokens");
    leave(terminal);
}
