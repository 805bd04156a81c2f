//! Every family to every format: the result computes what the source does.

use std::path::Path;

use mlxcode_models::{InstalledModel, SafetensorsHeader};

use super::{convert, logits, source};
use crate::checkpoint::{Checkpoint, cosine};

/// A checkpoint, and what it computes, once for all that it is converted to.
struct Source {
    cell: String,
    place: Checkpoint,
    logits: Vec<Vec<f32>>,
}

impl Source {
    fn new(cell: &str) -> Self {
        let place = source(cell);
        let logits = logits(&place.path());
        Self { cell: cell.to_owned(), place, logits }
    }

    /// Converts and compares the logits: none may be further from the source's
    /// than `most`, or their mean cosine is at least `least`.
    fn check(&self, target: &str, most: f32, least: f32) {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("made");
        convert(&self.place.path(), &output, target).unwrap();
        self.compare(&output, most, least, target);
    }

    fn compare(&self, output: &Path, most: f32, least: f32, what: &str) {
        compare(&self.logits, &logits(output), most, least, &format!("{} {what}", self.cell));
    }
}

fn compare(theirs: &[Vec<f32>], ours: &[Vec<f32>], most: f32, least: f32, what: &str) {
    let pairs = || ours.iter().zip(theirs);
    let apart = |(a, b): (&Vec<f32>, &Vec<f32>)| {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let apart = pairs().map(apart).fold(0.0, f32::max);
    let mean = pairs().map(|(a, b)| cosine(a, b)).sum::<f32>() / ours.len() as f32;
    assert!(mean.is_finite() && (apart <= most || mean >= least), "{what}: {apart}, {mean}");
}

// What is random has no structure to hold on to: four bits move the logits of
// these models, above all where another expert answers. A row or a weight in
// the wrong place leaves no likeness at all.
const FAMILIES: [&str; 5] = ["llama", "mistral", "qwen2", "qwen3", "qwen3_moe"];

#[test]
fn all_numbers_come_back_from_gguf() {
    for family in FAMILIES {
        for (form, float) in [("wide-safetensors-f32", "f32"), ("narrow-safetensors-bf16", "bf16")]
        {
            let source = Source::new(&format!("{family}-{form}"));
            let folder = tempfile::tempdir().unwrap();
            let gguf = folder.path().join("made.gguf");
            let back = folder.path().join("back");
            convert(&source.place.path(), &gguf, &format!("gguf:{float}")).unwrap();
            convert(&gguf, &back, &format!("safetensors:{float}")).unwrap();
            source.compare(&gguf, 1e-5, 2.0, "to GGUF");
            source.compare(&back, 1e-5, 2.0, "and back");
            same_weights(&source.place.path(), &back, family);
        }
    }
}

/// Every weight of the one is in the other with the same bytes.
fn same_weights(one: &Path, other: &Path, what: &str) {
    let (a, b) = (SafetensorsHeader::read_folder(one), SafetensorsHeader::read_folder(other));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a.tensors.keys().collect::<Vec<_>>(), b.tensors.keys().collect::<Vec<_>>());
    for (name, tensor) in &a.tensors {
        let bytes = |header: &SafetensorsHeader| {
            let tensor = header.tensor(name).unwrap();
            let file = std::fs::read(&header.files[tensor.file]).unwrap();
            let at = tensor.offset as usize;
            (tensor.shape.clone(), file[at..at + tensor.size_bytes as usize].to_vec())
        };
        assert!(bytes(&a) == bytes(&b), "{what}: {name}, {:?}", tensor.shape);
    }
}

#[test]
fn quantised_files_compute_about_the_same() {
    for family in FAMILIES {
        let narrow = Source::new(&format!("{family}-narrow-safetensors-f32-sharded"));
        for (target, least) in [("gguf:f16", 0.999_9), ("gguf:q8_0", 0.98), ("gguf:q4_0", 0.7)] {
            narrow.check(target, 0.0, least);
        }
        let wide = Source::new(&format!("{family}-wide-safetensors-f32"));
        wide.check("gguf:q4_k_m", 0.0, 0.6);
    }
}

#[test]
fn mlx_folders_compute_about_the_same() {
    for family in FAMILIES {
        let wide = Source::new(&format!("{family}-wide-safetensors-f32"));
        for (target, least) in [("mlx:8:64", 0.98), ("mlx:4:32", 0.7)] {
            wide.check(target, 0.0, least);
        }
        for bits in [2, 3, 5, 6] {
            let folder = tempfile::tempdir().unwrap();
            let output = folder.path().join("made");
            convert(&wide.place.path(), &output, &format!("mlx:{bits}:64")).unwrap();
            InstalledModel::check_in_place(&output).unwrap();
        }
    }
}

#[test]
fn quantised_files_become_floats() {
    for cell in ["qwen3-wide-gguf-q4_k", "llama-wide-gguf-q6_k", "qwen3_moe-narrow-gguf-mxfp4"] {
        let source = Source::new(cell);
        source.check("safetensors:f32", 1e-4, 2.0);
        source.check("safetensors:bf16", 0.0, 0.99);
    }
}

#[test]
fn positions_that_are_stretched_stay_so() {
    let source = Source::new("qwen2-yarn-safetensors-f32");
    let folder = tempfile::tempdir().unwrap();
    let (gguf, back) = (folder.path().join("made.gguf"), folder.path().join("back"));
    convert(&source.place.path(), &gguf, "gguf:f32").unwrap();
    convert(&gguf, &back, "safetensors:f32").unwrap();
    source.compare(&gguf, 1e-5, 2.0, "to GGUF");
    source.compare(&back, 1e-5, 2.0, "and back");
}
