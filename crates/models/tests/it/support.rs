//! Writers of tiny models, and a model of each kind.

use std::fs;
use std::path::{Path, PathBuf};

use mlxcode_base::Diagnostic;
use mlxcode_models::{Error, InstalledModel};
use serde_json::{Value, json};

/// A value of a GGUF header, by the types of the specification.
#[derive(Clone, Debug)]
pub enum V {
    U32(u32),
    U64(u64),
    F32(f32),
    Bool(bool),
    Str(String),
    Strs(Vec<String>),
    F32s(Vec<f32>),
    I32s(Vec<i32>),
    /// A type's number and the bytes as they stand.
    Raw(u32, Vec<u8>),
}

/// A tensor of a GGUF file; the offset counts from the first one.
#[derive(Clone, Debug)]
pub struct T {
    pub name: String,
    pub dims: Vec<u64>,
    pub ggml_type: u32,
    pub offset: u64,
}

/// A GGUF file before it is written.
#[derive(Clone, Debug)]
pub struct GgufFile {
    pub version: u32,
    pub values: Vec<(String, V)>,
    pub tensors: Vec<T>,
    pub alignment: u64,
    pub data_bytes: u64,
}

pub fn text(value: &str) -> Vec<u8> {
    let mut bytes = (value.len() as u64).to_le_bytes().to_vec();
    bytes.extend(value.as_bytes());
    bytes
}

fn list<I: IntoIterator<Item = Vec<u8>>>(kind: u32, items: I) -> Vec<u8> {
    let items: Vec<Vec<u8>> = items.into_iter().collect();
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend((items.len() as u64).to_le_bytes());
    bytes.extend(items.concat());
    bytes
}

fn encode(value: &V) -> (u32, Vec<u8>) {
    match value {
        V::U32(n) => (4, n.to_le_bytes().to_vec()),
        V::U64(n) => (10, n.to_le_bytes().to_vec()),
        V::F32(n) => (6, n.to_le_bytes().to_vec()),
        V::Bool(yes) => (7, vec![u8::from(*yes)]),
        V::Str(words) => (8, text(words)),
        V::Strs(all) => (9, list(8, all.iter().map(|one| text(one)))),
        V::F32s(all) => (9, list(6, all.iter().map(|one| one.to_le_bytes().to_vec()))),
        V::I32s(all) => (9, list(5, all.iter().map(|one| one.to_le_bytes().to_vec()))),
        V::Raw(kind, bytes) => (*kind, bytes.clone()),
    }
}

impl GgufFile {
    pub fn empty() -> Self {
        Self { version: 3, values: Vec::new(), tensors: Vec::new(), alignment: 32, data_bytes: 0 }
    }

    /// Replaces or adds a value.
    pub fn set(mut self, key: &str, value: V) -> Self {
        self = self.without(key);
        self.values.push((key.to_owned(), value));
        self
    }

    pub fn without(mut self, key: &str) -> Self {
        self.values.retain(|(name, _)| name != key);
        self
    }

    /// Adds a tensor of f32 behind the others.
    pub fn tensor(mut self, name: &str, dims: &[u64]) -> Self {
        let offset = self.data_bytes.next_multiple_of(self.alignment);
        self.data_bytes = offset + 4 * dims.iter().product::<u64>();
        self.tensors.push(T { name: name.to_owned(), dims: dims.to_vec(), ggml_type: 0, offset });
        self
    }

    pub fn header(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.values.len() as u64).to_le_bytes());
        for (key, value) in &self.values {
            let (kind, value) = encode(value);
            bytes.extend(text(key));
            bytes.extend(kind.to_le_bytes());
            bytes.extend(value);
        }
        for tensor in &self.tensors {
            bytes.extend(text(&tensor.name));
            bytes.extend((tensor.dims.len() as u32).to_le_bytes());
            bytes.extend(tensor.dims.iter().flat_map(|dim| dim.to_le_bytes()));
            bytes.extend(tensor.ggml_type.to_le_bytes());
            bytes.extend(tensor.offset.to_le_bytes());
        }
        bytes
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.resize(bytes.len().next_multiple_of(self.alignment as usize), 0);
        bytes.extend((0..self.data_bytes).map(data));
        bytes
    }

    pub fn write(&self, folder: &Path) -> PathBuf {
        let place = folder.join("tiny.gguf");
        fs::write(&place, self.bytes()).unwrap();
        place
    }
}

/// The character for a byte, worked out as GPT-2's `bytes_to_unicode` does.
fn alphabet() -> Vec<String> {
    let printable = |b: u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut next = 256;
    (0..256_u32)
        .map(|byte| {
            let code = if printable(byte) { byte } else { next };
            next += u32::from(!printable(byte));
            char::from_u32(code).unwrap().to_string()
        })
        .collect()
}

