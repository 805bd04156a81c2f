//! The models that are installed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mlxcode_base::{CancelToken, ProgressEvent};
use mlxcode_models::{Error, InstalledModel, Result, Store, VerifyOptions};
use tempfile::TempDir;

use crate::support::{gguf, same_error, write_folder};

struct Place {
    folder: TempDir,
    store: Store,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("models")).unwrap();
        Self { folder, store }
    }

    fn file(&self) -> PathBuf {
        gguf().write(self.folder.path())
    }

    fn add(&mut self, path: &Path, name: Option<&str>) -> Result<InstalledModel> {
        self.store.add(path, name, &(), &CancelToken::new())
    }

    fn installed(&self, rest: &str) -> PathBuf {
        self.folder.path().join("models").join(rest)
    }

    fn names(&self) -> Vec<String> {
        self.store.list().unwrap().into_iter().map(|model| model.name).collect()
    }

    /// What failed, by `verify`.
    fn problems(&self, name: &str) -> Vec<String> {
        let options = VerifyOptions::default();
        let report = self.store.verify(name, &options, &(), &CancelToken::new()).unwrap();
        let problems: Vec<_> = report.failures().collect();
        assert_eq!(report.is_sound(), problems.is_empty());
        assert!(problems.iter().all(|check| check.help.is_some() && check.detail.is_some()));
        problems.iter().map(|check| check.name.clone()).collect()
    }
}

/// Changes a byte and puts the time back, as failing hardware does.
fn flip(place: &Path, at: usize) {
    let time = fs::metadata(place).unwrap().modified().unwrap();
    let mut bytes = fs::read(place).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 1;
    fs::write(place, bytes).unwrap();
    File::options().write(true).open(place).unwrap().set_modified(time).unwrap();
}

#[test]
fn a_model_is_added_listed_verified_and_removed() {
    let mut place = Place::new();
    assert_eq!(place.names(), [""; 0]);
    let file = place.file();
    let bytes = fs::read(&file).unwrap();
    let model = place.add(&file, None).unwrap();
    assert_eq!(model.name(), "tiny");
    assert!(model.path().starts_with(fs::canonicalize(place.installed("tiny")).unwrap()));

    let source = place.folder.path().join("source");
    fs::create_dir(&source).unwrap();
    write_folder(&source);
    let folder = place.add(&source, Some("a-folder")).unwrap();
    assert_eq!(folder.name(), "a-folder");
    assert_eq!(folder.tokenizer().unwrap().encode("he", false).unwrap(), [256]);

    assert_eq!(place.names(), ["a-folder", "tiny"]);
    let summary = place.store.summary("tiny").unwrap();
    assert_eq!((&*summary.architecture, &*summary.weights), ("llama", "F32"));
    assert_eq!((summary.context_length, summary.size_bytes), (128, bytes.len() as u64));
    assert_eq!(summary.parameters, model.parameters());
    assert_eq!(summary.files.len(), 1);
    assert_eq!(place.store.summary("a-folder").unwrap().files.len(), 4);
    for name in ["tiny", "a-folder"] {
        assert_eq!(place.store.get(name).unwrap().name(), name);
        assert_eq!(place.problems(name), [""; 0]);
    }

    drop(model);
    place.store.remove("tiny").unwrap();
    assert_eq!(place.names(), ["a-folder"]);
    assert_eq!(fs::read(&file).unwrap(), bytes, "the original stays");
    same_error(&place.store.get("tiny").unwrap_err(), "models.not_installed", "tiny");
    same_error(&place.store.remove("tiny").unwrap_err(), "models.not_installed", "tiny");
    place.add(&file, None).unwrap();
    assert_eq!(place.names(), ["a-folder", "tiny"]);
}

/// The digest of the empty file and of `abc` are those of FIPS 180-2.
#[test]
fn checksums_are_sha256() {
    let mut place = Place::new();
    let source = place.folder.path().join("source");
    fs::create_dir(&source).unwrap();
    write_folder(&source);
    fs::write(source.join("chat_template.jinja"), "abc").unwrap();
    place.add(&source, None).unwrap();
    let files = place.store.summary("source").unwrap().files;
    let template = files.iter().find(|file| file.name == "chat_template.jinja").unwrap();
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((&*template.sha256, template.size_bytes), (expected, 3));
}

