//! A watch of a real tree, with the system's own notes of changes.

use std::fs;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use mlxcode_context::{IndexedChange, Watch, WatchEvent};

use crate::support::Ground;

/// Far above what any machine needs; nothing hangs on how long it takes.
const DEADLINE: Duration = Duration::from_mins(1);

/// Waits until `name` was told of so.
fn until(watch: &Watch, name: &str, change: IndexedChange) {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        let event = watch.next_within(DEADLINE);
        if let Some(WatchEvent::Changed(updated)) = event
            && updated.files.iter().any(|(path, what)| path.as_str() == name && *what == change)
        {
            return;
        }
    }
    panic!("{name} was never told of");
}

#[test]
fn an_index_follows_its_tree_until_it_is_cancelled() {
    let ground = Ground::new();
    ground.write("a.py", "import b\n");
    let cancel = CancelToken::new();
    let mut watch = Watch::start(ground.index("index"), &cancel).unwrap();
    assert!(matches!(watch.next(), Some(WatchEvent::Ready(updated)) if updated.added == 1));
    ground.write("a.py", "import b as c\n");
    until(&watch, "a.py", IndexedChange::Changed);
    fs::create_dir_all(ground.root.path().join("deep/down")).unwrap();
    ground.write("deep/down/b.py", "def open_port():\n    pass\n");
    until(&watch, "deep/down/b.py", IndexedChange::Added);
    ground.write("deep/down/b.py", "def close_port():\n    pass\n");
    until(&watch, "deep/down/b.py", IndexedChange::Changed);
    fs::rename(ground.root.path().join("deep"), ground.root.path().join("far")).unwrap();
    until(&watch, "far/down/b.py", IndexedChange::Added);
    fs::remove_dir_all(ground.root.path().join("far")).unwrap();
    until(&watch, "far/down/b.py", IndexedChange::Removed);
    let index = ground.index("index");
    assert_eq!(index.files().unwrap().len(), 1);
    cancel.cancel();
    assert!(watch.all(|event| !matches!(event, WatchEvent::Failed(_))));
}
