//! A process that changes files is killed at random moments, many times.
//!
//! `cargo test -p mlxcode-edit --test crash -- --ignored` does it 500 times;
//! `CRASH_ROUNDS` says another number. The killed process is this very program,
//! told by its environment to change files until it dies.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::print_stdout, reason = "what was seen is worth knowing after minutes")]
#![allow(clippy::disallowed_methods, reason = "tests make files and start programs")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use mlxcode_base::{RelPath, Root};
use mlxcode_edit::{EditPlan, EntryState, FileOperation, Journal, ResolveOptions, apply};

const TREE: &str = "CRASH_TREE";

type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// One of each: a file changes, one comes, one goes, one moves, one becomes a
/// program.
fn plan(root: &Root) -> EditPlan {
    let long = "another line\n".repeat(2_000);
    let operations = [
        FileOperation::Write { path: path("a.txt"), content: long.into_bytes() },
        FileOperation::Create {
            path: path("new/deep/b.txt"),
            content: b"b\n".to_vec(),
            executable: false,
        },
        FileOperation::Delete { path: path("c.txt") },
        FileOperation::Rename { from: path("d.txt"), to: path("moved/e.txt") },
        FileOperation::SetExecutable { path: path("e.sh"), executable: true },
    ];
    EditPlan::of_operations(root, &operations, &ResolveOptions::default()).unwrap()
}

fn tree(root: &Path) -> Tree {
    let mut files = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                let name = path.strip_prefix(root).unwrap().to_owned();
                files.insert(name, (mode, fs::read(path).unwrap()));
            }
        }
    }
    files
}

fn make(root: &Path) {
    fs::create_dir_all(root).unwrap();
    let long = "a line\n".repeat(2_000);
    for (name, text) in [("a.txt", &*long), ("c.txt", "c\n"), ("d.txt", "d\n"), ("e.sh", "e\n")] {
        fs::write(root.join(name), text).unwrap();
    }
}

/// What the killed process does: there and back until it dies.
fn change_for_ever(folder: &Path) {
    let root = Root::open(&folder.join("tree")).unwrap();
    loop {
        let mut journal = Journal::open(&folder.join("journal"), &root).unwrap();
        let is_applied = |journal: &Journal| {
            journal.entries().iter().any(|entry| entry.state == EntryState::Applied)
        };
        if is_applied(&journal) {
            journal.undo(None).unwrap();
        }
        match journal.redo(None) {
            Ok(_) if !journal.entries().len().is_multiple_of(3) => {}
            _ => {
                if is_applied(&journal) {
                    journal.undo(None).unwrap();
                }
                apply(&plan(&root), &mut journal, "crash").unwrap();
            }
        }
        journal.undo(None).unwrap();
    }
}

#[test]
#[ignore = "takes minutes; see CONTRIBUTING.md"]
fn a_process_that_is_killed_leaves_all_files_of_one_kind() {
    if let Some(folder) = env::var_os(TREE) {
        return change_for_ever(Path::new(&folder));
    }
    let rounds: usize = env::var("CRASH_ROUNDS").map_or(500, |rounds| rounds.parse().unwrap());
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    make(&folder.join("tree"));
    let root = Root::open(&folder.join("tree")).unwrap();
    let before = tree(root.path());
    let after = {
        let mut journal = Journal::open(&folder.join("journal"), &root).unwrap();
        apply(&plan(&root), &mut journal, "crash").unwrap();
        let after = tree(root.path());
        journal.undo(None).unwrap();
        assert_eq!(tree(root.path()), before);
        after
    };
    // Where in the work the process dies is told by chance alone.
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let (mut mixed, mut pending, mut applied) = (0, 0, 0);
    for round in 0..rounds {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "a_process_that_is_killed_leaves_all_files_of_one_kind"])
            .env(TREE, folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_micros(5_000 + (seed >> 33) % 60_000));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), None, "round {round}: it ended by itself");
        let left = tree(root.path());
        mixed += usize::from(left != before && left != after);
        pending += usize::from(folder.join("journal/pending.json").exists());

        let mut journal = Journal::open(&folder.join("journal"), &root).unwrap();
        assert!(journal.damaged().is_empty(), "round {round}");
        let is_applied = journal.entries().iter().any(|entry| entry.state == EntryState::Applied);
        let now = tree(root.path());
        assert_eq!(now, *if is_applied { &after } else { &before }, "round {round}");
        let report = journal.verify_audit(None).unwrap();
        assert!(report.is_intact(), "round {round}: {report:?}");
        // The log tells what the journal tells.
        let last = journal.audit().unwrap().last().map(|record| record.what.as_str().to_owned());
        let undone = last.as_deref() == Some("undo");
        assert_eq!(undone, !is_applied, "round {round}: {last:?}");
        if is_applied {
            applied += 1;
            journal.undo(None).unwrap();
            assert_eq!(tree(root.path()), before, "round {round}");
        }
    }
    println!(
        "{rounds} rounds: {pending} cut in the middle, {mixed} with files of both kinds before \
         recovery, {applied} found applied"
    );
    assert!(rounds < 100 || mixed > 0, "no round was cut where it matters");
}
