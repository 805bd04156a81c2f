//! Logits without an engine, for comparisons with other implementations.

use mlxcode_kernels::{PAGE_TOKENS, Pages};
use mlxcode_models::{Error as ModelsError, InstalledModel, Memory};

use super::load::{computing, reference_decoder};
use super::options::LoadOptions;
use crate::cpu::{Batch, CpuModel, Logits, Run, States};
use crate::error::Result;
use crate::format::Checkpoint;

/// The logits after every token of a prompt, by candle, computed at once.
pub fn reference_logits(
    model: &InstalledModel,
    options: &LoadOptions,
    tokens: &[u32],
) -> Result<Vec<Vec<f32>>> {
    let limit = options.memory_limit_bytes.or_else(|| Memory::read().available_bytes);
    let decoder = reference_decoder(model, options, limit)?;
    let states = decoder.run(tokens, &mut decoder.cache(), &|| options.cancel.is_cancelled())?;
    let states = states.ok_or(ModelsError::Cancelled)?;
    Ok(decoder.logits(&states)?.to_vec2()?)
}

/// The logits after every token of a prompt, by the kernels of our own, in
/// parts of `part` tokens.
pub fn engine_logits(
    model: &InstalledModel,
    options: &LoadOptions,
    tokens: &[u32],
    part: usize,
) -> Result<Vec<Vec<f32>>> {
    let (checkpoint, computing) = (Checkpoint::open(model)?, computing(options)?);
    let cancel = &options.cancel;
    let cpu = CpuModel::load(model, &checkpoint, computing, options.dequantize, cancel)?;
    let count = tokens.len().div_ceil(PAGE_TOKENS);
    let pages = Pages::new(cpu.cache_shape(), count);
    let sequence: Vec<u32> = (0..count as u32).collect();
    let mut states = States::default();
    let mut logits = Vec::new();
    for (number, tokens) in tokens.chunks(part.max(1)).enumerate() {
        let position = number * part;
        let run = Run { tokens, position, pages: &sequence, logits: Logits::All };
        let stop = || options.cancel.is_cancelled();
        let found = cpu.run(&Batch::new(vec![run]), &pages, &mut states, &stop);
        logits.extend(found.ok_or(ModelsError::Cancelled)?);
    }
    Ok(logits)
}
