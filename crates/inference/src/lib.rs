//! Runs a model on this machine.
//!
//! The principal type is [`Engine`], a [`LanguageModel`](mlxcode_models::LanguageModel)
//! with one worker thread: Llama, Mistral, Qwen2, Qwen3 and Qwen3-MoE, from
//! GGUF, safetensors and MLX folders, on the kernels of `mlxcode-kernels`.
//! candle, which no other crate names, is the reference.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use mlxcode_inference::{Engine, LoadOptions};
//! use mlxcode_models::{GenerateRequest, InstalledModel, LanguageModel, Prompt};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = InstalledModel::check_in_place(Path::new("model.gguf"))?;
//! let engine = Engine::load(&model, &LoadOptions::default())?;
//! let request = GenerateRequest::new(Prompt::text("fn main() {"));
//! println!("{}", engine.generate(request)?.text()?);
//! # Ok(())
//! # }
//! ```

mod arch;
mod bandwidth;
mod convert;
mod cpu;
mod encoder;
mod engine;
mod error;
mod fit;
mod format;
mod heap;
mod memory;
mod reference;
mod rope_speeds;
mod sampling;

pub use bandwidth::read_bandwidth;
pub use convert::{ConvertOptions, ConvertTarget, Converted, GgufKind, convert};
pub use encoder::{Encoder, EncoderOptions};
pub use engine::{
    CacheKind, Engine, EngineKind, Likelihood, LoadOptions, engine_logits, likelihood,
    reference_logits,
};
pub use error::{Error, Result};
pub use fit::fit;
pub use mlxcode_kernels::FloatType;
