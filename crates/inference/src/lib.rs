//! Runs a model on this machine.
//!
//! The principal type is [`Engine`], a [`LanguageModel`](mlxcode_models::LanguageModel)
//! with one worker thread. It runs the Llama and Qwen2 families from GGUF and
//! from safetensors, through candle, which no other crate names.
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

mod bandwidth;
mod decoder;
mod engine;
mod error;
mod memory;
mod rope;
mod sampling;
mod stop;
mod weights;
mod worker;

pub use bandwidth::read_bandwidth;
pub use engine::{Engine, EngineKind, LoadOptions, reference_logits};
pub use error::{Error, Result};
