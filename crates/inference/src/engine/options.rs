use mlxcode_base::CancelToken;

/// How a model is loaded.
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The most tokens of prompt and answer together, where the model's own
    /// context is larger.
    pub max_context: Option<usize>,
    /// Turns quantised weights into f32 when loading: slow and large, and
    /// free of the rounding that quantised products add. Keys and values are
    /// f32 too. For comparisons.
    pub dequantize: bool,
    /// The most memory that the model may take; `None`: what the machine, and
    /// the group that this process is in, has free.
    pub memory_limit_bytes: Option<u64>,
    /// The most memory for keys and values, of prompts that are kept too;
    /// `None`: four contexts, or half of what is free. Shortens the context
    /// where one does not fit.
    pub most_cache_bytes: Option<u64>,
    /// Loads a model even where it takes more memory than there is.
    pub ignore_memory: bool,
    /// What computes.
    pub engine: EngineKind,
    /// Threads that compute; `None`: as many as this process may use at once.
    /// The reference takes its number from candle.
    pub threads: Option<usize>,
    /// The kernels to use, by their tier's name; `None`: the best that the
    /// processor has.
    pub tier: Option<String>,
    /// How keys and values of past tokens are kept.
    pub cache: CacheKind,
    /// Whether what was computed for a prompt is computed again for the next
    /// one that begins alike. For measuring.
    pub forget_prompts: bool,
    /// Whether the tokens that end an answer are tokens like any other. For
    /// measuring: only the limit ends an answer then.
    pub ignore_eos: bool,
    /// Stops the loading within one weight when cancelled.
    pub cancel: CancelToken,
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineKind {
    /// Kernels of our own for the processor.
    #[default]
    Cpu,
    /// candle: the reference, for comparisons.
    Reference,
}

impl EngineKind {
    /// The name that people write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Reference => "reference",
        }
    }
}

/// How keys and values of past tokens are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheKind {
    /// Two bytes a number.
    #[default]
    Bf16,
    /// A byte a number and a scale: longer contexts in the same memory.
    Q8,
}
