//! What mlx-lm and gguf make of the same checkpoints, byte for byte:
//! `tools/make_convert_goldens.py` keeps the digests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mlxcode_base::ContentHash;
use mlxcode_models::GgufHeader;
use serde::Deserialize;

use super::{convert, source};

#[derive(Deserialize)]
struct Goldens {
    mlx: Vec<Folder>,
    gguf: Vec<Tensor>,
}

#[derive(Deserialize)]
struct Folder {
    cell: String,
    bits: u8,
    group: u8,
    files: BTreeMap<String, ContentHash>,
}

#[derive(Deserialize)]
struct Tensor {
    cell: String,
    #[serde(rename = "tensor")]
    name: String,
    kind: String,
    sha256: ContentHash,
}

fn goldens() -> Goldens {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/convert.json");
    serde_json::from_slice(&fs::read(place).unwrap()).unwrap()
}

#[test]
fn mlx_folders_are_those_of_mlx_lm() {
    let folders = goldens().mlx;
    assert!(folders.len() > 40);
    let mut sources = BTreeMap::new();
    for Folder { cell, bits, group, files } in folders {
        let source = sources.entry(cell.clone()).or_insert_with(|| source(&cell));
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("made");
        convert(&source.path(), &output, &format!("mlx:{bits}:{group}")).unwrap();
        for (name, expect) in files {
            let made = fs::read(output.join(&name)).unwrap();
            assert_eq!(ContentHash::of(&made), expect, "{cell} {bits} {group} {name}");
        }
    }
}

#[test]
fn gguf_weights_are_those_of_gguf() {
    let mut files = BTreeMap::new();
    let mut compared = 0;
    for Tensor { cell, name: tensor, kind, sha256 } in goldens().gguf {
        // No file is of Q5_0 as a whole; `families` has it through Q4_K_M.
        if kind == "Q5_0" {
            continue;
        }
        let (_folder, path) = files.entry((cell.clone(), kind.clone())).or_insert_with(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("made.gguf");
            let target = format!("gguf:{}", kind.to_lowercase());
            convert(&source(&cell).path(), &path, &target).unwrap();
            (folder, path)
        });
        let header = GgufHeader::read(path).unwrap();
        // Only queries and keys of Llama have their rows in another order.
        if cell.starts_with("llama") && (tensor.contains("q_proj") || tensor.contains("k_proj")) {
            continue;
        }
        let stored = header.tensor(&name_in_gguf(&tensor)).unwrap();
        if stored.ggml_type.to_string() != kind {
            // The output layer of Q4_0 files is finer.
            assert!(["lm_head.weight", "model.embed_tokens.weight"].contains(&tensor.as_str()));
            continue;
        }
        let bytes = fs::read(path).unwrap();
        let at = stored.offset as usize;
        let made = ContentHash::of(&bytes[at..at + stored.size_bytes as usize]);
        assert_eq!(made, sha256, "{cell} {tensor} {kind}");
        compared += 1;
    }
    assert!(compared > 80, "{compared}");
}

/// The names of llama.cpp, written down once more.
fn name_in_gguf(name: &str) -> String {
    let parts = [
        ("model.layers.", "blk."),
        ("model.embed_tokens", "token_embd"),
        ("lm_head", "output"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.", "attn_"),
        ("mlp.", "ffn_"),
        ("_proj", ""),
    ];
    parts.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}
