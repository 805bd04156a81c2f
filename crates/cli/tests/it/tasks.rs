//! Named work, from the arguments to what is shown and written.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::ground::{Ground, Play, Ran};

pub fn git(ground: &Ground, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(args)
        .current_dir(ground.root())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with the two files of the ground in its first commit.
pub fn repository() -> Ground {
    let ground = Ground::new();
    git(&ground, &["init", "--quiet", "--initial-branch=main"]);
    git(&ground, &["config", "user.name", "Test"]);
    git(&ground, &["config", "user.email", "test@example.org"]);
    git(&ground, &["add", "."]);
    git(&ground, &["commit", "--quiet", "-m", "Add a greeting"]);
    ground
}

fn play(ground: &Ground, args: &[&str], replies: &[&str], typed: Option<&str>) -> Ran {
    ground.play(args, Play { replies: Some(replies), typed, ..Play::default() })
}

#[test]
fn a_message_is_written_and_committed() {
    let ground = repository();
    let nothing = play(&ground, &["commit"], &["x"], None);
    assert!(nothing.err.contains("nothing is staged"), "{nothing:?}");
    ground.write("port.py", "def open_port(number):\n    return number + 1\n");
    git(&ground, &["add", "port.py"]);
    let shown = play(&ground, &["commit"], &["Added one to the port."], None);
    assert_eq!((shown.code, shown.out.as_str()), (0, "Add one to the port\n"));
    assert_eq!(git(&ground, &["log", "--oneline"]).lines().count(), 1);
    let declined = play(&ground, &["commit", "--apply"], &["Add one"], Some("n\n"));
    assert!(declined.err.contains("nothing was committed"), "{declined:?}");
    let done = play(&ground, &["commit", "--apply"], &["Add one"], Some("y\n"));
    assert!(done.err.contains("committed "), "{done:?}");
    assert_eq!(git(&ground, &["log", "-1", "--format=%s"]), "Add one");
    ground.write("port.py", "x = 1\n");
    git(&ground, &["add", "port.py"]);
    let document =
        play(&ground, &["commit", "--json", "--conventional"], &["feat: Sets x."], None).document();
    assert_eq!(document["subject"], "feat: set x");
    assert_eq!(document["commit"], Value::Null);
}

#[test]
fn a_review_is_shown_as_text_sarif_and_json() {
    let ground = repository();
    ground.write("port.py", "def open_port(number):\n    return number / 0\n");
    let reply = "FINDING\npath: port.py\nline: 2\nseverity: error\ntitle: It divides by zero\nwhy: Always.\nfix:\n```\n    return number\n```\n";
    let text = play(&ground, &["review", "--fail-on", "error"], &[reply], None);
    assert_eq!(text.code, 1);
    let expect = "port.py:2 error It divides by zero\n  Always.\n  -     return number / 0\n  +     return number\n\n1 finding in 1 file\n";
    assert_eq!(text.out, expect);
    let sarif = play(&ground, &["review", "--sarif"], &[reply], None).document();
    assert_eq!(
        sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"],
        2
    );
    let document = play(&ground, &["review", "--json"], &[reply], None).document();
    let edit = document["findings"][0]["edit"].as_str().unwrap().to_owned();
    let applied = ground.play(&["apply", "-", "--yes"], Play { input: &edit, ..Play::default() });
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(ground.read("port.py"), "def open_port(number):\n    return number\n");
    let none = play(&ground, &["review", "greet.py", "--fail-on", "note"], &["NONE"], None);
    assert_eq!((none.code, none.out.as_str()), (0, "0 findings in 1 file\n"));
    let unread = play(&ground, &["review", "greet.py", "--fail-on", "note"], &["Well."], None);
    assert_eq!(unread.code, 1, "{unread:?}");
}

#[test]
fn a_file_is_explained_with_its_lines() {
    let ground = Ground::new();
    let ran = play(&ground, &["explain", "port.py:1-1"], &["It opens a port."], None);
    assert_eq!((ran.code, ran.out.as_str()), (0, "It opens a port.\n"));
    let document = play(&ground, &["explain", "open_port", "--json"], &["Opens."], None).document();
    assert_eq!(document["sources"][0]["path"], "port.py");
    let unknown = play(&ground, &["explain", "nothing_of_that_name"], &["x"], None);
    assert_eq!(unknown.code, 3, "{unknown:?}");
}

#[test]
fn comments_and_tests_are_proposed_and_applied() {
    let ground = Ground::new();
    let ran = play(&ground, &["document", "port.py", "--yes"], &["SUMMARY: Open a port."], None);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ground
            .read("port.py")
            .starts_with("def open_port(number):\n    \"\"\"Open a port.\"\"\"\n")
    );
    let tests = "```python\nimport unittest\nimport port\n\nclass T(unittest.TestCase):\n    def test_port(self):\n        self.assertEqual(port.open_port(1), 1)\n```";
    let document =
        play(&ground, &["test", "port.py", "--yes", "--json"], &[tests], None).document();
    assert_eq!((&document["framework"], &document["tests"]), (&"unittest".into(), &1.into()));
    assert!(ground.read("test_port.py").contains("class T"));
}

