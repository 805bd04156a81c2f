//! A tree and its journal in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::Root;
use mlxcode_edit::{EditPlan, Journal, JournalEntry, ResolveOptions, Result, apply, parse_reply};

/// Names and contents.
pub type Files = BTreeMap<String, Vec<u8>>;

pub struct Tree {
    _temp: tempfile::TempDir,
    pub root: Root,
    pub journal: PathBuf,
}

impl Tree {
    pub fn new(files: &Files) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("tree");
        fs::create_dir(&folder).unwrap();
        for (name, content) in files {
            let place = folder.join(name);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, content).unwrap();
        }
        let journal = temp.path().join("journal");
        Self { root: Root::open(&folder).unwrap(), journal, _temp: temp }
    }

    pub fn of(files: &[(&str, &str)]) -> Self {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), text.as_bytes().to_vec());
        Self::new(&files.iter().map(own).collect())
    }

    pub fn plan(&self, reply: &str) -> EditPlan {
        EditPlan::resolve(&self.root, &parse_reply(reply), &ResolveOptions::default()).unwrap()
    }

    pub fn apply(&self, reply: &str) -> Result<JournalEntry> {
        apply(&self.plan(reply), &mut self.open_journal(), "test")
    }

    pub fn undo(&self, id: Option<&str>) -> Result<JournalEntry> {
        self.open_journal().undo(id)
    }

    pub fn redo(&self, id: Option<&str>) -> Result<JournalEntry> {
        self.open_journal().redo(id)
    }

    pub fn open_journal(&self) -> Journal {
        Journal::open(&self.journal, &self.root).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn files(&self) -> Files {
        read_files(self.root.path())
    }

    /// Every file with its permissions, and where links lead.
    pub fn state(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut all = BTreeMap::new();
        for folder in self.folders() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = fs::symlink_metadata(&path).unwrap();
                if meta.is_symlink() {
                    let target = fs::read_link(&path).unwrap();
                    all.insert(path, (0, target.to_str().unwrap().as_bytes().to_vec()));
                } else if meta.is_file() {
                    #[cfg(unix)]
                    let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions());
                    #[cfg(not(unix))]
                    let mode = 0;
                    all.insert(path.clone(), (mode, fs::read(path).unwrap()));
                } else {
                    all.insert(path, (0, Vec::new()));
                }
            }
        }
        all
    }

    /// Every folder below the root, in order.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut all = vec![self.root.path().to_owned()];
        let mut next = 0;
        while let Some(folder) = all.get(next) {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let below: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
            all.extend(below);
            next += 1;
        }
        all.sort();
        all
    }
}

pub fn read_files(root: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}
