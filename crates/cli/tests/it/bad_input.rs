//! What can go wrong: one clear error each, its own exit code, no file touched.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::ground::{Ground, Play, Ran, SHOUT, fixture};

/// A failed run: its exit code, words of its error, and a remedy.
fn failed(ran: &Ran, code: u8, words: &str) {
    assert_eq!(ran.code, code, "{ran:?}");
    let first = ran.err.lines().find(|line| line.contains("error:")).unwrap_or_default();
    assert!(first.contains(words), "{words:?} in {}", ran.err);
    assert!(ran.err.contains("help:"), "{}", ran.err);
}

/// Runs `apply --yes` on a reply that must not change anything.
fn refused(ground: &Ground, reply: &str, code: u8, words: &str) {
    let before = ground.read("greet.py");
    let ran = ground.play(&["apply", "--yes"], Play { input: reply, ..Play::default() });
    assert_eq!(ran.code, code, "{ran:?}");
    assert!(ran.err.contains("help:"), "{}", ran.err);
    assert!(ran.out.contains(words), "{words:?} in {}", ran.out);
    assert_eq!(ground.read("greet.py"), before);
}

fn copy(name: &str, ground: &Ground) -> PathBuf {
    let (from, to) = (fixture(name), ground.path("model"));
    fs::create_dir(&to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    to
}

fn git(ground: &Ground, args: &[&str]) {
    let done = std::process::Command::new("git").args(args).current_dir(ground.root()).status();
    assert!(done.unwrap().success());
}

fn add(ground: &Ground, path: &Path) -> Ran {
    ground.run(&["models", "add", path.to_str().unwrap()])
}

fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_missing_model() {
    let ground = Ground::new();
    failed(&ground.run(&["ask", "x", "--model", "gone"]), 20, "no model called gone");
    failed(&ground.run(&["ask", "x", "--model", "./gone.gguf"]), 3, "gone.gguf");
    failed(&ground.run(&["edit", "x"]), 20, "no model is installed");
    failed(&ground.run(&["models", "add", "gone"]), 3, "gone");
    failed(&ground.run(&["models", "rm", "../x"]), 2, "cannot be a model's name");
}

#[test]
fn a_truncated_weight_file() {
    let ground = Ground::new();
    for (name, file) in [("qwen2-gguf-f16", "model.gguf"), ("qwen2-f32", "model.safetensors")] {
        let folder = copy(name, &ground);
        let place = folder.join(file);
        let bytes = fs::read(&place).unwrap();
        fs::write(&place, &bytes[..bytes.len() - 100]).unwrap();
        let target = if file == "model.gguf" { place } else { folder.clone() };
        failed(&add(&ground, &target), 21, "is damaged");
        fs::write(folder.join(file), &bytes[..20]).unwrap();
        failed(&add(&ground, &target), 21, "is damaged");
        fs::remove_dir_all(folder).unwrap();
    }
    assert!(ground.run(&["models", "list"]).out.starts_with("no model"));
}

#[test]
fn a_flipped_bit() {
    let ground = Ground::new();
    let folder = copy("qwen2-f32", &ground);
    assert_eq!(add(&ground, &folder).code, 0);
    // The store's file is the same one where the disk knows links.
    let place = ground.home().join("data/models/model/model.safetensors");
    let mut bytes = fs::read(&place).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&place, bytes).unwrap();
    let ran = ground.run(&["models", "verify", "model"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FAIL  bytes of model.safetensors"), "{}", ran.out);
    failed(&ground.run(&["ask", "x", "--model", "model"]), 21, "changed after it was installed");
    assert_eq!(ground.run(&["doctor"]).code, 1);
}

#[test]
fn a_wrong_shape() {
    let ground = Ground::new();
    let folder = copy("qwen2-f32", &ground);
    change(&folder.join("config.json"), "\"intermediate_size\": 128", "\"intermediate_size\": 96");
    failed(&add(&ground, &folder), 22, "has the shape [128, 64], the configuration says [96, 64]");
}

#[test]
fn a_missing_weight() {
    let ground = Ground::new();
    let folder = copy("qwen2-f32", &ground);
    change(&folder.join("config.json"), "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    failed(&add(&ground, &folder), 22, "lacks the weight model.layers.2");
}

#[test]
fn a_tokenizer_that_does_not_fit() {
    let ground = Ground::new();
    let folder = copy("qwen2-f32", &ground);
    let place = folder.join("tokenizer.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
    json["model"]["vocab"]["extra"] = 5_000.into();
    fs::write(&place, json.to_string()).unwrap();
    failed(&add(&ground, &folder), 23, "the tokenizer of");
    fs::write(&place, "{}").unwrap();
    failed(&add(&ground, &folder), 21, "is damaged");
}

#[test]
fn an_unknown_architecture() {
    let ground = Ground::new();
    let folder = copy("qwen2-f32", &ground);
    change(&folder.join("config.json"), "\"model_type\": \"qwen2\"", "\"model_type\": \"mamba\"");
    failed(&add(&ground, &folder), 24, "the architecture mamba is not supported");
}

#[test]
fn no_model_at_all() {
    let ground = Ground::new();
    failed(&add(&ground, &ground.root()), 2, "has no config.json");
    ground.write("x.gguf", "not a model");
    failed(&add(&ground, &ground.path("x.gguf")), 2, "does not begin with `GGUF`");
}

#[test]
fn a_path_outside_the_root() {
    let ground = Ground::new();
    failed(&ground.run(&["ask", "x", "--file", "../secret.txt"]), 25, "outside the root");
    refused(&ground, &SHOUT.replace("greet.py", "../greet.py"), 25, "goes up with `..`");
    failed(&ground.run(&["ask", "x", "--root", "gone"]), 3, "gone");
}

#[cfg(unix)]
#[test]
fn a_link_that_leaves_the_root() {
    let ground = Ground::new();
    fs::create_dir(ground.home()).unwrap();
    fs::write(ground.home().join("secret.py"), "    return \"hello\"\n").unwrap();
    std::os::unix::fs::symlink(ground.home(), ground.path("out")).unwrap();
    refused(&ground, &SHOUT.replace("greet.py", "out/secret.py"), 26, "through a symbolic link");
    let secret = fs::read_to_string(ground.home().join("secret.py")).unwrap();
    assert!(secret.contains("hello"));
}

#[test]
fn a_reply_with_no_edit() {
    let ground = Ground::new();
    let play = Play { input: "I would not change anything.", ..Play::default() };
    failed(&ground.play(&["apply", "--yes"], play), 30, "the reply holds no edit");
    let play = Play { replies: Some(&["No."]), ..Play::default() };
    failed(&ground.play(&["edit", "x", "--yes"], play), 30, "the reply holds no edit");
}

#[test]
fn a_reply_cut_in_the_middle() {
    let ground = Ground::new();
    let cut = &SHOUT[..SHOUT.len() - 25];
    refused(&ground, cut, 31, "the reply was cut in the middle");
    let play = Play { replies: Some(&[SHOUT]), ..Play::default() };
    let ran = ground.play(&["edit", "x", "--yes", "--max-tokens", "4"], play);
    failed(&ran, 31, "the model's reply was cut at its token limit");
    assert!(ground.read("greet.py").contains("hello"));
}

#[test]
fn a_place_that_is_not_found_names_the_nearest() {
    let ground = Ground::new();
    refused(&ground, &SHOUT.replace("\"hello\"", "\"hullo\""), 5, "nearest match");
}

#[test]
fn a_decision_without_anybody_to_ask() {
    let ground = Ground::new();
    let ran = ground.play(&["apply"], Play { input: SHOUT, ..Play::default() });
    failed(&ran, 2, "cannot ask");
    assert!(ground.read("greet.py").contains("hello"));
}

#[test]
fn invalid_utf8() {
    let ground = Ground::new();
    fs::write(ground.path("reply.md"), b"\xff\xfe").unwrap();
    failed(&ground.run(&["apply", "reply.md", "--yes"]), 32, "is not UTF-8");
    let file = ground.path("greet.py");
    fs::write(&file, b"caf\xe9\n    return \"hello\"\n").unwrap();
    let letters = SHOUT.replace("HELLO", "h\u{e9}llo");
    let ran = ground.play(&["apply", "--yes"], Play { input: &letters, ..Play::default() });
    assert_eq!(ran.code, 32);
    assert!(ran.out.contains("not UTF-8"), "{}", ran.out);
    assert_eq!(fs::read(&file).unwrap(), b"caf\xe9\n    return \"hello\"\n");
    // What fits byte for byte and is ASCII means the same in any encoding.
    let ran = ground.play(&["apply", "--yes"], Play { input: SHOUT, ..Play::default() });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(fs::read(&file).unwrap(), b"caf\xe9\n    return \"HELLO\"\n");
}

#[test]
fn later_edits_stand_on_an_undo() {
    let ground = Ground::new();
    ground.play(&["apply", "--yes"], Play { input: SHOUT, ..Play::default() });
    ground.write("greet.py", "def greet():\n    return \"other\"\n");
    let ran = ground.run(&["undo"]);
    failed(&ran, 5, "was edited since");
    assert!(ran.err.contains("\"other\"") && ran.err.contains("\"hello\""), "{}", ran.err);
    assert!(ground.read("greet.py").contains("other"));
    failed(&ground.run(&["undo", "99"]), 3, "no entry is called 99");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder() {
    use std::os::unix::fs::PermissionsExt;

    let ground = Ground::new();
    ground.write("deep/greet.py", "    return \"hello\"\n");
    let folder = ground.path("deep");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    let reply = SHOUT.replace("greet.py", "deep/greet.py");
    let ran = ground.play_as_nobody(&["apply", "--yes"], &reply);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let Some(ran) = ran else { return };
    failed(&ran, 8, "cannot write deep/greet.py");
    assert!(ground.read("deep/greet.py").contains("hello"));
}

#[test]
fn an_empty_project_and_one_without_git() {
    let ground = Ground::new();
    fs::remove_file(ground.path("greet.py")).unwrap();
    fs::remove_file(ground.path("port.py")).unwrap();
    for _ in 0..2 {
        failed(&ground.run(&["ask", "anything here?"]), 33, "no text file to answer from");
        failed(&ground.run(&["undo"]), 3, "nothing was applied here");
        // Once more in a repository without a commit.
        git(&ground, &["init", "--quiet"]);
    }
    // A change may begin with nothing.
    let reply = "new.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE\n";
    let play = Play { replies: Some(&[reply]), ..Play::default() };
    assert_eq!(ground.play(&["edit", "begin", "--yes"], play).code, 0);
    assert_eq!(ground.read("new.py"), "x = 1\n");
    // Words that match nothing are no error, and said.
    let ran = ground.run(&["ask", "zebra?"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("Sources: none"), "{}", ran.out);
    assert!(!ran.err.contains("These are passages"), "{}", ran.err);
    failed(&ground.run(&["ask", "  "]), 2, "empty");
}

#[test]
fn a_broken_configuration() {
    let ground = Ground::new();
    ground.write(".mlx-code.json", "{ \"modle\": 1 }");
    failed(&ground.run(&["ask", "x"]), 2, "modle");
    let ran = ground.run(&["doctor"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FAIL  configuration"), "{}", ran.out);
}

#[test]
fn wrong_arguments() {
    let ground = Ground::new();
    for args in [&["nonsense"][..], &["generate"], &["apply", "--yes", "--dry-run"], &[]] {
        let ran = ground.run(args);
        assert_eq!(ran.code, 2, "{args:?} {ran:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{args:?}");
    }
    // Who reads documents sees no diff to agree to.
    let json = Play { input: SHOUT, typed: Some("y\n"), ..Play::default() };
    assert_eq!(ground.play(&["apply", "--json"], json).code, 2);
    assert!(ground.read("greet.py").contains("hello"));
    let model = Play { replies: Some(&["x"]), ..Play::default() };
    let messages = ["generate", "--messages", "greet.py"];
    failed(&ground.play(&messages, model), 2, "holds no conversation");
    assert_eq!(ground.run(&["--help"]).code, 0);
    assert!(ground.run(&["--version"]).out.starts_with("mlx-code "));
}

#[test]
fn wrong_arguments_as_documents() {
    let ground = Ground::new();
    let ran = ground.run(&["ask", "x", "--modle", "y"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("--modle") && ran.err.contains("--model"), "{}", ran.err);
    let ran = ground.run(&["ask", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    let document = ran.document();
    assert_eq!(document["error"]["code"], "input.usage");
    assert!(document["error"]["message"].as_str().unwrap().contains("required"), "{document}");
    let generate = ["generate", "--prompt", "x", "--temperature", "-1"];
    let play = Play { replies: Some(&["x"]), ..Play::default() };
    // A scripted model takes any option; a real one says what is wrong with it.
    assert_eq!(ground.play(&generate, play).code, 0);
    let model = fixture("qwen2-f32");
    let ran = ground.run(&[&generate[..], &["--model", model.to_str().unwrap()]].concat());
    failed(&ran, 2, "temperature");
}

/// A stream that takes nothing.
struct Refusing(ErrorKind);

impl Write for Refusing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_that_is_lost_is_told() {
    let ground = Ground::new();
    for args in [&["ask", "who opens the port?"][..], &["history", "--json"], &["doctor"]] {
        let mut full = Refusing(ErrorKind::StorageFull);
        let (code, err) = ground.play_to(&mut full, args, Play::default());
        assert_eq!(code, 9, "{args:?}");
        assert!(err.contains("cannot write the output") && err.contains("help:"), "{err}");
        // Who closed the pipe has seen enough.
        let mut closed = Refusing(ErrorKind::BrokenPipe);
        let (code, err) = ground.play_to(&mut closed, args, Play::default());
        assert_eq!((code, err.as_str()), (141, ""), "{args:?}");
    }
}

#[test]
fn a_yes_is_carried_out_whoever_looks_on() {
    let ground = Ground::new();
    let play = Play { input: SHOUT, ..Play::default() };
    let mut closed = Refusing(ErrorKind::BrokenPipe);
    let (code, err) = ground.play_to(&mut closed, &["apply", "--yes"], play);
    assert_eq!(code, 0, "{err}");
    assert!(ground.read("greet.py").contains("HELLO"));
    let ground = Ground::new();
    let play = Play { input: SHOUT, typed: Some("y\n"), ..Play::default() };
    let (code, _) = ground.play_to(&mut closed, &["apply"], play);
    assert_eq!(code, 141);
    assert!(ground.read("greet.py").contains("hello"));
}

/// A file that changes while a person reads the diff.
#[test]
fn a_file_that_changed_after_it_was_read() {
    struct Meddler<'g>(&'g Ground, &'static [u8]);

    impl io::Read for Meddler<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.write("greet.py", "def greet():\n    return \"hello\"\n# mine\n");
            self.1.read(buffer)
        }
    }

    let ground = Ground::new();
    let mut meddler = io::BufReader::new(Meddler(&ground, b"y\n"));
    let ran = ground.play_with(&mut meddler, &["apply"], SHOUT);
    failed(&ran, 27, "greet.py changed after it was read");
    assert!(ground.read("greet.py").ends_with("\"hello\"\n# mine\n"));
}

#[test]
fn what_is_there_already_is_said() {
    let ground = Ground::new();
    let play = || Play { input: SHOUT, ..Play::default() };
    assert_eq!(ground.play(&["apply", "--yes"], play()).code, 0);
    let again = SHOUT.replace("<<<<<<< SEARCH\n", "<<<<<<< SEARCH\ndef greet():\n");
    let again = again.replace("=======\n", "=======\ndef greet():\n");
    let ran = ground.play(&["apply", "--yes"], Play { input: &again, ..Play::default() });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("greet.py holds this already"), "{}", ran.out);
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
    assert_eq!(ground.run(&["history", "--json"]).out.matches("\"id\"").count(), 1);
}

#[test]
fn a_damaged_journal_entry() {
    let ground = Ground::new();
    ground.play(&["apply", "--yes"], Play { input: SHOUT, ..Play::default() });
    let port =
        "port.py\n<<<<<<< SEARCH\n    return number\n=======\n    return 1\n>>>>>>> REPLACE\n";
    ground.play(&["apply", "--yes"], Play { input: port, ..Play::default() });
    let journals = fs::read_dir(ground.home().join("state/journal")).unwrap();
    let journal = journals.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    fs::write(journal.join("entries/2.json"), "{").unwrap();

    let ran = ground.run(&["history"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("2 cannot be taken back") && ran.err.contains("help:"), "{}", ran.err);
    assert!(ran.out.contains("modify greet.py") && !ran.out.contains("port.py"), "{}", ran.out);
    failed(&ground.run(&["undo"]), 6, "2.json");
    assert_eq!(ground.run(&["undo", "1"]).code, 0);
    assert!(ground.read("greet.py").contains("hello"));
}
