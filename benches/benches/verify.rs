//! Verifying an installed model beside summing the same bytes and nothing else.
//!
//! `cargo bench -p mlxcode-benches --bench verify [MODEL]` takes a GGUF file or
//! a folder; without one it makes a model of a gigabyte from a test checkpoint.
//! The files are in the page cache: a disk that is slower than the sum hides
//! what this is to show.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement makes its ground, prints, and stops when that is missing"
)]

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use mlxcode_benches::{Measured, measure};
use mlxcode_core::{CancelToken, ContentHash, Dirs, ModelLibrary};

const RUNS: usize = 7;
/// The least speed, against the sum alone.
const LEAST: f64 = 0.9;
const MADE_BYTES: u64 = 1 << 30;

fn main() {
    let temp = tempfile::tempdir_in(".").expect("a temporary folder on the same disk");
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let model = given.map_or_else(|| make(temp.path()), PathBuf::from);
    let cancel = CancelToken::new();
    let mut library = ModelLibrary::open(&Dirs::under(temp.path())).expect("a library");
    let added = library.add(&model, Some("model"), &(), &cancel).expect("a sound model");
    let folder = Dirs::under(temp.path()).models().join("model");
    let files: Vec<PathBuf> = added.files.iter().map(|file| folder.join(&file.name)).collect();
    println!("{}: {} bytes in {} files", model.display(), added.size_bytes, files.len());

    let one = measure(RUNS, || sum_in_turn(&files));
    let all = measure(RUNS, || sum_at_once(&files));
    let verify = measure(RUNS, || {
        let report = library.verify("model", &(), &cancel).expect("a report");
        assert!(report.is_sound(), "{report:?}");
    });
    let rate = |time: &Measured| added.size_bytes as f64 / time.median().as_secs_f64() / 1e9;
    println!("summed one after the other: {one}, {:.2} GB/s", rate(&one));
    println!("summed at once, a thread a file: {all}, {:.2} GB/s", rate(&all));
    println!("verified: {verify}, {:.2} GB/s", rate(&verify));
    let best: Duration = one.median().min(all.median());
    let share = best.as_secs_f64() / verify.median().as_secs_f64();
    let verdict = if share >= LEAST { "within" } else { "UNDER" };
    println!(
        "speed against the better sum: {:.0} %, {verdict} {:.0} %",
        share * 100.0,
        LEAST * 100.0
    );
}

fn sum_in_turn(files: &[PathBuf]) {
    for file in files {
        sum(file);
    }
}

fn sum_at_once(files: &[PathBuf]) {
    thread::scope(|scope| {
        for file in files {
            scope.spawn(|| sum(file));
        }
    });
}

fn sum(file: &Path) {
    let file = File::open(file).expect("a file of the model");
    ContentHash::of_reader(file).expect("a sum");
}

/// A test checkpoint with a gigabyte behind its last tensor, which the format
/// allows.
fn make(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root");
    let seed = root.join("crates/inference/tests/fixtures/qwen2-gguf-q8_0/model.gguf");
    let place = folder.join("model.gguf");
    fs::copy(seed, &place).expect("a copy of the checkpoint");
    let mut file = File::options().write(true).open(&place).expect("the copy");
    file.seek(SeekFrom::End(0)).expect("its end");
    let block: Vec<u8> =
        (0..1_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for _ in 0..MADE_BYTES >> 20 {
        file.write_all(&block).expect("room on the disk");
    }
    place
}
