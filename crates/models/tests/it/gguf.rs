//! The header of a GGUF file.

use std::fs;

use mlxcode_models::{GgmlType, GgufHeader, GgufValue};

use crate::support::{GgufFile, V, same_error, text};

fn read(bytes: &[u8]) -> mlxcode_models::Result<GgufHeader> {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("file.gguf");
    fs::write(&place, bytes).unwrap();
    GgufHeader::read(&place)
}

#[test]
fn every_type_of_value_is_read() {
    let nested = [9_u32.to_le_bytes().to_vec(), 1_u64.to_le_bytes().to_vec()].concat();
    let inner = [0_u32.to_le_bytes().to_vec(), 2_u64.to_le_bytes().to_vec(), vec![7, 8]].concat();
    let cases = [
        (V::Raw(0, vec![200]), GgufValue::Unsigned(200)),
        (V::Raw(1, vec![0xfe]), GgufValue::Signed(-2)),
        (V::Raw(2, vec![1, 2]), GgufValue::Unsigned(513)),
        (V::Raw(3, vec![0xff, 0xff]), GgufValue::Signed(-1)),
        (V::U32(70_000), GgufValue::Unsigned(70_000)),
        (V::Raw(5, vec![0xff; 4]), GgufValue::Signed(-1)),
        (V::F32(0.5), GgufValue::Float(0.5)),
        (V::Bool(true), GgufValue::Bool(true)),
        (V::Str("é".to_owned()), GgufValue::Text("é".to_owned())),
        (V::U64(1 << 40), GgufValue::Unsigned(1 << 40)),
        (V::Raw(11, vec![0xff; 8]), GgufValue::Signed(-1)),
        (V::Raw(12, 2.5_f64.to_le_bytes().to_vec()), GgufValue::Float(2.5)),
        (V::Strs(vec!["a".to_owned()]), GgufValue::List(vec![GgufValue::Text("a".to_owned())])),
        (V::Strs(Vec::new()), GgufValue::List(Vec::new())),
        (
            V::Raw(9, [nested, inner].concat()),
            GgufValue::List(vec![GgufValue::List(vec![
                GgufValue::Unsigned(7),
                GgufValue::Unsigned(8),
            ])]),
        ),
    ];
    for version in [2, 3] {
        let mut file = GgufFile { version, ..GgufFile::empty() };
        for (number, (value, _)) in cases.iter().enumerate() {
            file = file.set(&format!("key.{number}"), value.clone());
        }
        let header = read(&file.bytes()).unwrap();
        assert_eq!(header.version, version);
        for (number, (_, expected)) in cases.iter().enumerate() {
            assert_eq!(header.get(&format!("key.{number}")), Some(expected), "{number}");
        }
    }
}

#[test]
fn tensors_lie_where_the_header_says() {
    let mut file = GgufFile { alignment: 64, ..GgufFile::empty() };
    file = file.set("general.alignment", V::U32(64)).tensor("a", &[3]).tensor("b", &[2, 5]);
    let start = file.header().len().next_multiple_of(64) as u64;
    let header = read(&file.bytes()).unwrap();
    assert_eq!(header.alignment, 64);
    let found: Vec<_> = header.tensors.iter().map(|t| (&*t.name, t.offset, t.size_bytes)).collect();
    assert_eq!(found, [("a", start, 12), ("b", start + 64, 40)]);
    assert_eq!(header.tensor("b").unwrap().dims, [2, 5]);
    assert!(header.tensor("c").is_none());
}

