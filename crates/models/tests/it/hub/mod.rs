//! Pulls from a hub on loopback.

mod catalogue;
mod errors;
mod faults;
mod offline;
mod queue;
mod repair;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mlxcode_base::CancelToken;
use mlxcode_models::hub::{Hub, HubOptions, Pace, PullObserver, PullPlan, Pulled};
use mlxcode_models::{HubReference, Result};
use tempfile::TempDir;

use crate::fake_hub::{FakeFile, FakeHub, noise};

/// A hub and an empty cache.
pub struct Place {
    temp: TempDir,
    pub fake: FakeHub,
    pub options: HubOptions,
}

/// Small, so that a test has many of them.
pub const PART: u64 = 64 << 10;

impl Place {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let fake = FakeHub::start();
        let mut options = HubOptions::new(&temp.path().join("cache"));
        options.endpoint = fake.endpoint();
        options.part_bytes = PART;
        // Long enough for a machine with other work to do.
        options.idle_timeout = Duration::from_millis(300);
        options.retry.first_wait = Duration::from_millis(1);
        options.retry.longest_wait = Duration::from_millis(4);
        options.retry.attempts_without_progress = 12;
        Self { temp, fake, options }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    pub fn cache(&self) -> PathBuf {
        self.options.cache_dir.clone()
    }

    pub fn hub(&self) -> Hub {
        Hub::new(self.options.clone()).unwrap()
    }

    pub fn plan(&self, reference: &str) -> Result<PullPlan> {
        self.hub().plan(&reference.parse::<HubReference>()?, &CancelToken::new())
    }

    pub fn pull(&self, reference: &str) -> Result<Pulled> {
        self.pull_with(reference, &(), &CancelToken::new())
    }

    pub fn pull_with(
        &self,
        reference: &str,
        observer: &dyn PullObserver,
        cancel: &CancelToken,
    ) -> Result<Pulled> {
        let plan = self.plan(reference)?;
        let pace = Arc::new(Pace::new(self.options.limit_bytes_per_second));
        self.hub().pull(&plan, &pace, observer, cancel)
    }

