//! Every step of a change fails once, and once the power goes with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlxcode_base::Root;

use super::*;
use crate::format::parse_reply;
use crate::layer::fault::{Fault, FaultyDisk};
use crate::plan::{EditPlan, ResolveOptions};
use mlxcode_base::{Diagnostic, ErrorKind};

const REPLY: &str = "*** Begin Patch
*** Update File: a.txt
@@
-one
+1
*** Add File: new/deep/b.txt
+b
*** Delete File: c.txt
*** Update File: d.txt
*** Move to: moved/e.txt
@@
-four
+4
*** End Patch
";

fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                files.insert(format!("{name}/"), Vec::new());
                folders.push(path);
            } else {
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

struct Ground {
    _temp: tempfile::TempDir,
    root: Root,
    dir: PathBuf,
}

fn ground() -> Ground {
    let temp = tempfile::tempdir().unwrap();
    let tree = temp.path().join("tree");
    fs::create_dir(&tree).unwrap();
    for (name, text) in [("a.txt", "one\ntwo\n"), ("c.txt", "three\n"), ("d.txt", "four\n")] {
        fs::write(tree.join(name), text).unwrap();
    }
    let root = Root::open(&tree).unwrap();
    Ground { root, dir: temp.path().join("journal"), _temp: temp }
}

impl Ground {
    fn apply(&self, layer: Box<dyn FileLayer>) -> Result<JournalEntry> {
        let options = ResolveOptions::default();
        let plan = EditPlan::resolve(&self.root, &parse_reply(REPLY), &options)?;
        assert!(plan.is_applicable(), "{:?}", plan.refusals());
        crate::apply::apply(&plan, &mut Journal::open_on(&self.dir, &self.root, layer)?, "test")
    }

    fn undo(&self, layer: Box<dyn FileLayer>) -> Result<JournalEntry> {
        Journal::open_on(&self.dir, &self.root, layer)?.undo(None)
    }
}

fn files_of(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree(root);
    files.retain(|name, _| !name.ends_with('/'));
    files
}

type Run = fn(&Ground, Box<dyn FileLayer>) -> Result<JournalEntry>;

/// Fails at every step in turn, until the run no longer reaches the step. The
/// errors come back, for what they say.
fn fail_at_every_step(fault: Fault, prepare: fn(&Ground), run: Run) -> Vec<Error> {
    let whole = ground();
    prepare(&whole);
    run(&whole, Box::new(Disk)).unwrap();
    let expected = files_of(whole.root.path());
    let mut errors = Vec::new();
    for step in 0.. {
        let ground = ground();
        prepare(&ground);
        let before = tree(ground.root.path());
        let disk = FaultyDisk::new(step, fault);
        let result = run(&ground, Box::new(disk.clone()));
        if matches!(fault, Fault::Once(_)) && result.is_err() {
            assert_eq!(tree(ground.root.path()), before, "step {step}: not at once");
        }
        // What a user's next command does first.
        let journal = Journal::open(&ground.dir, &ground.root).unwrap();
        match result {
            Ok(entry) => {
                assert_eq!(files_of(ground.root.path()), expected, "step {step}");
                assert!(journal.entries().contains(&entry), "step {step}");
            }
            Err(error) => {
                assert_eq!(tree(ground.root.path()), before, "step {step}: {error}");
                errors.push(error);
            }
        }
        assert!(!ground.dir.join("pending.json").exists(), "step {step}");
        drop(journal);
        if !disk.has_failed() {
            assert!(step > 20, "the run has only {step} steps");
            return errors;
        }
    }
    errors
}

/// Every error says what the disk said, and what to do.
fn check_errors(errors: &[Error], kind: ErrorKind) {
    assert!(errors.iter().any(|error| matches!(error, Error::Write { .. })));
    assert!(errors.iter().any(|error| matches!(error, Error::JournalIo { .. })));
    for error in errors {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.help().is_some(), "{error}");
    }
}

#[test]
fn a_full_disk_in_apply_leaves_every_file_as_it_was() {
    let full = Fault::Once(io::ErrorKind::StorageFull);
    let errors = fail_at_every_step(full, |_| {}, Ground::apply);
    check_errors(&errors, ErrorKind::ResourceExhausted);
}

