//! Hints given by hand, to a follower whose folders are watched by nobody.

#![cfg(test)]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mlxcode_base::{CancelToken, Root};

use super::WatchEvent;
use super::follow::Follower;
use super::hint::Hint;
use super::source::{Refusal, Source};
use crate::index::CodeIndex;
use crate::walk::WalkOptions;

/// Notes what is watched, up to a number of folders.
#[derive(Clone, Default)]
struct Notes {
    watched: Arc<Mutex<Vec<PathBuf>>>,
    most: usize,
}

impl Source for Notes {
    fn is_recursive(&self) -> bool {
        false
    }

    fn watch(&mut self, folder: &Path) -> Result<(), Refusal> {
        let mut watched = self.watched.lock().unwrap();
        if watched.len() == self.most {
            return Err(Refusal::Limit);
        }
        watched.push(folder.to_owned());
        Ok(())
    }

    fn unwatch(&mut self, folder: &Path) {
        self.watched.lock().unwrap().retain(|one| one != folder);
    }
}

struct Ground {
    _temp: tempfile::TempDir,
    root: PathBuf,
    notes: Notes,
    follower: Follower,
}

impl Ground {
    fn new(most: usize) -> Self {
        Self::with_index(most, "state/index")
    }

    /// With an index at a place beside the tree, which is `tree`.
    fn with_index(most: usize, index: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().canonicalize().unwrap();
        let root = place.join("tree");
        fs::create_dir_all(root.join("pkg")).unwrap();
        fs::create_dir_all(root.join("target/debug")).unwrap();
        fs::write(root.join(".gitignore"), "target\n*.log\n").unwrap();
        fs::write(root.join("pkg/port.py"), "def open():\n    pass\n").unwrap();
        fs::write(root.join("main.py"), "import pkg.port\n").unwrap();
        let opened = Root::open(&root).unwrap();
        let options = WalkOptions { max_file_bytes: 1000, ..WalkOptions::default() };
        let index = CodeIndex::open(&place.join(index), &opened, options).unwrap();
        let notes = Notes { most, ..Notes::default() };
        let source: Box<dyn Source> = Box::new(notes.clone());
        let follower = Follower::new(index, Some(source), CancelToken::new());
        Self { _temp: temp, root, notes, follower }
    }

    fn watched(&self) -> Vec<String> {
        let watched = self.notes.watched.lock().unwrap();
        let below = |one: &PathBuf| one.strip_prefix(&self.root).unwrap().display().to_string();
        let mut watched: Vec<String> = watched.iter().map(below).collect();
        watched.sort();
        watched
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.root.join(name), text).unwrap();
    }

    fn written(&mut self, name: &str) -> String {
        let path = self.root.join(name);
        self.take(vec![Hint::Written(path)])
    }

    fn moved(&mut self, names: &[&str]) -> String {
        self.take(names.iter().map(|name| Hint::Moved(self.root.join(name))).collect())
    }

    fn take(&mut self, hints: Vec<Hint>) -> String {
        told(self.follower.take(hints))
    }
}