/// Block sizes as ggml.h has them: numbers in a block, bytes of a block.
#[test]
fn sizes_follow_the_type() {
    for (number, name, numbers, bytes) in [
        (0, "F32", 1, 4),
        (1, "F16", 1, 2),
        (30, "BF16", 1, 2),
        (2, "Q4_0", 32, 18),
        (3, "Q4_1", 32, 20),
        (6, "Q5_0", 32, 22),
        (7, "Q5_1", 32, 24),
        (8, "Q8_0", 32, 34),
        (10, "Q2_K", 256, 84),
        (11, "Q3_K", 256, 110),
        (12, "Q4_K", 256, 144),
        (13, "Q5_K", 256, 176),
        (14, "Q6_K", 256, 210),
        (20, "IQ4_NL", 32, 18),
        (39, "MXFP4", 32, 17),
    ] {
        let mut file = GgufFile::empty().tensor("w", &[512, 2]);
        file.tensors[0].ggml_type = number;
        let header = read(&file.bytes()).unwrap();
        let tensor = &header.tensors[0];
        assert_eq!(tensor.ggml_type.to_string(), name);
        assert_eq!(tensor.size_bytes, 1024 / numbers * bytes, "{name}");
        if numbers > 1 {
            file.tensors[0].dims = vec![numbers / 2, 2];
            same_error(&read(&file.bytes()).unwrap_err(), "models.damaged", "no whole blocks");
        }
    }
}

/// Types that are not computed with, and one that ggml has not: they are named,
/// and what is known of their sizes is checked.
#[test]
fn other_types_are_named() {
    // As `GGML_QUANT_SIZES` of the gguf package has them.
    for (number, name, numbers, bytes) in [
        (9, "Q8_1", 32, 40),
        (15, "Q8_K", 256, 292),
        (16, "IQ2_XXS", 256, 66),
        (17, "IQ2_XS", 256, 74),
        (18, "IQ3_XXS", 256, 98),
        (19, "IQ1_S", 256, 50),
        (21, "IQ3_S", 256, 110),
        (22, "IQ2_S", 256, 82),
        (23, "IQ4_XS", 256, 136),
        (24, "I8", 1, 1),
        (25, "I16", 1, 2),
        (26, "I32", 1, 4),
        (27, "I64", 1, 8),
        (28, "F64", 1, 8),
        (29, "IQ1_M", 256, 56),
        (34, "TQ1_0", 256, 54),
        (35, "TQ2_0", 256, 66),
        (40, "NVFP4", 64, 36),
        (41, "Q1_0", 128, 18),
    ] {
        let mut file = GgufFile::empty().tensor("w", &[512, 4]);
        file.tensors[0].ggml_type = number;
        file.data_bytes = 2048 / numbers * bytes;
        let tensor = read(&file.bytes()).unwrap().tensors.remove(0);
        assert_eq!(tensor.ggml_type, GgmlType::Other(number));
        assert_eq!((&*tensor.ggml_type.to_string(), tensor.size_bytes), (name, file.data_bytes));
        file.data_bytes -= 1;
        refused(&file.bytes(), "not complete");
    }
    let mut file = GgufFile::empty().tensor("w", &[4]);
    file.tensors[0].ggml_type = 99;
    let tensor = read(&file.bytes()).unwrap().tensors.remove(0);
    assert_eq!((tensor.ggml_type.to_string(), tensor.size_bytes), ("ggml type 99".to_owned(), 0));
}

fn refused(bytes: &[u8], words: &str) {
    same_error(&read(bytes).unwrap_err(), "models.damaged", words);
}

