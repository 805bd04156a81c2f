//! Plans of operations and of patterns, and who may change what.

use std::fs;
use std::sync::Arc;

use mlxcode_base::{Diagnostic, ErrorKind, RelPath};
use mlxcode_edit::{
    EditPlan, EditPolicy, Error, FileOperation, PolicyLists, RefusalReason, RenamePattern,
    ResolveOptions, apply, parse_reply,
};

use crate::tree::Tree;

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn rename(from: &str, to: &str) -> FileOperation {
    FileOperation::Rename { from: path(from), to: path(to) }
}

fn plan(tree: &Tree, operations: &[FileOperation]) -> EditPlan {
    EditPlan::of_operations(&tree.root, operations, &ResolveOptions::default()).unwrap()
}

fn codes(plan: &EditPlan) -> Vec<&'static str> {
    plan.refusals().iter().map(|refusal| refusal.reason.code()).collect()
}

#[test]
fn files_swap_their_names_and_get_them_back() {
    let tree = Tree::of(&[("a", "A\n"), ("b", "B\n"), ("c", "C\n"), ("d", "D\n")]);
    let before = tree.files();
    // A ring of three, and one that takes the place of one that goes.
    let operations = [
        rename("a", "b"),
        rename("b", "c"),
        rename("c", "a"),
        FileOperation::Delete { path: path("d") },
        FileOperation::Create { path: path("d"), content: b"new\n".to_vec(), executable: false },
    ];
    let ring = plan(&tree, &operations[..3]);
    assert!(ring.is_applicable(), "{:?}", ring.refusals());
    let mut journal = tree.open_journal();
    apply(&ring, &mut journal, "test").unwrap();
    let read = |name: &str| tree.read(name);
    assert_eq!((read("b"), read("c"), read("a")), ("A\n".into(), "B\n".into(), "C\n".into()));
    // What was written under the new name comes back under the old one.
    tree.write("b", "A\nmore\n");
    journal.undo(None).unwrap();
    assert_eq!((read("a"), read("b"), read("c")), ("A\nmore\n".into(), "B\n".into(), "C\n".into()));
    journal.redo(None).unwrap();
    assert_eq!((read("b"), read("c"), read("a")), ("A\nmore\n".into(), "B\n".into(), "C\n".into()));
    tree.write("b", "A\n");
    journal.undo(None).unwrap();
    assert_eq!(tree.files(), before);
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason() {
    let tree = Tree::of(&[("a", "A\n"), ("b", "B\n"), ("sub/x", "X\n"), ("Read.me", "R\n")]);
    for (operations, expect) in [
        (vec![rename("a", "b")], "edit.exists"),
        (vec![rename("a", "sub")], "edit.exists"),
        (vec![rename("a", "b/x")], "path.unreadable"),
        (vec![rename("sub", "c")], "edit.not_a_file"),
        (vec![rename("none", "c")], "edit.file_not_found"),
        (vec![rename("a", "READ.me")], "path.case_differs"),
        (vec![rename("a", "SUB/y")], "path.case_differs"),
        (vec![rename("a", "nul.txt")], "path.not_portable"),
        (vec![rename("a", "c.")], "path.not_portable"),
        (vec![rename("a", ".env")], "edit.protected"),
        (vec![rename("a", "c"), rename("b", "c")], "edit.collision"),
        (vec![rename("a", "c"), FileOperation::Delete { path: path("a") }], "edit.collision"),
        (vec![rename("a", "c"), rename("b", "C")], "path.case_differs"),
    ] {
        let plan = plan(&tree, &operations);
        assert!(codes(&plan).contains(&expect), "{operations:?}: {:?}", plan.refusals());
        assert!(apply(&plan, &mut tree.open_journal(), "test").is_err());
    }
    // A name that changes only its case is another matter.
    if !tree.path("read.ME").exists() {
        assert!(plan(&tree, &[rename("Read.me", "read.me")]).is_applicable());
    }
}

#[test]
fn many_files_are_renamed_by_one_pattern() {
    let tree = Tree::of(&[("src/a.js", "a\n"), ("src/deep/b.js", "b\n"), ("src/c.ts", "c\n")]);
    fs::write(tree.path("src/logo.js"), b"\xff\xd8 not text").unwrap();
    fs::create_dir(tree.path(".git")).unwrap();
    fs::write(tree.path(".git/x.js"), "").unwrap();
    let before = tree.files();
    let options = ResolveOptions::default();
    let pattern = RenamePattern::glob("**/*.js", "lib/$1$2.ts").unwrap();
    let plan = EditPlan::rename_matching(&tree.root, &pattern, &options).unwrap();
    let moved: Vec<_> = plan.changes().iter().map(|change| change.path.as_str()).collect();
    assert_eq!(moved, ["src/a.js", "src/deep/b.js", "src/logo.js"]);
    let mut journal = tree.open_journal();
    apply(&plan, &mut journal, "test").unwrap();
    assert_eq!(tree.read("lib/src/deep/b.ts"), "b\n");
    assert_eq!(fs::read(tree.path("lib/src/logo.ts")).unwrap(), b"\xff\xd8 not text");
    journal.undo(None).unwrap();
    assert_eq!(tree.files(), before);
    assert!(!tree.path("lib").exists());

    let all_to_one = RenamePattern::glob("src/*.*", "one").unwrap();
    let plan = EditPlan::rename_matching(&tree.root, &all_to_one, &options).unwrap();
    assert_eq!(codes(&plan), ["edit.collision"; 3]);
    let out = RenamePattern::glob("src/*.*", "../$1").unwrap();
    let plan = EditPlan::rename_matching(&tree.root, &out, &options).unwrap();
    assert_eq!(codes(&plan), ["path.not_relative"; 3]);
}

fn reply(path: &str) -> String {
    format!("*** Begin Patch\n*** Update File: {path}\n@@\n-one\n+1\n*** End Patch\n")
}

#[test]
fn protected_files_are_changed_only_by_who_insists() {
    let tree = Tree::of(&[(".env", "one\n"), ("Cargo.lock", "one\n"), ("a.txt", "one\n")]);
    for name in [".env", "./.env", "Cargo.lock"] {
        let plan = tree.plan(&reply(name));
        assert_eq!(codes(&plan), ["edit.protected"], "{name}");
        let reason = plan.refusals()[0].reason.to_string();
        assert!(reason.contains("--allow-protected"), "{reason}");
    }
    let absolute = tree.path(".env");
    assert_eq!(codes(&tree.plan(&reply(absolute.to_str().unwrap()))), ["edit.protected"]);
    let mut options = ResolveOptions::default();
    options.policy = Arc::new(EditPolicy::default().insisting_on(&[".env"]).unwrap());
    let resolve = |name: &str, options: &ResolveOptions| {
        EditPlan::resolve(&tree.root, &parse_reply(&reply(name)), options).unwrap()
    };
    assert!(resolve(".env", &options).is_applicable());
    assert_eq!(codes(&resolve("Cargo.lock", &options)), ["edit.protected"]);
    let mut lists = PolicyLists::default();
    lists.deny = vec!["*.txt".to_owned()];
    options.policy = Arc::new(EditPolicy::new(&lists).unwrap());
    assert_eq!(codes(&resolve("a.txt", &options)), ["edit.denied"]);
    assert_eq!(tree.read(".env"), "one\n");
}

#[cfg(unix)]
#[test]
fn a_link_is_no_way_around_the_policy() {
    use std::os::unix::fs::symlink;

    let tree = Tree::of(&[(".env", "one\n"), ("secret.d/x.pem", "one\n"), ("dir/y", "one\n")]);
    symlink(".env", tree.path("notes.txt")).unwrap();
    assert_eq!(codes(&tree.plan(&reply("notes.txt"))), ["edit.protected"]);
    // It becomes a link after the plan was made.
    fs::write(tree.path("plain.txt"), "one\n").unwrap();
    let plan = tree.plan(&reply("plain.txt"));
    assert!(plan.is_applicable());
    fs::remove_file(tree.path("plain.txt")).unwrap();
    symlink(".env", tree.path("plain.txt")).unwrap();
    let error = apply(&plan, &mut tree.open_journal(), "test").unwrap_err();
    assert!(matches!(error, Error::Policy { .. }), "{error}");
    assert_eq!((error.kind(), error.code()), (ErrorKind::PermissionDenied, "edit.protected"));
    assert!(error.help().is_some());
    assert_eq!(tree.read(".env"), "one\n");
}

#[test]
fn a_reply_makes_no_file_whose_name_is_a_trick() {
    let tree = Tree::of(&[("src/main.py", "one\n")]);
    let create = |path: &str| {
        tree.plan(&format!("*** Begin Patch\n*** Add File: {path}\n+x\n*** End Patch\n"))
    };
    for (name, expect) in [
        ("Src/new.py", "path.case_differs"),
        ("src/MAIN.py", "path.case_differs"),
        ("src/aux.py", "path.not_portable"),
        ("src/x .", "path.not_portable"),
        ("sub/.git/hooks/x", "path.not_relative"),
        ("GIT~1/config", "path.not_relative"),
    ] {
        let plan = create(name);
        // On a file system that folds case, the file is there.
        let there = codes(&plan) == ["edit.exists"] && tree.path(name).exists();
        assert!(there || codes(&plan) == [expect], "{name}: {:?}", plan.refusals());
    }
    assert!(create("src/new.py").is_applicable());
    // One that is there already may be called as it likes.
    fs::write(tree.path("src/aux.rs"), "one\n").unwrap();
    let plan = tree.plan(&reply("src/aux.rs"));
    assert!(plan.is_applicable() || cfg!(windows), "{:?}", plan.refusals());
    assert!(!matches!(plan.refusals().first().map(|r| &r.reason), Some(RefusalReason::Name(_))));
}
