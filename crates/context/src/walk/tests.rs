//! The list beside what the `ignore` crate walks over.

#![cfg(test)]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// Folders of a tree in a folder of its own, which may hold rules too.
const FOLDERS: [&str; 8] =
    ["", "tree", "tree/a", "tree/a/b", "tree/a/.b", "tree/b", "tree/b/a", "tree/.github"];

const FILES: [&str; 6] = ["a", "b", "a.py", "b.log", ".c", ".env"];

/// What rules are read from; the first that of a repository.
const RULE_FILES: [&str; 4] = [".git/info/exclude", ".gitignore", ".ignore", ".mlxignore"];

const LINES: [&str; 16] = [
    "a", "/a", "a/", "!a", "*.py", "!*.py", "b/*", "!b/a.py", "/tree/a", "tree/b/", "**/b", "a/**",
    "# a", "!/a", "[", "b.log",
];

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A tree with all files in all folders.
fn ground() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for inside in FOLDERS {
        for file in FILES {
            let path = folder.path().join(inside).join(file);
            if !path.is_dir() && !FOLDERS.contains(&format!("{inside}/{file}").as_str()) {
                write(&path, "x\n");
            }
        }
    }
    let tree = folder.path().join("tree");
    (folder, tree)
}

/// What the list holds, and what the walk of the `ignore` crate comes by.
fn both(tree: &Path, options: &WalkOptions) -> [(BTreeSet<PathBuf>, BTreeSet<PathBuf>, usize); 2] {
    let root = Root::open(tree).unwrap();
    let Listing { folders, skipped, .. } = list(&root, options, &CancelToken::new()).unwrap();
    let mut listed = (BTreeSet::new(), BTreeSet::new(), skipped.unreadable);
    for ListedFolder { path, files, .. } in folders {
        listed.1.extend(files.into_iter().map(|(name, _)| path.join(name)));
        listed.0.insert(path);
    }
    let refused = Arc::new(AtomicUsize::new(0));
    let mut walked = (BTreeSet::new(), BTreeSet::new(), 0);
    for entry in walker(&root, options, Arc::clone(&refused)).unwrap().build() {
        let entry = entry.unwrap();
        match entry.file_type() {
            Some(kind) if kind.is_dir() => walked.0.insert(entry.into_path()),
            Some(kind) if kind.is_file() => walked.1.insert(entry.into_path()),
            _ => true,
        };
    }
    walked.2 = refused.load(Ordering::Relaxed);
    [listed, walked]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Rules are weighed as the `ignore` crate weighs them.
    #[test]
    fn the_list_is_what_the_walk_comes_by(
        rules in prop::collection::vec(
            (
                prop::sample::select(&FOLDERS[..]),
                prop::sample::select(&RULE_FILES[..]),
                prop::collection::vec(prop::sample::select(&LINES[..]), 1..4),
            ),
            0..7,
        ),
        users in prop::collection::vec(prop::sample::select(&LINES[..]), 0..3),
        exclude in prop::sample::select(&["", "b.log", "/a/b", "*.py"][..]),
    ) {
        let (folder, tree) = ground();
        for (inside, file, lines) in rules {
            write(&folder.path().join(inside).join(file), &lines.join("\n"));
        }
        let own = folder.path().join("users");
        write(&own, &users.join("\n"));
        let exclude = if exclude.is_empty() { Vec::new() } else { vec![exclude.to_owned()] };
        let options = WalkOptions { rules: vec![own], exclude, ..WalkOptions::default() };
        let [listed, walked] = both(&tree, &options);
        prop_assert_eq!(listed, walked);
    }
}

#[test]
fn folders_whose_rules_cannot_be_read_whole_are_left_out() {
    let (_folder, tree) = ground();
    write(&tree.join("a/.gitignore"), &"x\n".repeat(1 << 20));
    let [listed, walked] = both(&tree, &WalkOptions::default());
    assert_eq!(listed, walked);
    assert_eq!(listed.2, 1);
    assert!(!listed.0.contains(&tree.join("a")) && listed.0.contains(&tree.join("b")));
    write(&tree.join("a/.gitignore"), "b\n");
    fs::create_dir(tree.join("b/.ignore")).unwrap();
    let [listed, walked] = both(&tree, &WalkOptions::default());
    assert_eq!((&listed, listed.2), (&walked, 0), "a folder is no rule");
}

/// A work tree beside the first, whose repository has rules of its own.
#[test]
fn a_work_tree_has_the_rules_of_its_repository() {
    let (folder, tree) = ground();
    let home = folder.path().join("home/.git");
    write(&home.join("info/exclude"), "*.py\n");
    for common in ["../..", home.to_str().unwrap()] {
        write(&home.join("worktrees/tree/commondir"), &format!("{common}\n"));
        write(&tree.join(".git"), &format!("gitdir: {}/worktrees/tree\n", home.display()));
        let [listed, walked] = both(&tree, &WalkOptions::default());
        assert_eq!(listed, walked);
        assert!(!listed.1.contains(&tree.join("a.py")) && listed.1.contains(&tree.join("b.log")));
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (folder, tree) = ground();
    std::os::unix::fs::symlink(folder.path().join("a.py"), tree.join("link.py")).unwrap();
    std::os::unix::fs::symlink(&tree, tree.join("ring")).unwrap();
    let [listed, walked] = both(&tree, &WalkOptions::default());
    assert_eq!(listed, walked);
    assert!(!listed.1.contains(&tree.join("link.py")) && !listed.0.contains(&tree.join("ring")));
}
