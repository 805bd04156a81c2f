//! Every step of a change fails once, and once the power goes with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlxcode_base::Root;

use super::*;
use crate::format::parse_reply;
use crate::layer::fault::{Fault, FaultyDisk};
use crate::plan::{EditPlan, ResolveOptions};

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

/// Fails at every step in turn until one run gets through.
fn fail_at_every_step(
    fault: Fault,
    prepare: fn(&Ground),
    run: fn(&Ground, Box<dyn FileLayer>) -> Result<JournalEntry>,
) {
    for step in 0.. {
        let ground = ground();
        prepare(&ground);
        let before = tree(ground.root.path());
        let result = run(&ground, Box::new(FaultyDisk::new(step, fault)));
        // What a user's next command does first.
        let journal = Journal::open(&ground.dir, &ground.root).unwrap();
        let after = tree(ground.root.path());
        match result {
            Ok(entry) => {
                assert_ne!(after, before, "step {step}");
                assert!(journal.entries().contains(&entry), "step {step}");
                assert!(!ground.dir.join("pending.json").exists());
                if fault == Fault::Forever || step > 30 {
                    return;
                }
            }
            Err(error) => {
                assert_eq!(after, before, "step {step}: {error}");
            }
        }
        assert!(step < 200, "no run gets through");
    }
}

#[test]
fn a_failed_apply_leaves_every_file_as_it_was() {
    fail_at_every_step(Fault::Once, |_| {}, Ground::apply);
}

#[test]
fn a_crash_in_apply_is_taken_back() {
    fail_at_every_step(Fault::Forever, |_| {}, Ground::apply);
}

fn applied(ground: &Ground) {
    ground.apply(Box::new(Disk)).unwrap();
}

#[test]
fn a_failed_undo_leaves_every_file_as_it_was() {
    fail_at_every_step(Fault::Once, applied, Ground::undo);
}

#[test]
fn a_crash_in_undo_is_taken_back() {
    fail_at_every_step(Fault::Forever, applied, Ground::undo);
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