#[test]
fn a_list_reads_no_weights() {
    let mut place = Place::new();
    let file = place.file();
    place.add(&file, None).unwrap();
    fs::remove_file(place.installed("tiny/tiny.gguf")).unwrap();
    assert_eq!(place.names(), ["tiny"]);
    // Neither a stray file nor an unfinished folder is a model.
    fs::write(place.installed("stray"), "").unwrap();
    fs::create_dir(place.installed("empty")).unwrap();
    assert_eq!(place.names(), ["tiny"]);
}

#[test]
fn damage_is_found() {
    let mut place = Place::new();
    let file = place.file();
    place.add(&file, None).unwrap();
    let installed = place.installed("tiny/tiny.gguf");
    let size = fs::metadata(&installed).unwrap().len() as usize;
    flip(&installed, size - 1);
    // The time says that nothing changed; the bytes are read all the same.
    same_error(&place.store.get("tiny").unwrap_err(), "models.checksum_mismatch", "tiny.gguf");
    assert_eq!(place.problems("tiny"), ["bytes of tiny.gguf"]);
    flip(&installed, size - 1);
    assert_eq!(place.problems("tiny"), [""; 0]);

    flip(&installed, 0);
    same_error(&place.store.get("tiny").unwrap_err(), "models.checksum_mismatch", "tiny.gguf");
    flip(&installed, 0);
    assert!(place.store.get("tiny").is_ok());
    let file = File::options().write(true).open(&installed).unwrap();
    file.set_len(size as u64 - 1).unwrap();
    same_error(&place.store.get("tiny").unwrap_err(), "models.checksum_mismatch", "tiny.gguf");
    assert_eq!(place.problems("tiny"), ["bytes of tiny.gguf"]);
    fs::remove_file(&installed).unwrap();
    same_error(&place.store.get("tiny").unwrap_err(), "models.missing_file", "tiny.gguf");
    assert_eq!(place.problems("tiny"), ["bytes of tiny.gguf"]);
    place.store.remove("tiny").unwrap();
}

#[test]
fn a_file_that_was_only_touched_stays_usable() {
    let mut place = Place::new();
    let file = place.file();
    place.add(&file, None).unwrap();
    let installed = File::options().write(true).open(place.installed("tiny/tiny.gguf")).unwrap();
    installed.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert!(place.store.get("tiny").is_ok());
    assert_eq!(place.problems("tiny"), [""; 0]);
}

#[test]
fn the_check_before_a_load_tells_its_progress_and_can_be_stopped() {
    let mut place = Place::new();
    let file = place.file();
    place.add(&file, None).unwrap();
    let size = fs::metadata(&file).unwrap().len();
    let events = Mutex::new(Vec::new());
    let progress = |event: ProgressEvent| events.lock().unwrap().push((event.done, event.total));
    place.store.get_with("tiny", &progress, &CancelToken::new()).unwrap();
    assert_eq!(*events.lock().unwrap(), [(size, Some(size))]);
    let cancel = CancelToken::new();
    cancel.cancel();
    let error = place.store.get_with("tiny", &(), &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
}

#[test]
fn a_damaged_description_is_named_and_can_be_removed() {
    let damage = |change: fn(&str) -> String, words: &str| {
        let mut place = Place::new();
        let file = place.file();
        place.add(&file, None).unwrap();
        let manifest = place.installed("tiny/manifest.json");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, change(&text)).unwrap();
        same_error(&place.store.get("tiny").unwrap_err(), "models.bad_manifest", words);
        // The sound ones are listed all the same.
        place.add(&file, Some("sound")).unwrap();
        assert_eq!(place.names(), ["sound"]);
        let broken = place.store.broken().unwrap();
        assert_eq!(broken.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["tiny"]);
        same_error(&broken[0].error, "models.bad_manifest", words);
        place.store.remove("sound").unwrap();
        place.store.remove("tiny").unwrap();
        assert_eq!(place.names(), [""; 0]);
        assert!(place.store.broken().unwrap().is_empty());
    };
    damage(|text| text[..text.len() / 2].to_owned(), "manifest.json");
    damage(|text| text.replace("\"name\": \"tiny\"", "\"name\": \"other\""), "called \"other\"");
    damage(|text| text.replace("\"tiny.gguf\"", "\"../tiny.gguf\""), "../tiny.gguf");
    damage(|text| text.replace("\"entry\": \"tiny.gguf\"", "\"entry\": \"/etc\""), "/etc");
}

