//! `cases/NNN_name.md`: a reply in the style of a small model, and what comes
//! of it on a small tree.
//!
//! Above the line `===` stands what is meant, a line each: `expect: CLASS`,
//! `file: PATH | OLD | NEW` for a file in which one text becomes another, `new:
//! PATH | CONTENT` for one that is made, `call: NAME ARGUMENTS` for a call, `says:
//! WORDS` for a part of what the model is told. Whatever is not named stays as
//! it is, to the byte. `crlf`, `chomp`, `tools: no` and `starts_thinking` say how
//! the reply comes. Below stands the reply.

mod ground;
mod outcome;
mod talk;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ground::{files, tree};
use outcome::{Case, Class, Outcome};

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/small_models/cases");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

#[test]
fn every_reply_gives_what_was_meant_and_no_file_is_harmed() {
    let cases = cases();
    assert!(cases.len() >= 200, "only {} cases", cases.len());
    let mut failed = String::new();
    for case in &cases {
        let tree = tree();
        let found = Outcome::of(case, &tree);
        let is_class = found.class == case.class;
        let says = case.says.iter().all(|words| found.told.iter().any(|told| told.contains(words)));
        let after = files(tree.path());
        let is_meant = after == case.meant();
        if !is_class || found.calls != case.calls || !says || !is_meant {
            let _ = writeln!(
                failed,
                "{}: {:?} instead of {:?}; calls {:?}; told {:?}; files as meant: {is_meant}{}",
                case.name,
                found.class,
                case.class,
                found.calls,
                found.told,
                if is_meant { String::new() } else { format!("\n{after:?}") },
            );
        }
        let is_told = matches!(found.class, Class::Refused | Class::AskedAgain);
        assert_eq!(is_told, !found.told.is_empty(), "{}", case.name);
    }
    assert!(failed.is_empty(), "{failed}");
}

/// The document is what the cases give.
#[test]
fn the_table_is_true() {
    assert_eq!(fs::read_to_string(document()).unwrap(), table());
}

/// `CONTRIBUTING.md` names the command.
#[test]
#[ignore = "it writes docs/small-models.md"]
fn write_the_table() {
    fs::write(document(), table()).unwrap();
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/small-models.md")
}

fn table() -> String {
    let cases = cases();
    let mut rows = String::new();
    let mut counts = Class::ALL.map(|class| (class, 0));
    for case in &cases {
        let found = Outcome::of(case, &tree());
        for (class, count) in &mut counts {
            *count += usize::from(*class == found.class);
        }
        let told = found.told.first().map(|told| told.replace('|', "\\|")).unwrap_or_default();
        let (number, name) = case.name.split_once('_').unwrap_or(("", &case.name));
        let name = name.replace('_', " ");
        let _ = writeln!(rows, "| {number} | {name} | {} | {told} |", found.class.words());
    }
    let mut text = format!(
        "# Replies of small models\n\nModels that run on a laptop write edits and calls with \
         faults. {} replies in their style are read by `ReplyReader` and `ReplyParser`, placed \
         by `EditPlan` and applied to a small tree; the intended result of each is stated by \
         hand in `crates/agent/tests/it/small_models/cases`, and every file is then either that \
         or untouched. The same comes of them in a conversation, which another test holds. A test makes this page and compares it; [CONTRIBUTING.md](../CONTRIBUTING.md) \
         names the command that writes it anew.\n\n| outcome | replies |\n|---|---|\n",
        cases.len()
    );
    for (class, count) in counts {
        let _ = writeln!(text, "| {} | {count} |", class.words());
    }
    let _ = write!(
        text,
        "\nA message is what the model is told, so that it can write the reply again.\n\n\
         | | reply | outcome | message |\n|---|---|---|---|\n{rows}"
    );
    text
}