#[test]
fn a_crash_in_apply_is_taken_back() {
    fail_at_every_step(Fault::Forever, |_| {}, Ground::apply);
}

fn applied(ground: &Ground) {
    ground.apply(Box::new(Disk)).unwrap();
}

#[test]
fn a_read_only_folder_in_undo_leaves_every_file_as_it_was() {
    let read_only = Fault::Once(io::ErrorKind::ReadOnlyFilesystem);
    let errors = fail_at_every_step(read_only, applied, Ground::undo);
    check_errors(&errors, ErrorKind::PermissionDenied);
}

#[test]
fn a_crash_in_undo_is_taken_back() {
    fail_at_every_step(Fault::Forever, applied, Ground::undo);
}

#[test]
fn a_journal_that_failed_to_roll_back_does_so_before_the_next_change() {
    // The disk comes back while the same journal is still open: every file
    // that the cut change left half done is put back first.
    for step in (0..60).step_by(3) {
        let ground = ground();
        let before = tree(ground.root.path());
        let disk = FaultyDisk::new(step, Fault::Forever);
        let opened = Journal::open_on(&ground.dir, &ground.root, Box::new(disk));
        let Ok(mut journal) = opened else { continue };
        let items = parse_reply(REPLY);
        let plan = EditPlan::resolve(&ground.root, &items, &ResolveOptions::default()).unwrap();
        if crate::apply::apply(&plan, &mut journal, "test").is_ok() {
            continue;
        }
        journal.layer = Box::new(Disk);
        assert!(matches!(journal.undo(None), Err(Error::NothingToUndo)));
        journal.recover().unwrap();
        assert_eq!(tree(ground.root.path()), before, "step {step}");
        crate::apply::apply(&plan, &mut journal, "test").unwrap();
        journal.undo(None).unwrap();
        assert_eq!(tree(ground.root.path()), before, "step {step}");
    }
}

#[test]
fn a_tree_that_was_moved_after_the_crash_is_put_right() {
    let before = tree(ground().root.path());
    let mut half_done = 0;
    for step in (0..60).step_by(3) {
        let ground = ground();
        let disk = FaultyDisk::new(step, Fault::Forever);
        if ground.apply(Box::new(disk)).is_ok() {
            continue;
        }
        half_done += usize::from(tree(ground.root.path()) != before);
        let moved = ground.root.path().with_file_name("moved-tree");
        fs::rename(ground.root.path(), &moved).unwrap();
        let root = Root::open(&moved).unwrap();
        Journal::open(&ground.dir, &root).unwrap();
        assert_eq!(tree(root.path()), before, "step {step}");
    }
    assert!(half_done > 2, "only {half_done} crashes left anything to put right");
}

#[test]
fn a_damaged_blob_is_reported_and_nothing_changes() {
    let ground = ground();
    applied(&ground);
    let before = tree(ground.root.path());
    for blob in fs::read_dir(ground.dir.join("blobs")).unwrap() {
        fs::write(blob.unwrap().path(), "damaged").unwrap();
    }
    let error = ground.undo(Box::new(Disk)).unwrap_err();
    assert!(matches!(error, Error::JournalCorrupt { .. }), "{error}");
    assert_eq!(tree(ground.root.path()), before);
}

/// Every file of the tree belongs to somebody else, in a folder of the user's.
#[derive(Debug)]
struct OthersFiles;

impl FileLayer for OthersFiles {
    fn read(&self, path: &Path) -> io::Result<Option<Stored>> {
        Disk.read(path)
    }

    fn check_writable(&self, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        Disk.perform(op)
    }
}

#[test]
fn a_file_that_the_user_may_not_write_is_not_replaced() {
    let ground = ground();
    let before = tree(ground.root.path());
    let error = ground.apply(Box::new(OthersFiles)).unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(tree(ground.root.path()), before);
}

/// Nothing in the tree can be changed, not even what is not there.
#[derive(Debug)]
struct ReadOnlyMount(PathBuf);

impl FileLayer for ReadOnlyMount {
    fn read(&self, path: &Path) -> io::Result<Option<Stored>> {
        Disk.read(path)
    }

