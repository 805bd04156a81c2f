use std::fs;

use mlxcode_core::{Dirs, ErrorKind, Workspace};

use crate::ground::{Ground, block};

const LOCK: &str = "edit/src/journal/lock.rs";
const PATIENCE: &str = "pub const PATIENCE: Duration = Duration::from_secs(5);";
const LONGER: &str = "pub const PATIENCE: Duration = Duration::from_secs(30);";

#[test]
fn a_change_of_several_files_is_applied_and_taken_back() {
    let ground = Ground::new(&["base", "edit"]);
    let before = ground.files();
    let error = "base/src/error.rs";
    let first = ground.read(error).lines().next().unwrap().to_owned();
    let reply = [
        "I wait longer and say so.\n\n",
        &block(LOCK, PATIENCE, LONGER),
        &block(error, &first, &format!("// Longer.\n{first}")),
        &block("edit/src/journal/notes.rs", "", "//! New."),
        "Done.\n",
    ]
    .concat();
    let turn = ground.edit("wait longer for the journal's lock", &reply).unwrap();
    assert_eq!(turn.reply(), reply);

    let plan = ground.workspace.plan_reply(turn.reply()).unwrap();
    assert!(plan.is_applicable());
    assert_eq!(ground.files(), before, "a plan writes nothing");
    let entry = ground.workspace.apply(&plan, "scripted").unwrap();
    assert_eq!((entry.files.len(), entry.actor.to_string()), (3, "scripted".to_owned()));
    assert!(ground.read(LOCK).contains(LONGER) && !ground.read(LOCK).contains(PATIENCE));
    assert!(ground.read(error).starts_with("// Longer.\n"));
    assert_eq!(ground.read("edit/src/journal/notes.rs"), "//! New.\n");

    assert_eq!(ground.workspace.history().unwrap(), [entry]);
    ground.workspace.undo(None).unwrap();
    assert_eq!(ground.files(), before);
    let error = ground.workspace.undo(None).unwrap_err();
    assert!(error.help().is_some(), "{error}");
}

#[test]
fn what_was_edited_since_stays_or_conflicts() {
    let ground = Ground::new(&["edit"]);
    let original = ground.read(LOCK);
    ground.workspace.apply_reply(&block(LOCK, PATIENCE, LONGER), "scripted").unwrap();

    let mine = format!("{}\n// Mine.\n", ground.read(LOCK));
    ground.write(LOCK, &mine);
    ground.workspace.undo(None).unwrap();
    assert_eq!(ground.read(LOCK), format!("{original}\n// Mine.\n"));

    ground.workspace.apply_reply(&block(LOCK, PATIENCE, LONGER), "scripted").unwrap();
    let mine = ground.read(LOCK).replace("from_secs(30)", "from_secs(31)");
    ground.write(LOCK, &mine);
    let error = ground.workspace.undo(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.help().is_some());
    assert_eq!(ground.read(LOCK), mine);
    // The way out that the error names: the line as the change left it.
    ground.write(LOCK, &mine.replace("from_secs(31)", "from_secs(30)"));
    ground.workspace.undo(None).unwrap();
    assert!(ground.read(LOCK).contains(PATIENCE));
}

#[test]
fn one_edit_that_fits_nowhere_stops_all() {
    let ground = Ground::new(&["edit"]);
    let before = ground.files();
    let wrong = block(LOCK, "pub const PATIENCE: Duration = Duration::from_hours(5);", LONGER);
    let reply = [block("edit/src/merge.rs", "use", "use  "), wrong].concat();
    let plan = ground.workspace.plan_reply(&reply).unwrap();
    assert!(!plan.is_applicable());
    let nearest = plan.refusals().iter().find_map(|refusal| refusal.nearest.as_ref()).unwrap();
    assert!(nearest.diff.to_string().contains(PATIENCE), "{nearest:?}");
    let error = ground.workspace.apply(&plan, "scripted").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.help().is_some());
    assert_eq!(ground.files(), before);
    assert!(ground.workspace.history().unwrap().is_empty());
}

#[test]
fn a_file_that_changed_after_the_plan_is_not_written() {
    let ground = Ground::new(&["edit"]);
    let plan = ground.workspace.plan_reply(&block(LOCK, PATIENCE, LONGER)).unwrap();
    let mine = format!("// Mine.\n{}", ground.read(LOCK));
    ground.write(LOCK, &mine);
    let error = ground.workspace.apply(&plan, "scripted").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.help().is_some());
    assert_eq!(ground.read(LOCK), mine);
}

#[test]
fn replies_without_a_change_are_refused() {
    let ground = Ground::new(&["edit"]);
    let before = ground.files();
    let whole = block(LOCK, PATIENCE, LONGER);
    let cut = &whole[..whole.len() - 20];
    for reply in ["Nothing to do.", "", cut, "```rust\nfn main() {}\n```\n"] {
        let error = ground.workspace.apply_reply(reply, "scripted").unwrap_err();
        assert!(error.help().is_some(), "{reply}: {error}");
        assert_eq!(ground.files(), before);
    }
    let outside = block("../outside.rs", "", "fn f() {}");
    let error = ground.workspace.apply_reply(&outside, "scripted").unwrap_err();
    assert!(error.help().is_some());
    assert!(!ground.path("../outside.rs").exists());
}

#[cfg(unix)]
#[test]
fn a_project_that_was_moved_keeps_its_history() {
    let ground = Ground::new(&["edit"]);
    let before = ground.read(LOCK);
    ground.workspace.apply_reply(&block(LOCK, PATIENCE, LONGER), "scripted").unwrap();
    let (old, new) = (ground.beside("project"), ground.beside("moved"));
    let dirs = Dirs::under(&ground.beside("home"));
    // A copy is another project.
    fs::create_dir(ground.beside("copy")).unwrap();
    let copy = Workspace::open(&ground.beside("copy"), &dirs).unwrap();
    assert!(copy.history().unwrap().is_empty());

    fs::rename(old, &new).unwrap();
    let moved = Workspace::open(&new, &dirs).unwrap();
    assert_eq!(moved.history().unwrap().len(), 1);
    moved.undo(None).unwrap();
    assert_eq!(fs::read_to_string(new.join(LOCK)).unwrap(), before);
}
