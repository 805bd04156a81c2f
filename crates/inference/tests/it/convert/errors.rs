//! What is refused, and how it is said.

use std::fs;

use mlxcode_base::Diagnostic;
use mlxcode_inference::{ConvertTarget, Error};

use super::{convert, source};

#[test]
fn a_target_is_read_and_shown() {
    let good = [
        ("gguf:q8_0", "gguf:q8_0", "m-q8_0.gguf"),
        ("gguf:Q4_K_M", "gguf:q4_k_m", "m-q4_k_m.gguf"),
        ("mlx:4", "mlx:4:64", "m-mlx-4bit"),
        ("mlx:3:128", "mlx:3:128", "m-mlx-3bit-128"),
        ("safetensors", "safetensors:bf16", "m-bf16"),
        ("safetensors:f32", "safetensors:f32", "m-f32"),
    ];
    for (text, shown, name) in good {
        let target: ConvertTarget = text.parse().unwrap();
        assert_eq!((target.to_string().as_str(), target.file_name("m").as_str()), (shown, name));
    }
    for text in
        ["", "gguf", "gguf:q3_k", "mlx", "mlx:7", "mlx:4:16", "mlx:4:64:1", "safetensors:f8"]
    {
        let error = text.parse::<ConvertTarget>().unwrap_err();
        assert_eq!(error.code(), "inference.convert_target", "{text}");
        assert!(error.help().unwrap().contains("gguf:q4_k_m"));
    }
}

#[test]
fn what_is_there_stays() {
    let source = source("qwen2-narrow-safetensors-f16");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("made.gguf");
    fs::write(&output, "mine").unwrap();
    let error = convert(&source.path(), &output, "gguf:q8_0").unwrap_err();
    assert!(matches!(error, Error::OutputExists { .. }), "{error}");
    assert_eq!(fs::read_to_string(&output).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_is_named() {
    let cases = [
        ("qwen2-narrow-safetensors-f16", "safetensors:f32", "what is safetensors already"),
        ("qwen2-narrow-gguf-q8_0", "gguf:q4_0", "a GGUF file to anything but safetensors"),
        ("qwen2-narrow-gguf-q8_0", "mlx:4", "a GGUF file to anything but safetensors"),
        ("qwen2-narrow-mlx-4-32", "gguf:q8_0", "the weight type U32 of"),
    ];
    for (cell, target, expect) in cases {
        let source = source(cell);
        let folder = tempfile::tempdir().unwrap();
        let error = convert(&source.path(), &folder.path().join("made"), target).unwrap_err();
        assert_eq!(error.code(), "inference.convert");
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{cell}");
    }
}

#[test]
fn a_tokenizer_that_gguf_cannot_say_is_refused() {
    let source = source("qwen2-narrow-safetensors-f16");
    let place = source.path().join("tokenizer.json");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, text.replace(r"|\\p{N}|", r"|\\p{N}{1,2}|")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = convert(&source.path(), &folder.path().join("made"), "gguf:f16").unwrap_err();
    assert!(error.to_string().contains("a way to cut texts that has no name"), "{error}");
}

#[test]
fn two_at_once_are_not() {
    let source = source("qwen2-narrow-safetensors-f16");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("made");
    fs::create_dir(folder.path().join("made.converting")).unwrap();
    let manifest = fs::File::create(folder.path().join("made.converting/manifest")).unwrap();
    manifest.lock().unwrap();
    let error = convert(&source.path(), &output, "gguf:f16").unwrap_err();
    assert!(matches!(error, Error::ConvertBusy { .. }), "{error}");
    drop(manifest);
    convert(&source.path(), &output, "gguf:f16").unwrap();
}
