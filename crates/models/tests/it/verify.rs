//! The full check of a file or folder, and what it says.

use std::fs;
use std::path::Path;

use mlxcode_base::{CancelToken, ContentHash};
use mlxcode_models::{InstalledModel, VerifyOptions, VerifyReport, VerifyStatus, verify_path};
use serde_json::json;

use crate::support::{
    GgufFile, V, config, folder_tensors, gguf, safetensors, weights, write_folder, write_json,
};

fn verify(path: &Path, deep: bool) -> VerifyReport {
    let mut options = VerifyOptions::default();
    options.deep = deep;
    verify_path(path, &options, &(), &CancelToken::new()).unwrap()
}

/// The checks in order, and how each went: `+`, `-` or `.` for skipped.
fn told(report: &VerifyReport) -> String {
    let sign = |status| match status {
        VerifyStatus::Passed => '+',
        VerifyStatus::Failed => '-',
        _ => '.',
    };
    let all: Vec<String> =
        report.checks.iter().map(|check| format!("{}{}", sign(check.status), check.id)).collect();
    all.join(" ")
}

fn of_gguf(file: &GgufFile, expected: &str) -> VerifyReport {
    let folder = tempfile::tempdir().unwrap();
    let report = verify(&file.write(folder.path()), false);
    assert_eq!(told(&report), expected, "{report:?}");
    assert_eq!(report.is_sound(), !expected.contains('-'));
    for failed in report.failures() {
        assert!(failed.code.is_some() && failed.detail.is_some() && failed.help.is_some());
    }
    report
}

#[test]
fn each_check_of_a_file_is_told_for_itself() {
    let sound = ".checksum +header +config +weights +tokenizer +template +values";
    of_gguf(&gguf(), sound);
    of_gguf(&gguf().without("tokenizer.chat_template"), sound);
    // One thing is wrong, and all that does not need it is still looked at.
    of_gguf(
        &gguf().set("general.architecture", V::Str("mamba".to_owned())),
        ".checksum +header -config .weights .tokenizer .template +values",
    );
    of_gguf(
        &gguf().set("llama.block_count", V::U32(3)),
        ".checksum +header +config -weights +tokenizer +template +values",
    );
    of_gguf(
        &gguf().set("tokenizer.ggml.eos_token_id", V::U32(264)),
        ".checksum +header +config +weights -tokenizer .template +values",
    );
    of_gguf(
        &gguf().set("tokenizer.chat_template", V::Str("{% if %}".to_owned())),
        ".checksum +header +config +weights +tokenizer -template +values",
    );
    let report = of_gguf(
        &gguf().set("split.count", V::U32(2)),
        ".checksum +header -config .weights .tokenizer .template +values",
    );
    assert_eq!(report.failures().next().unwrap().code, Some("models.unsupported"));
    let mut cut = gguf();
    cut.data_bytes -= 1;
    of_gguf(&cut, ".checksum -header .config .weights .tokenizer .template .values");
}

#[test]
fn each_check_of_a_folder_is_told_for_itself() {
    let check = |change: &dyn Fn(&Path), expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        change(folder.path());
        let report = verify(folder.path(), false);
        assert_eq!(told(&report), expected, "{report:?}");
        assert_eq!(report.is_sound(), !expected.contains('-'));
    };
    let remove =
        |name: &'static str| move |folder: &Path| fs::remove_file(folder.join(name)).unwrap();
    check(&|_| {}, ".checksum +config +header +weights +tokenizer +template +values");
    check(
        &remove("config.json"),
        ".checksum -config .header .weights .tokenizer .template .values",
    );
    check(
        &remove("model.safetensors"),
        ".checksum +config -header .weights .tokenizer .template .values",
    );
    check(
        &remove("tokenizer.json"),
        ".checksum +config +header +weights -tokenizer .template +values",
    );
    check(
        &|folder| {
            let fewer = &folder_tensors()[1..];
            fs::write(folder.join("model.safetensors"), weights(fewer)).unwrap();
        },
        ".checksum +config +header -weights +tokenizer +template +values",
    );
    check(
        &|folder| {
            let mut config = config();
            config["vocab_size"] = 100.into();
            write_json(&folder.join("config.json"), &config);
        },
        ".checksum +config +header -weights -tokenizer .template +values",
    );
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    assert!(verify_path(&missing, &VerifyOptions::default(), &(), &CancelToken::new()).is_err());
}

