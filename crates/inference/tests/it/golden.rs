//! Logits, greedy tokens, token numbers and chat templates.

use std::path::{Path, PathBuf};

use mlxcode_inference::{Engine, LoadOptions, reference_logits};
use mlxcode_models::{
    Chat, FinishReason, GenerateOptions, GenerateRequest, GenerationEvent, InstalledModel,
    LanguageModel, Message, Prompt,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    prompt: Vec<u32>,
    /// Of the last positions of the prompt.
    logits: Vec<Vec<f32>>,
    greedy: Vec<u32>,
    /// Beyond one part of a prompt and the first size of the cache.
    long_prompt: Vec<u32>,
    /// Of its last position.
    long_logits: Vec<Vec<f32>>,
    long_greedy: Vec<u32>,
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

/// The largest absolute difference of the logits, after the short prompt and
/// after the long one.
fn differences(name: &str, options: &LoadOptions) -> [f32; 2] {
    let golden = golden(name);
    let model = load(name);
    [(golden.prompt, golden.logits), (golden.long_prompt, golden.long_logits)].map(
        |(prompt, expect)| {
            let logits = reference_logits(&model, options, &prompt).unwrap();
            assert_eq!(logits.len(), prompt.len());
            let last = &logits[logits.len() - expect.len()..];
            let pairs = last.iter().zip(&expect).flat_map(|(ours, theirs)| {
                assert_eq!(ours.len(), theirs.len());
                ours.iter().zip(theirs)
            });
            // `max` would pass over a NaN.
            pairs
                .map(|(ours, theirs)| (ours - theirs).abs())
                .fold(0.0, |most, one| if one > most || one.is_nan() { one } else { most })
        },
    )
}

/// Whether `LoadOptions::dequantize` changes anything.
fn quantised(name: &str) -> bool {
    ["q4_0", "q8_0", "q4_k", "q6_k"].iter().any(|kind| name.ends_with(kind))
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
        let differences = differences(name, &exact());
        assert!(differences.iter().all(|one| *one <= 1e-3), "{name}: {differences:?}");
    }
}

/// Quantised products round the activations to 8 bits as well, as llama.cpp's
/// do, so the logits move with each. How they are rounded differs between
/// processors; the reference with its activations rounded alike moves by as
/// much as 0.15 of the logits' spread. A wrong product moves them by more than
/// the spread. Dense weights are not rounded.
#[test]
fn quantised_products_stay_close() {
    for name in ALL {
        let bound = if quantised(name) { 0.25 * spread(&golden(name).logits) } else { 1e-3 };
        let differences = differences(name, &LoadOptions::default());
        assert!(differences.iter().all(|one| *one <= bound), "{name}: {differences:?} {bound}");
        // Or the weights were not used in their quantised form.
        let exact = differences.iter().all(|one| *one <= 1e-3);
        assert_eq!(exact, !quantised(name), "{name}: {differences:?}");
    }
}

/// The standard deviation.
fn spread(logits: &[Vec<f32>]) -> f32 {
    let all: Vec<f32> = logits.iter().flatten().copied().collect();
    let mean = all.iter().sum::<f32>() / all.len() as f32;
    (all.iter().map(|one| (one - mean).powi(2)).sum::<f32>() / all.len() as f32).sqrt()
}

#[test]
fn greedy_tokens_are_those_of_the_reference() {
    for name in ALL {
        let golden = golden(name);
        let model = load(name);
        let engine = Engine::load(&model, &exact()).unwrap();
        let runs = [(golden.prompt, golden.greedy), (golden.long_prompt, golden.long_greedy)];
        for (prompt, greedy) in runs {
            let ids = engine.continue_tokens(&prompt, greedy.len()).unwrap();
            let end = model.config().eos_token_ids.clone();
            let until = greedy.iter().position(|id| end.contains(id));
            assert_eq!(ids, &greedy[..until.unwrap_or(greedy.len())], "{name}");
        }
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
        assert_eq!(
            template.render(&Chat::from(golden.messages.clone()), true).unwrap(),
            golden.rendered,
            "{name}"
        );
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
