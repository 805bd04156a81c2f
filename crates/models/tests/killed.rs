//! A process that changes the store, killed at random moments.
//!
//! It takes minutes, so it is run by name:
//! `cargo test -p mlxcode-models --test killed -- --ignored --nocapture`.
//! `MLX_CODE_KILLS` sets how often, 200 times where it is not set.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files and processes they need")]
#![allow(clippy::print_stdout, reason = "what was seen is worth knowing after minutes")]

#[path = "it/support.rs"]
#[allow(dead_code, reason = "the other suite uses the rest")]
mod support;

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use mlxcode_base::CancelToken;
use mlxcode_models::{Error, GcOptions, Store, VerifyOptions};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const GROUND: &str = "MLX_CODE_KILLED_GROUND";
const SEED: &str = "MLX_CODE_KILLED_SEED";
const KILLS: &str = "MLX_CODE_KILLS";

/// What is installed, and from where: a file, and a folder on another disk
/// where there is one, so that it is copied.
fn sources(ground: &Path) -> [(&'static str, PathBuf); 3] {
    [
        ("file", ground.join("large.gguf")),
        ("folder", ground.join("folder")),
        ("far", fs::canonicalize(ground.join("far")).unwrap().join("large.gguf")),
    ]
}

fn gc_options(ground: &Path) -> GcOptions {
    let mut options = GcOptions::new(SystemTime::now());
    options.older_than = Duration::ZERO;
    options.caches = vec![ground.join("cache")];
    options
}

/// The process that is killed: it changes the store until then.
#[test]
#[ignore = "a part of the next one"]
fn child() {
    let Some(ground) = env::var_os(GROUND).map(PathBuf::from) else { return };
    let seed = env::var(SEED).unwrap().parse().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut store = Store::open(&ground.join("models")).unwrap();
    let cancel = CancelToken::new();
    let sources = sources(&ground);
    loop {
        let (name, source) = &sources[random.next_u32() as usize % sources.len()];
        let done = match random.next_u32() % 8 {
            0..=3 => store.add(source, Some(name), &(), &cancel).map(drop),
            4 | 5 => store.remove(name),
            6 => store.gc(&gc_options(&ground), &cancel).map(drop),
            _ => store.get(name).map(drop),
        };
        match done {
            Ok(()) | Err(Error::AlreadyInstalled { .. } | Error::NotInstalled { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Blobs that nothing refers to, and one that is used.
fn fill_cache(ground: &Path) {
    let repository = ground.join("cache/models--org--name");
    fs::create_dir_all(repository.join("blobs")).unwrap();
    fs::create_dir_all(repository.join("snapshots/0123")).unwrap();
    for number in 0..40 {
        fs::write(repository.join(format!("blobs/unused{number}")), "unused").unwrap();
    }
    fs::write(repository.join("blobs/used"), "used").unwrap();
    let _ = symlink("../../blobs/used", repository.join("snapshots/0123/file"));
}

/// Every entry below the store that is neither a model's nor the store's own.
fn strange(models: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(models).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match &*name {
            ".lock" => {}
            ".leases" => found.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path())),
            "file" | "folder" | "far" => {
                for file in fs::read_dir(&path).unwrap() {
                    let file = file.unwrap().path();
                    let name = file.file_name().unwrap().to_string_lossy().into_owned();
                    if name.starts_with('.') && name != ".checked.json" {
                        found.push(file);
                    }
                }
            }
            _ => found.push(path),
        }
    }
    found
}

#[test]
#[ignore = "takes minutes"]
fn a_store_survives_being_killed() {
    let kills: u64 = env::var(KILLS).map_or(200, |kills| kills.parse().unwrap());
    let ground = tempfile::tempdir().unwrap();
    let far = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    symlink(far.path(), ground.path().join("far")).unwrap();
    let mut large = support::gguf();
    large.data_bytes += 6 << 20;
    fs::write(ground.path().join("large.gguf"), large.bytes()).unwrap();
    fs::write(far.path().join("large.gguf"), large.bytes()).unwrap();
    fs::create_dir(ground.path().join("folder")).unwrap();
    support::write_folder(&ground.path().join("folder"));

    let models = ground.path().join("models");
    let mut store = Store::open(&models).unwrap();
    let probe = support::gguf().write(ground.path());
    let cancel = CancelToken::new();
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let (mut cut, mut installed, mut cleared) = (0, 0, 0);
    for round in 0..kills {
        fill_cache(ground.path());
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .env(GROUND, ground.path())
            .env(SEED, round.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_micros(u64::from(random.next_u32() % 250_000)));
        assert!(child.try_wait().unwrap().is_none(), "round {round}: it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();

        if models.exists() && !strange(&models).is_empty() {
            cut += 1;
        }
        // What is listed is whole, whatever was cut off.
        let broken = store.broken().unwrap();
        assert!(broken.is_empty(), "round {round}: {broken:?}");
        for model in store.list().unwrap() {
            installed += 1;
            let options = VerifyOptions::default();
            let report = store.verify(&model.name, &options, &(), &cancel).unwrap();
            assert!(report.is_sound(), "round {round}: {report:?}");
            store.get(&model.name).unwrap();
        }
        assert!(store.leases().unwrap().is_empty(), "round {round}: a dead process holds a model");
        // The next change leaves nothing of what was cut off.
        store.add(&probe, Some("probe"), &(), &cancel).unwrap();
        store.remove("probe").unwrap();
        assert!(strange(&models).is_empty(), "round {round}: {:?}", strange(&models));
        let used = ground.path().join("cache/models--org--name/snapshots/0123/file");
        assert_eq!(fs::read(&used).unwrap(), b"used", "round {round}");
        cleared += store.gc(&gc_options(ground.path()), &cancel).unwrap().items.len();
        assert!(store.gc_plan(&gc_options(ground.path())).unwrap().items.is_empty());
    }
    println!(
        "{kills} kills: {cut} cut a change off, {installed} installed models were found whole, \
         {cleared} unused files were cleared away after them"
    );
    assert!(kills < 100 || (cut > 0 && installed > 0), "nothing was ever cut off");
}
