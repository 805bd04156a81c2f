//! The model that answers is chosen from a list.

use std::fs;

use crate::conversation::open_with;
use crate::ground::{Ground, fixture};
use crate::pty::Terminal;

/// A ground with models that can be chosen, and one that cannot be opened.
fn with_models() -> Ground {
    let ground = Ground::new();
    let broken = ground.path("../broken.gguf");
    fs::copy(fixture("qwen2-gguf-q8_0/model.gguf"), &broken).unwrap();
    let broken = broken.to_str().unwrap();
    let whole = fixture("qwen2-gguf-q8_0/model.gguf");
    let whole = whole.to_str().unwrap();
    for (path, name) in [(whole, "tiny-one"), (whole, "tiny-two"), (broken, "broken")] {
        let ran = ground.run(&["models", "add", path, "--name", name]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    fs::write(broken, "GGUF, as far as anybody can see").unwrap();
    ground
}

fn talking(ground: &Ground, replies: &[&str]) -> Terminal {
    let home = ground.home();
    open_with(ground, replies, &[], 80, &[("MLX_CODE_HOME", home.to_str().unwrap())])
}

#[test]
fn a_model_is_found_by_letters_and_taken() {
    let ground = with_models();
    let mut terminal = talking(&ground, &["It is I, scripted."]);
    terminal.send("/model\r");
    terminal.wait_for("Which model answers?");
    terminal.wait_for("3/3");
    // Escape leaves the model that answers.
    terminal.send("\x1b");
    terminal.wait_for("the model is scripted");
    terminal.wait_for_prompt();
    terminal.send("who is it?\r");
    terminal.wait_for("It is I, scripted.");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/model\r");
    terminal.wait_for("3/3");
    terminal.send("two");
    terminal.wait_for("❯ tiny-two");
    terminal.wait_until("one of three", |screen| {
        screen.contains("1/3") && !screen.contains("tiny-one")
    });
    terminal.send("\r");
    terminal.wait_for("the model is tiny-two, with ");
    terminal.wait_for_prompt();
    assert!(!terminal.contents().contains("Which model answers?"), "{}", terminal.contents());
    terminal.clear();
    terminal.send("/model\r");
    terminal.wait_for("tiny-two  answers now");
    terminal.send("\x03");
    terminal.wait_for("the model is tiny-two, with ");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn a_model_that_cannot_be_opened_leaves_the_one_that_answers() {
    let ground = with_models();
    let mut terminal = talking(&ground, &["It is I, scripted."]);
    terminal.send("/model\r");
    terminal.wait_for("3/3");
    terminal.send("brok");
    terminal.wait_for("❯ broken");
    terminal.send("\r");
    terminal.wait_for("error:");
    terminal.wait_for_prompt();
    terminal.send("who is it?\r");
    terminal.wait_for("It is I, scripted.");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/model nobody\r");
    terminal.wait_for("error:");
    terminal.wait_for_prompt();
    terminal.clear();
    terminal.send("/model\r");
    terminal.wait_for("3/3");
    terminal.send("\x1b");
    terminal.wait_for("the model is scripted");
    terminal.wait_for_prompt();
    terminal.send("\x04");
    assert_eq!(terminal.wait_for_end(), 0);
}
