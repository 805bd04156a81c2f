//! The header of a safetensors file, and the index over several.

use std::fs;
use std::path::Path;

use mlxcode_models::{Result, SafetensorsHeader, SafetensorsType};
use serde_json::{Value, json};

use crate::support::{safetensors, same_error, write_json};

fn read(bytes: &[u8]) -> Result<SafetensorsHeader> {
    SafetensorsHeader::read_from(bytes, bytes.len() as u64, Path::new("w.safetensors"))
}

fn refused(bytes: &[u8], words: &str) {
    same_error(&read(bytes).unwrap_err(), "models.damaged", words);
}

fn entry(dtype: &str, shape: &Value, start: u64, end: u64) -> Value {
    json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]})
}

/// The cases with which the safetensors crate (0.8) tests its own reader.
#[test]
fn the_cases_of_the_formats_own_library() {
    let zeros = |header: &[u8], count: usize| [header, &vec![0; count]].concat();
    let small =
        b"<\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0,16]}}";
    let header = read(&zeros(small, 16)).unwrap();
    let tensor = header.tensor("test").unwrap();
    assert_eq!((&tensor.dtype, &*tensor.shape), (&SafetensorsType::I32, &[2, 2][..]));
    assert_eq!((tensor.offset, tensor.size_bytes), (8 + 60, 16));
    let scalar =
        b"8\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}";
    assert!(read(&zeros(scalar, 4)).is_ok());
    let empty =
        b"<\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[2,0],\"data_offsets\":[0, 0]}}";
    assert!(read(empty).is_ok());
    assert!(read(b"\x06\0\0\0\0\0\0\0{}\x0D\x20\x09\x0A").is_ok());

    refused(
        &[zeros(small, 16), b"extra_bogus_data_for_polyglot_file".to_vec()].concat(),
        "not complete",
    );
    refused(&zeros(small, 14), "not complete");
    refused(&[b"<\0\0\0\0\xff\xff\xff".to_vec(), vec![0; 60]].concat(), "claims to have");
    refused(b"", "too short");
    refused(b"<\0\0\0\0\0\0\0", "claims to have");
    refused(b"\x01\0\0\0\0\0\0\0\xff", "header");
    refused(b"\x01\0\0\0\0\0\0\0{", "header");
    let short =
        b"<\0\0\0\0\0\0\0{\"test\":{\"dtype\":\"I32\",\"shape\":[2,2],\"data_offsets\":[0, 4]}}";
    refused(&zeros(short, 4), "does not fit its shape");
    for large in ["[2,18446744073709551614]", "[2,9223372036854775807]"] {
        let header =
            format!("{{\"test\":{{\"dtype\":\"I32\",\"shape\":{large},\"data_offsets\":[0,16]}}}}");
        refused(&safetensors(&header, 16), "too large");
    }
    // Ten tensors at the same place: a small file that grows in memory.
    let same: serde_json::Map<String, Value> =
        (0..10).map(|n| (format!("weight_{n}"), entry("F32", &json!([2, 2]), 0, 16))).collect();
    refused(&safetensors(&Value::from(same).to_string(), 16), "hole or overlap");
}

#[test]
fn numbers_of_less_than_a_byte_and_foreign_types() {
    let file = |dtype: &str, shape: &Value, bytes: u64| {
        let header = json!({"w": entry(dtype, shape, 0, bytes)});
        safetensors(&header.to_string(), bytes as usize)
    };
    for (dtype, shape, bytes) in [
        ("F4", json!([3, 2]), 3),
        ("F6_E2M3", json!([4]), 3),
        ("F8_E4M3", json!([7]), 7),
        ("F8_E5M2FNUZ", json!([7]), 7),
        ("C64", json!([2]), 16),
        ("BOOL", json!([5]), 5),
        ("F64", json!([1]), 8),
    ] {
        assert_eq!(
            read(&file(dtype, &shape, bytes)).unwrap().tensor("w").unwrap().dtype.to_string(),
            dtype
        );
        refused(&file(dtype, &shape, bytes + 1), "does not fit its shape");
    }
    refused(&file("F4", &json!([1, 3]), 2), "unaligned");
    // Nobody knows its size; that it fills the file is checked all the same.
    assert!(read(&file("F2", &json!([3]), 9)).is_ok());
}

#[test]
fn free_text_is_text() {
    let with = |text: &str| safetensors(&format!("{{\"__metadata__\": {text}}}"), 0);
    assert!(read(&with("{\"format\": \"pt\"}")).unwrap().tensors.is_empty());
    assert!(read(&with("null")).is_ok());
    refused(&with("{\"format\": 1}"), "header");
    refused(&with("[]"), "header");
    let twice = "{\"__metadata__\": {}, \"__metadata__\": {}}";
    refused(&safetensors(twice, 0), "twice");
    // A name that means a tensor of the language part twice.
    let header = json!({
        "model.norm.weight": entry("F32", &json!([1]), 0, 4),
        "language_model.model.norm.weight": entry("F32", &json!([1]), 4, 8),
    });
    refused(&safetensors(&header.to_string(), 8), "under another name too");
}

#[test]
fn an_index_that_does_not_fit_its_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, tensor: &str| {
        let header = json!({tensor: entry("F32", &json!([2]), 0, 8)});
        fs::write(folder.path().join(name), safetensors(&header.to_string(), 8)).unwrap();
    };
    file("one.safetensors", "a");
    file("two.safetensors", "b");
    let place = folder.path().join("model.safetensors.index.json");
    let check = |map: &str, expect: Option<(&str, &str)>| {
        fs::write(
            &place,
            format!("{{\"metadata\": {{\"total_size\": 16}}, \"weight_map\": {map}}}"),
        )
        .unwrap();
        match (SafetensorsHeader::read_folder(folder.path()), expect) {
            (Ok(header), None) => assert_eq!(header.tensors.len(), 2),
            (Err(error), Some((code, words))) => same_error(&error, code, words),
            (found, expect) => panic!("{map}: {found:?}, not {expect:?}"),
        }
    };
    let damaged = "models.damaged";
    check(r#"{"a": "one.safetensors", "b": "two.safetensors"}"#, None);
    check(r#"{"a": "two.safetensors", "b": "one.safetensors"}"#, Some((damaged, "not in")));
    check(r#"{"a": "one.safetensors", "a": "two.safetensors"}"#, Some((damaged, "twice")));
    check(
        r#"{"a": "one.safetensors", "c": "two.safetensors"}"#,
        Some(("models.missing_tensor", "weight c")),
    );
    check(r#"{"a": "three.safetensors"}"#, Some(("models.missing_file", "three")));
    for outside in [
        "../one.safetensors",
        "/etc/one.safetensors",
        "..\\\\one.safetensors",
        "C:one.safetensors",
        "sub/one.safetensors",
        "one.safetensors\\u0000",
        "..",
        "",
        "one.bin",
    ] {
        check(&format!("{{\"a\": \"{outside}\"}}"), Some((damaged, "none beside it")));
    }
    check("{\"a\": 5}", Some((damaged, "index.json")));
    write_json(&place, &json!({"weight_map": {}}));
    assert!(SafetensorsHeader::read_folder(folder.path()).unwrap().tensors.is_empty());
}
