//! A disk whose power fails, for tests: what was not waited for may be lost.
//!
//! Beside the real folders it keeps what of them would survive. A content
//! survives once the file was synced; a name that was made, moved or removed
//! survives once the folder was synced. Of the later changes of a folder, the
//! first few may have reached the disk by themselves, in order; of a content
//! that was not synced, nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::fault::perform_without_waiting;
use super::*;

/// What of a folder's changes that nobody waited for reaches the disk.
#[derive(Clone, Copy, Debug)]
pub enum Survival {
    None,
    All,
    /// Of each folder another number of them, by a seed.
    Some(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    /// A file, by a number of its own.
    File(usize),
    Folder,
}

type Names = BTreeMap<OsString, Node>;

#[derive(Debug)]
enum NameChange {
    Set(OsString, Node),
    Unset(OsString),
    Move(OsString, OsString),
}

fn change(names: &mut Names, by: &NameChange) {
    match by {
        NameChange::Set(name, node) => drop(names.insert(name.clone(), *node)),
        NameChange::Unset(name) => drop(names.remove(name)),
        NameChange::Move(from, to) => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Shadow {
    /// What survives of each folder, and what came since.
    folders: BTreeMap<PathBuf, (Names, Vec<NameChange>)>,
    /// What survives of each file.
    contents: Vec<(Vec<u8>, Option<fs::Permissions>)>,
    /// The files that are there now, by what the system calls them.
    numbers: HashMap<(PathBuf, OsString), usize>,
    done: usize,
}

/// A disk that loses its power before one operation.
#[derive(Clone, Debug)]
pub struct LossyDisk {
    shadow: Arc<Mutex<Shadow>>,
    fails_at: usize,
}

impl LossyDisk {
    pub fn new(fails_at: usize) -> Self {
        Self { shadow: Arc::default(), fails_at }
    }

    pub fn was_reached(&self) -> bool {
        self.shadow.lock().unwrap().done > self.fails_at
    }

    fn step(&self) -> io::Result<()> {
        let mut shadow = self.shadow.lock().unwrap();
        shadow.done += 1;
        if shadow.done > self.fails_at { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    }

    /// Leaves on the real disk what survives.
    pub fn lose_power(&self, survival: Survival) {
        let shadow = self.shadow.lock().unwrap();
        let mut seed = match survival {
            Survival::Some(seed) => seed,
            _ => 0,
        };
        let mut gone: HashSet<PathBuf> = HashSet::new();
        for (place, (names, pending)) in &shadow.folders {
            if gone.iter().any(|gone| place.starts_with(gone)) {
                continue;
            }
            let mut left = names.clone();
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let count = match survival {
                Survival::None => 0,
                Survival::All => pending.len(),
                Survival::Some(_) => (seed >> 33) as usize % (pending.len() + 1),
            };
            pending[..count].iter().for_each(|by| change(&mut left, by));
            for entry in fs::read_dir(place).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() && !left.contains_key(&entry.file_name()) {
                    fs::remove_dir_all(&path).unwrap();
                    gone.insert(path);
                } else if !path.is_dir() {
                    fs::remove_file(path).unwrap();
                }
            }
            for (name, node) in left {
                let path = place.join(name);
                match node {
                    Node::Folder => fs::create_dir_all(path).unwrap(),
                    Node::File(number) => {
                        let (bytes, permissions) = &shadow.contents[number];
                        fs::write(&path, bytes).unwrap();
                        if let Some(permissions) = permissions {
                            fs::set_permissions(&path, permissions.clone()).unwrap();
                        }
                    }
                }
            }
        }
    }
}

impl Shadow {
    /// Looks at a folder before the first change in it: all of it survives.
    fn look(&mut self, place: &Path) {
        if self.folders.contains_key(place) {
            return;
        }
        let mut names = Names::new();
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let node = if entry.path().is_dir() {
                Node::Folder
            } else {
                let permissions = entry.metadata().unwrap().permissions();
                self.contents.push((fs::read(entry.path()).unwrap(), Some(permissions)));
                let number = self.contents.len() - 1;
                self.numbers.insert((place.to_owned(), entry.file_name()), number);
                Node::File(number)
            };
            names.insert(entry.file_name(), node);
        }
        self.folders.insert(place.to_owned(), (names, Vec::new()));
    }

    fn note(&mut self, at: At<'_>, by: NameChange) {
        self.look(at.folder.path());
        if let Some((_, pending)) = self.folders.get_mut(at.folder.path()) {
            pending.push(by);
        }
    }

    /// The number of an open file, by the name that it has now.
    fn number(&self, file: &File) -> Option<usize> {
        use std::os::unix::fs::MetadataExt;
        let own = file.metadata().ok()?.ino();
        let is_it = |(place, name): &(PathBuf, OsString)| {
            fs::metadata(place.join(name)).is_ok_and(|meta| meta.ino() == own)
        };
        self.numbers.iter().find(|(name, _)| is_it(name)).map(|(_, number)| *number)
    }
}

impl FileLayer for LossyDisk {
    fn read(&self, at: At<'_>) -> io::Result<Option<Stored>> {
        self.step()?;
        Disk.read(at)
    }

    fn check_writable(&self, at: At<'_>) -> io::Result<()> {
        self.step()?;
        Disk.check_writable(at)
    }

    fn open(&self, at: At<'_>, how: Opening) -> io::Result<File> {
        self.step()?;
        let mut shadow = self.shadow.lock().unwrap();
        shadow.look(at.folder.path());
        let is_new = !at.path().exists();
        let file = Disk.open(at, how)?;
        if is_new {
            shadow.contents.push((Vec::new(), None));
            let number = shadow.contents.len() - 1;
            shadow.numbers.insert((at.folder.path().to_owned(), at.name.to_owned()), number);
            shadow.note(at, NameChange::Set(at.name.to_owned(), Node::File(number)));
        }
        Ok(file)
    }

    fn perform(&self, op: DiskOp<'_>) -> io::Result<()> {
        self.step()?;
        let mut shadow = self.shadow.lock().unwrap();
        let key = |at: At<'_>, name: &OsStr| (at.folder.path().to_owned(), name.to_owned());
        match op {
            DiskOp::Sync(file) => {
                let number = shadow.number(file).expect("a file that was opened here");
                let path = shadow.numbers.iter().find(|(_, n)| **n == number).unwrap().0.clone();
                let bytes = fs::read(path.0.join(path.1)).unwrap();
                let permissions = file.metadata().unwrap().permissions();
                shadow.contents[number] = (bytes, Some(permissions));
            }
            DiskOp::Rename { from, to, .. } => {
                shadow.note(from, NameChange::Move(from.name.to_owned(), to.to_owned()));
                if let Some(number) = shadow.numbers.remove(&key(from, from.name)) {
                    shadow.numbers.insert(key(from, to), number);
                }
            }
            DiskOp::Remove(at) => {
                shadow.note(at, NameChange::Unset(at.name.to_owned()));
                shadow.numbers.remove(&key(at, at.name));
            }
            DiskOp::CreateDir(at) if !at.path().exists() => {
                shadow.note(at, NameChange::Set(at.name.to_owned(), Node::Folder));
            }
            DiskOp::RemoveDir(at) => {
                let is_empty = fs::read_dir(at.path()).is_ok_and(|mut all| all.next().is_none());
                if is_empty {
                    shadow.note(at, NameChange::Unset(at.name.to_owned()));
                }
            }
            DiskOp::SyncDir(folder) => {
                shadow.look(folder.path());
                let (names, pending) = shadow.folders.get_mut(folder.path()).unwrap();
                for by in std::mem::take(pending) {
                    change(names, &by);
                }
            }
            _ => {}
        }
        drop(shadow);
        perform_without_waiting(op)
    }
}
