//! Opening a store of 500 models: names, sizes and what is said of them.
//!
//! `cargo bench -p mlxcode-benches --bench store`

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement makes its ground, prints, and stops when its ground is missing"
)]

use std::fs;
use std::time::Duration;

use mlxcode_benches::measure;
use mlxcode_core::{Dirs, ModelLibrary, RecordChange};

const RUNS: usize = 31;
const MODELS: usize = 500;
const LIMIT: Duration = Duration::from_millis(20);
const USAGE_LIMIT: Duration = Duration::from_millis(2);

fn main() {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let dirs = Dirs::under(temp.path());
    grow_to(&dirs, MODELS);
    let library = ModelLibrary::open(&dirs).expect("the library opens");
    for number in 0..MODELS {
        let changes =
            [RecordChange::Tag(format!("tag{}", number % 9)), RecordChange::Favourite(true)];
        library.change_record(&name(number), &changes).expect("a record is written");
    }
    drop(library);

    let list = measure(RUNS, || {
        let library = ModelLibrary::open(&dirs).expect("the library opens");
        assert_eq!(library.list().expect("it is listed").len(), MODELS);
    });
    report("open and list", &list);
    let whole = measure(RUNS, || {
        let library = ModelLibrary::open(&dirs).expect("the library opens");
        let found = library.contents().expect("it is listed");
        assert_eq!((found.models.len(), found.broken.len()), (MODELS, 0));
    });
    report("open, list, and name what is broken", &whole);
    let said = measure(RUNS, || {
        let library = ModelLibrary::open(&dirs).expect("the library opens");
        assert_eq!(library.list().expect("it is listed").len(), MODELS);
        assert_eq!(library.records().expect("they are read").models().len(), MODELS);
    });
    report("open, list, and read what is said", &said);
    let library = ModelLibrary::open(&dirs).expect("the library opens");
    let one = RecordChange::Note(Some("a note".to_owned()));
    let write = measure(RUNS, || {
        library
            .change_record(&name(7), std::slice::from_ref(&one))
            .map(drop)
            .expect("it is written");
    });
    println!("write one record and read all: {write}");
    usage();
}

/// What counting costs a run: its load and its answer are two transactions,
/// each as small as a note. The disk is not waited for.
fn usage() {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let dirs = Dirs::under(temp.path());
    grow_to(&dirs, 1);
    let mut number = 0;
    let counted = measure(RUNS, || {
        let library = ModelLibrary::open(&dirs).expect("the library opens");
        for _ in 0..2 {
            number += 1;
            let note = RecordChange::Note(Some(format!("note {number}")));
            library.change_record(&name(0), &[note]).map(drop).expect("it is written");
        }
    });
    let verdict = if counted.median() <= USAGE_LIMIT { "within" } else { "OVER" };
    let limit = USAGE_LIMIT.as_millis();
    println!("open the records and write twice, as a run does: {counted}, {verdict} {limit} ms");
}

/// Manifests as the store writes them; of the models' files only the names are
/// there, as listing reads no more.
fn grow_to(dirs: &Dirs, models: usize) {
    for number in 0..models {
        let name = name(number);
        let folder = dirs.models().join(&name);
        fs::create_dir_all(&folder).expect("a folder");
        let files: Vec<String> = ["config.json", "tokenizer.json", "tokenizer_config.json"]
            .into_iter()
            .map(str::to_owned)
            .chain((1..=4).map(|part| format!("model-0000{part}-of-00004.safetensors")))
            .map(|file| {
                let sum = format!("{number:064x}");
                format!(
                    "{{\"name\": \"{file}\", \"size_bytes\": 123456789, \"sha256\": \"{sum}\", \
                     \"modified_ns\": 1700000000000000000}}"
                )
            })
            .collect();
        let manifest = format!(
            "{{\"model\": {{\"name\": \"{name}\", \"architecture\": \"qwen2\", \"weights\": \"BF16\", \
             \"parameters\": 7615616512, \"context_length\": 32768, \"size_bytes\": 15231233024, \
             \"files\": [{}]}}, \"entry\": \".\"}}",
            files.join(", ")
        );
        fs::write(folder.join("manifest.json"), manifest).expect("a manifest");
    }
}

fn name(number: usize) -> String {
    format!("model-{number:03}")
}

fn report(what: &str, measured: &mlxcode_benches::Measured) {
    let verdict = if measured.median() <= LIMIT { "within" } else { "OVER" };
    println!("{what}, {MODELS} models: {measured}, {verdict} {} ms", LIMIT.as_millis());
}
