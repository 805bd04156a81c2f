//! From a model's files to a worker that runs it.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use mlxcode_kernels::{CacheType, PAGE_TOKENS, Pages, Pool, Tier};
use mlxcode_models::{ChatTemplate, InstalledModel, Memory};

use super::answer::{Order, Voice};
use super::options::{CacheKind, EngineKind, LoadOptions};
use super::prefix::PrefixCache;
use super::schedule::Scheduler;
use crate::cpu::{Computing, CpuModel};
use crate::error::{Error, Result};
use crate::format::Checkpoint;
use crate::memory;
use crate::reference::{self, Decoder};

/// Contexts of the whole length that the cache has room for, where there is
/// memory: those of past sequences stay until their room is needed.
pub const CONTEXTS: usize = 4;

/// A worker and what is known of it.
#[derive(Debug)]
pub struct Loaded {
    pub orders: Sender<Order>,
    /// Bytes of the weights as they lie in memory; `None` of the reference.
    pub weights_bytes: Option<u64>,
    /// The worker's thread, until somebody takes it to wait for its end.
    pub worker: Mutex<Option<JoinHandle<()>>>,
    /// The most tokens of prompt and answer together.
    pub context: usize,
    pub tier: &'static str,
    pub threads: usize,
}

/// Loads a model and starts its worker.
pub fn load(model: &InstalledModel, options: &LoadOptions, voice: Voice) -> Result<Loaded> {
    let limit = options.memory_limit_bytes.or_else(|| Memory::read().available_bytes);
    let context = model.config().context_length;
    let context = options.max_context.map_or(context, |most| most.min(context));
    let (orders, queue) = mpsc::channel();
    let start = |work: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name("mlx-code model".to_owned());
        thread.spawn(work).map_err(|source| Error::Thread { source })
    };
    match options.engine {
        EngineKind::Reference => {
            let decoder = reference_decoder(model, options, limit)?;
            let worker = start(Box::new(move || reference::work(&decoder, &voice, &queue)))?;
            let worker = Mutex::new(Some(worker));
            let threads = candle_core::utils::get_num_threads();
            let weights_bytes = None;
            Ok(Loaded { orders, weights_bytes, worker, context, tier: "candle", threads })
        }
        EngineKind::Cpu => {
            let computing = computing(options)?;
            let (checkpoint, cancel) = (Checkpoint::open(model)?, &options.cancel);
            let weights = memory::check(model, &checkpoint, options, limit)?;
            let cpu = CpuModel::load(model, &checkpoint, computing, options.dequantize, cancel)?;
            let weights_bytes = Some(cpu.weights_bytes());
            let free = limit.map(|limit| limit.saturating_sub(weights));
            let page_bytes = cpu.cache_shape().page_bytes() as u64;
            let most = options.most_cache_bytes.map(|bytes| bytes / page_bytes.max(1));
            let pages = pages(context, page_bytes, free);
            let least = memory::LEAST_PAGES;
            let pages = most.map_or(pages, |most| pages.min((most as usize).max(least)));
            let context = context.min(pages.saturating_sub(1) * PAGE_TOKENS);
            let cache =
                PrefixCache::new(Pages::new(cpu.cache_shape(), pages), !options.forget_prompts);
            let fingerprint = checkpoint.fingerprint();
            let scheduler = Scheduler::new(cpu, voice, cache, fingerprint);
            let worker = Mutex::new(Some(start(Box::new(move || scheduler.work(&queue)))?));
            let (tier, threads) = (computing.tier.name(), computing.threads);
            Ok(Loaded { orders, weights_bytes, worker, context, tier, threads })
        }
    }
}

/// The same model through candle.
pub fn reference_decoder(
    model: &InstalledModel,
    options: &LoadOptions,
    limit: Option<u64>,
) -> Result<Decoder> {
    reference::check(model, options.dequantize)?;
    let limit = limit.filter(|_| !options.ignore_memory);
    memory::check_reference(model, options.dequantize, limit)?;
    Decoder::load(model, options.dequantize, &options.cancel)
}

/// The instructions and threads that the options ask for.
pub fn computing(options: &LoadOptions) -> Result<Computing> {
    let unknown = |tier: &String| Error::Tier { tier: tier.clone() };
    let tier = options.tier.as_ref().map(|tier| tier.parse().map_err(|_| unknown(tier)));
    let most = Pool::shared().threads();
    Ok(Computing {
        tier: tier.transpose()?.unwrap_or_else(Tier::detect),
        threads: options.threads.unwrap_or(most).clamp(1, most),
        cache: cache_type(options),
    })
}

/// How keys and values are kept.
pub fn cache_type(options: &LoadOptions) -> CacheType {
    match options.cache {
        _ if options.dequantize => CacheType::F32,
        CacheKind::Bf16 => CacheType::Bf16,
        CacheKind::Q8 => CacheType::Q8,
    }
}

/// How many pages the cache gets: some contexts, or half of what is free.
fn pages(context: usize, page_bytes: u64, free_bytes: Option<u64>) -> usize {
    // One more for a copy of a page that is shared in part.
    let wanted = (context.div_ceil(PAGE_TOKENS) + 1) * CONTEXTS;
    let room = free_bytes.map_or(usize::MAX, |free| (free / 2 / page_bytes.max(1)) as usize);
    wanted.min(room.max(memory::LEAST_PAGES))
}

/// The ends of an answer, and what tells its text.
pub fn voice(
    model: &InstalledModel,
    options: &LoadOptions,
    template: Option<&ChatTemplate>,
) -> Result<Voice> {
    let tokenizer = model.tokenizer()?;
    let mut ends = Vec::new();
    if !options.ignore_eos {
        ends.clone_from(&model.config().eos_token_ids);
        ends.extend(template.map(|template| tokenizer.call_ends(template)).unwrap_or_default());
    }
    Ok(Voice { tokenizer, ends: Arc::from(ends) })
}