fn told(events: Vec<WatchEvent>) -> String {
    let one = |event| match event {
        WatchEvent::Ready(updated) => format!("ready {}", updated.added),
        WatchEvent::Changed(updated) => {
            let file = |(path, change)| format!("{change:?} {path}");
            updated.files.into_iter().map(file).collect::<Vec<_>>().join(", ")
        }
        WatchEvent::Polling(reason) => format!("{reason:?}"),
        WatchEvent::Failed(error) => format!("{error:?}"),
    };
    events.into_iter().map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn edits_of_files_are_followed() {
    let mut ground = Ground::new(99);
    assert_eq!(told(ground.follower.start()), "ready 3");
    assert_eq!(ground.watched(), ["", "pkg"]);
    ground.write("main.py", "import pkg\n");
    assert_eq!(ground.written("main.py"), "Changed main.py");
    // The same text again, and a time that changed alone, are nothing.
    ground.write("main.py", "import pkg\n");
    assert_eq!(ground.written("main.py"), "");
    // Files that are none of the tree's, and folders whose times changed.
    ground.write("debug.log", "x\n");
    assert_eq!(ground.moved(&["debug.log"]), "");
    assert_eq!(ground.written("pkg"), "");
    assert_eq!(ground.written("target/debug/made.py"), "");
    // A file that comes, and one that goes.
    ground.write("pkg/new.py", "x = 1\n");
    assert_eq!(ground.moved(&["pkg/new.py"]), "Added pkg/new.py");
    fs::remove_file(ground.root.join("main.py")).unwrap();
    assert_eq!(ground.moved(&["main.py"]), "Removed main.py");
}

#[test]
fn an_editor_writes_beside_a_file_and_renames() {
    let mut ground = Ground::new(99);
    ground.follower.start();
    ground.write(".main.py.tmp", "import pkg.port as port\n");
    fs::rename(ground.root.join(".main.py.tmp"), ground.root.join("main.py")).unwrap();
    assert_eq!(ground.moved(&[".main.py.tmp", "main.py"]), "Changed main.py");
}

#[test]
fn folders_come_go_and_get_other_names() {
    let mut ground = Ground::new(99);
    ground.follower.start();
    fs::rename(ground.root.join("pkg"), ground.root.join("net")).unwrap();
    assert_eq!(ground.moved(&["pkg", "net"]), "Added net/port.py, Removed pkg/port.py");
    assert_eq!(ground.watched(), ["", "net"]);
    fs::create_dir_all(ground.root.join("a/b")).unwrap();
    ground.write("a/b/c.py", "x = 1\n");
    assert_eq!(ground.moved(&["a"]), "Added a/b/c.py");
    assert_eq!(ground.watched(), ["", "a", "a/b", "net"]);
    // One that was made anew under the same name is watched anew.
    fs::remove_dir_all(ground.root.join("a")).unwrap();
    fs::create_dir(ground.root.join("a")).unwrap();
    assert_eq!(ground.moved(&["a"]), "Removed a/b/c.py");
    assert_eq!(ground.watched(), ["", "a", "net"]);
    fs::remove_dir_all(ground.root.join("net")).unwrap();
    assert_eq!(ground.moved(&["net"]), "Removed net/port.py");
    assert_eq!(ground.watched(), ["", "a"]);
}

#[test]
fn rules_that_change_are_followed() {
    let mut ground = Ground::new(99);
    ground.follower.start();
    ground.write("debug.log", "x\n");
    ground.moved(&["debug.log"]);
    ground.write(".gitignore", "pkg\n");
    ground.write("target/debug/made.py", "x = 1\n");
    let expect =
        "Changed .gitignore, Added debug.log, Removed pkg/port.py, Added target/debug/made.py";
    assert_eq!(ground.written(".gitignore"), expect);
    assert_eq!(ground.watched(), ["", "target", "target/debug"]);
    ground.write("target/.mlxignore", "debug\n");
    assert_eq!(
        ground.moved(&["target/.mlxignore"]),
        "Added target/.mlxignore, Removed target/debug/made.py"
    );
}

#[test]
fn what_nobody_was_told_of_is_found_once_something_is_lost() {
    let mut ground = Ground::new(99);
    ground.follower.start();
    for number in 0..300 {
        ground.write(&format!("pkg/f{number}.py"), "x = 1\n");
    }
    fs::create_dir(ground.root.join("lost")).unwrap();
    let told = ground.take(vec![Hint::Lost]);
    assert_eq!(told.split(", ").count(), 300);
    assert_eq!(ground.watched(), ["", "lost", "pkg"]);
    // More files than are looked at one by one.
    let all: Vec<Hint> = (0..300)
        .map(|number| {
            ground.write(&format!("pkg/f{number}.py"), "x = 2\n");
            Hint::Written(ground.root.join(format!("pkg/f{number}.py")))
        })
        .collect();
    assert_eq!(ground.take(all).split(", ").count(), 300);
}

#[test]
fn where_the_system_watches_no_more_the_tree_is_looked_at() {
    let mut ground = Ground::new(1);
    assert_eq!(told(ground.follower.start()), "WatchLimit; ready 3");
    assert!(ground.follower.is_polling());
    ground.write("pkg/port.py", "x = 1\n");
    // What a poll asks for.
    assert_eq!(ground.take(vec![Hint::Lost]), "Changed pkg/port.py");
    assert_eq!(ground.take(vec![Hint::Lost]), "");
}

#[test]
fn what_an_index_writes_is_no_change() {
    // Below the tree, in it, and in the folder that holds the tree.
    for place in ["tree/state/index", "tree/index", "index", "index-of/index"] {
        let mut ground = Ground::with_index(99, place);
        assert_eq!(told(ground.follower.start()), "ready 3", "{place}");
        let own = format!("../{place}-wal");
        fs::write(ground.root.join(&own), "x").unwrap();
        assert_eq!(ground.written(&own), "", "{place}");
        ground.write("main.py", "import pkg\n");
        assert_eq!(ground.written("main.py"), "Changed main.py", "{place}");
    }
}

#[test]
fn what_belonged_to_no_tree_may_do_so_later() {
    let mut ground = Ground::new(99);
    ground.follower.start();
    ground.write("data.txt", &"long ".repeat(1000));
    assert_eq!(ground.moved(&["data.txt"]), "");
    ground.write("data.txt", "short");
    assert_eq!(ground.written("data.txt"), "Added data.txt");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("main.py", ground.root.join("other.py")).unwrap();
        assert_eq!(ground.moved(&["other.py"]), "");
        fs::remove_file(ground.root.join("other.py")).unwrap();
        ground.write("other.py", "x = 1\n");
        assert_eq!(ground.moved(&["other.py"]), "Added other.py");
    }
}