/// 256 bytes, where the number is the byte, then these, then special ones.
pub const MERGED: [&str; 3] = ["he", "Ġt", "Ġthe"];
pub const SPECIAL: [&str; 3] = ["<|begin|>", "<|im_start|>", "<|im_end|>"];
pub const BEGIN: u32 = 259;
pub const END: u32 = 261;
pub const ROWS: u64 = 264;

pub fn byte_level_tokens() -> Vec<String> {
    let more = MERGED.into_iter().chain(SPECIAL).map(str::to_owned);
    alphabet().into_iter().chain(more).collect()
}

fn merges() -> Vec<String> {
    ["h e", "Ġ t", "Ġt he"].map(str::to_owned).to_vec()
}

pub const TEMPLATE: &str = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

/// Sizes of the tiny models, in both kinds of file.
const SIZES: [(&str, &str, u64); 7] = [
    ("hidden_size", "embedding_length", 8),
    ("intermediate_size", "feed_forward_length", 16),
    ("num_hidden_layers", "block_count", 2),
    ("num_attention_heads", "attention.head_count", 2),
    ("num_key_value_heads", "attention.head_count_kv", 1),
    ("max_position_embeddings", "context_length", 128),
    ("head_dim", "attention.key_length", 4),
];

const WHOLE: [(&str, &str, &[u64]); 3] = [
    ("model.embed_tokens.weight", "token_embd.weight", &[ROWS, 8]),
    ("model.norm.weight", "output_norm.weight", &[8]),
    ("lm_head.weight", "output.weight", &[ROWS, 8]),
];

const LAYER: [(&str, &str, &[u64]); 9] = [
    ("input_layernorm.weight", "attn_norm.weight", &[8]),
    ("post_attention_layernorm.weight", "ffn_norm.weight", &[8]),
    ("self_attn.q_proj.weight", "attn_q.weight", &[8, 8]),
    ("self_attn.k_proj.weight", "attn_k.weight", &[4, 8]),
    ("self_attn.v_proj.weight", "attn_v.weight", &[4, 8]),
    ("self_attn.o_proj.weight", "attn_output.weight", &[8, 8]),
    ("mlp.gate_proj.weight", "ffn_gate.weight", &[16, 8]),
    ("mlp.up_proj.weight", "ffn_up.weight", &[16, 8]),
    ("mlp.down_proj.weight", "ffn_down.weight", &[8, 16]),
];

/// A Llama of two layers with a byte-level tokenizer.
pub fn gguf() -> GgufFile {
    let mut file = GgufFile::empty();
    file = file.set("general.architecture", V::Str("llama".to_owned()));
    for (_, key, size) in SIZES {
        file = file.set(&format!("llama.{key}"), V::U32(size as u32));
    }
    let tokens = byte_level_tokens();
    let kinds = (0..tokens.len()).map(|id| if id < 259 { 1 } else { 3 }).collect();
    file = file
        .set("llama.attention.layer_norm_rms_epsilon", V::F32(1e-5))
        .set("tokenizer.ggml.model", V::Str("gpt2".to_owned()))
        .set("tokenizer.ggml.pre", V::Str("gpt-2".to_owned()))
        .set("tokenizer.ggml.tokens", V::Strs(tokens))
        .set("tokenizer.ggml.merges", V::Strs(merges()))
        .set("tokenizer.ggml.token_type", V::I32s(kinds))
        .set("tokenizer.ggml.bos_token_id", V::U32(BEGIN))
        .set("tokenizer.ggml.eos_token_id", V::U32(END))
        .set("tokenizer.chat_template", V::Str(TEMPLATE.to_owned()));
    let reversed = |dims: &[u64]| dims.iter().rev().copied().collect::<Vec<u64>>();
    for (_, name, dims) in WHOLE {
        file = file.tensor(name, &reversed(dims));
    }
    for layer in 0..2 {
        for (_, name, dims) in LAYER {
            file = file.tensor(&format!("blk.{layer}.{name}"), &reversed(dims));
        }
    }
    file
}

/// `SentencePiece`'s vocabulary: three special tokens, the 256 bytes, then
/// pieces with scores; `▁hello` grows by `he`, `ll`, `▁he`, `llo`.
pub const PIECES: [(&str, f32); 10] = [
    ("he", -1.0),
    ("ll", -2.0),
    ("▁he", -3.0),
    ("llo", -4.0),
    ("▁hello", -5.0),
    ("▁", -10.0),
    ("h", -11.0),
    ("e", -12.0),
    ("l", -13.0),
    ("o", -14.0),
];

