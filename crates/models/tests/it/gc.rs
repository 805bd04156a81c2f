//! Clearing away what belongs to no model.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mlxcode_base::CancelToken;
use mlxcode_models::{GcOptions, GcReport, Store};

use crate::support::gguf;

const DAY: Duration = Duration::from_hours(24);

/// What a file takes on the disk.
#[cfg(unix)]
fn blocks(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).unwrap().blocks() * 512
}

#[cfg(not(unix))]
fn blocks(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

fn write(place: &Path, bytes: usize, age: Duration, now: SystemTime) {
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, vec![1; bytes]).unwrap();
    // On the disk, so that its blocks are counted.
    let file = File::options().write(true).open(place).unwrap();
    file.sync_all().unwrap();
    file.set_modified(now - age).unwrap();
}

fn paths(report: &GcReport, root: &Path) -> Vec<String> {
    let name = |item: &mlxcode_models::GcItem| {
        let path = item.path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        format!("{} {path}", item.kind.as_str())
    };
    report.items.iter().map(name).collect()
}

struct Ground {
    folder: tempfile::TempDir,
    store: Store,
    now: SystemTime,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("models")).unwrap();
        let file = gguf().write(folder.path());
        store.add(&file, None, &(), &CancelToken::new()).unwrap();
        fs::remove_file(file).unwrap();
        Self { folder, store, now: SystemTime::now() }
    }

    fn place(&self, rest: &str) -> PathBuf {
        self.folder.path().join(rest)
    }

    fn options(&self) -> GcOptions {
        let mut options = GcOptions::new(self.now);
        options.older_than = 2 * DAY;
        options.caches = vec![self.place("cache")];
        options
    }

    /// What is found, what it takes, and that all of it goes and nothing else.
    fn check(&mut self, expected: &[&str]) -> GcReport {
        let plan = self.store.gc_plan(&self.options()).unwrap();
        assert_eq!(paths(&plan, self.folder.path()), expected);
        assert!(plan.items.iter().all(|item| item.path.symlink_metadata().is_ok()), "dry run");
        let done = self.store.gc(&self.options(), &CancelToken::new()).unwrap();
        assert_eq!(done, plan);
        assert!(done.items.iter().all(|item| item.path.symlink_metadata().is_err()));
        assert!(self.store.gc_plan(&self.options()).unwrap().items.is_empty());
        assert!(self.store.get("tiny").is_ok());
        plan
    }
}

#[test]
fn a_store_is_cleared_of_what_is_of_no_model() {
    let mut ground = Ground::new();
    let now = ground.now;
    let mut expected = 0;
    for (name, bytes, age) in [
        ("models/.adding-x/model.gguf", 10_000, Duration::ZERO),
        ("models/.removed-y/model.gguf", 5, Duration::ZERO),
        ("models/.repairing-z/sub/model.gguf", 5, Duration::ZERO),
        ("models/tiny/.manifest-new", 5, Duration::ZERO),
        ("models/tiny/stray.bin", 70_000, 3 * DAY),
    ] {
        write(&ground.place(name), bytes, age, now);
        expected += blocks(&ground.place(name));
    }
    // Too young, or not of the store's making.
    write(&ground.place("models/tiny/young.bin"), 5, DAY, now);
    write(&ground.place("models/unfinished/model.gguf"), 5, DAY, now);
    write(&ground.place("models/broken/manifest.json"), 5, 9 * DAY, now);
    write(&ground.place("models/note.txt"), 5, 9 * DAY, now);
    let report = ground.check(&[
        "leftover models/.adding-x",
        "leftover models/.removed-y",
        "leftover models/.repairing-z",
        "leftover models/tiny/.manifest-new",
        "orphan models/tiny/stray.bin",
    ]);
    assert_eq!(report.freed_bytes, expected);
    for kept in ["tiny/young.bin", "unfinished/model.gguf", "broken/manifest.json", "note.txt"] {
        assert!(ground.place("models").join(kept).exists(), "{kept}");
    }
    // A store that is not there has nothing to clear away, and stays away.
    let mut none = Store::open(&ground.place("none")).unwrap();
    assert_eq!(none.gc(&GcOptions::new(now), &CancelToken::new()).unwrap(), GcReport::default());
    assert!(!ground.place("none").exists());
}

