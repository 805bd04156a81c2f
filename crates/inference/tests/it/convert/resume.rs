//! A conversion that stops anywhere ends, later, in the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use mlxcode_base::{CancelToken, Diagnostic, ErrorKind, ProgressEvent};
use mlxcode_inference::{ConvertOptions, Converted, Result, convert};
use mlxcode_models::InstalledModel;

use super::{files, source};

/// Converts with one thread and stops after `reports` chunks.
fn stop_after(source: &Path, output: &Path, target: &str, reports: usize) -> Result<Converted> {
    let mut options = ConvertOptions::new(target.parse()?);
    options.threads = Some(std::num::NonZeroUsize::MIN);
    let model = InstalledModel::check_in_place(source)?;
    let (cancel, seen) = (CancelToken::new(), AtomicUsize::new(0));
    let stop = cancel.clone();
    let progress = move |event: ProgressEvent| {
        assert!(event.total.is_some_and(|total| event.done <= total), "{event:?}");
        if seen.fetch_add(1, Ordering::Relaxed) + 1 == reports {
            stop.cancel();
        }
    };
    if reports == 0 {
        cancel.cancel();
    }
    convert(&model, output, &options, &progress, &cancel)
}

fn staging(output: &Path) -> PathBuf {
    let name = output.file_name().unwrap().to_str().unwrap();
    output.with_file_name(format!("{name}.converting"))
}

/// Stops at every `step`th weight, does `harm` to what is kept, and goes on.
fn check(cell: &str, target: &str, step: usize, harm: impl Fn(&Path)) {
    let source = source(cell);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let made = stop_after(&source.path(), &whole, target, usize::MAX).unwrap();
    let expect = files(&whole);
    for stop in (0..made.tensors).step_by(step) {
        let output = folder.path().join("made");
        let error = stop_after(&source.path(), &output, target, stop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        assert!(!output.exists());
        harm(&staging(&output));
        let again = stop_after(&source.path(), &output, target, usize::MAX).unwrap();
        assert!(again.resumed <= stop, "{} of {stop}", again.resumed);
        assert!(files(&output) == expect, "{cell} {target} stopped at {stop}");
        assert!(!staging(&output).exists());
        if output.is_dir() {
            fs::remove_dir_all(&output).unwrap();
        } else {
            fs::remove_file(&output).unwrap();
        }
    }
}

#[test]
fn what_is_done_is_kept() {
    let source = source("qwen2-narrow-safetensors-f16");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("made");
    stop_after(&source.path(), &output, "mlx:4", 5).unwrap_err();
    let again = stop_after(&source.path(), &output, "mlx:4", usize::MAX).unwrap();
    assert_eq!(again.resumed, 5);
}

#[test]
fn it_goes_on_at_every_weight() {
    check("qwen2-narrow-safetensors-bf16", "mlx:4:32", 1, |_| {});
    check("qwen3_moe-narrow-safetensors-f32-sharded", "gguf:q8_0", 5, |_| {});
}

#[test]
fn a_line_that_was_cut_off_is_none() {
    check("llama-narrow-safetensors-f16", "gguf:q4_0", 5, |staging| {
        let manifest = staging.join("manifest");
        let text = fs::read(&manifest).unwrap();
        fs::write(&manifest, &text[..text.len() - 7]).unwrap();
    });
}

#[test]
fn bytes_that_were_lost_are_made_again() {
    check("llama-narrow-safetensors-f16", "gguf:q4_0", 5, |staging| {
        let file = staging.join("result/model.gguf");
        let mut bytes = fs::read(&file).unwrap();
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
        fs::write(&file, bytes).unwrap();
    });
    check("qwen2-narrow-safetensors-bf16", "mlx:8:32", 9, |staging| {
        fs::remove_file(staging.join("result/model.safetensors")).unwrap();
    });
}

/// A result is read again before it gets its name.
#[test]
fn bytes_that_changed_at_the_last_moment_are_found() {
    let source = source("qwen2-narrow-safetensors-bf16");
    let folder = tempfile::tempdir().unwrap();
    let (whole, output) = (folder.path().join("whole"), folder.path().join("made"));
    stop_after(&source.path(), &whole, "mlx:8:32", usize::MAX).unwrap();
    let file = staging(&output).join("result/model.safetensors");
    let harmed = AtomicUsize::new(0);
    let progress = |event: ProgressEvent| {
        let first_check = event.task.starts_with("check ");
        if first_check && harmed.fetch_add(1, Ordering::Relaxed) == 0 {
            let mut bytes = fs::read(&file).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&file, bytes).unwrap();
        }
    };
    let mut options = ConvertOptions::new("mlx:8:32".parse().unwrap());
    options.threads = Some(std::num::NonZeroUsize::MIN);
    let model = InstalledModel::check_in_place(&source.path()).unwrap();
    let error = convert(&model, &output, &options, &progress, &CancelToken::new()).unwrap_err();
    assert_eq!(error.code(), "inference.convert_unsound", "{error}");
    assert!(error.to_string().contains("reads otherwise than written"), "{error}");
    assert!(!output.exists());
    // The weight in question is made again, the others are kept.
    let again = stop_after(&source.path(), &output, "mlx:8:32", usize::MAX).unwrap();
    assert_eq!(again.resumed, again.tensors - 1);
    assert!(files(&output) == files(&whole));
}

#[test]
fn another_source_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("made");
    let (one, other) =
        (source("qwen2-narrow-safetensors-bf16"), source("qwen2-narrow-safetensors-f16"));
    stop_after(&one.path(), &output, "mlx:4:32", 9).unwrap_err();
    let made = stop_after(&other.path(), &output, "mlx:4:32", usize::MAX).unwrap();
    assert_eq!(made.resumed, 0);
    let alone = folder.path().join("alone");
    stop_after(&other.path(), &alone, "mlx:4:32", usize::MAX).unwrap();
    assert!(files(&alone) == files(&output));
}

#[test]
fn threads_change_no_byte() {
    let source = source("qwen3_moe-wide-safetensors-f32");
    let folder = tempfile::tempdir().unwrap();
    let model = InstalledModel::check_in_place(&source.path()).unwrap();
    let made = [1, 2, 7].map(|threads| {
        let output = folder.path().join(threads.to_string());
        let mut options = ConvertOptions::new("gguf:q4_k_m".parse().unwrap());
        options.threads = std::num::NonZeroUsize::new(threads);
        convert(&model, &output, &options, &(), &CancelToken::new()).unwrap();
        // The name of the source is in the header, that of the result is not.
        files(&output)
    });
    assert!(made[0] == made[1] && made[1] == made[2]);
}
