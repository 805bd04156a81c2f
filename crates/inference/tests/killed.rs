//! A conversion that is killed at random moments, and goes on each time.
//!
//! It takes minutes, so it is run by name:
//! `cargo test -p mlxcode-inference --test killed -- --ignored --nocapture`.
//! `MLX_CODE_KILLS` sets how often for each target, 200 times where it is not
//! set.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files and processes they need")]
#![allow(clippy::print_stdout, reason = "what was seen is worth knowing after minutes")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mlxcode_base::CancelToken;
use mlxcode_inference::{ConvertOptions, convert};
use mlxcode_models::InstalledModel;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

const SOURCE: &str = "MLX_CODE_KILLED_SOURCE";
const OUTPUT: &str = "MLX_CODE_KILLED_OUTPUT";
const TARGET: &str = "MLX_CODE_KILLED_TARGET";
const KILLS: &str = "MLX_CODE_KILLS";

/// Enough of them that a conversion takes a good part of a second.
const LAYERS: usize = 300;

/// The process that is killed.
#[test]
#[ignore = "a part of the others"]
fn child() {
    let Some(source) = env::var_os(SOURCE).map(PathBuf::from) else { return };
    let output = PathBuf::from(env::var_os(OUTPUT).unwrap());
    let options = ConvertOptions::new(env::var(TARGET).unwrap().parse().unwrap());
    let model = InstalledModel::check_in_place(&source).unwrap();
    convert(&model, &output, &options, &(), &CancelToken::new()).unwrap();
}

#[test]
#[ignore = "takes minutes"]
fn a_file_is_the_same_however_often_its_conversion_is_killed() {
    check("gguf:q8_0");
}

#[test]
#[ignore = "takes minutes"]
fn a_folder_is_the_same_however_often_its_conversion_is_killed() {
    check("mlx:4:64");
}

fn check(target: &str) {
    let kills: usize = env::var(KILLS).map_or(200, |kills| kills.parse().unwrap());
    let ground = tempfile::tempdir().unwrap();
    let source = ground.path().join("source");
    write_source(&source);
    let whole = ground.path().join("whole");
    let begin = Instant::now();
    assert!(start(&source, &whole, target).wait().unwrap().success());
    let usual_us = begin.elapsed().as_micros() as u32;
    let expect = files(&whole);
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let output = ground.path().join("killed");
    let (mut killed, mut begun, mut results) = (0, 0, 0);
    while killed < kills {
        // Killed until it is through, each time further on.
        while !output.exists() {
            let mut process = start(&source, &output, target);
            if killed == kills {
                assert!(process.wait().unwrap().success(), "after {killed} kills");
                break;
            }
            thread::sleep(Duration::from_micros(u64::from(random.next_u32() % usual_us)));
            if let Some(status) = process.try_wait().unwrap() {
                assert!(status.success(), "after {killed} kills");
            } else {
                process.kill().unwrap();
                process.wait().unwrap();
                killed += 1;
                begun += usize::from(ground.path().join("killed.converting").exists());
            }
        }
        results += 1;
        assert!(files(&output) == expect, "after {killed} kills: other bytes");
        if output.is_dir() {
            fs::remove_dir_all(&output).unwrap();
        } else {
            fs::remove_file(&output).unwrap();
        }
    }
    println!("{target}: {killed} kills, {begun} in the middle, {results} results, all the same");
    assert!(kills < 100 || begun > 0, "nothing was ever cut off");
}

fn start(source: &Path, output: &Path, target: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(SOURCE, source)
        .env(OUTPUT, output)
        .env(TARGET, target)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Every file of a result, by name.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    if path.is_file() {
        return [(PathBuf::new(), fs::read(path).unwrap())].into();
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().into(), fs::read(&path).unwrap())).collect()
}

/// The fixture with its first layer many times.
fn write_source(folder: &Path) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen2-f16");
    fs::create_dir(folder).unwrap();
    for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        fs::copy(fixture.join(name), folder.join(name)).unwrap();
    }
    let read = |name: &str| fs::read(fixture.join(name)).unwrap();
    let mut config: Map<String, Value> = serde_json::from_slice(&read("config.json")).unwrap();
    config["num_hidden_layers"] = LAYERS.into();
    config.remove("layer_types");
    fs::write(folder.join("config.json"), Value::Object(config).to_string()).unwrap();

    let file = read("model.safetensors");
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, bytes) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: Map<String, Value> = serde_json::from_slice(header).unwrap();
    let (mut tensors, mut data) = (Map::new(), Vec::new());
    let mut add = |name: String, tensor: &Value| {
        let place = |end: usize| tensor["data_offsets"][end].as_u64().unwrap() as usize;
        let own = &bytes[place(0)..place(1)];
        let offsets = [data.len(), data.len() + own.len()];
        let entry = json!({
            "dtype": tensor["dtype"], "shape": tensor["shape"], "data_offsets": offsets,
        });
        tensors.insert(name, entry);
        data.extend_from_slice(own);
    };
    for (name, tensor) in header.iter().filter(|(name, _)| !name.starts_with("__")) {
        match name.strip_prefix("model.layers.0.") {
            Some(part) => {
                (0..LAYERS).for_each(|layer| add(format!("model.layers.{layer}.{part}"), tensor));
            }
            None if name.starts_with("model.layers.") => {}
            None => add(name.clone(), tensor),
        }
    }
    let mut header = Value::Object(tensors).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = (header.len() as u64).to_le_bytes();
    fs::write(folder.join("model.safetensors"), [&length[..], &header, &data].concat()).unwrap();
}
