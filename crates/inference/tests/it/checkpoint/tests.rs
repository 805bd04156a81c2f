//! The writers against the goldens, and the goldens against the reference path.

use std::path::Path;

use mlxcode_inference::{Engine, LoadOptions, reference_logits};
use mlxcode_models::InstalledModel;

use super::check::{Bound, check_greedy, check_logits};
use super::index::{Cell, Format, cell, index};
use super::storage::stored;
use super::{Checkpoint, weights};

/// Beyond one part of a prompt and one step of the cache's growth; quick.
const MOST_CONTEXT: usize = 513;
const EXACT: Bound = Bound::Difference(1e-3);

#[test]
fn the_tensors_are_those_that_the_goldens_were_made_from() {
    for cell in &index().cells {
        let tensors = stored(&cell.name, cell.config(), &cell.format);
        assert_eq!(tensors.len(), cell.digests().count(), "{}", cell.name);
        for (tensor, digest) in tensors.iter().zip(cell.digests()) {
            assert_eq!(tensor.digest(), digest, "{}: {}", cell.name, tensor.name);
        }
    }
}

#[test]
fn every_checkpoint_is_accepted() {
    for cell in &index().cells {
        let checkpoint = Checkpoint::new(cell);
        let model = InstalledModel::check_in_place(&checkpoint.path());
        let model = model.unwrap_or_else(|error| panic!("{}: {error}", cell.name));
        assert_eq!(model.config().eos_token_ids, [cell.eos], "{}", cell.name);
        let vocab = weights::size(cell.config(), "vocab_size");
        assert_eq!(model.config().vocab_size, vocab, "{}", cell.name);
    }
}

#[test]
fn logits_of_the_reference_path() {
    for cell in index().cells.iter().filter(|cell| runs(cell)) {
        check_logits(cell, EXACT, MOST_CONTEXT, logits);
    }
}

#[test]
fn greedy_tokens_of_the_reference_path() {
    for name in
        ["llama-wide-gguf-q4_k", "mistral-narrow-safetensors-bf16", "qwen2-narrow-gguf-q5_1"]
    {
        let compared = check_greedy(cell(name), EXACT, |path, prompt, count| {
            let engine = Engine::load(&load(path), &exact()).unwrap();
            engine.continue_tokens(prompt, count).unwrap()
        });
        assert!(compared > 0, "{name}");
    }
}

/// Its products of quantised weights round the activations to 8 bits.
#[test]
fn quantised_products_point_the_same_way() {
    let options = LoadOptions::default();
    check_logits(
        cell("llama-wide-gguf-q4_k"),
        Bound::Cosine(0.999),
        MOST_CONTEXT,
        |path, tokens| reference_logits(&load(path), &options, tokens).unwrap().pop().unwrap(),
    );
}

/// Whether the reference path knows the cell's family and format.
fn runs(cell: &Cell) -> bool {
    let family = ["llama-", "mistral-", "qwen2-"].iter().any(|name| cell.config.starts_with(name));
    let plain = ["mistral-window", "qwen2-yarn"].iter().all(|name| cell.config != *name);
    let format = match &cell.format {
        Format::Gguf { dtype, .. } => !["IQ4_NL", "MXFP4"].contains(&dtype.as_str()),
        Format::Safetensors { .. } => true,
        Format::Mlx { .. } => false,
    };
    family && plain && format
}

fn logits(path: &Path, tokens: &[u32]) -> Vec<f32> {
    reference_logits(&load(path), &exact(), tokens).unwrap().pop().unwrap()
}

fn load(path: &Path) -> InstalledModel {
    InstalledModel::check_in_place(path).unwrap()
}

fn exact() -> LoadOptions {
    let mut options = LoadOptions::default();
    options.dequantize = true;
    options
}
