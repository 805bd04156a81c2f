//! The kernels of our own against the goldens.

use std::path::Path;

use mlxcode_inference::{CacheKind, Engine, EngineKind, LoadOptions, engine_logits};
use mlxcode_models::InstalledModel;

use super::Checkpoint;
use super::check::{Bound, check_greedy, check_logits, cosine};
use super::index::{cell, index};

/// For every cell; a few go further.
const MOST_CONTEXT: usize = 33;
const FAR_CONTEXT: usize = 513;
/// Products, keys and values in f32.
const EXACT: Bound = Bound::Difference(1e-3);
/// States rounded to 8 bits, keys and values to bfloat16.
const ROUNDED: Bound = Bound::Cosine(0.999);

/// A cell of each family that has all contexts, in each kind of file.
const FAR: [&str; 7] = [
    "llama-wide-gguf-q4_k",
    "mistral-window-safetensors-f32",
    "qwen2-wide-mlx-4-64",
    "qwen2-yarn-safetensors-f32",
    "qwen3-wide-gguf-q4_k",
    "qwen3_moe-wide-mlx-4-64",
    "qwen3_moe-wide-gguf-q4_k",
];

fn load(path: &Path) -> InstalledModel {
    InstalledModel::check_in_place(path).unwrap()
}

fn exact() -> LoadOptions {
    let mut options = LoadOptions::default();
    options.dequantize = true;
    options
}

/// The last logits of a prompt that runs in parts.
fn last(path: &Path, options: &LoadOptions, tokens: &[u32], part: usize) -> Vec<f32> {
    engine_logits(&load(path), options, tokens, part).unwrap().pop().unwrap()
}

#[test]
fn logits_in_f32_are_those_of_the_references() {
    for cell in &index().cells {
        check_logits(cell, EXACT, MOST_CONTEXT, |path, tokens| last(path, &exact(), tokens, 512));
    }
}

/// Models of two layers with random weights multiply what rounding does to a
/// state, some of them much, and a mixture may choose another expert. So few
/// cells may turn further; a wrong product turns the logits by more than any.
#[test]
fn logits_of_every_format_point_the_same_way() {
    let options = LoadOptions::default();
    let (mut all, mut turned) = (0, Vec::new());
    for cell in &index().cells {
        let checkpoint = Checkpoint::new(cell);
        for (context, expect) in cell.logits() {
            if context > MOST_CONTEXT {
                continue;
            }
            let tokens = &index().tokens[..context];
            let cosine = cosine(&last(&checkpoint.path(), &options, tokens, 512), &expect);
            assert!(cosine >= 0.99, "{} after {context} tokens: {cosine}", cell.name);
            all += 1;
            if cosine < 0.999 {
                turned.push((&cell.name, cosine));
            }
        }
    }
    assert!(turned.len() * 20 <= all, "{} of {all}: {turned:?}", turned.len());
}

#[test]
fn logits_after_long_prompts_are_those_of_the_references() {
    for name in FAR {
        let far = cell(name);
        check_logits(far, EXACT, FAR_CONTEXT, |path, tokens| last(path, &exact(), tokens, 512));
        // In parts that fit neither pages nor products, and in parts so small
        // that each token is attended from by itself.
        for part in [37, 3] {
            let options = exact();
            check_logits(far, EXACT, FAR_CONTEXT, |path, tokens| {
                last(path, &options, tokens, part)
            });
        }
        let options = LoadOptions::default();
        check_logits(far, ROUNDED, FAR_CONTEXT, |path, tokens| last(path, &options, tokens, 100));
    }
}

#[test]
fn logits_after_thousands_of_tokens_are_those_of_the_references() {
    for name in ["mistral-window-safetensors-f32", "qwen2-yarn-safetensors-f32", FAR[0]] {
        let cell = cell(name);
        let most = usize::MAX;
        check_logits(cell, EXACT, most, |path, tokens| last(path, &exact(), tokens, 512));
    }
}

#[test]
fn greedy_tokens_are_those_of_the_references() {
    for name in FAR {
        for (options, bound) in [(exact(), EXACT), (LoadOptions::default(), ROUNDED)] {
            let compared = check_greedy(cell(name), bound, |path, prompt, count| {
                let engine = Engine::load(&load(path), &options).unwrap();
                engine.continue_tokens(prompt, count).unwrap()
            });
            assert!(compared > 0, "{name}");
        }
    }
}

#[test]
fn a_cache_of_bytes_changes_little() {
    let mut options = LoadOptions::default();
    options.cache = CacheKind::Q8;
    for name in FAR {
        let bound = Bound::Cosine(0.998);
        check_logits(cell(name), bound, FAR_CONTEXT, |path, tokens| {
            last(path, &options, tokens, 512)
        });
    }
}

/// One thread or several, one tier or another: the same but for rounding, and
/// the same exactly where only the number of threads differs.
#[test]
fn threads_and_tiers_agree() {
    let checkpoint = Checkpoint::new(cell(FAR[0]));
    let tokens = &index().tokens[..50];
    let run = |tier: Option<&str>, threads: usize, part: usize| {
        let mut options = LoadOptions::default();
        options.tier = tier.map(str::to_owned);
        options.threads = Some(threads);
        last(&checkpoint.path(), &options, tokens, part)
    };
    let one = run(None, 1, 20);
    assert_eq!(one, run(None, 2, 20));
    assert!(cosine(&one, &run(Some("scalar"), 2, 20)) > 0.999);
    // Few tokens at once are whole numbers in every tier.
    let (few, scalar) = (run(None, 2, 8), run(Some("scalar"), 1, 8));
    let difference = few.iter().zip(&scalar).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference < 1e-2, "{difference}");
}

#[test]
fn a_tier_that_is_none_is_refused() {
    let checkpoint = Checkpoint::new(cell(FAR[0]));
    let mut options = LoadOptions::default();
    options.tier = Some("sse2".to_owned());
    let error = Engine::load(&load(&checkpoint.path()), &options).unwrap_err();
    assert_eq!(mlxcode_base::Diagnostic::code(&error), "inference.tier");
    options.engine = EngineKind::Reference;
    assert!(Engine::load(&load(&checkpoint.path()), &options).is_ok());
}