#[test]
fn names_are_those_of_a_folder() {
    let mut place = Place::new();
    let file = place.file();
    let long = "x".repeat(101);
    for name in [
        "",
        ".",
        "..",
        ".hidden",
        "-x",
        "a/b",
        "a\\b",
        "a b",
        "ä",
        "dot.",
        "NUL",
        "com1.gguf",
        &long,
    ] {
        let error = place.add(&file, Some(name)).map(|_| ()).unwrap_err();
        same_error(&error, "models.bad_name", name);
        same_error(&place.store.summary(name).unwrap_err(), "models.bad_name", name);
        same_error(&place.store.remove(name).unwrap_err(), "models.bad_name", name);
    }
    for name in ["a", "Qwen2.5-0.5B_q4", "com10", "nullable"] {
        place.add(&file, Some(name)).unwrap();
        let error = place.add(&file, Some(name)).map(|_| ()).unwrap_err();
        same_error(&error, "models.already_installed", name);
    }
    assert_eq!(place.names(), ["Qwen2.5-0.5B_q4", "a", "com10", "nullable"]);
    let odd = place.folder.path().join("_my model (1).gguf");
    fs::copy(&file, &odd).unwrap();
    assert_eq!(place.add(&odd, None).unwrap().name(), "my-model--1-");
}

#[test]
fn nothing_is_left_of_a_model_that_was_not_added() {
    let mut place = Place::new();
    let file = place.file();
    let broken = place.folder.path().join("broken.gguf");
    fs::write(&broken, &fs::read(&file).unwrap()[..5000]).unwrap();
    let error = place.add(&broken, None).map(|_| ()).unwrap_err();
    same_error(&error, "models.damaged", "broken.gguf");

    let cancel = CancelToken::new();
    cancel.cancel();
    let error = place.store.add(&file, None, &(), &cancel).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    let hidden = fs::read_dir(place.installed("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(hidden.collect::<Vec<_>>(), [".lock"]);

    // What a process that was killed left behind goes with the next change.
    for name in [".adding-old", ".removed-old"] {
        fs::create_dir(place.installed(name)).unwrap();
        fs::write(place.installed(name).join("weights"), "many").unwrap();
    }
    place.add(&file, None).unwrap();
    assert!(!place.installed(".adding-old").exists() && !place.installed(".removed-old").exists());
    let error = place.store.verify("tiny", &VerifyOptions::default(), &(), &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
}

#[test]
fn progress_counts_every_byte() {
    let mut place = Place::new();
    let file = place.file();
    let size = fs::metadata(&file).unwrap().len();
    let events = Mutex::new(Vec::new());
    let progress = |event: ProgressEvent| events.lock().unwrap().push((event.done, event.total));
    place.store.add(&file, None, &progress, &CancelToken::new()).unwrap();
    place.store.verify("tiny", &VerifyOptions::default(), &progress, &CancelToken::new()).unwrap();
    assert_eq!(*events.lock().unwrap(), [(size, Some(size)), (size, Some(size))]);
}

/// Download caches keep files under their hash and link to them.
#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_to_the_file() {
    use std::os::unix::fs::symlink;
    let mut place = Place::new();
    let cache = place.folder.path().join("cache");
    fs::create_dir_all(cache.join("blobs")).unwrap();
    fs::create_dir(cache.join("snapshot")).unwrap();
    fs::rename(place.file(), cache.join("blobs/0a1b")).unwrap();
    let link = cache.join("snapshot/pretty-name.gguf");
    symlink("../blobs/0a1b", &link).unwrap();
    assert_eq!(place.add(&link, None).unwrap().name(), "pretty-name");

    let source = cache.join("folder");
    fs::create_dir(&source).unwrap();
    write_folder(&source);
    let weights = source.join("model.safetensors");
    fs::rename(&weights, cache.join("blobs/2c3d")).unwrap();
    symlink("../blobs/2c3d", &weights).unwrap();
    place.add(&source, None).unwrap();
    fs::remove_dir_all(&cache).unwrap();
    for name in ["pretty-name", "folder"] {
        assert!(place.store.get(name).is_ok());
        assert_eq!(place.problems(name), [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let mut place = Place::new();
    let file = place.file();
    // A file where the store should be; permissions do not stop every user.
    fs::write(place.installed("").parent().unwrap().join("models"), "").unwrap();
    let error = place.add(&file, None).map(|_| ()).unwrap_err();
    same_error(&error, "models.io", "models");
    same_error(&place.store.list().unwrap_err(), "models.io", "models");
}
