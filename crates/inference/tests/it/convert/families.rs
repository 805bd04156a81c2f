//! Every family to every format: the result computes what the source does.

use std::path::Path;

use mlxcode_models::{InstalledModel, SafetensorsHeader};

use super::{convert, logits, source};
use crate::checkpoint::cosine;

/// Converts and compares the logits: none may be further from the source's than
/// `most`, or their mean cosine is at least `least`.
fn check(cell: &str, target: &str, most: f32, least: f32) {
    let source = source(cell);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("made");
    convert(&source.path(), &output, target).unwrap();
    compare(&source.path(), &output, most, least, &format!("{cell} {target}"));
}

fn compare(source: &Path, output: &Path, most: f32, least: f32, what: &str) {
    let (ours, theirs) = (logits(output), logits(source));
    let pairs = || ours.iter().zip(&theirs);
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
            let source = source(&format!("{family}-{form}"));
            let folder = tempfile::tempdir().unwrap();
            let gguf = folder.path().join("made.gguf");
            let back = folder.path().join("back");
            convert(&source.path(), &gguf, &format!("gguf:{float}")).unwrap();
            convert(&gguf, &back, &format!("safetensors:{float}")).unwrap();
            compare(&source.path(), &gguf, 1e-5, 2.0, family);
            compare(&source.path(), &back, 1e-5, 2.0, family);
            same_weights(&source.path(), &back, family);
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
        for (target, least) in [("gguf:f16", 0.999_9), ("gguf:q8_0", 0.98), ("gguf:q4_0", 0.7)] {
            check(&format!("{family}-narrow-safetensors-f32-sharded"), target, 0.0, least);
        }
        check(&format!("{family}-wide-safetensors-f32"), "gguf:q4_k_m", 0.0, 0.6);
    }
}

#[test]
fn mlx_folders_compute_about_the_same() {
    for family in FAMILIES {
        let wide = format!("{family}-wide-safetensors-f32");
        for (target, least) in [("mlx:8:64", 0.98), ("mlx:4:32", 0.7)] {
            check(&wide, target, 0.0, least);
        }
        for bits in [2, 3, 5, 6] {
            let source = source(&wide);
            let folder = tempfile::tempdir().unwrap();
            let output = folder.path().join("made");
            convert(&source.path(), &output, &format!("mlx:{bits}:64")).unwrap();
            InstalledModel::check_in_place(&output).unwrap();
        }
    }
}

#[test]
fn quantised_files_become_floats() {
    for cell in ["qwen3-wide-gguf-q4_k", "llama-wide-gguf-q6_k", "qwen3_moe-narrow-gguf-mxfp4"] {
        check(cell, "safetensors:f32", 1e-4, 2.0);
        check(cell, "safetensors:bf16", 0.0, 0.99);
    }
}

#[test]
fn positions_that_are_stretched_stay_so() {
    let source = source("qwen2-yarn-safetensors-f32");
    let folder = tempfile::tempdir().unwrap();
    let (gguf, back) = (folder.path().join("made.gguf"), folder.path().join("back"));
    convert(&source.path(), &gguf, "gguf:f32").unwrap();
    convert(&gguf, &back, "safetensors:f32").unwrap();
    compare(&source.path(), &gguf, 1e-5, 2.0, "yarn to GGUF");
    compare(&source.path(), &back, 1e-5, 2.0, "yarn back");
}
