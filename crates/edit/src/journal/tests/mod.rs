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
use crate::layer::fault::FaultyDisk;
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

/// Some thousand trees are made, changed and compared; a real disk would take
/// minutes for that, and what it would lose is told by the layers.
fn folder_in_memory() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let in_memory = shared.is_dir().then(|| tempfile::tempdir_in(shared).ok()).flatten();
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

fn ground() -> Ground {
    let temp = folder_in_memory();
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

/// One of each: a file changes, one comes in new folders, one goes, one moves
/// and one becomes a program.
fn operations() -> [FileOperation; 5] {
    [
        FileOperation::Write { path: path("a.txt"), content: b"1\ntwo\n".to_vec() },
        FileOperation::Create {
            path: path("new/deep/b.txt"),
            content: b"b\n".to_vec(),
            executable: false,
        },
        FileOperation::Delete { path: path("c.txt") },
        FileOperation::Rename { from: path("d.txt"), to: path("moved/e.txt") },
        FileOperation::SetExecutable { path: path("sub/e.sh"), executable: true },
    ]
}

/// More files than threads, in two folders.
fn many_paths() -> impl Iterator<Item = RelPath> {
    (0..20).map(|number| path(&format!("{}many{number}.txt", ["", "sub/"][number % 2])))
}

impl Ground {
    fn plan(&self) -> EditPlan {
        self.plan_of(&operations())
    }

    fn plan_of(&self, operations: &[FileOperation]) -> EditPlan {
        let plan = EditPlan::of_operations(&self.root, operations, &ResolveOptions::default());
        let plan = plan.unwrap();
        assert!(plan.is_applicable(), "{:?}", plan.refusals());
        plan
    }

    /// The same operations, and so many more files that they are changed side
    /// by side.
    fn apply_to_many(&self, layer: Box<dyn FileLayer>) -> Result<JournalEntry> {
        let change = |path| FileOperation::Write { path, content: b"changed\n".to_vec() };
        let operations: Vec<_> = operations().into_iter().chain(many_paths().map(change)).collect();
        crate::apply::apply(&self.plan_of(&operations), &mut self.open(layer)?, "test")
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
        ground.undo(sound()).unwrap();
    },
    run: Ground::redo,
};

const APPLY_TO_MANY: Turn = Turn {
    prepare: |ground| {
        for path in many_paths() {
            fs::write(ground.root.path().join(path.as_path()), "as it was\n").unwrap();
        }
    },
    run: Ground::apply_to_many,
};

fn applied(ground: &Ground) {
    ground.apply(sound()).unwrap();
}

/// The files, the journal and the log before and after a turn.
struct Sides {
    before: Side,
    after: Side,
}

#[derive(Debug, PartialEq)]
struct Side {
    files: Tree,
    states: Vec<(String, EntryState)>,
    logged: usize,
}

impl Side {
    fn of(ground: &Ground) -> Self {
        let journal = ground.open(sound()).unwrap();
        let states = journal.entries().iter().map(|entry| (entry.id.clone(), entry.state));
        let report = journal.verify_audit(None).unwrap();
        assert!(report.is_intact(), "{report:?}");
        Self { files: files_of(ground.root.path()), states: states.collect(), logged: report.sound }
    }
}

/// A disk that works, and is not waited for.
fn sound() -> Box<dyn FileLayer> {
    Box::new(FaultyDisk::sound())
}

impl Turn {
    /// Both sides, where nothing fails.
    fn sides(self) -> Sides {
        let ground = ground();
        (self.prepare)(&ground);
        let before = Side::of(&ground);
        (self.run)(&ground, sound()).unwrap();
        let after = Side::of(&ground);
        assert_ne!(before.files, after.files);
        Sides { before, after }
    }
}

/// What holds when a journal was opened after whatever happened: files, journal
/// and log are those of one side. Gives whether it is the one after.
fn check_recovered(ground: &Ground, sides: &Sides, what: &str) -> bool {
    drop(ground.open(sound()).unwrap_or_else(|error| panic!("{what}: {error}")));
    let now = Side::of(ground);
    let is_after = now == sides.after;
    if !is_after {
        assert_eq!(now, sides.before, "{what}");
    }
    assert!(!ground.dir.join("pending.json").exists(), "{what}");
    let is_half = |name: &String| Path::new(name).extension().is_some_and(|end| end == "tmp");
    let left = tree(ground.root.path()).into_keys().find(is_half);
    assert_eq!(left, None, "{what}");
    is_after
}
