//! Applying and undoing where the world is not as planned.

use std::fs;

use mlxcode_base::{Diagnostic, ErrorKind};
use mlxcode_edit::{ChangeKind, EntryState, Error, RefusalReason, apply};

use crate::tree::Tree;

fn replace(path: &str, search: &str, new: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{search}\n=======\n{new}\n>>>>>>> REPLACE\n")
}

#[test]
fn a_file_that_changed_after_it_was_read_is_left_alone() {
    let tree = Tree::of(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
    let plan = tree.plan(&(replace("a.txt", "one", "1") + &replace("b.txt", "two", "2")));
    tree.write("b.txt", "edited\n");
    let error = apply(&plan, &mut tree.open_journal(), "test").unwrap_err();
    assert!(matches!(&error, Error::ChangedSince { path } if path.as_str() == "b.txt"));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!((tree.read("a.txt"), tree.read("b.txt")), ("one\n".into(), "edited\n".into()));
}

#[test]
fn undo_keeps_what_was_edited_since() {
    let tree = Tree::of(&[("a.txt", "one\ntwo\nthree\nfour\nfive\n")]);
    let entry = tree.apply(&replace("a.txt", "two", "2")).unwrap();
    tree.write("a.txt", "one\n2\nthree\nfour\nFIVE\n");
    assert_eq!(tree.undo(Some(&entry.id)).unwrap().state, EntryState::Undone);
    assert_eq!(tree.read("a.txt"), "one\ntwo\nthree\nfour\nFIVE\n");
    assert!(matches!(tree.undo(Some(&entry.id)), Err(Error::AlreadyUndone { .. })));
    assert!(matches!(tree.undo(None), Err(Error::NothingToUndo)));
    assert!(matches!(tree.undo(Some("99")), Err(Error::EntryNotFound { .. })));
}

#[test]
fn an_undo_conflict_shows_both_versions() {
    let tree = Tree::of(&[("a.txt", "one\ntwo\n"), ("b.txt", "x\n")]);
    tree.apply(&(replace("b.txt", "x", "y") + &replace("a.txt", "two", "2"))).unwrap();
    tree.write("a.txt", "one\nzwei\n");
    let error = tree.undo(None).unwrap_err();
    let Error::UndoConflict { now, before, .. } = &error else { panic!("{error}") };
    assert_eq!((now.as_str(), before.as_str()), ("one\nzwei", "one\ntwo"));
    assert_eq!(tree.read("b.txt"), "y\n", "nothing may be half undone");
}

#[test]
fn undo_goes_back_entry_by_entry() {
    let tree = Tree::of(&[("a.txt", "one\n")]);
    tree.apply(&replace("a.txt", "one", "two")).unwrap();
    tree.apply(&replace("a.txt", "two", "three")).unwrap();
    assert_eq!(tree.undo(None).unwrap().id, "2");
    assert_eq!(tree.undo(None).unwrap().id, "1");
    assert_eq!(tree.read("a.txt"), "one\n");
    let ids: Vec<_> = tree.open_journal().entries().iter().map(|e| e.id.clone()).collect();
    assert_eq!(ids, ["1", "2"]);
}

#[test]
fn files_that_came_or_went_are_guarded_too() {
    let tree = Tree::of(&[("old.txt", "old\n")]);
    tree.apply(
        "*** Begin Patch\n*** Add File: new.txt\n+new\n*** Delete File: old.txt\n*** End Patch\n",
    )
    .unwrap();
    tree.write("new.txt", "edited\n");
    assert!(matches!(tree.undo(None), Err(Error::UndoConflict { .. })));
    tree.write("new.txt", "new\n");
    tree.write("old.txt", "somebody's own\n");
    assert!(matches!(tree.undo(None), Err(Error::UndoConflict { .. })));
    fs::remove_file(tree.path("old.txt")).unwrap();
    tree.undo(None).unwrap();
    assert_eq!(tree.read("old.txt"), "old\n");
    assert!(!tree.path("new.txt").exists());
}

#[test]
fn a_plan_can_be_cut_down_to_some_files() {
    let tree = Tree::of(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
    let mut plan = tree.plan(&(replace("a.txt", "one", "1") + &replace("b.txt", "two", "2")));
    plan.keep(|change| change.path.as_str() == "b.txt");
    let entry = apply(&plan, &mut tree.open_journal(), "test").unwrap();
    assert_eq!(entry.files.len(), 1);
    assert_eq!(entry.files[0].kind, ChangeKind::Modify);
    assert_eq!((tree.read("a.txt"), tree.read("b.txt")), ("one\n".into(), "2\n".into()));
}

#[test]
fn what_is_not_utf8_is_edited_where_it_fits_exactly() {
    let tree = Tree::of(&[]);
    let before = b"caf\xe9 = 1\r\none = 1\r\n\ttwo = 2\r\n\xff\xfe";
    fs::write(tree.path("a.txt"), before).unwrap();
    let two = tree.apply(&replace("a.txt", "one = 1", "one = 11\nmore = 2")).unwrap();
    let after = b"caf\xe9 = 1\r\none = 11\r\nmore = 2\r\n\ttwo = 2\r\n\xff\xfe";
    assert_eq!(fs::read(tree.path("a.txt")).unwrap(), after);
    tree.undo(Some(&two.id)).unwrap();
    assert_eq!(fs::read(tree.path("a.txt")).unwrap(), before);
    let whole = "```txt a.txt\nall of it\n```\n".to_owned();
    let stands_for = replace("a.txt", "caf\u{10fee9} = 1", "cafe = 1");
    for reply in [
        // Another indentation, another word, letters that the file's encoding
        // may write otherwise, a line that holds such a byte, and all of it.
        replace("a.txt", "two = 2", "two = 3"),
        replace("a.txt", "one = 1\n\ttwo = 3", "x"),
        replace("a.txt", "one = 1", "one = 1 # \u{e4}"),
        replace("a.txt", "caf\u{e9} = 1", "cafe = 1"),
        stands_for,
        whole,
    ] {
        let plan = tree.plan(&reply);
        let reasons: Vec<_> = plan.refusals().iter().map(|refusal| &refusal.reason).collect();
        assert_eq!(reasons, [&RefusalReason::NotText], "{reply}");
        assert!(tree.apply(&reply).is_err());
    }
    assert_eq!(fs::read(tree.path("a.txt")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_and_refused_outside() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let tree = Tree::of(&[("real.txt", "one\n")]);
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "one\n").unwrap();
    symlink(outside.path(), tree.path("out")).unwrap();
    symlink("real.txt", tree.path("link.txt")).unwrap();
    let plan = tree.plan(&replace("out/secret.txt", "one", "1"));
    assert!(matches!(plan.refusals()[0].reason, RefusalReason::Path { .. }));

    fs::set_permissions(tree.path("real.txt"), fs::Permissions::from_mode(0o750)).unwrap();
    tree.apply(&replace("link.txt", "one", "1")).unwrap();
    assert_eq!(tree.read("real.txt"), "1\n");
    assert!(fs::symlink_metadata(tree.path("link.txt")).unwrap().is_symlink());
    let mode = fs::metadata(tree.path("real.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
}

#[test]
fn an_absolute_path_below_the_root_is_that_file() {
    let tree = Tree::of(&[("a.txt", "one\n")]);
    let path = tree.path("a.txt");
    tree.apply(&replace(path.to_str().unwrap(), "one", "1")).unwrap();
    assert_eq!(tree.read("a.txt"), "1\n");
}

#[test]
fn a_renamed_file_takes_its_later_edits_back_to_its_old_name() {
    let tree = Tree::of(&[("a.txt", "one\ntwo\nthree\n")]);
    let reply = "*** Begin Patch\n*** Update File: a.txt\n*** Move to: b/c.txt\n@@\n-one\n+1\n*** End Patch\n";
    tree.apply(reply).unwrap();
    tree.write("b/c.txt", "1\ntwo\nTHREE\n");
    tree.undo(None).unwrap();
    assert_eq!(tree.read("a.txt"), "one\ntwo\nTHREE\n");
    assert!(!tree.path("b").exists(), "the folder came with the change");

    tree.apply(reply).unwrap();
    tree.write("b/c.txt", "eins\ntwo\nTHREE\n");
    assert!(matches!(tree.undo(None), Err(Error::UndoConflict { .. })));
    assert_eq!(tree.read("b/c.txt"), "eins\ntwo\nTHREE\n");
    assert!(!tree.path("a.txt").exists());
}

#[test]
fn a_folder_that_somebody_else_uses_by_now_stays() {
    let tree = Tree::of(&[]);
    tree.apply("```txt new/deep/a.txt\none\n```\n").unwrap();
    tree.write("new/own.txt", "own\n");
    tree.undo(None).unwrap();
    assert!(!tree.path("new/deep").exists());
    assert_eq!(tree.read("new/own.txt"), "own\n");
}

#[cfg(unix)]
#[test]
fn permissions_survive_a_rename_and_the_undo_of_a_removal() {
    use std::os::unix::fs::PermissionsExt;

    let tree = Tree::of(&[("a.sh", "one\n"), ("b.sh", "two\n")]);
    for name in ["a.sh", "b.sh"] {
        fs::set_permissions(tree.path(name), fs::Permissions::from_mode(0o750)).unwrap();
    }
    let mode = |name: &str| fs::metadata(tree.path(name)).unwrap().permissions().mode() & 0o777;
    tree.apply("*** Begin Patch\n*** Delete File: b.sh\n*** Update File: a.sh\n*** Move to: c.sh\n*** End Patch\n")
        .unwrap();
    assert_eq!(mode("c.sh"), 0o750);
    tree.undo(None).unwrap();
    assert_eq!((mode("a.sh"), mode("b.sh")), (0o750, 0o750));
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;

    let tree = Tree::of(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
    fs::set_permissions(tree.path("b.txt"), fs::Permissions::from_mode(0o444)).unwrap();
    let reply = replace("a.txt", "one", "1") + &replace("b.txt", "two", "2");
    let error = tree.apply(&reply).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!((tree.read("a.txt"), tree.read("b.txt")), ("one\n".into(), "two\n".into()));
}

#[cfg(unix)]
#[test]
fn a_file_with_two_names_is_one_file() {
    use std::os::unix::fs::symlink;

    let tree = Tree::of(&[("real/a.txt", "one\ntwo\n")]);
    symlink("real", tree.path("link")).unwrap();
    symlink("real/a.txt", tree.path("b.txt")).unwrap();
    let reply = replace("real/a.txt", "one", "1") + &replace("link/a.txt", "two", "2");
    tree.apply(&reply).unwrap();
    assert_eq!(tree.read("real/a.txt"), "1\n2\n");
    let plan = tree.plan("*** Begin Patch\n*** Delete File: b.txt\n*** End Patch\n");
    assert_eq!(plan.refusals()[0].reason, RefusalReason::IsLink);
}

// rustix makes no FIFO on macOS.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_regular_file_is_refused_and_not_waited_for() {
    let tree = Tree::of(&[("a.txt", "one\n")]);
    let _socket = std::os::unix::net::UnixListener::bind(tree.path("sock.txt")).unwrap();
    let mode = rustix::fs::Mode::from_bits_retain(0o600);
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, tree.path("pipe.txt"), kind, mode, 0).unwrap();
    for name in ["sock.txt", "pipe.txt"] {
        let plan = tree.plan(&replace(name, "one", "1"));
        assert_eq!(plan.refusals()[0].reason, RefusalReason::NotRegular);
    }
    // It came after the plan was made.
    let plan = tree.plan(&replace("a.txt", "one", "1"));
    fs::rename(tree.path("pipe.txt"), tree.path("a.txt")).unwrap();
    let error = apply(&plan, &mut tree.open_journal(), "test").unwrap_err();
    assert!(matches!(error, Error::Read { .. }), "{error}");
}

#[test]
fn a_large_file_is_refused() {
    let tree = Tree::of(&[("a.txt", "one\n")]);
    let items = mlxcode_edit::parse_reply(&replace("a.txt", "one", "1"));
    let mut options = mlxcode_edit::ResolveOptions::default();
    options.max_file_bytes = 3;
    let plan = mlxcode_edit::EditPlan::resolve(&tree.root, &items, &options).unwrap();
    let expect = RefusalReason::TooLarge { size_bytes: 4, limit_bytes: 3 };
    assert_eq!(plan.refusals()[0].reason, expect);
}

#[test]
fn a_second_rewrite_of_everything_does_not_take_long() {
    // Two texts with nothing in common are the worst case of a line diff.
    let text = |seed: usize| -> String {
        let lines: Vec<String> =
            (0..20_000).map(|line| (line * 7_919 + seed).to_string()).collect();
        lines.join("\n") + "\n"
    };
    let tree = Tree::of(&[("a.txt", &text(1))]);
    let plan = tree.plan(&format!("```txt a.txt\n{}```\n", text(2)));
    assert_eq!(plan.changes()[0].diff().hunks.len(), 1);
}

#[test]
fn an_undo_conflict_shows_the_place_and_names_the_later_entry() {
    let lines = |at: usize, text: &str| -> String {
        (1..=200)
            .map(|n| if n == at { format!("{text}\n") } else { format!("line {n}\n") })
            .collect()
    };
    let tree = Tree::of(&[("a.txt", &lines(100, "old"))]);
    let first = tree.apply(&replace("a.txt", "old", "new")).unwrap();
    let second = tree.apply(&replace("a.txt", "new", "newer")).unwrap();
    let error = tree.undo(Some(&first.id)).unwrap_err();
    let Error::UndoConflict { later, now, before, .. } = &error else { panic!("{error}") };
    assert_eq!(later.as_deref(), Some(second.id.as_str()));
    let around =
        |text: &str| format!("line 97\nline 98\nline 99\n{text}\nline 101\nline 102\nline 103");
    assert_eq!((now, before), (&around("newer"), &around("old")));
    assert!(error.help().unwrap().contains(&format!("take {} back", second.id)), "{error}");
}

#[test]
fn a_damaged_entry_blocks_only_itself() {
    let tree = Tree::of(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
    let first = tree.apply(&replace("a.txt", "one", "1")).unwrap();
    let second = tree.apply(&replace("b.txt", "two", "2")).unwrap();
    fs::write(tree.journal.join("entries").join(format!("{}.json", second.id)), b"\xff").unwrap();
    let damaged = |id: Option<&str>| matches!(tree.undo(id), Err(Error::JournalCorrupt { .. }));
    assert!(damaged(Some(&second.id)));
    assert!(damaged(None), "the newest is meant, and it is not the readable one");
    tree.undo(Some(&first.id)).unwrap();
    assert_eq!(tree.read("a.txt"), "one\n");
    let third = tree.apply(&replace("a.txt", "one", "1")).unwrap();
    assert_ne!(third.id, second.id);
    assert_eq!(tree.undo(None).unwrap().id, third.id);
}

#[cfg(unix)]
#[test]
fn a_diff_makes_programs_and_undo_takes_that_back() {
    use std::os::unix::fs::PermissionsExt;

    let tree = Tree::of(&[("a.sh", "one\n"), ("b.sh", "two\n"), ("c.sh", "three\n")]);
    let mode = |name: &str| fs::metadata(tree.path(name)).unwrap().permissions().mode() & 0o777;
    let set = |name: &str, mode| {
        fs::set_permissions(tree.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("a.sh", 0o640);
    set("b.sh", 0o755);
    set("c.sh", 0o644);
    let reply = "```diff
diff --git a/a.sh b/a.sh
old mode 100644
new mode 100755
diff --git a/b.sh b/b.sh
old mode 100755
new mode 100644
--- a/b.sh
+++ b/b.sh
@@ -1 +1 @@
-two
+2
diff --git a/c.sh b/d.sh
similarity index 100%
old mode 100644
new mode 100755
rename from c.sh
rename to d.sh
diff --git a/new.sh b/new.sh
new file mode 100755
--- /dev/null
+++ b/new.sh
@@ -0,0 +1 @@
+new
```
";
    let plan = tree.plan(reply);
    let shown = plan.changes().iter().find(|change| change.path.as_str() == "a.sh").unwrap();
    assert_eq!(shown.executable(), Some(true));
    let expect = "diff --git a/a.sh b/a.sh\nold mode 100644\nnew mode 100755\n";
    assert_eq!(shown.diff().to_string(), expect);
    tree.apply(reply).unwrap();
    assert_eq!((mode("a.sh"), mode("b.sh"), mode("d.sh")), (0o750, 0o644, 0o755));
    assert_eq!(mode("new.sh") & 0o100, 0o100);
    tree.undo(None).unwrap();
    assert_eq!((mode("a.sh"), mode("b.sh"), mode("c.sh")), (0o640, 0o755, 0o644));
    assert_eq!(tree.read("b.sh"), "two\n");
    assert!(!tree.path("d.sh").exists() && !tree.path("new.sh").exists());

    set("a.sh", 0o755);
    let only_mode = "diff --git a/a.sh b/a.sh\nold mode 100644\nnew mode 100755\n";
    let plan = tree.plan(only_mode);
    assert_eq!((plan.changes().len(), plan.already_there().len()), (0, 1));
}

#[test]
fn redo_is_the_inverse_of_undo() {
    let tree = Tree::of(&[("a.txt", "one\ntwo\nthree\nfour\n"), ("old.txt", "old\n")]);
    let reply = replace("a.txt", "one", "1")
        + "*** Begin Patch\n*** Add File: n/new.txt\n+new\n*** Delete File: old.txt\n*** End Patch\n";
    tree.apply(&reply).unwrap();
    tree.apply(&replace("a.txt", "two", "2")).unwrap();
    let after = tree.files();
    tree.undo(None).unwrap();
    tree.undo(None).unwrap();
    assert_eq!(tree.redo(None).unwrap().id, "1");
    tree.write("a.txt", &(tree.read("a.txt") + "mine\n"));
    assert_eq!(tree.redo(None).unwrap().id, "2");
    assert_eq!(tree.read("a.txt"), "1\n2\nthree\nfour\nmine\n");
    tree.write("a.txt", "1\n2\nthree\nfour\n");
    assert_eq!(tree.files(), after);
    assert!(matches!(tree.redo(None), Err(Error::NothingToRedo)));
    assert!(matches!(tree.redo(Some("1")), Err(Error::AlreadyApplied { .. })));

    // Something new ends the row, and a name goes on with it.
    tree.undo(Some("1")).unwrap();
    assert_eq!(tree.read("a.txt"), "one\n2\nthree\nfour\n");
    tree.apply(&replace("a.txt", "four", "4")).unwrap();
    let error = tree.redo(None).unwrap_err();
    assert!(matches!(&error, Error::RedoIsOver { id, newer } if id == "1" && newer == "3"));
    assert_eq!(error.help().as_deref(), Some("name the entry to apply it all the same: `redo 1`"));
    tree.redo(Some("1")).unwrap();
    assert_eq!(tree.read("a.txt"), "1\n2\nthree\n4\n");
}

#[test]
fn a_conflict_is_shown_as_a_diff_with_both_sides() {
    let tree = Tree::of(&[("a.txt", "one\ntwo\n")]);
    tree.apply(&replace("a.txt", "two", "2")).unwrap();
    tree.write("a.txt", "one\nzwei\n");
    let error = tree.undo(None).unwrap_err().to_string();
    let expect = "a.txt was edited since in the same place, nothing was changed\n\
                  --- as it is now\n+++ as it was before 1\n@@ -1,2 +1,2 @@\n one\n-zwei\n+two";
    assert_eq!(error, expect);
    tree.write("a.txt", "one\n2\n");
    tree.undo(None).unwrap();
    tree.write("a.txt", "one\nzwei\n");
    let error = tree.redo(None).unwrap_err();
    assert!(matches!(error, Error::RedoConflict { .. }), "{error}");
    assert!(error.to_string().ends_with("+++ as 1 made it\n@@ -1,2 +1,2 @@\n one\n-zwei\n+2"));
    assert_eq!(tree.read("a.txt"), "one\nzwei\n");
}

#[cfg(unix)]
#[test]
fn of_a_file_with_several_names_only_the_named_one_changes() {
    let tree = Tree::of(&[("a.txt", "one\n")]);
    fs::hard_link(tree.path("a.txt"), tree.path("b.txt")).unwrap();
    tree.apply(&replace("a.txt", "one", "1")).unwrap();
    assert_eq!((tree.read("a.txt"), tree.read("b.txt")), ("1\n".into(), "one\n".into()));
    tree.undo(None).unwrap();
    assert_eq!((tree.read("a.txt"), tree.read("b.txt")), ("one\n".into(), "one\n".into()));
}

#[cfg(target_os = "linux")]
#[test]
fn extended_attributes_stay() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};

    let tree = Tree::of(&[("a.txt", "one\n")]);
    let set = setxattr(tree.path("a.txt"), "user.note", b"mine", XattrFlags::empty());
    if set.is_err() {
        // This file system has none.
        return;
    }
    let note = || {
        let mut value = [0_u8; 16];
        let length = getxattr(tree.path("a.txt"), "user.note", &mut value[..]).unwrap();
        value[..length].to_vec()
    };
    tree.apply(&replace("a.txt", "one", "1")).unwrap();
    assert_eq!(note(), b"mine");
    tree.undo(None).unwrap();
    assert_eq!(note(), b"mine");
}

#[test]
fn two_journals_of_one_tree_do_not_write_at_once() {
    let tree = Tree::of(&[("a.txt", "one\n")]);
    let mut options = mlxcode_edit::JournalOptions::default();
    options.patience = std::time::Duration::ZERO;
    let elsewhere = tree.journal.with_file_name("elsewhere");
    let first = tree.open_journal();
    let second = mlxcode_edit::Journal::open_with(&elsewhere, &tree.root, &options);
    let same = mlxcode_edit::Journal::open_with(&tree.journal, &tree.root, &options);
    assert!(matches!(same, Err(Error::JournalBusy { .. })));
    if cfg!(unix) {
        let error = second.unwrap_err();
        assert!(matches!(error, Error::RootBusy { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    drop(first);
    mlxcode_edit::Journal::open_with(&elsewhere, &tree.root, &options).unwrap();
}

#[test]
fn the_audit_log_says_who_did_what() {
    use mlxcode_edit::Actor;

    let tree = Tree::of(&[("a.txt", "one\n")]);
    let plan = tree.plan(&replace("a.txt", "one", "1"));
    let mut journal = tree.open_journal();
    let actor = Actor::new("edit").with_model("tiny").with_session("s1");
    let entry = apply(&plan, &mut journal, actor.clone()).unwrap();
    assert_eq!(entry.actor, actor);
    journal.undo(None).unwrap();
    journal.redo(None).unwrap();
    let records = journal.audit().unwrap();
    let turns: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    assert_eq!(turns, ["apply", "undo", "redo"]);
    assert_eq!(records[0].actor, actor);
    assert_eq!(records[1].actor, Actor::new("undo"));
    let files: Vec<_> = records.iter().filter_map(|record| record.what.file()).collect();
    assert_eq!(files[0].hash_after, files[1].hash_before);
    assert_eq!(files[0].hash_before, files[1].hash_after);
    assert_eq!(files[2].path.as_str(), "a.txt");
    assert!(journal.verify_audit(None).unwrap().is_intact());
}
