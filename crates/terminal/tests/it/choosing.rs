//! Pickers and approvals, in a real terminal.

use crate::pty::Terminal;

fn start(input: &str) -> Terminal {
    let mut terminal = crate::start(24, &[], &[]);
    terminal.wait_for("›");
    terminal.send(input);
    terminal
}

#[test]
fn a_picker_filters_and_goes() {
    let mut terminal = start("/pick\r");
    terminal.wait_for("❯ session 1  1 turns");
    terminal.wait_for("40/40");
    terminal.send("3");
    terminal.wait_until("fewer", |screen| screen.contains("/40") && !screen.contains("40/40"));
    terminal.send("7");
    terminal.wait_for("❯ session 37");
    terminal.wait_for("what was asked in 37");
    terminal.send("\r");
    terminal.wait_for("picked: Items([36])");
    terminal.wait_until("a clean screen", |screen| {
        !screen.contains("Which session?") && !screen.contains("turns")
    });
    // What stood above stands there still.
    assert!(terminal.contents().starts_with("› /pick\npicked:"), "{}", terminal.contents());
}

#[test]
fn arrows_pages_and_leaving() {
    let mut terminal = start("/pick\r");
    terminal.wait_for("❯ session 1 ");
    terminal.send("\x1b[B");
    terminal.wait_for("❯ session 2 ");
    terminal.send("\x1b[6~");
    terminal.wait_for("❯ session 7 ");
    terminal.send("\x1b[A\x1b[A");
    terminal.wait_for("❯ session 5 ");
    terminal.resize((50, 24));
    terminal.wait_for_more();
    terminal.wait_for("❯ session 5 ");
    terminal.send("\x1b");
    terminal.wait_for("picked: Nothing");
    terminal.wait_until("a clean screen", |screen| !screen.contains("Which session?"));
    terminal.wait_until("a prompt", |screen| screen.trim_end().ends_with('›'));
    terminal.send("still here\r");
    terminal.wait_for("1 lines, 10 bytes");
}

#[test]
fn a_list_at_the_foot_of_the_screen_leaves_what_is_above() {
    let mut terminal = crate::start(10, &[], &[]);
    terminal.wait_for("›");
    for at in 0..4 {
        terminal.send(&format!("filler {at}\r"));
        terminal.wait_for(&format!("\nfiller {at}\n"));
    }
    terminal.send("/pick\r");
    terminal.wait_for("❯ session 1 ");
    terminal.send("\x1b[B\r");
    terminal.wait_for("picked: Items([1])");
    assert!(terminal.contents().contains("filler 3"), "{}", terminal.contents());
}

#[test]
fn a_change_is_approved_part_by_part() {
    let mut terminal = start("/approve\r");
    terminal.wait_for("Apply the changes to 2 files? [y/n/each/open/why/?]");
    terminal.send("?");
    terminal.wait_for("ask why it is changed so");
    terminal.send("e");
    terminal.wait_for("Apply the change to src/a.rs?");
    terminal.send("y");
    terminal.wait_for("Apply the change to src/b.rs?");
    terminal.send("e");
    terminal.wait_for("Apply part 1 of 2 of src/b.rs?");
    terminal.send("n");
    terminal.wait_for("Apply part 2 of 2 of src/b.rs?");
    terminal.send("y");
    terminal.wait_for("decided: Some([[true, true], [false, true]])");
}

#[test]
fn control_c_means_no() {
    for keys in ["\x03", "\x1b", "n", "q", "\x04"] {
        let mut terminal = start("/approve\r");
        // All of the question: then the terminal gives each key at once.
        terminal.wait_for("Apply the changes to 2 files? [y/n/each/open/why/?]");
        terminal.send(keys);
        terminal.wait_for("decided: None");
    }
    // To what was agreed before too.
    for keys in ["\x03", "\x1b", "\x04"] {
        let mut terminal = start("/approve\r");
        terminal.wait_for("Apply the changes to 2 files? [y/n/each/open/why/?]");
        terminal.send("e");
        terminal.wait_for("Apply the change to src/a.rs? [");
        terminal.send("y");
        terminal.wait_for("Apply the change to src/b.rs? [");
        terminal.send(keys);
        terminal.wait_for("decided: None");
    }
}
