//! The main job.

use crate::ground::{Ground, Play, SHOUT, fixture};

#[test]
fn ask_answers_and_names_its_sources() {
    let ground = Ground::new();
    let play = Play { replies: Some(&["It opens the port."]), ..Play::default() };
    let ran = ground.play(&["ask", "who opens the port?"], play);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("It opens the port.\n"), "{}", ran.out);
    assert!(ran.out.contains("Sources:\n  port.py:1-2"), "{}", ran.out);
}

#[test]
fn ask_without_a_model_shows_passages_and_says_so() {
    let ground = Ground::new();
    let ran = ground.run(&["ask", "who opens the port?"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("port.py:1-2\n  def open_port(number):\n"), "{}", ran.out);
    assert!(ran.err.contains("mlx-code models add"), "{}", ran.err);
    assert!(!ran.err.contains("not read"), "{}", ran.err);

    ground.write("logo.bin", "\0\0");
    ground.write("dump.txt", &"x".repeat(2 << 20));
    let ran = ground.run(&["ask", "who opens the port?"]);
    assert!(ran.err.contains("Files not read: 1 binary, 1 too large.\n"), "{}", ran.err);
}

#[test]
fn a_real_checkpoint_answers() {
    let ground = Ground::new();
    let model = fixture("qwen2-f32");
    let args =
        ["ask", "who opens the port?", "--max-tokens", "4", "--model", model.to_str().unwrap()];
    let ran = ground.run(&args);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("Sources:\n"), "{}", ran.out);
}

#[test]
fn edit_shows_the_diff_asks_applies_and_undoes() {
    let ground = Ground::new();
    let before = ground.read("greet.py");
    let no = Play { replies: Some(&[SHOUT]), typed: Some("maybe\nno\n"), ..Play::default() };
    let ran = ground.play(&["edit", "shout"], no);
    assert_eq!((ran.code, ground.read("greet.py")), (0, before.clone()));
    assert!(ran.out.contains("-    return \"hello\"\n+    return \"HELLO\"\n"), "{}", ran.out);
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);

    let yes = Play { replies: Some(&[SHOUT]), typed: Some("y\n"), ..Play::default() };
    let ran = ground.play(&["edit", "shout", "greet.py"], yes);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ground.read("greet.py").contains("HELLO"));
    assert!(ran.err.contains("mlx-code undo 1"), "{}", ran.err);

    assert!(ground.run(&["history"]).out.contains("modify greet.py"));
    assert_eq!(ground.run(&["undo"]).code, 0);
    assert_eq!(ground.read("greet.py"), before);
    assert!(ground.run(&["history"]).out.contains("undone"));
}

#[test]
fn each_file_can_be_decided_on() {
    let ground = Ground::new();
    let reply = format!(
        "{SHOUT}\nport.py\n<<<<<<< SEARCH\n    return number\n=======\n    return int(number)\n>>>>>>> REPLACE\n"
    );
    let typed = Play { input: &reply, typed: Some("each\nn\ny\n"), ..Play::default() };
    assert_eq!(ground.play(&["apply", "-"], typed).code, 0);
    assert!(ground.read("greet.py").contains("hello"));
    assert!(ground.read("port.py").contains("int(number)"));
}

/// Who leaves in the middle has agreed to nothing.
#[test]
fn leaving_the_questions_changes_nothing() {
    for typed in ["", "maybe\n", "each\ny\n", "each\ny\nmaybe\n"] {
        let ground = Ground::new();
        let reply = format!(
            "{SHOUT}\nport.py\n<<<<<<< SEARCH\n    return number\n=======\n    return 1\n>>>>>>> REPLACE\n"
        );
        let ran = ground
            .play(&["apply", "-"], Play { input: &reply, typed: Some(typed), ..Play::default() });
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.err.ends_with("nothing was changed\n"), "{}", ran.err);
        assert!(ground.read("greet.py").contains("hello"), "{typed:?}");
    }
}

/// A reply may not repaint the diff that a person agrees to.
#[test]
fn what_a_terminal_would_obey_is_shown() {
    let ground = Ground::new();
    let reply = SHOUT.replace("HELLO", "HELLO\x1b[2K\u{202e}");
    let play = Play { input: &reply, ..Play::default() };
    let ran = ground.play(&["apply", "--dry-run"], play);
    assert!(ran.out.contains("+    return \"HELLO␛[2K<U+202E>\"\n"), "{}", ran.out);
}