/// A value that is no number, in a place that a sample always sees: the first.
#[test]
fn values_that_are_no_numbers_are_found() {
    let check = |dtype: &str, bytes: &[u8], bad: bool| {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path());
        let tensors = folder_tensors();
        let size = match dtype {
            "F32" => 4,
            _ => 2,
        };
        let mut header = serde_json::Map::new();
        let mut at = 0;
        for (name, shape) in &tensors {
            let end = at + size * shape.iter().product::<u64>();
            header.insert(
                name.clone(),
                json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]}),
            );
            at = end;
        }
        let mut file = safetensors(&serde_json::Value::from(header).to_string(), at as usize);
        let start = file.len() - at as usize;
        file[start..start + bytes.len()].copy_from_slice(bytes);
        fs::write(folder.path().join("model.safetensors"), file).unwrap();
        for deep in [false, true] {
            let report = verify(folder.path(), deep);
            let codes: Vec<_> = report.failures().map(|check| check.code.unwrap()).collect();
            let expected: &[&str] = if bad { &["models.not_finite"] } else { &[] };
            assert_eq!(codes, expected, "{dtype} {bytes:?} {report:?}");
        }
    };
    check("F32", &f32::NAN.to_le_bytes(), true);
    check("F32", &f32::NEG_INFINITY.to_le_bytes(), true);
    check("F32", &f32::MAX.to_le_bytes(), false);
    check("F16", &[0, 0x7c], true);
    check("F16", &[0xff, 0x7b], false);
    check("BF16", &[0xc0, 0x7f], true);
    check("BF16", &[0x7f, 0x7f], false);
}

/// The scales of every packed type of GGUF, by ggml's layout: number of the
/// type, bytes of a block, and where its half-precision numbers are.
#[test]
fn scales_that_are_no_numbers_are_found() {
    for (number, block, places) in [
        (2, 18, &[0][..]),
        (3, 20, &[0, 2]),
        (6, 22, &[0]),
        (7, 24, &[0, 2]),
        (8, 34, &[0]),
        (10, 84, &[80, 82]),
        (11, 110, &[108]),
        (12, 144, &[0, 2]),
        (13, 176, &[0, 2]),
        (14, 210, &[208]),
        (20, 18, &[0]),
    ] {
        let mut file = GgufFile::empty().tensor("w", &[256, 8]);
        file.tensors[0].ggml_type = number;
        let sound = file.bytes();
        let start = file.header().len().next_multiple_of(32);
        let failed = |bytes: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("m.gguf");
            fs::write(&place, bytes).unwrap();
            let report = verify(&place, true);
            let values = report.checks.iter().find(|check| check.id.as_str() == "values").unwrap();
            values.status == VerifyStatus::Failed
        };
        assert!(!failed(&sound), "{number}");
        for at in 0..block {
            // All bits of a half's exponent, in the second block.
            let mut bytes = sound.clone();
            bytes[start + block + at + 1] |= 0x7c;
            let expected = places.contains(&at);
            // The next block's first half is its neighbour's business.
            if at + 1 < block {
                assert_eq!(failed(&bytes), expected, "type {number}, byte {at}");
            }
        }
    }
    // MXFP4: a power of two, of which 255 is no number.
    let mut file = GgufFile::empty().tensor("w", &[256, 8]);
    file.tensors[0].ggml_type = 39;
    let mut bytes = file.bytes();
    let start = file.header().len().next_multiple_of(32);
    bytes[start + 17] = 255;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("m.gguf");
    fs::write(&place, bytes).unwrap();
    let report = verify(&place, false);
    assert!(report.failures().any(|check| check.code == Some("models.not_finite")), "{report:?}");
}

#[test]
fn a_model_with_values_that_are_no_numbers_is_not_installed() {
    let folder = tempfile::tempdir().unwrap();
    let file = gguf();
    let mut bytes = file.bytes();
    let start = file.header().len().next_multiple_of(32);
    bytes[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let place = folder.path().join("bad.gguf");
    fs::write(&place, bytes).unwrap();
    let mut store = mlxcode_models::Store::open(&folder.path().join("models")).unwrap();
    let error = store.add(&place, None, &(), &CancelToken::new()).map(|_| ()).unwrap_err();
    crate::support::same_error(&error, "models.not_finite", "token_embd.weight");
    assert!(store.list().unwrap().is_empty());
    assert!(!folder.path().join("models/.adding-bad").exists());
}

/// A download cache calls large files by their SHA-256.
#[cfg(unix)]
#[test]
fn a_file_of_a_cache_is_compared_with_its_name() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let bytes = gguf().bytes();
    let check = |name: &str, status: VerifyStatus| {
        let blob = folder.path().join(name);
        fs::write(&blob, &bytes).unwrap();
        let link = folder.path().join("model.gguf");
        let _ = fs::remove_file(&link);
        symlink(&blob, &link).unwrap();
        let report = verify(&link, false);
        assert_eq!(report.checks[0].id.as_str(), "checksum");
        assert_eq!(report.checks[0].status, status, "{report:?}");
        assert_eq!(report.is_sound(), status != VerifyStatus::Failed);
        // People know it by the link's name, not by the blob's.
        let detail = report.checks[0].detail.clone().unwrap_or_default();
        assert!(status != VerifyStatus::Failed || detail.contains("model.gguf"), "{detail}");
        fs::write(&blob, b"GGUF").unwrap();
        let error = InstalledModel::check_in_place(&link).unwrap_err().to_string();
        assert!(error.contains("model.gguf") && !error.contains(name), "{error}");
    };
    check(&ContentHash::of(&bytes).to_string(), VerifyStatus::Passed);
    check(&ContentHash::of(b"other").to_string(), VerifyStatus::Failed);
    check("0a1b2c", VerifyStatus::Skipped);
}