    /// Every file of the cache by its path, links followed.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.cache()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.cache()).unwrap();
                    let name = name.to_str().unwrap().replace('\\', "/");
                    found.insert(name, fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// Whatever has the name of a blob or of a file is what the hub holds.
    pub fn check_nothing_wrong(&self, files: &[FakeFile]) {
        for (name, bytes) in self.files() {
            let plain = name.rsplit('/').next().unwrap();
            if name.contains("/blobs/") && !plain.contains(".incomplete") {
                let same = files.iter().any(|f| f.checksum() == plain && **f.bytes == bytes);
                assert!(same, "{name} is wrong");
            }
            if name.contains("/snapshots/") {
                let same = files.iter().any(|f| name.ends_with(&f.path) && **f.bytes == bytes);
                assert!(same, "{name} is wrong");
            }
        }
    }
}

/// One small file, one large one, a model of several: by name, the files and
/// the one that things happen to.
pub fn kinds() -> [(&'static str, Vec<FakeFile>, &'static str); 3] {
    let mut sharded = vec![
        FakeFile::small("README.md", "# A model"),
        FakeFile::small("config.json", "{}"),
        FakeFile::small("model.safetensors.index.json", "{ }"),
        FakeFile::small("tokenizer.json", noise(3000, 9)),
    ];
    for shard in 1..=3 {
        let path = format!("model-{shard:05}-of-00003.safetensors");
        sharded.push(FakeFile::large(&path, noise(150_000, shard)));
    }
    [
        ("small", vec![FakeFile::small("small.gguf", noise(900, 1))], "small.gguf"),
        ("large", vec![FakeFile::large("large.gguf", noise(300_000, 2))], "large.gguf"),
        ("sharded", sharded, "model-00002-of-00003.safetensors"),
    ]
}

#[test]
fn a_model_comes_whole_and_only_once() {
    for (name, files, _) in kinds() {
        let place = Place::new();
        let commit = place.fake.publish("org/name", "main", files.clone());
        let pulled = place.pull("hf:org/name").unwrap();
        let wanted: Vec<_> = files.iter().filter(|file| file.path != "README.md").collect();
        let size: usize = wanted.iter().map(|file| file.bytes.len()).sum();
        assert_eq!(pulled.fetched_bytes, size as u64, "{name}");
        let repo = place.cache().join("models--org--name");
        for file in &wanted {
            let bytes = fs::read(repo.join("snapshots").join(&commit).join(&file.path)).unwrap();
            assert!(bytes == **file.bytes, "{name}: {}", file.path);
            assert_eq!(place.fake.sent(&file.path), file.bytes.len() as u64);
        }
        assert!(!repo.join("snapshots").join(&commit).join("README.md").exists());
        assert_eq!(fs::read_to_string(repo.join("refs/main")).unwrap(), commit);
        let leftover: Vec<_> =
            place.files().into_keys().filter(|name| name.contains("incomplete")).collect();
        assert!(leftover.is_empty(), "{leftover:?}");

        place.fake.forget();
        let again = place.pull("hf:org/name").unwrap();
        assert_eq!((again.fetched_bytes, again.path), (0, pulled.path));
        assert!(wanted.iter().all(|file| place.fake.sent(&file.path) == 0));
        // A commit never changes: nobody is asked.
        place.fake.forget();
        place.pull(&format!("hf:org/name@{commit}")).unwrap();
        assert!(place.fake.requests().is_empty());
    }
}

#[test]
fn what_others_fetched_is_found() {
    let place = Place::new();
    let (_, files, _) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    // As another program leaves it: a blob, a partial file of its own, a
    // folder of its own.
    let blobs = place.cache().join("models--org--name/blobs");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(blobs.join(files[0].sha256()), &**files[0].bytes).unwrap();
    fs::write(blobs.join(format!("{}.incomplete", files[0].sha256())), "their own").unwrap();
    fs::create_dir_all(place.cache().join("models--org--name/trees")).unwrap();
    fs::write(place.cache().join("CACHEDIR.TAG"), "Signature").unwrap();
    assert_eq!(place.pull("hf:org/name").unwrap().fetched_bytes, 0);
    assert_eq!(place.fake.sent("large.gguf"), 0);
    let theirs = blobs.join(format!("{}.incomplete", files[0].sha256()));
    assert_eq!(fs::read_to_string(theirs).unwrap(), "their own");

    // One that is damaged is not taken for the file.
    let blob = blobs.join(files[0].sha256());
    let mut bytes = fs::read(&blob).unwrap();
    bytes[1000] ^= 1;
    fs::write(&blob, bytes).unwrap();
    assert_eq!(place.pull("hf:org/name").unwrap().fetched_bytes, 300_000);
    place.check_nothing_wrong(&files);
}

#[test]
fn a_pull_that_was_stopped_goes_on_where_it_was() {
    let place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    place.fake.set_pace(100_000);
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let observer = move |event: &mlxcode_models::hub::PullEvent| {
        if event.file_done_bytes > 60_000 {
            stop.cancel();
        }
    };
    let error = place.pull_with("hf:org/name", &observer, &cancel).unwrap_err();
    assert_eq!(mlxcode_base::Diagnostic::code(&error), "models.cancelled");
    let kept = place.hub().present_bytes(&place.plan("hf:org/name").unwrap());
    assert!(kept > 60_000, "{kept}");
    place.fake.set_pace(0);
    place.fake.settle();
    place.fake.forget();
    let pulled = place.pull("hf:org/name").unwrap();
    assert_eq!(pulled.fetched_bytes, 300_000 - kept);
    assert_eq!(place.fake.sent(path), 300_000 - kept);
    place.check_nothing_wrong(&files);
}

#[test]
fn one_works_and_the_other_waits() {
    let place = Place::new();
    let (_, files, path) = kinds()[1].clone();
    place.fake.publish("org/name", "main", files.clone());
    place.fake.set_pace(100_000);
    let waited = std::sync::atomic::AtomicU64::new(0);
    let see = |event: &mlxcode_models::hub::PullEvent| {
        if event.state.as_str() == "waiting" {
            waited.fetch_max(event.file_done_bytes, std::sync::atomic::Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| place.pull_with("hf:org/name", &see, &CancelToken::new()).unwrap());
        }
    });
    assert_eq!(place.fake.sent(path), 300_000);
    assert!(waited.into_inner() > 0, "the one that waits sees how far the other is");
    place.check_nothing_wrong(&files);
}

#[test]
fn a_limit_is_waited_for() {
    let mut place = Place::new();
    let (_, files, _) = kinds()[0].clone();
    place.fake.publish("org/name", "main", files);
    let slept = Arc::new(std::sync::Mutex::new(Duration::ZERO));
    let sum = Arc::clone(&slept);
    place.options.retry.sleep = Arc::new(move |time| *sum.lock().unwrap() += time);
    place.options.limit_bytes_per_second = Some(100);
    place.pull("hf:org/name").unwrap();
    // 900 bytes at 100 a second, less what the test itself takes.
    assert!(*slept.lock().unwrap() > Duration::from_secs(5), "{slept:?}");
}

/// The names in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}
