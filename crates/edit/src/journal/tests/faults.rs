//! One system call fails, or all from one on.

use super::*;
use crate::layer::fault::Fault;
use mlxcode_base::{Diagnostic, ErrorKind};

/// Fails at every step in turn, until the run no longer reaches the step. The
/// errors come back, for what they say.
fn fail_at_every_step(fault: Fault, turn: Turn) -> Vec<Error> {
    let sides = turn.sides();
    let mut errors = Vec::new();
    for step in 0.. {
        let ground = ground();
        (turn.prepare)(&ground);
        let before = tree(ground.root.path());
        let disk = FaultyDisk::new(step, fault);
        let result = (turn.run)(&ground, Box::new(disk.clone()));
        if matches!(fault, Fault::Once(_)) && result.is_err() {
            assert_eq!(tree(ground.root.path()), before, "step {step}: not at once");
        }
        let what = format!("step {step} of {fault:?}, {:?}", result.as_ref().err());
        let is_after = check_recovered(&ground, &sides, &what);
        match result {
            Ok(_) => assert!(is_after, "{what}"),
            // A process that is gone says nothing: either side is right.
            Err(error) => {
                assert!(!is_after || fault == Fault::Forever, "{what}");
                errors.push(error);
            }
        }
        if !disk.was_reached() {
            assert!(step > 50, "the run has only {step} steps");
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
fn a_full_disk_leaves_every_file_as_it_was() {
    for turn in [APPLY, UNDO, REDO] {
        let errors = fail_at_every_step(Fault::Once(io::ErrorKind::StorageFull), turn);
        check_errors(&errors, ErrorKind::ResourceExhausted);
    }
}

#[test]
fn a_read_only_disk_leaves_every_file_as_it_was() {
    for turn in [APPLY, UNDO, REDO] {
        let errors = fail_at_every_step(Fault::Once(io::ErrorKind::ReadOnlyFilesystem), turn);
        check_errors(&errors, ErrorKind::PermissionDenied);
    }
}

#[test]
fn a_broken_disk_leaves_every_file_as_it_was() {
    // What the kernel calls EIO has no kind of its own.
    for turn in [APPLY, UNDO, REDO] {
        fail_at_every_step(Fault::Once(io::ErrorKind::Other), turn);
    }
}

#[test]
fn a_process_that_is_killed_leaves_one_side_or_the_other() {
    for turn in [APPLY, UNDO, REDO] {
        fail_at_every_step(Fault::Forever, turn);
    }
}

#[test]
fn many_files_that_change_side_by_side_are_all_of_one_kind() {
    fail_at_every_step(Fault::Once(io::ErrorKind::StorageFull), APPLY_TO_MANY);
    fail_at_every_step(Fault::Forever, APPLY_TO_MANY);
}

#[test]
fn a_recovery_that_is_killed_is_recovered_from() {
    let sides = APPLY.sides();
    let mut recoveries = 0;
    for step in (0..120).step_by(10) {
        for second in 0..40 {
            let ground = ground();
            let killed = FaultyDisk::new(step, Fault::Forever);
            if ground.apply(Box::new(killed)).is_ok() {
                continue;
            }
            let killed = FaultyDisk::new(second, Fault::Forever);
            let opened = ground.open(Box::new(killed.clone()));
            drop(opened);
            if !killed.was_reached() {
                break;
            }
            recoveries += 1;
            check_recovered(&ground, &sides, &format!("step {step}, then {second}"));
        }
    }
    assert!(recoveries > 50, "{recoveries}");
}

#[test]
fn a_journal_that_failed_to_roll_back_does_so_before_the_next_change() {
    // The disk comes back while the same journal is still open: every file
    // that the cut change left half done is put back first.
    for step in (0..120).step_by(3) {
        let ground = ground();
        let (before, plan) = (tree(ground.root.path()), ground.plan());
        let disk = FaultyDisk::new(step, Fault::Forever);
        let Ok(mut journal) = ground.open(Box::new(disk)) else { continue };
        if crate::apply::apply(&plan, &mut journal, "test").is_ok() {
            continue;
        }
        journal.layer = Box::new(Disk);
        journal.recover().unwrap();
        if tree(ground.root.path()) == before {
            assert!(matches!(journal.undo(None), Err(Error::NothingToUndo)));
            crate::apply::apply(&plan, &mut journal, "test").unwrap();
            journal.undo(None).unwrap();
        }
        assert!(!ground.dir.join("pending.json").exists(), "step {step}");
    }
}

#[test]
fn a_tree_that_was_moved_after_the_crash_is_put_right() {
    let sides = APPLY.sides();
    let mut half_done = 0;
    for step in (0..100).step_by(3) {
        let ground = ground();
        let disk = FaultyDisk::new(step, Fault::Forever);
        if ground.apply(Box::new(disk)).is_ok() {
            continue;
        }
        let now = files_of(ground.root.path());
        half_done += usize::from(now != sides.before.files && now != sides.after.files);
        let moved = ground.root.path().with_file_name("moved-tree");
        fs::rename(ground.root.path(), &moved).unwrap();
        let root = Root::open(&moved).unwrap();
        Journal::open(&ground.dir, &root).unwrap();
        let now = files_of(root.path());
        assert!(now == sides.before.files || now == sides.after.files, "step {step}");
    }
    assert!(half_done > 2, "only {half_done} crashes left anything to put right");
}

#[test]
fn a_full_disk_leaves_no_half_file_in_the_journal() {
    for step in 0..90 {
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

/// Every file of the tree belongs to somebody else, in a folder of the user's.
#[derive(Debug)]
struct OthersFiles;

impl FileLayer for OthersFiles {
    fn read(&self, at: At<'_>) -> io::Result<Option<Stored>> {
        Disk.read(at)
    }

    fn check_writable(&self, _at: At<'_>) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File> {
        Disk.open(at, how)
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

impl ReadOnlyMount {
    fn check(&self, at: &Path) -> io::Result<()> {
        let inside = at.starts_with(&self.0);
        if inside { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }
}

impl FileLayer for ReadOnlyMount {
    fn read(&self, at: At<'_>) -> io::Result<Option<Stored>> {
        Disk.read(at)
    }

    fn check_writable(&self, at: At<'_>) -> io::Result<()> {
        Disk.check_writable(at)
    }

    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File> {
        self.check(at.folder.path())?;
        Disk.open(at, how)
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        match op {
            DiskOp::Rename { from: at, .. }
            | DiskOp::Remove(at)
            | DiskOp::CreateDir(at)
            | DiskOp::RemoveDir(at) => self.check(at.folder.path())?,
            _ => {}
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
    ground.open(mount()).unwrap();
    assert!(!ground.dir.join("pending.json").exists());
}
