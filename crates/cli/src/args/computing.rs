use clap::ValueEnum;
use mlxcode_core::{CacheKind, EngineKind, LoadOptions};

/// How a model computes.
#[derive(Clone, Debug, clap::Args)]
pub struct Computing {
    /// Threads that compute [default: as many as this process may use]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// What computes; `reference` has its threads from `RAYON_NUM_THREADS`
    #[arg(long, value_enum, default_value_t = Engine::Cpu)]
    pub engine: Engine,
    /// The kernels to use [default: the best that the processor has]
    #[arg(long, value_name = "NAME")]
    pub tier: Option<String>,
    /// How keys and values of past tokens are kept
    #[arg(long, value_enum, default_value_t = Cache::Bf16)]
    pub cache: Cache,
}

/// What computes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Engine {
    /// Kernels of our own for the processor
    Cpu,
    /// candle, for comparisons
    Reference,
}

/// How keys and values are kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Cache {
    /// Two bytes a number
    Bf16,
    /// A byte a number, with scales
    Q8,
}

impl Default for Computing {
    fn default() -> Self {
        Self { threads: None, engine: Engine::Cpu, tier: None, cache: Cache::Bf16 }
    }
}

impl Computing {
    /// The library's options.
    pub fn options(&self) -> LoadOptions {
        let mut options = LoadOptions::default();
        options.threads = self.threads;
        options.engine = self.engine.kind();
        options.tier.clone_from(&self.tier);
        options.cache = self.cache.kind();
        options
    }
}

impl Engine {
    /// The library's word.
    pub fn kind(self) -> EngineKind {
        match self {
            Self::Cpu => EngineKind::Cpu,
            Self::Reference => EngineKind::Reference,
        }
    }
}

impl Cache {
    /// The library's word.
    pub fn kind(self) -> CacheKind {
        match self {
            Self::Bf16 => CacheKind::Bf16,
            Self::Q8 => CacheKind::Q8,
        }
    }
}