pub fn sentence_piece_gguf() -> GgufFile {
    let special = ["<unk>", "<s>", "</s>"].map(str::to_owned);
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let tokens: Vec<String> =
        special.into_iter().chain(bytes).chain(PIECES.map(|(piece, _)| piece.to_owned())).collect();
    let mut scores = vec![0.0; 259];
    scores.extend(PIECES.map(|(_, score)| score));
    let mut kinds = vec![2, 3, 3];
    kinds.extend([6; 256]);
    kinds.extend([1; PIECES.len()]);
    let mut file = gguf()
        .set("tokenizer.ggml.model", V::Str("llama".to_owned()))
        .without("tokenizer.ggml.pre")
        .without("tokenizer.ggml.merges")
        .set("tokenizer.ggml.tokens", V::Strs(tokens))
        .set("tokenizer.ggml.scores", V::F32s(scores))
        .set("tokenizer.ggml.token_type", V::I32s(kinds))
        .set("tokenizer.ggml.bos_token_id", V::U32(1))
        .set("tokenizer.ggml.eos_token_id", V::U32(2));
    // 269 tokens need more rows.
    file.tensors.clear();
    file.data_bytes = 0;
    for (_, name, dims) in WHOLE {
        let dims: Vec<u64> = dims.iter().map(|dim| if *dim == ROWS { 272 } else { *dim }).collect();
        file = file.tensor(name, &dims.into_iter().rev().collect::<Vec<_>>());
    }
    for layer in 0..2 {
        for (_, name, dims) in LAYER {
            let dims: Vec<u64> = dims.iter().rev().copied().collect();
            file = file.tensor(&format!("blk.{layer}.{name}"), &dims);
        }
    }
    file
}

/// A safetensors file: a header of JSON, then data.
pub fn safetensors(header: &str, data_bytes: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend((0..data_bytes as u64).map(data));
    bytes
}

/// A byte of the weights: whatever the type, they are numbers.
fn data(at: u64) -> u8 {
    (at % 61) as u8
}

/// The tensors of the tiny model: name, shape.
pub fn folder_tensors() -> Vec<(String, Vec<u64>)> {
    let whole = WHOLE.iter().map(|(name, _, dims)| ((*name).to_owned(), dims.to_vec()));
    let layers = (0..2).flat_map(|layer| {
        LAYER
            .iter()
            .map(move |(name, _, dims)| (format!("model.layers.{layer}.{name}"), dims.to_vec()))
    });
    whole.chain(layers).collect()
}

/// A file with these tensors as f32.
pub fn weights(tensors: &[(String, Vec<u64>)]) -> Vec<u8> {
    let mut at = 0;
    let mut header = serde_json::Map::new();
    for (name, shape) in tensors {
        let end = at + 4 * shape.iter().product::<u64>();
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [at, end]});
        header.insert(name.clone(), entry);
        at = end;
    }
    safetensors(&Value::from(header).to_string(), at as usize)
}

pub fn config() -> Value {
    let mut config = json!({
        "model_type": "llama", "vocab_size": ROWS, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "hidden_act": "silu", "bos_token_id": BEGIN, "eos_token_id": END,
    });
    for (key, _, size) in SIZES {
        config[key] = size.into();
    }
    config
}

pub fn tokenizer() -> Value {
    let tokens = byte_level_tokens();
    let vocab: serde_json::Map<String, Value> = tokens[..259]
        .iter()
        .zip(0..)
        .map(|(token, id): (_, u32)| (token.clone(), id.into()))
        .collect();
    let added: Vec<Value> = SPECIAL
        .iter()
        .zip(BEGIN..)
        .map(|(content, id)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
        "use_regex": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": null, "pre_tokenizer": bytes, "post_processor": null, "decoder": bytes,
        "model": {"type": "BPE", "dropout": null, "unk_token": null,
            "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
            "byte_fallback": false, "vocab": vocab, "merges": merges()},
    })
}

pub fn write_json(place: &Path, value: &Value) {
    fs::write(place, value.to_string()).unwrap();
}

/// The same Llama as a folder.
pub fn write_folder(folder: &Path) {
    write_json(&folder.join("config.json"), &config());
    write_json(&folder.join("tokenizer.json"), &tokenizer());
    let about = json!({"eos_token": {"content": "<|im_end|>"}, "chat_template": TEMPLATE});
    write_json(&folder.join("tokenizer_config.json"), &about);
    fs::write(folder.join("model.safetensors"), weights(&folder_tensors())).unwrap();
}

/// Checks a model that is to be refused, with a code, some words and a remedy.
pub fn refused(path: &Path, code: &str, words: &str) {
    let error = InstalledModel::check_in_place(path).map(|_| ()).unwrap_err();
    same_error(&error, code, words);
}

pub fn same_error(error: &Error, code: &str, words: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(words), "{error}\nlacks: {words}");
    assert!(error.help().is_some_and(|help| !help.is_empty()), "{error}");
}
