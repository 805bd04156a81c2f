//! Secrets, and models that may be on another machine.

use crate::conversation::open;
use crate::ground::{Ground, Play};
use crate::remote::server_saying;
use crate::tasks::{git, repository};

const QUESTION: &str = "Send this to a model on another machine? [no/yes]";

/// A repository in which something that looks like a token is staged.
fn with_token() -> Ground {
    let ground = repository();
    let token = format!("{}{}", "ghp_", "a8Zk2".repeat(8));
    ground.write("port.py", &format!("def open_port(number):\n    return \"{token}\"\n"));
    git(&ground, &["add", "port.py"]);
    ground
}

#[test]
fn a_review_of_secrets_asks_before_it_sends_them() {
    let ground = with_token();
    let (url, seen) = server_saying(200, "NONE");
    let asked = || seen.lock().unwrap().iter().filter(|said| said.starts_with("POST")).count();
    let mut terminal = open(&ground, &[], &["--model", &url], 100);
    for no in ["n", "\x1b", "\x03"] {
        terminal.send("/review\r");
        terminal.wait_for("port.py:2 looks like a GitHub token");
        terminal.wait_for(QUESTION);
        terminal.send(no);
        terminal.wait_for("nothing was sent");
        terminal.wait_for_prompt();
        terminal.clear();
        assert_eq!(asked(), 0, "{no:?}");
    }
    terminal.send("/commit\r");
    terminal.wait_for(QUESTION);
    terminal.send("n");
    terminal.wait_for("nothing was sent, and nothing was committed");
    terminal.wait_for_prompt();
    terminal.clear();
    assert_eq!(asked(), 0);
    terminal.send("/review\r");
    terminal.wait_for(QUESTION);
    terminal.send("y");
    terminal.wait_for("0 findings in 1 file");
    terminal.wait_for_prompt();
    assert_eq!(asked(), 1);
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn where_nobody_is_there_secrets_are_not_sent() {
    let ground = with_token();
    let (url, seen) = server_saying(200, "NONE");
    for verb in ["review", "commit"] {
        let ran = ground.play(&[verb, "--model", &url], Play::default());
        assert_ne!(ran.code, 0, "{ran:?}");
        assert!(ran.err.contains("looks like a GitHub token"), "{ran:?}");
    }
    assert!(seen.lock().unwrap().iter().all(|said| !said.starts_with("POST")));
}
