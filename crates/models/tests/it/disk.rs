//! What models take on the disk.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mlxcode_base::{CancelToken, ContentHash};
use mlxcode_models::{DiskOptions, Store};

use crate::support::{GgufFile, gguf};

const DAY: Duration = Duration::from_hours(24);

fn blocks(path: &Path) -> u64 {
    fs::metadata(path).unwrap().blocks() * 512
}

/// A model of more than a mebibyte.
fn large() -> GgufFile {
    let mut file = gguf();
    file.data_bytes += 2 << 20;
    file
}

#[test]
fn own_and_shared_bytes_and_files_that_are_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let bytes = large().bytes();
    let hash = ContentHash::of(&bytes).to_string();
    let cache = root.join("cache");
    let blobs = cache.join("models--org--name/blobs");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(blobs.join(&hash), &bytes).unwrap();
    let snapshot = cache.join("models--org--name/snapshots/0123");
    fs::create_dir_all(&snapshot).unwrap();
    symlink(blobs.join(&hash), snapshot.join("model.gguf")).unwrap();

    let mut store = Store::open(&root.join("models")).unwrap();
    let cancel = CancelToken::new();
    store.add(&snapshot.join("model.gguf"), Some("linked"), &(), &cancel).unwrap();
    // A copy of its own, and one of other bytes.
    fs::write(root.join("copy.gguf"), &bytes).unwrap();
    store.add(&root.join("copy.gguf"), Some("copied"), &(), &cancel).unwrap();
    fs::remove_file(root.join("copy.gguf")).unwrap();
    store.add(&gguf().write(root), Some("small"), &(), &cancel).unwrap();
    fs::remove_file(root.join("tiny.gguf")).unwrap();

    let now = SystemTime::now() + 40 * DAY;
    let mut options = DiskOptions::new(now);
    options.caches = vec![cache.clone()];
    options.last_used.insert("copied".to_owned(), now - 10 * DAY);
    options.last_used.insert("small".to_owned(), UNIX_EPOCH + DAY);
    let report = store.disk(&options).unwrap();
    let installed = root.join("models");
    let copied = blocks(&installed.join("copied/copy.gguf"));
    let linked = blocks(&installed.join("linked/model.gguf"));
    let small = blocks(&installed.join("small/tiny.gguf"));
    // Where the disk clones, the two have blocks of their own by what it tells.
    let same = fs::metadata(installed.join("linked/model.gguf")).unwrap().nlink() > 1;
    let of = |name: &str| report.models.iter().find(|model| model.name == name).unwrap();
    assert_eq!((of("copied").own_bytes, of("copied").shared_bytes), (copied, 0));
    let shared = if same { (0, linked) } else { (linked, 0) };
    assert_eq!((of("linked").own_bytes, of("linked").shared_bytes), shared);
    assert_eq!((of("org/name").own_bytes, of("org/name").shared_bytes), shared);
    assert!(of("org/name").cached && !of("linked").cached);
    let blob = if same { 0 } else { linked };
    assert_eq!(report.total_bytes, copied + linked + small + blob);
    assert_eq!(report.models.last().unwrap().name, "org/name", "caches come last");

    // Installed now, which is forty days ago by then.
    assert_eq!((of("copied").unused_days, of("linked").unused_days), (None, Some(40)));
    assert_eq!((of("linked").last_used_s, of("small").last_used_s), (None, Some(24 * 60 * 60)));
    assert_eq!(of("small").unused_days, Some(40), "not before it was installed");

    assert_eq!(report.duplicates.len(), 1, "small files are not worth a line");
    let twice = &report.duplicates[0];
    assert_eq!((&twice.sha256, twice.size_bytes), (&hash, bytes.len() as u64));
    assert_eq!(twice.paths.len(), 3);
    assert_eq!(twice.wasted_bytes, copied + blob);
    assert!(report.free_bytes.is_some_and(|free| free > 0));
    assert_eq!(report.reclaimable_bytes, 0);
}
