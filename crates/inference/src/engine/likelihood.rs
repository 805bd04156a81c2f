//! How well a model foretells a text.

use mlxcode_base::{Progress, ProgressEvent};
use mlxcode_kernels::{PAGE_TOKENS, Pages};
use mlxcode_models::{Error as ModelsError, InstalledModel, Memory};

use super::load::computing;
use super::options::LoadOptions;
use crate::cpu::{Batch, CpuModel, Logits, Run, States};
use crate::error::Result;
use crate::format::Checkpoint;
use crate::memory;

/// Positions whose logits are held at once: with the largest vocabularies,
/// some 40 MB.
const PART: usize = 64;

/// How likely a model found a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Likelihood {
    /// Minus the natural logarithms of the scored tokens' probabilities, added
    /// up.
    pub nats: f64,
    /// Tokens that were scored.
    pub scored_tokens: usize,
    /// Windows that were read.
    pub windows: usize,
}

impl Likelihood {
    /// e to the mean of the scored tokens' negative log-likelihoods; `None`
    /// where none was scored.
    pub fn perplexity(&self) -> Option<f64> {
        (self.scored_tokens > 0).then(|| (self.nats / self.scored_tokens as f64).exp())
    }
}

/// Reads `text` in windows of `window` tokens that do not overlap, at most
/// `most_windows` of them, and scores the second half of each, so that every
/// scored token has half a window before it, as llama.cpp's `perplexity` does.
/// A rest that fills no window is left out, but a text that is shorter than
/// one is scored from its second token on. `bos` goes before each window,
/// where the model begins texts with such a token.
///
/// # Errors
/// A model that takes more memory than there is, a token that it has no row
/// for, and a text of fewer than two tokens are refused.
pub fn likelihood(
    model: &InstalledModel,
    options: &LoadOptions,
    text: &[u32],
    bos: Option<u32>,
    window: usize,
    most_windows: usize,
    progress: &dyn Progress,
) -> Result<Likelihood> {
    let rows = model.config().vocab_size;
    let invalid = |option, value, range| ModelsError::InvalidOption { option, value, range };
    if text.len() < 2 {
        return Err(invalid("text", format!("{} tokens", text.len()), "two tokens or more").into());
    }
    if let Some(id) = text.iter().chain(&bos).find(|id| **id as usize >= rows) {
        let range = "token numbers of the model's vocabulary";
        return Err(invalid("text", format!("with the token {id}"), range).into());
    }
    let most = model.config().context_length.saturating_sub(1);
    let window = window.clamp(2, most.max(2));

    let limit = options.memory_limit_bytes.or_else(|| Memory::read().available_bytes);
    let (checkpoint, computing) = (Checkpoint::open(model)?, computing(options)?);
    memory::check(model, &checkpoint, options, limit)?;
    let cancel = &options.cancel;
    let cpu = CpuModel::load(model, &checkpoint, computing, options.dequantize, cancel)?;
    let count = (window + 1).div_ceil(PAGE_TOKENS);
    let pages = Pages::new(cpu.cache_shape(), count);
    let sequence: Vec<u32> = (0..count as u32).collect();
    let mut states = States::default();

    let short = text.len() < window;
    let windows: Vec<&[u32]> = if short {
        vec![text]
    } else {
        text.chunks_exact(window).take(most_windows.max(1)).collect()
    };
    let total = windows.len() as u64;
    let mut found = Likelihood::default();
    for (number, tokens) in windows.into_iter().enumerate() {
        let task = format!("perplexity of {}", model.name());
        progress.report(ProgressEvent::new(task, number as u64, Some(total)));
        let before = usize::from(bos.is_some());
        let tokens: Vec<u32> = bos.into_iter().chain(tokens.iter().copied()).collect();
        // Counted with the token before the window; what comes first of all
        // has nothing to be foretold from.
        let first = before + if short { 1 } else { (tokens.len() - before) / 2 };
        for (part, inputs) in tokens.chunks(PART).enumerate() {
            let position = part * PART;
            // The logits at a position foretell the token after it.
            let asks = position + inputs.len() >= first;
            let logits = if asks { Logits::All } else { Logits::None };
            let run = Run { tokens: inputs, position, pages: &sequence, logits };
            let stop = || cancel.is_cancelled();
            let logits = cpu.run(&Batch::new(vec![run]), &pages, &mut states, &stop);
            for (place, logits) in logits.ok_or(ModelsError::Cancelled)?.iter().enumerate() {
                let next = position + place + 1;
                if next >= first
                    && let Some(token) = tokens.get(next)
                {
                    found.nats -= log_probability(logits, *token);
                    found.scored_tokens += 1;
                }
            }
        }
        found.windows += 1;
    }
    Ok(found)
}

/// The natural logarithm of a token's part of the softmax.
fn log_probability(logits: &[f32], token: u32) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
    f64::from(logits[token as usize] - most) - sum.ln()
}
