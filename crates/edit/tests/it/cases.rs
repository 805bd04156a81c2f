//! `tests/cases/NNN_name`: `reply.md` on the files of `before/` gives those
//! of `after/`, or, where `refused.txt` stands instead, these refusals, or,
//! where `already_there.txt` stands, nothing but these. `commands.txt` lists the
//! lines of the commands that the reply holds.

use std::fs;
use std::path::Path;

use mlxcode_edit::{ParsedItem, Refusal, parse_reply};

use crate::tree::{Files, Tree, read_files};

#[test]
fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 240, "only {} cases", cases.len());
    // All that fail are shown, not only the first.
    let failed = cases.iter().filter(|case| std::panic::catch_unwind(|| check(case)).is_err());
    assert_eq!(failed.count(), 0, "cases failed, each is shown above");
}

fn check(case: &Path) {
    let name = case.file_name().unwrap().to_string_lossy();
    let before: Files = read_files(&case.join("before"));
    let tree = Tree::new(&before);
    let reply = fs::read_to_string(case.join("reply.md")).unwrap();
    let plan = tree.plan(&reply);
    let expect = fs::read_to_string(case.join("commands.txt")).unwrap_or_default();
    assert_eq!(commands(&reply), expect, "{name}");
    if let Ok(expect) = fs::read_to_string(case.join("refused.txt")) {
        let shown: String = plan.refusals().iter().map(show).collect();
        assert_eq!(shown, expect, "{name}");
        assert!(tree.apply(&reply).is_err(), "{name}");
        assert_eq!(tree.files(), before, "{name}: a refused reply changed something");
        return;
    }
    if let Ok(expect) = fs::read_to_string(case.join("already_there.txt")) {
        let shown: Vec<String> = plan.already_there().iter().map(ToString::to_string).collect();
        assert_eq!(shown, expect.lines().collect::<Vec<_>>(), "{name}");
        assert!(plan.refusals().is_empty() && plan.changes().is_empty(), "{name}");
        return;
    }
    assert!(plan.refusals().is_empty(), "{name}: {:#?}", plan.refusals());
    tree.apply(&reply).unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = |files: Files| -> Vec<(String, String)> {
        let show = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        files.into_iter().map(|(name, bytes)| (name, show(bytes))).collect()
    };
    assert_eq!(text(tree.files()), text(read_files(&case.join("after"))), "{name}");
    tree.undo(None).unwrap();
    assert_eq!(text(tree.files()), text(before), "{name}: undo");
}

fn show(refusal: &Refusal) -> String {
    let Refusal { block, line, path, reason, nearest } = refusal;
    let near = nearest.as_ref().map_or(String::new(), |near| format!(" [near {}]", near.range));
    format!("{block} line {line} {path}: {reason}{near}\n")
}

fn commands(reply: &str) -> String {
    let mut shown = String::new();
    for item in parse_reply(reply) {
        if let ParsedItem::Command(command) = item {
            for line in command.text.lines() {
                shown += &format!("{}: {line}\n", command.language);
            }
        }
    }
    shown
}
