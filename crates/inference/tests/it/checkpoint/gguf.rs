//! GGUF files, version 3.

use std::fs;
use std::path::Path;

use super::index::{Cell, Format};
use super::storage::Stored;
use super::vocabulary::{self, Vocabulary};
use super::weights::size;

const ALIGNMENT: usize = 32;
// ggml's numbers of value types.
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// Writes the file.
pub fn write(path: &Path, cell: &Cell, tensors: &[Stored]) {
    let mut head = Header::default();
    metadata(&mut head, cell);
    let mut file = b"GGUF".to_vec();
    file.extend(3_u32.to_le_bytes());
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend(head.entries.to_le_bytes());
    file.extend(&head.bytes);
    let mut at = 0;
    for tensor in tensors {
        text(&mut file, &tensor.name);
        file.extend((tensor.shape.len() as u32).to_le_bytes());
        file.extend(tensor.shape.iter().rev().flat_map(|size| (*size as u64).to_le_bytes()));
        file.extend(number_of(&tensor.dtype).to_le_bytes());
        file.extend((at as u64).to_le_bytes());
        at += tensor.data.len().next_multiple_of(ALIGNMENT);
    }
    for tensor in tensors {
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend_from_slice(&tensor.data);
    }
    file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
    fs::write(path, file).unwrap();
}

/// ggml's number of a type.
fn number_of(dtype: &str) -> u32 {
    match dtype {
        "F32" => 0,
        "F16" => 1,
        "Q4_0" => 2,
        "Q4_1" => 3,
        "Q5_0" => 6,
        "Q5_1" => 7,
        "Q8_0" => 8,
        "Q2_K" => 10,
        "Q3_K" => 11,
        "Q4_K" => 12,
        "Q5_K" => 13,
        "Q6_K" => 14,
        "IQ4_NL" => 20,
        "BF16" => 30,
        "MXFP4" => 39,
        other => panic!("the type {other}"),
    }
}

/// The keys that llama.cpp's converter writes.
fn metadata(head: &mut Header, cell: &Cell) {
    let Format::Gguf { arch, .. } = &cell.format else { panic!("{} is no GGUF file", cell.name) };
    let config = cell.config();
    head.text("general.architecture", arch);
    head.text("general.name", &cell.name);
    let keys = [
        ("context_length", "max_position_embeddings"),
        ("embedding_length", "hidden_size"),
        ("block_count", "num_hidden_layers"),
        ("feed_forward_length", "intermediate_size"),
        ("attention.head_count", "num_attention_heads"),
        ("attention.head_count_kv", "num_key_value_heads"),
        ("attention.key_length", "head_dim"),
        ("attention.value_length", "head_dim"),
        ("rope.dimension_count", "head_dim"),
        ("expert_count", "num_experts"),
        ("expert_used_count", "num_experts_per_tok"),
        ("expert_feed_forward_length", "moe_intermediate_size"),
    ];
    for (key, name) in keys {
        // Qwen3's files leave it out: all of a head turns.
        let left_out = key == "rope.dimension_count" && arch.starts_with("qwen");
        if config.get(name).is_some() && !left_out {
            head.u32(&format!("{arch}.{key}"), size(config, name) as u32);
        }
    }
    let number = |name: &str| config[name].as_f64().unwrap() as f32;
    head.f32(&format!("{arch}.attention.layer_norm_rms_epsilon"), number("rms_norm_eps"));
    head.f32(&format!("{arch}.rope.freq_base"), number("rope_theta"));
    let scaling = &config["rope_scaling"];
    if scaling["type"] == "yarn" {
        head.text(&format!("{arch}.rope.scaling.type"), "yarn");
        let factor = scaling["factor"].as_f64().unwrap() as f32;
        head.f32(&format!("{arch}.rope.scaling.factor"), factor);
        let original = size(scaling, "original_max_position_embeddings") as u32;
        head.u32(&format!("{arch}.rope.scaling.original_context_length"), original);
    }
    let Vocabulary { tokens, kinds, merges } = vocabulary::vocabulary(size(config, "vocab_size"));
    head.text("tokenizer.ggml.model", "gpt2");
    head.text("tokenizer.ggml.pre", "qwen2");
    head.texts("tokenizer.ggml.tokens", &tokens);
    head.list("tokenizer.ggml.token_type", I32, &kinds, |bytes, kind| {
        bytes.extend(kind.to_le_bytes());
    });
    head.texts("tokenizer.ggml.merges", &merges);
    head.u32("tokenizer.ggml.eos_token_id", cell.eos);
}

#[derive(Default)]
struct Header {
    entries: u64,
    bytes: Vec<u8>,
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

impl Header {
    fn key(&mut self, key: &str, kind: u32) {
        self.entries += 1;
        text(&mut self.bytes, key);
        self.bytes.extend(kind.to_le_bytes());
    }

    fn u32(&mut self, key: &str, value: u32) {
        self.key(key, U32);
        self.bytes.extend(value.to_le_bytes());
    }

    fn f32(&mut self, key: &str, value: f32) {
        self.key(key, F32);
        self.bytes.extend(value.to_le_bytes());
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key, TEXT);
        text(&mut self.bytes, value);
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        self.list(key, TEXT, values, |bytes, value| text(bytes, value));
    }

    fn list<T>(&mut self, key: &str, kind: u32, values: &[T], each: impl Fn(&mut Vec<u8>, &T)) {
        self.key(key, LIST);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend((values.len() as u64).to_le_bytes());
        for value in values {
            each(&mut self.bytes, value);
        }
    }
}
