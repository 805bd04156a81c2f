//! Models in use.

use std::fs;
use std::path::Path;

use mlxcode_base::{CancelToken, Diagnostic};
use mlxcode_models::{Error, Store};

use crate::support::{gguf, same_error};

fn store(folder: &Path) -> Store {
    let mut store = Store::open(&folder.join("models")).unwrap();
    let file = gguf().write(folder);
    store.add(&file, None, &(), &CancelToken::new()).unwrap();
    store
}

#[test]
fn a_model_in_use_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    assert!(store.leases().unwrap().is_empty());
    let model = store.get("tiny").unwrap();
    let again = model.clone();
    let other = store.get("tiny").unwrap();
    let held = store.leases().unwrap();
    assert_eq!(held.len(), 2);
    assert!(held.iter().all(|held| held.model == "tiny" && held.process == std::process::id()));
    assert!(held.iter().all(|held| held.since_s > 0 && held.bytes == model.size_bytes()));

    let error = store.remove("tiny").unwrap_err();
    same_error(&error, "models.in_use", &format!("process {}", std::process::id()));
    assert!(matches!(&error, Error::InUse { holders, .. } if holders.len() == 2));
    assert!(error.help().is_some());
    drop(other);
    drop(model);
    assert_eq!(store.leases().unwrap().len(), 1, "a clone holds it too");
    same_error(&store.remove("tiny").unwrap_err(), "models.in_use", "tiny");
    assert!(store.get("tiny").is_ok(), "what was refused changed nothing");
    drop(again);
    assert!(store.leases().unwrap().is_empty());
    store.remove("tiny").unwrap();
    assert!(matches!(store.lease("tiny"), Err(Error::NotInstalled { .. })));
}

/// What a process leaves that is killed: the file, but no lock.
#[test]
fn the_lease_of_a_dead_process_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let leases = folder.path().join("models/.leases");
    fs::create_dir_all(&leases).unwrap();
    let said = r#"{"model":"tiny","process":1,"program":"x","since_s":1,"bytes":1}"#;
    for (name, text) in [("tiny.1.0", said), ("tiny.2.0", ""), (".new-tiny.3.0", "")] {
        fs::write(leases.join(name), text).unwrap();
    }
    assert!(store.leases().unwrap().is_empty());
    assert_eq!(fs::read_dir(&leases).unwrap().count(), 0, "they are cleared away");
    fs::write(leases.join("tiny.1.0"), said).unwrap();
    store.remove("tiny").unwrap();
}

/// A lease that cannot be read is one all the same: its name tells of whom.
#[test]
fn a_held_lease_counts_whatever_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let leases = folder.path().join("models/.leases");
    fs::create_dir_all(&leases).unwrap();
    let place = leases.join("tiny.77.5");
    fs::write(&place, "{").unwrap();
    let held = fs::File::open(&place).unwrap();
    held.lock().unwrap();
    let found = store.leases().unwrap();
    assert_eq!((found.len(), found[0].process, &*found[0].model), (1, 77, "tiny"));
    same_error(&store.remove("tiny").unwrap_err(), "models.in_use", "process 77");
    drop(held);
    store.remove("tiny").unwrap();
}

#[test]
fn many_leases_at_once_are_all_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let leases: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let lease = || {
                        // Looking clears away what seems dead, meanwhile.
                        store.leases().unwrap();
                        store.lease("tiny").unwrap().unwrap()
                    };
                    (0..25).map(|_| lease()).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(leases.len(), 100);
    assert_eq!(store.leases().unwrap().len(), 100);
    drop(leases);
    assert!(store.leases().unwrap().is_empty());
}

/// A store that cannot be written to is used without leases; anything else that
/// is in their way is an error that somebody should see.
#[test]
fn a_file_where_the_leases_should_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let leases = folder.path().join("models/.leases");
    let _ = fs::remove_dir_all(&leases);
    fs::write(&leases, "").unwrap();
    same_error(&store.get("tiny").map(|_| ()).unwrap_err(), "models.io", ".leases");
}
