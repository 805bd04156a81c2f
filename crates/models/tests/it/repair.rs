//! Fetching again what is broken.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mlxcode_base::{CancelToken, Progress, ProgressEvent};
use mlxcode_models::{AddOptions, Error, FileSource, Result, Store, VerifyOptions, VerifyStatus};
use tempfile::TempDir;

use crate::support::{same_error, write_folder};

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub in a folder, which counts what is asked of it.
#[derive(Debug, Default)]
struct Hub {
    files: BTreeMap<String, Vec<u8>>,
    fetched: Mutex<Vec<String>>,
    /// Gives other bytes than were asked for.
    lies: bool,
}

impl FileSource for Hub {
    fn fetch(
        &self,
        origin: &str,
        sha256: &str,
        into: &Path,
        progress: &dyn Progress,
        _: &CancelToken,
    ) -> Result<()> {
        assert_eq!(sha256.len(), 64);
        self.fetched.lock().unwrap().push(origin.to_owned());
        let bytes = &self.files[origin];
        let bytes = if self.lies { &bytes[1..] } else { &bytes[..] };
        fs::write(into, bytes).map_err(|source| Error::Io { path: into.to_owned(), source })?;
        progress.report(ProgressEvent::new("fetching", bytes.len() as u64, None));
        Ok(())
    }

    fn sha256(&self, origin: &str, _: &CancelToken) -> Result<Option<String>> {
        let hash = |bytes: &Vec<u8>| mlxcode_base::ContentHash::of(bytes).to_string();
        Ok(self.files.get(origin).map(hash))
    }
}

struct Ground {
    folder: TempDir,
    store: Store,
    hub: Hub,
}

impl Ground {
    /// A folder that was fetched from a hub, installed.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("models--org--tiny/snapshots").join(REVISION);
        fs::create_dir_all(&source).unwrap();
        write_folder(&source);
        let mut store = Store::open(&folder.path().join("models")).unwrap();
        store.add(&source, Some("tiny"), &(), &CancelToken::new()).unwrap();
        let mut hub = Hub::default();
        for entry in fs::read_dir(&source).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            hub.files.insert(origin(name), fs::read(&path).unwrap());
        }
        // What is written into the installed file must not reach the hub's.
        fs::remove_dir_all(&source).unwrap();
        Self { folder, store, hub }
    }

    fn installed(&self, name: &str) -> PathBuf {
        self.folder.path().join("models/tiny").join(name)
    }

    fn repair(&mut self) -> Result<Vec<String>> {
        let report = self.store.repair("tiny", Some(&self.hub), &(), &CancelToken::new())?;
        assert_eq!(report.sound.len() + report.repaired.len(), 4);
        Ok(report.repaired.into_iter().map(|file| file.name).collect())
    }
}

fn origin(name: &str) -> String {
    format!("hf:org/tiny@{REVISION}/{name}")
}

#[test]
fn only_what_is_broken_is_fetched() {
    let mut ground = Ground::new();
    assert_eq!(ground.repair().unwrap(), [""; 0]);
    assert!(ground.hub.fetched.lock().unwrap().is_empty());

    let weights = ground.installed("model.safetensors");
    let sound = fs::read(&weights).unwrap();
    fs::write(&weights, &sound[..100]).unwrap();
    fs::remove_file(ground.installed("config.json")).unwrap();
    assert!(ground.store.get("tiny").is_err());
    assert_eq!(ground.repair().unwrap(), ["model.safetensors", "config.json"]);
    let expected = [origin("model.safetensors"), origin("config.json")];
    assert_eq!(*ground.hub.fetched.lock().unwrap(), expected);
    assert_eq!(fs::read(&weights).unwrap(), sound);
    let report =
        ground.store.verify("tiny", &VerifyOptions::default(), &(), &CancelToken::new()).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert!(ground.store.get("tiny").is_ok());
    assert!(!ground.folder.path().join("models/.repairing-tiny").exists());
}

#[test]
fn wrong_bytes_take_no_place() {
    let mut ground = Ground::new();
    ground.hub.lies = true;
    let weights = ground.installed("model.safetensors");
    fs::write(&weights, "broken").unwrap();
    let error = ground.repair().unwrap_err();
    same_error(&error, "models.damaged", "gave other bytes");
    assert_eq!(fs::read(&weights).unwrap(), b"broken");
    assert!(!ground.folder.path().join("models/.repairing-tiny").exists());
    ground.hub.lies = false;
    assert_eq!(ground.repair().unwrap(), ["model.safetensors"]);
}

/// A model that is loaded keeps the file that it has open.
#[cfg(unix)]
#[test]
fn a_model_in_use_can_be_repaired() {
    use std::io::Read;
    let mut ground = Ground::new();
    let weights = ground.installed("model.safetensors");
    let model = ground.store.get("tiny").unwrap();
    fs::remove_file(&weights).unwrap();
    fs::write(&weights, "broken").unwrap();
    let mut open = fs::File::open(&weights).unwrap();
    ground.repair().unwrap();
    let mut seen = String::new();
    open.read_to_string(&mut seen).unwrap();
    assert_eq!(seen, "broken");
    drop(model);
}

#[test]
fn what_has_no_origin_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("tiny");
    fs::create_dir(&source).unwrap();
    write_folder(&source);
    let mut store = Store::open(&folder.path().join("models")).unwrap();
    store.add(&source, None, &(), &CancelToken::new()).unwrap();
    let hub = Hub::default();
    let cancel = CancelToken::new();
    assert!(store.repair("tiny", Some(&hub), &(), &cancel).unwrap().repaired.is_empty());
    fs::remove_file(folder.path().join("models/tiny/config.json")).unwrap();
    let error = store.repair("tiny", Some(&hub), &(), &cancel).unwrap_err();
    same_error(&error, "models.no_origin", "config.json");

    let mut ground = Ground::new();
    fs::remove_file(ground.installed("config.json")).unwrap();
    let error = ground.store.repair("tiny", None, &(), &cancel).unwrap_err();
    same_error(&error, "models.no_source", &origin("config.json"));
    let error = ground.store.repair("other", None, &(), &cancel).unwrap_err();
    same_error(&error, "models.not_installed", "other");
}

#[test]
fn an_origin_can_be_told_and_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let file = crate::support::gguf().write(folder.path());
    let mut store = Store::open(&folder.path().join("models")).unwrap();
    let mut options = AddOptions::default();
    options.origins.insert("tiny.gguf".to_owned(), origin("tiny.gguf"));
    store.add_with(&file, &options, &(), &CancelToken::new()).unwrap();
    let kept = store.summary("tiny").unwrap().files[0].origin.clone();
    assert_eq!(kept, Some(origin("tiny.gguf")));

    let mut hub = Hub::default();
    let status = |hub: Option<&dyn FileSource>| {
        let mut options = VerifyOptions::default();
        options.source = hub;
        let report = store.verify("tiny", &options, &(), &CancelToken::new()).unwrap();
        report.checks.iter().find(|check| check.id.as_str() == "origin").unwrap().status
    };
    assert_eq!(status(None), VerifyStatus::Skipped);
    assert_eq!(status(Some(&hub)), VerifyStatus::Skipped);
    hub.files.insert(origin("tiny.gguf"), fs::read(&file).unwrap());
    assert_eq!(status(Some(&hub)), VerifyStatus::Passed);
    hub.files.insert(origin("tiny.gguf"), b"other".to_vec());
    assert_eq!(status(Some(&hub)), VerifyStatus::Failed);
}
