//! The tokenizer of all checkpoints, that of the fixtures.

use std::fs;

use serde_json::Value;

use crate::golden::fixture;

/// A file of the tokenizer.
pub fn file(name: &str) -> Vec<u8> {
    fs::read(fixture("qwen2-f32").join(name)).unwrap()
}

/// Tokens with ggml's types for them, and merges, as GGUF lists them.
pub struct Vocabulary {
    pub tokens: Vec<String>,
    pub kinds: Vec<i32>,
    pub merges: Vec<String>,
}

const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const UNUSED: i32 = 5;

/// With `size` tokens; those that the tokenizer lacks are unused.
pub fn vocabulary(size: usize) -> Vocabulary {
    let saved: Value = serde_json::from_slice(&file("tokenizer.json")).unwrap();
    let mut tokens: Vec<String> = (0..size).map(|number| format!("[unused{number}]")).collect();
    let mut kinds = vec![UNUSED; size];
    let mut set = |token: &str, id: &Value, kind| {
        let id = id.as_u64().unwrap() as usize;
        token.clone_into(&mut tokens[id]);
        kinds[id] = kind;
    };
    for (token, id) in saved["model"]["vocab"].as_object().unwrap() {
        set(token, id, NORMAL);
    }
    for added in saved["added_tokens"].as_array().unwrap() {
        set(added["content"].as_str().unwrap(), &added["id"], CONTROL);
    }
    let merge = |merge: &Value| match merge {
        Value::Array(pair) => {
            format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap())
        }
        merge => merge.as_str().unwrap().to_owned(),
    };
    let merges = saved["model"]["merges"].as_array().unwrap().iter().map(merge).collect();
    Vocabulary { tokens, kinds, merges }
}