#[test]
fn damaged_headers_are_refused() {
    let file = GgufFile::empty().set("k", V::U32(1)).tensor("a", &[8]).tensor("b", &[8]);
    let bytes = file.bytes();
    assert!(read(&bytes).is_ok());

    refused(b"", "middle of its header");
    let foreign = read(b"GGML....").unwrap_err();
    same_error(&foreign, "models.not_a_model", "does not begin with `GGUF`");
    let other = |bytes: &[u8], words: &str| {
        same_error(&read(bytes).unwrap_err(), "models.unsupported", words);
    };
    for version in [1_u32, 2, 3] {
        let bytes = [b"GGUF".to_vec(), version.to_be_bytes().to_vec()].concat();
        other(&bytes, "big-endian");
    }
    // Magic, then version, as a whole file of the other byte order has them.
    let mut swapped = bytes.clone();
    swapped[4..8].reverse();
    other(&swapped, "big-endian");
    for version in [1, 4] {
        let bytes = GgufFile { version, ..file.clone() }.bytes();
        other(&bytes, &format!("version {version} of GGUF"));
    }
    for version in [0, 77, u32::MAX] {
        let bytes = GgufFile { version, ..file.clone() }.bytes();
        refused(&bytes, &format!("version {version} of"));
    }
    let with = |at: usize, value: u64| {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    for count in [u64::MAX, 1 << 40, 1000] {
        refused(&with(8, count), "tensors");
        refused(&with(16, count), "entries");
        // The length of the first key.
        refused(&with(24, count), "middle of its header");
    }
    let twice = file.clone().tensor("a", &[8]);
    refused(&twice.bytes(), "tensor a is there twice");
    let mut twice = file.clone();
    twice.values.push(("k".to_owned(), V::U32(2)));
    refused(&twice.bytes(), "entry k is there twice");

    let change = |change: fn(&mut GgufFile)| {
        let mut file = file.clone();
        change(&mut file);
        file.bytes()
    };
    refused(&change(|f| f.tensors[1].offset = 0), "overlap");
    // One inside another, and one that ends a byte too far into the next.
    let within = file.clone().tensor("c", &[64]).tensor("d", &[1]);
    let mut inside = within.clone();
    inside.tensors[3].offset = inside.tensors[2].offset + 64;
    refused(&inside.bytes(), "tensors c and d overlap");
    let mut long = within;
    long.tensors[2].dims = vec![65];
    refused(&long.bytes(), "tensors c and d overlap");
    refused(&change(|f| f.tensors[1].offset = 16), "not aligned");
    refused(&change(|f| f.tensors[1].offset = 1 << 30), "not complete");
    refused(&change(|f| f.tensors[1].offset = u64::MAX - 31), "too large");
    refused(&change(|f| f.tensors[1].dims = vec![u64::MAX, 2]), "too large");
    refused(&change(|f| f.tensors[1].dims = vec![1; 5]), "5 dimensions");
    refused(&change(|f| f.tensors[1].name = "a\0".to_owned()), "zero byte");
    refused(&change(|f| f.data_bytes -= 1), "not complete");

    let value = |kind: u32, bytes: Vec<u8>| file.clone().set("v", V::Raw(kind, bytes)).bytes();
    refused(&value(13, vec![0; 8]), "unknown type 13");
    refused(&value(8, [1 << 50_u64, 0_u64].map(u64::to_le_bytes).concat()), "middle of its header");
    let list = |kind: u32, length: u64| {
        [kind.to_le_bytes().to_vec(), length.to_le_bytes().to_vec()].concat()
    };
    refused(&value(9, list(0, u64::MAX)), "middle of its header");
    let deep = [list(9, 1), list(9, 1), list(0, 0)].concat();
    refused(&value(9, deep), "nested too deep");
    let endless_text = [list(8, 1), vec![0xff; 8]].concat();
    refused(&value(9, endless_text), "middle of its header");

    for alignment in [V::U32(0), V::U32(24), V::U32(1 << 30)] {
        let bytes = file.clone().set("general.alignment", alignment).bytes();
        refused(&bytes, "no power of two");
    }
    let bytes = file.clone().set("general.alignment", V::U64(32)).bytes();
    refused(&bytes, "no 32-bit unsigned number");
    let mut cut_key = b"GGUF".to_vec();
    cut_key.extend([3, 0, 0, 0]);
    cut_key.extend([0_u64, 1].map(u64::to_le_bytes).concat());
    cut_key.extend(text("k"));
    let end = cut_key.len() - 1;
    cut_key[end] = 0xff;
    cut_key.extend([0; 16]);
    refused(&cut_key, "no UTF-8");
}

#[test]
fn a_list_may_not_take_all_memory() {
    // Nine million bytes become as many values; a header holds eight at most.
    let length = 9 << 20;
    let mut value = [0_u32.to_le_bytes().to_vec(), (length as u64).to_le_bytes().to_vec()].concat();
    value.resize(value.len() + length, 0);
    refused(&GgufFile::empty().set("v", V::Raw(9, value)).bytes(), "claims to hold");
    let long = "x".repeat(17 << 20);
    refused(&GgufFile::empty().set("v", V::Str(long)).bytes(), "claims to have");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = GgufHeader::read(folder.path()).unwrap_err();
    same_error(&error, "models.not_a_model", "no regular file");
    let error = GgufHeader::read(&folder.path().join("missing")).unwrap_err();
    same_error(&error, "models.io", "missing");
}