    fn check_writable(&self, path: &Path) -> io::Result<()> {
        Disk.check_writable(path)
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        let path = match op {
            DiskOp::Rename { to, .. } => to,
            DiskOp::WriteNew { path, .. }
            | DiskOp::Remove(path)
            | DiskOp::CreateDir(path)
            | DiskOp::RemoveDir(path)
            | DiskOp::SyncDir(path) => path,
        };
        if path.starts_with(&self.0) {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Disk.perform(op)
    }
}

#[test]
fn a_read_only_mount_is_told_as_what_it_is() {
    let ground = ground();
    let before = tree(ground.root.path());
    let mount = || Box::new(ReadOnlyMount(ground.root.path().to_owned()));
    let error = ground.apply(mount()).unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
    assert_eq!(tree(ground.root.path()), before);
    Journal::open_on(&ground.dir, &ground.root, mount()).unwrap();
    assert!(!ground.dir.join("pending.json").exists());
}

#[test]
fn a_full_disk_leaves_no_half_file_in_the_journal() {
    for step in 0..30 {
        let ground = ground();
        let disk = FaultyDisk::new(step, Fault::Once(io::ErrorKind::StorageFull));
        if let Err(error) = ground.apply(Box::new(disk)) {
            assert!(
                error.help().unwrap().contains("disk space") || matches!(error, Error::Read { .. }),
                "{error}"
            );
        }
        let files = tree(&ground.dir);
        let half = |name: &String| Path::new(name).extension().is_some_and(|e| e == "new");
        assert!(!files.keys().any(half), "step {step}: {files:?}");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_journal() {
    use std::os::unix::fs::PermissionsExt;

    let ground = ground();
    // As an earlier version made it.
    fs::create_dir_all(ground.dir.join("blobs")).unwrap();
    applied(&ground);
    let mut places = vec![ground.dir.clone()];
    places.extend(tree(&ground.dir).into_keys().map(|name| ground.dir.join(name)));
    assert!(places.len() > 8, "{places:?}");
    for place in places {
        let mode = fs::metadata(&place).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", place.display());
    }
}

#[test]
fn the_journal_forgets_the_oldest() {
    let ground = ground();
    let mut journal = Journal::open(&ground.dir, &ground.root).unwrap();
    let write = |journal: &mut Journal, number: usize| {
        let reply = format!("```txt a.txt\n{}\n```\n", format!("{number:03}").repeat(100));
        let plan =
            EditPlan::resolve(&ground.root, &parse_reply(&reply), &ResolveOptions::default());
        crate::apply::apply(&plan.unwrap(), journal, "test").unwrap();
        let ids: Vec<u64> = journal.entries.iter().map(|entry| entry.id.parse().unwrap()).collect();
        (ids, fs::read_dir(ground.dir.join("blobs")).unwrap().count())
    };
    for number in 0..5 {
        write(&mut journal, number);
    }
    journal.limits.entries = 3;
    assert_eq!(write(&mut journal, 5), (vec![4, 5, 6], 4));
    journal.limits.blob_bytes = 700;
    assert_eq!(write(&mut journal, 6), (vec![7], 2));
    journal.limits.blob_bytes = 1;
    assert_eq!(write(&mut journal, 7), (vec![8], 2));
    drop(journal);
    let mut journal = Journal::open(&ground.dir, &ground.root).unwrap();
    assert_eq!(journal.entries().len(), 1);
    journal.undo(None).unwrap();
}

#[cfg(unix)]
#[test]
fn permissions_that_were_changed_halfway_are_taken_back() {
    use std::os::unix::fs::PermissionsExt;

    let reply = "diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n";
    for fault in [Fault::Once(io::ErrorKind::StorageFull), Fault::Forever] {
        for step in 0..40 {
            let ground = ground();
            let place = ground.root.path().join("a.txt");
            fs::set_permissions(&place, fs::Permissions::from_mode(0o644)).unwrap();
            let options = ResolveOptions::default();
            let plan = EditPlan::resolve(&ground.root, &parse_reply(reply), &options).unwrap();
            let disk = Box::new(FaultyDisk::new(step, fault));
            let applied = Journal::open_on(&ground.dir, &ground.root, disk)
                .and_then(|mut journal| crate::apply::apply(&plan, &mut journal, "test"));
            Journal::open(&ground.dir, &ground.root).unwrap();
            let mode = fs::metadata(&place).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if applied.is_ok() { 0o755 } else { 0o644 }, "{fault:?} {step}");
        }
    }
}