#[test]
fn a_folder_without_a_description_goes_when_it_is_old() {
    let mut ground = Ground::new();
    write(&ground.place("models/unfinished/a/model.gguf"), 5, 3 * DAY, ground.now);
    for folder in ["models/unfinished/a", "models/unfinished"] {
        let folder = File::open(ground.place(folder)).unwrap();
        folder.set_modified(ground.now - 3 * DAY).unwrap();
    }
    ground.check(&["orphan models/unfinished"]);
}

#[cfg(unix)]
#[test]
fn a_cache_is_cleared_of_what_nothing_refers_to() {
    use std::os::unix::fs::symlink;
    let mut ground = Ground::new();
    let now = ground.now;
    let repository = "cache/models--org--name";
    let blob = |name: &str| format!("{repository}/blobs/{name}");
    for (name, bytes, age) in [
        ("used", 9_000, 9 * DAY),
        ("unused", 9_000, DAY),
        ("old.incomplete", 20_000, 3 * DAY),
        ("young.incomplete", 5, DAY),
        ("young.incomplete.parts", 5, DAY),
        ("busy.incomplete", 5, 3 * DAY),
        ("linked", 30_000, 9 * DAY),
        ("twice", 8_192, 9 * DAY),
    ] {
        write(&ground.place(&blob(name)), bytes, age, now);
    }
    let snapshot = ground.place(repository).join("snapshots/0123/sub");
    fs::create_dir_all(&snapshot).unwrap();
    symlink("../../../blobs/used", snapshot.join("model.gguf")).unwrap();
    symlink("../../../blobs/gone", snapshot.join("gone.gguf")).unwrap();
    // Somebody fetches it now, or begins to.
    let locks = ground.place("cache/.locks/models--org--name");
    fs::create_dir_all(&locks).unwrap();
    let lock = File::create(locks.join("busy.lock")).unwrap();
    lock.lock().unwrap();
    File::create(locks.join("old.lock")).unwrap();
    // One has a second name elsewhere, one has both names in the cache.
    fs::hard_link(ground.place(&blob("linked")), ground.place("elsewhere")).unwrap();
    fs::hard_link(ground.place(&blob("twice")), ground.place(&blob("twice-too"))).unwrap();
    // No model's.
    write(&ground.place("cache/version.txt"), 5, 9 * DAY, now);
    write(&ground.place("cache/datasets--a--b/blobs/unused"), 5, 9 * DAY, now);

    let freed =
        ["unused", "old.incomplete", "twice"].map(|name| blocks(&ground.place(&blob(name))));
    let report = ground.check(&[
        "partial cache/models--org--name/blobs/old.incomplete",
        "unreferenced cache/models--org--name/blobs/linked",
        "unreferenced cache/models--org--name/blobs/twice",
        "unreferenced cache/models--org--name/blobs/twice-too",
        "unreferenced cache/models--org--name/blobs/unused",
    ]);
    assert_eq!(report.freed_bytes, freed.iter().sum::<u64>());
    drop(lock);
    ground.check(&["partial cache/models--org--name/blobs/busy.incomplete"]);
    assert!(ground.place(&blob("used")).exists() && ground.place("elsewhere").exists());
}

/// What an install that runs has staged is no leftover.
#[test]
fn what_somebody_is_at_work_on_is_left_alone() {
    let ground = Ground::new();
    write(&ground.place("models/.adding-x/model.gguf"), 5, Duration::ZERO, ground.now);
    let lock = File::open(ground.place("models/.lock")).unwrap();
    lock.lock().unwrap();
    assert!(ground.store.gc_plan(&ground.options()).unwrap().items.is_empty());
    drop(lock);
    assert_eq!(ground.store.gc_plan(&ground.options()).unwrap().items.len(), 1);
}
