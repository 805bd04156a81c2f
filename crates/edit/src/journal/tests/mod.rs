//! Every step of a change fails once, and once the process or the power goes
//! with it.

mod faults;
mod limits;
mod power;
mod races;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlxcode_base::{RelPath, Root};

use super::*;
use crate::layer::{At, Opening};
use crate::plan::{EditPlan, FileOperation, ResolveOptions};

/// Names, permissions and contents; a folder's name ends with a slash.
type Tree = BTreeMap<String, (u32, Vec<u8>)>;

fn tree(root: &Path) -> Tree {
    let mut files = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                files.insert(format!("{name}/"), (0, Vec::new()));
                folders.push(path);
            } else {
                files.insert(name, (mode(&path), fs::read(&path).unwrap()));
            }
        }
    }
    files
}

fn files_of(root: &Path) -> Tree {
    let mut files = tree(root);
    files.retain(|name, _| !name.ends_with('/'));
    files
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> u32 {
    0
}

struct Ground {
    _temp: tempfile::TempDir,
    root: Root,
    dir: PathBuf,
}

fn ground() -> Ground {
    let temp = tempfile::tempdir().unwrap();
    let tree = temp.path().join("tree");
    fs::create_dir_all(tree.join("sub")).unwrap();
    let files = [
        ("a.txt", "one\ntwo\n"),
        ("c.txt", "three\n"),
        ("d.txt", "four\n"),
        ("sub/e.sh", "five\n"),
    ];
    for (name, text) in files {
        fs::write(tree.join(name), text).unwrap();
    }
    let root = Root::open(&tree).unwrap();
    Ground { root, dir: temp.path().join("journal"), _temp: temp }
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

impl Ground {
    /// One of each: a file changes, one comes in new folders, one goes, one
    /// moves and one becomes a program.
    fn plan(&self) -> EditPlan {
        let operations = [
            FileOperation::Write { path: path("a.txt"), content: b"1\ntwo\n".to_vec() },
            FileOperation::Create {
                path: path("new/deep/b.txt"),
                content: b"b\n".to_vec(),
                executable: false,
            },
            FileOperation::Delete { path: path("c.txt") },
            FileOperation::Rename { from: path("d.txt"), to: path("moved/e.txt") },
            FileOperation::SetExecutable { path: path("sub/e.sh"), executable: true },
        ];
        let plan = EditPlan::of_operations(&self.root, &operations, &ResolveOptions::default());
        let plan = plan.unwrap();
        assert!(plan.is_applicable(), "{:?}", plan.refusals());
        plan
    }

    fn apply(&self, layer: Box<dyn FileLayer>) -> Result<JournalEntry> {
        crate::apply::apply(&self.plan(), &mut self.open(layer)?, "test")
    }

    fn undo(&self, layer: Box<dyn FileLayer>) -> Result<JournalEntry> {
        self.open(layer)?.undo(None)
    }

    fn redo(&self, layer: Box<dyn FileLayer>) -> Result<JournalEntry> {
        self.open(layer)?.redo(None)
    }

    fn open(&self, layer: Box<dyn FileLayer>) -> Result<Journal> {
        open_on(&self.dir, &self.root, layer)
    }
}

fn open_on(dir: &Path, root: &Root, layer: Box<dyn FileLayer>) -> Result<Journal> {
    Journal::open_on(dir, root, layer, &JournalOptions::default())
}

type Run = fn(&Ground, Box<dyn FileLayer>) -> Result<JournalEntry>;

/// A change, and how the ground is made for it.
#[derive(Clone, Copy)]
struct Turn {
    prepare: fn(&Ground),
    run: Run,
}

const APPLY: Turn = Turn { prepare: |_| {}, run: Ground::apply };
const UNDO: Turn = Turn { prepare: applied, run: Ground::undo };
const REDO: Turn = Turn {
    prepare: |ground| {
        applied(ground);
        ground.undo(Box::new(Disk)).unwrap();
    },
    run: Ground::redo,
};

fn applied(ground: &Ground) {
    ground.apply(Box::new(Disk)).unwrap();
}

impl Turn {
    /// The files before and after it, where nothing fails.
    fn sides(self) -> (Tree, Tree) {
        let ground = ground();
        (self.prepare)(&ground);
        let before = files_of(ground.root.path());
        (self.run)(&ground, Box::new(Disk)).unwrap();
        let after = files_of(ground.root.path());
        assert_ne!(before, after);
        (before, after)
    }
}

/// What holds when a journal was opened after whatever happened: the files are
/// those of one side, the journal says which, and the log tells no lie.
fn check_recovered(ground: &Ground, turn: Turn, sides: &(Tree, Tree), what: &str) -> bool {
    let journal =
        Journal::open(&ground.dir, &ground.root).unwrap_or_else(|e| panic!("{what}: {e}"));
    let now = files_of(ground.root.path());
    let is_after = now == sides.1;
    assert!(is_after || now == sides.0, "{what}: {now:?}");
    let fresh = self::ground();
    (turn.prepare)(&fresh);
    if is_after {
        (turn.run)(&fresh, Box::new(Disk)).unwrap();
    }
    let expected = Journal::open(&fresh.dir, &fresh.root).unwrap();
    let states = |journal: &Journal| -> Vec<(String, EntryState)> {
        journal.entries().iter().map(|entry| (entry.id.clone(), entry.state)).collect()
    };
    assert_eq!(states(&journal), states(&expected), "{what}");
    let report = journal.verify_audit(None).unwrap();
    assert!(report.is_intact(), "{what}: {report:?}");
    assert_eq!(report.sound, expected.verify_audit(None).unwrap().sound, "{what}");
    assert!(!ground.dir.join("pending.json").exists(), "{what}");
    let left = tree(&ground.dir);
    let half = left.keys().find(|name| name.ends_with(".tmp"));
    assert_eq!(half, None, "{what}");
    is_after
}