#[test]
fn apply_without_asking_and_without_doing() {
    let ground = Ground::new();
    ground.write("reply.md", SHOUT);
    let ran = ground.run(&["apply", "reply.md", "--dry-run"]);
    assert_eq!((ran.code, ground.read("greet.py").contains("hello")), (0, true));
    let ran = ground.run(&["apply", "reply.md", "--yes"]);
    assert_eq!((ran.code, ground.read("greet.py").contains("HELLO")), (0, true), "{ran:?}");
}

#[test]
fn undo_keeps_what_was_edited_since() {
    let ground = Ground::new();
    ground.write("long.py", "a = 1\nb = 2\nc = 3\nd = 4\n");
    let reply = "long.py\n<<<<<<< SEARCH\na = 1\n=======\na = 9\n>>>>>>> REPLACE\n";
    ground.play(&["apply", "--yes"], Play { input: reply, ..Play::default() });
    ground.write("long.py", "a = 9\nb = 2\nc = 3\nd = 5\n");
    assert_eq!(ground.run(&["undo"]).code, 0);
    assert_eq!(ground.read("long.py"), "a = 1\nb = 2\nc = 3\nd = 5\n");
}

#[test]
fn models_come_and_go() {
    let ground = Ground::new();
    let gguf = fixture("qwen2-gguf-q8_0/model.gguf");
    let gguf = gguf.to_str().unwrap();
    let ran = ground.run(&["models", "add", gguf, "--name", "tiny"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ground.run(&["models", "list"]).out.starts_with("tiny  qwen2 Q8_0"));
    let verified = ground.run(&["models", "verify", "tiny"]);
    assert!(verified.code == 0 && verified.out.ends_with("sound\n"), "{verified:?}");
    assert_eq!(ground.run(&["models", "verify"]).code, 0);
    assert_eq!(ground.run(&["models", "verify", gguf, "--deep"]).code, 0);
    assert!(ground.run(&["models", "repair", "tiny"]).out.starts_with("nothing is broken"));
    assert!(ground.run(&["models", "gc"]).out.starts_with("there is nothing"));
    assert!(ground.run(&["models", "disk"]).out.contains("in all; "));
    let ran = ground.run(&["generate", "--prompt", "def", "--max-tokens", "3"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ground.run(&["doctor"]).code, 0);
    assert_eq!(ground.run(&["models", "rm", "tiny"]).code, 0);
    assert!(ground.run(&["models", "list"]).out.starts_with("no model is installed"));
    assert!(std::path::Path::new(gguf).exists());
}

#[test]
fn generate_reads_a_conversation() {
    let ground = Ground::new();
    let messages = r#"[{"role": "user", "content": "hi"}]"#;
    let play = Play { input: messages, replies: Some(&["Hello."]), ..Play::default() };
    let ran = ground.play(&["generate", "--messages", "-"], play);
    assert_eq!((ran.code, ran.out.as_str()), (0, "Hello.\n"));
}

#[test]
fn generate_tells_how_likely_tokens_were() {
    let ground = Ground::new();
    let model = fixture("qwen2-gguf-q8_0/model.gguf");
    let command = ["generate", "--prompt", "def", "--max-tokens", "1", "--json", "--model"];
    let command = [&command[..], &[model.to_str().unwrap()]].concat();
    let token = |more: &[&str]| {
        let ran = ground.run(&[&command, more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let document = ran.document();
        document["tokens"][0].clone()
    };
    let plain = token(&[]);
    assert!(plain.get("log_probability").is_none() && plain.get("likeliest").is_none());
    let told = token(&["--log-probabilities", "2"]);
    assert_eq!(told["likeliest"].as_array().unwrap().len(), 2);
    assert_eq!(told["likeliest"][0]["id"], plain["id"]);
    let banned = token(&["--logit-bias", &format!("{}:-inf", plain["id"])]);
    assert_eq!(banned["id"], told["likeliest"][1]["id"]);
    assert_eq!(ground.run(&[&command[..], &["--logit-bias", "7"]].concat()).code, 2);
}
