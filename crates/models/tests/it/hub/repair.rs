//! What was pulled is repaired from where it came from.

use std::fs;

use mlxcode_base::CancelToken;
use mlxcode_models::{HubReference, NewPull, PullJobState, PullQueue, Store, VerifyOptions};

use super::{Place, names};
use crate::fake_hub::FakeFile;
use crate::support::{gguf, write_folder};

/// A model's files as a repository has them.
fn published(place: &Place) -> Vec<FakeFile> {
    let folder = place.path("made-folder");
    fs::create_dir_all(&folder).unwrap();
    write_folder(&folder);
    let mut files: Vec<FakeFile> = names(&folder)
        .iter()
        .map(|name| {
            let bytes = fs::read(folder.join(name)).unwrap();
            if name.contains("safetensors") {
                FakeFile::large(name, bytes)
            } else {
                FakeFile::small(name, bytes)
            }
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn pull(place: &Place, reference: &str) -> Store {
    let queue = PullQueue::open(&place.path("queue/pulls.sqlite3")).unwrap();
    let mut store = Store::open(&place.path("models")).unwrap();
    let new = NewPull::new(reference.parse().unwrap(), &|_, _| Ok(None)).unwrap();
    let id = queue.add(&new).unwrap().id;
    let job = queue.run(id, &place.hub(), &mut store, &(), &CancelToken::new()).unwrap();
    assert_eq!(job.state, PullJobState::Done);
    store
}

fn is_sound(store: &Store, place: &Place, offline: bool) -> bool {
    let hub = place.hub();
    let mut options = VerifyOptions::default();
    options.source = (!offline).then_some(&hub as _);
    store.verify("name", &options, &(), &CancelToken::new()).unwrap().is_sound()
}

#[test]
fn broken_files_come_again_and_no_others() {
    let place = Place::new();
    let files = published(&place);
    place.fake.publish("org/name", "main", files.clone());
    let mut store = pull(&place, "hf:org/name");
    assert!(is_sound(&store, &place, false));
    let folder = place.path("models/name");
    for file in &files {
        // The installed file may be the cache's own under a second name.
        let installed = folder.join(&file.path);
        let mut bytes = fs::read(&installed).unwrap();
        let half = bytes.len() / 2;
        bytes[half] ^= 1;
        fs::write(&installed, bytes).unwrap();
        assert!(!is_sound(&store, &place, true), "{}", file.path);
        place.fake.forget();
        let report = store.repair("name", Some(&place.hub()), &(), &CancelToken::new()).unwrap();
        let repaired: Vec<_> = report.repaired.iter().map(|file| &*file.name).collect();
        assert_eq!(repaired, [&*file.path]);
        assert_eq!(fs::read(&installed).unwrap(), **file.bytes);
        for other in &files {
            let expect = if other.path == file.path { file.bytes.len() as u64 } else { 0 };
            assert_eq!(place.fake.sent(&other.path), expect, "{}", other.path);
        }
        assert!(is_sound(&store, &place, false) && store.get("name").is_ok());
    }
    place.check_nothing_wrong(&files);
}

/// However many files a model has, its repository is listed once.
#[test]
fn a_repository_is_asked_once() {
    let place = Place::new();
    let files = published(&place);
    place.fake.publish("org/name", "main", files.clone());
    let mut store = pull(&place, "hf:org/name");
    let listings = || {
        let asked = place.fake.requests();
        asked.iter().filter(|request| request.target.contains("/revision/")).count()
    };
    place.fake.forget();
    assert!(files.len() > 2 && is_sound(&store, &place, false));
    assert_eq!(listings(), 1);
    for file in &files {
        fs::remove_file(place.path("models/name").join(&file.path)).unwrap();
    }
    place.fake.forget();
    let report = store.repair("name", Some(&place.hub()), &(), &CancelToken::new()).unwrap();
    assert_eq!((report.repaired.len(), listings()), (files.len(), 1));
}

#[test]
fn a_branch_that_moved_gives_the_old_bytes() {
    let place = Place::new();
    let mut files = published(&place);
    place.fake.publish("org/name", "main", files.clone());
    let mut store = pull(&place, "hf:org/name");
    let config = files.iter().position(|file| file.path == "config.json").unwrap();
    let old = fs::read(place.path("models/name/config.json")).unwrap();
    files[config] = FakeFile::small("config.json", "{}");
    place.fake.publish("org/name", "main", files);
    fs::remove_file(place.path("models/name/config.json")).unwrap();
    store.repair("name", Some(&place.hub()), &(), &CancelToken::new()).unwrap();
    assert_eq!(fs::read(place.path("models/name/config.json")).unwrap(), old);
}

/// In the cache, files are called by their hash; in the store, as they were.
#[test]
fn a_file_keeps_its_name() {
    let place = Place::new();
    fs::create_dir_all(place.path("made")).unwrap();
    let bytes = fs::read(gguf().write(&place.path("made"))).unwrap();
    place.fake.publish("org/name", "main", vec![FakeFile::large("sub/tiny-q8.gguf", bytes)]);
    let store = pull(&place, "hf:org/name/sub/tiny-q8.gguf");
    let source: HubReference = "hf:org/name/sub/tiny-q8.gguf".parse().unwrap();
    let installed = store.summary(&source.default_name()).unwrap();
    assert_eq!(installed.files[0].name, "tiny-q8.gguf");
    assert!(installed.files[0].origin.as_ref().unwrap().ends_with("/sub/tiny-q8.gguf"));

    let files = published(&place);
    place.fake.publish("org/folder", "main", files.clone());
    let store = pull(&place, "hf:org/folder");
    let mut found: Vec<_> =
        store.summary("folder").unwrap().files.into_iter().map(|file| file.name).collect();
    found.sort();
    let mut expect: Vec<_> = files.into_iter().map(|file| file.path).collect();
    expect.sort();
    assert_eq!(found, expect);
}
