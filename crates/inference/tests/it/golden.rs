//! Logits, greedy tokens, token numbers and chat templates.

use std::path::{Path, PathBuf};

use mlxcode_inference::{Engine, LoadOptions, reference_logits};
use mlxcode_models::{
    FinishReason, GenerateOptions, GenerateRequest, GenerationEvent, InstalledModel, LanguageModel,
    Message, Prompt,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    prompt: Vec<u32>,
    /// Of the last positions of the prompt.
    logits: Vec<Vec<f32>>,
    greedy: Vec<u32>,
    texts: Vec<GoldenText>,
    messages: Vec<Message>,
    rendered: String,
}

#[derive(Deserialize)]
struct GoldenText {
    text: String,
    ids: Vec<u32>,
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn load(name: &str) -> InstalledModel {
    let folder = fixture(name);
    let gguf = folder.join("model.gguf");
    InstalledModel::check_in_place(if gguf.exists() { &gguf } else { &folder }).unwrap()
}

fn golden(name: &str) -> Golden {
    serde_json::from_slice(&std::fs::read(fixture(name).join("golden.json")).unwrap()).unwrap()
}

fn exact() -> LoadOptions {
    let mut options = LoadOptions::default();
    options.dequantize = true;
    options
}

/// The largest absolute difference of the logits.
fn difference(name: &str, options: &LoadOptions) -> f32 {
    let golden = golden(name);
    let logits = reference_logits(&load(name), options, &golden.prompt).unwrap();
    let last = &logits[logits.len() - golden.logits.len()..];
    assert_eq!(last[0].len(), golden.logits[0].len());
    let pairs = last.iter().flatten().zip(golden.logits.iter().flatten());
    pairs.map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max)
}

const ALL: [&str; 11] = [
    "llama-f32-sharded",
    "llama-gguf-q8_0",
    "qwen2-bf16",
    "qwen2-f16",
    "qwen2-f32",
    "qwen2-gguf-f16",
    "qwen2-gguf-f32",
    "qwen2-gguf-q4_0",
    "qwen2-gguf-q4_k",
    "qwen2-gguf-q6_k",
    "qwen2-gguf-q8_0",
];

#[test]
fn logits_are_those_of_the_reference() {
    for name in ALL {
        let difference = difference(name, &exact());
        assert!(difference <= 1e-3, "{name}: {difference}");
    }
}

/// Quantised products round the activations to 8 bits as well, so their logits
/// move: by some percent of their spread, which is about 1 here.
#[test]
fn quantised_products_stay_close() {
    for name in ALL {
        let difference = difference(name, &LoadOptions::default());
        assert!(difference <= 0.25, "{name}: {difference}");
    }
}

#[test]
fn greedy_tokens_are_those_of_the_reference() {
    for name in ALL {
        let golden = golden(name);
        let model = load(name);
        let engine = Engine::load(&model, &exact()).unwrap();
        // The prompt is one token a byte: its text gives the same numbers only
        // through the tokenizer, so the numbers go in as they are.
        let ids = engine.continue_tokens(&golden.prompt, golden.greedy.len()).unwrap();
        let end = model.config().eos_token_ids.clone();
        let until = golden.greedy.iter().position(|id| end.contains(id));
        let expect = &golden.greedy[..until.unwrap_or(golden.greedy.len())];
        assert_eq!(ids, expect, "{name}");
    }
}

#[test]
fn token_numbers_and_templates_are_those_of_the_reference() {
    for name in ALL {
        let golden = golden(name);
        let model = load(name);
        let tokenizer = model.tokenizer().unwrap();
        for GoldenText { text, ids } in &golden.texts {
            assert_eq!(&tokenizer.encode(text, false).unwrap(), ids, "{name} {text:?}");
        }
        let template = model.chat_template().unwrap().unwrap();
        assert_eq!(template.render(&golden.messages, true).unwrap(), golden.rendered, "{name}");
    }
}

#[test]
fn a_long_prompt_in_parts_gives_the_same_as_in_one() {
    let model = load("qwen2-f32");
    let text = "def main(): return value\n".repeat(12);
    let engine = Engine::load(&model, &LoadOptions::default()).unwrap();
    let tokens = engine.count_tokens(&Prompt::text(&text)).unwrap();
    assert!(tokens > 128, "the prompt fits one part: {tokens}");
    let options = GenerateOptions { max_tokens: Some(1), ..GenerateOptions::default() };
    let request = GenerateRequest::new(Prompt::text(&text)).with_options(options);
    let events: Vec<_> = engine.generate(request).unwrap().map(Result::unwrap).collect();
    let first = events.iter().find_map(|event| match event {
        GenerationEvent::Token(token) => Some(token.id),
        _ => None,
    });
    let ids = model.tokenizer().unwrap().encode(&text, true).unwrap();
    let logits = reference_logits(&model, &LoadOptions::default(), &ids).unwrap();
    let last = logits.last().unwrap();
    let best = (0..last.len()).max_by(|a, b| last[*a].total_cmp(&last[*b])).unwrap();
    assert_eq!(first, Some(best as u32));
    let GenerationEvent::Finished(end) = events.last().unwrap() else { panic!("{events:?}") };
    assert_eq!((end.reason, end.usage.prompt_tokens), (FinishReason::Length, tokens));
}
