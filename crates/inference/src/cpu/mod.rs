//! A model that runs on kernels of our own.

mod attend;
mod batch;
mod experts;
mod gated;
mod heads;
mod layer;
mod load;
mod rope;
mod state;
mod step;

use std::fmt;

use mlxcode_base::CancelToken;
use mlxcode_kernels::{
    AttentionShape, CacheShape, CacheType, KernelsRef, Pages, Pool, Tier, Vectors, kernels, vectors,
};
use mlxcode_models::{InstalledModel, ModelConfig};

use crate::arch::{self, Forward};
use crate::error::{Error, Result};
use crate::format::Checkpoint;
pub use attend::attention_span;
pub use batch::{Batch, Logits, Run};
pub use layer::{FeedForward, GatedNetwork, Layer, Linear};
use load::Loader;
use rope::Rope;
pub use state::States;
pub use step::Step;

/// How a model is computed.
#[derive(Clone, Copy, Debug)]
pub struct Computing {
    /// The instructions to use.
    pub tier: Tier,
    /// Threads.
    pub threads: usize,
    /// How keys and values are kept.
    pub cache: CacheType,
}

/// A model's weights, packed to run, and the constants of its layers.
pub struct CpuModel {
    config: ModelConfig,
    computing: Computing,
    kernels: KernelsRef,
    vectors: &'static Vectors,
    embedding: Linear,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    /// `None` where it is the embedding.
    output: Option<Linear>,
    rope: Rope,
    forward: Forward,
}

impl fmt::Debug for CpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CpuModel({}, {:?})", self.config.architecture, self.computing)
    }
}

impl CpuModel {
    /// Packs all weights for the kernels of a tier, as f32 with `dequantize`.
    pub fn load(
        model: &InstalledModel,
        checkpoint: &Checkpoint,
        computing: Computing,
        dequantize: bool,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let kernels = kernels(computing.tier)
            .ok_or_else(|| Error::Tier { tier: computing.tier.name().to_owned() })?;
        let config = model.config().clone();
        let forward = arch::forward(config.architecture)?;
        let loader = Loader::new(checkpoint, &config, computing.threads, dequantize, cancel);
        let embedding = loader.linear("model.embed_tokens")?;
        let tied = config.tie_embeddings;
        let output = if tied { None } else { Some(loader.linear("lm_head")?) };
        let layers = (0..config.num_layers).map(|number| loader.layer(number));
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let norm = checkpoint.numbers("model.norm", "weight")?;
        let factors = checkpoint.optional_numbers("rope_freqs", "weight")?;
        let rope = Rope::new(&config, factors.as_deref());
        let vectors = vectors(computing.tier);
        Ok(Self {
            config,
            computing,
            kernels,
            vectors,
            embedding,
            layers,
            norm,
            output,
            rope,
            forward,
        })
    }

    /// The output layer.
    fn output(&self) -> &Linear {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    /// Bytes of all weights as they lie in memory.
    pub fn weights_bytes(&self) -> u64 {
        let layers: u64 = self.layers.iter().map(Layer::size_bytes).sum();
        let output = self.output.as_ref().map_or(0, Linear::size_bytes);
        self.embedding.size_bytes() + output + layers + 4 * self.norm.len() as u64
    }

    /// How keys and values lie.
    pub fn cache_shape(&self) -> CacheShape {
        CacheShape {
            layers: self.config.num_layers,
            kv_heads: self.config.num_kv_heads,
            head_dim: self.config.head_dim,
            kind: self.computing.cache,
        }
    }

    /// The heads of a layer.
    fn attention_shape(&self, layer: usize) -> AttentionShape {
        AttentionShape {
            heads: self.config.num_heads,
            kv_heads: self.config.num_kv_heads,
            head_dim: self.config.head_dim,
            scale: 1.0 / (self.config.head_dim as f32).sqrt(),
            window: self.config.window_of(layer),
        }
    }

    /// Runs a batch and gives the logits that its runs asked for, one vector a
    /// position, in the order of the batch. Keys and values go to the pages
    /// of the runs. `stop` is asked before each layer; where it says so,
    /// there are no logits, and what was written to the pages is of no use.
    pub fn run(
        &self,
        batch: &Batch<'_>,
        pages: &Pages,
        states: &mut States,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<Vec<f32>>> {
        let state = states.room(self, batch);
        Pool::shared().run(self.computing.threads, |worker| {
            let part = Step::new(self, batch, pages, state, worker);
            part.embed();
            for layer in &self.layers {
                if part.is_stopped(layer.number, stop) {
                    return;
                }
                (self.forward)(&part, layer);
            }
            part.logits();
        });
        (!state.was_stopped()).then(|| state.logits_of(batch, self.config.vocab_size))
    }
}