#[test]
fn a_project_is_made_and_nothing_is_written_over() {
    let ground = Ground::new();
    let list = ground.run(&["scaffold"]);
    assert!(list.out.contains("rust-lib  "), "{list:?}");
    let wrong = ground.run(&["scaffold", "rust-lb"]);
    assert!(wrong.code == 3 && wrong.err.contains("rust-lib"), "{wrong:?}");
    let typed = Some("\nA library of words.\ny\n");
    let made = ground.play(&["scaffold", "rust-lib", "words"], Play { typed, ..Play::default() });
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.err.contains("Name of the project [words]"), "{made:?}");
    let manifest = ground.read("words/Cargo.toml");
    assert!(
        manifest.contains("name = \"words\"") && manifest.contains("A library of words."),
        "{manifest}"
    );
    ground.write("words/Cargo.toml", "mine");
    let again = ground.run(&["scaffold", "rust-lib", "words", "--yes"]);
    assert_ne!(again.code, 0, "{again:?}");
    assert_eq!(ground.read("words/Cargo.toml"), "mine");
    let document = ground.run(&["scaffold", "python", "tool", "--yes", "--json"]).document();
    assert_eq!(
        (&document["applied"], &document["values"]["package"]),
        (&true.into(), &"tool".into())
    );
}

#[test]
fn a_batch_is_gone_on_with_from_its_state() {
    let ground = Ground::new();
    let edit = |path: &str, old: &str, new: &str| {
        format!("{path}\n```python\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n")
    };
    let first = edit("greet.py", "    return \"hello\"", "    return \"HELLO\"");
    let args = ["batch", "shout", "greet.py", "port.py", "--yes", "--state", "state.json"];
    let ran = play(&ground, &args, &[&first], None);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("greet.py  +1 -1") && ran.out.contains("port.py   failed"), "{ran:?}");
    let ran = play(&ground, &args, &["NONE"], None);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("greet.py  +1 -1") && ran.out.contains("port.py   unchanged"),
        "{ran:?}"
    );
    assert!(ground.read("greet.py").contains("HELLO"));
    assert!(!fs::exists(ground.path("state.json.new")).unwrap());
}

#[test]
fn a_workflow_is_checked_and_run() {
    let ground = repository();
    ground.write(".mlx-code/workflows/ci.toml", "[[steps]]\nask = 'what opens a port?'\nsave = 'answer'\n[[steps]]\nif = \"'port' in answer.output\"\nedit = 'x'\n");
    let checked = ground.run(&["workflow", "ci", "--check"]);
    assert!(checked.code == 0 && checked.out.contains("2 steps, nothing wrong"), "{checked:?}");
    let ran = play(&ground, &["workflow", "ci"], &["open_port does"], None);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("done  ask what opens a port?: open_port does"), "{ran:?}");
    assert!(ran.out.contains("may not edit; allow it with --allow edit"), "{ran:?}");
    ground.write("bad.toml", "[[steps]]\nakk = 'x'\n");
    let bad = ground.run(&["workflow", "bad.toml"]);
    assert!(bad.code == 2 && bad.err.contains("bad.toml:2: there is no key `akk`"), "{bad:?}");
    assert!(bad.err.contains("did you mean `ask`?"), "{bad:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_is_mended_until_it_is_content() {
    let ground = Ground::new();
    let reply = "greet.py\n```python\n<<<<<<< SEARCH\n    return \"hello\"\n=======\n    return \"HELLO\"\n>>>>>>> REPLACE\n```\n";
    // Where this machine cannot confine a command, that is agreed to here.
    let args = [
        "fix",
        "grep -q HELLO greet.py || { echo 'greet.py:2: not loud'; exit 1; }",
        "--yes",
        "--json",
        "--unconfined",
    ];
    let document = play(&ground, &args, &[reply], None).document();
    assert_eq!((&document["end"], &document["runs"]), (&"green".into(), &2.into()), "{document}");
    assert!(ground.read("greet.py").contains("HELLO"));
    let args = ["fix", "false", "--yes", "--unconfined"];
    let ran = play(&ground, &args, &["I do not know."], None);
    assert!(ran.code == 1 && ran.err.contains("the model changes nothing"), "{ran:?}");
}
