//! What a model is and where it lives.
//!
//! The principal type is [`LanguageModel`], the trait that a local engine, a
//! remote endpoint and the deterministic [`ScriptedModel`] stand behind.
//!
//! ```
//! use mlxcode_models::{GenerateRequest, LanguageModel, Prompt, ScriptedModel};
//!
//! # fn main() -> mlxcode_models::Result<()> {
//! let model = ScriptedModel::new(["Hello there."]);
//! let request = GenerateRequest::new(Prompt::text("Say hello."));
//! assert_eq!(model.generate(request)?.text()?, "Hello there.");
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod chat;
mod error;
mod generation;
mod language_model;
mod scripted;

pub use chat::{Message, Prompt, Role};
pub use error::{Error, Result};
pub use generation::{
    FinishReason, Finished, Generation, GenerationEvent, GenerationSender, Timings, Token, Usage,
    generation_channel,
};
pub use language_model::{
    GenerateOptions, GenerateRequest, LanguageModel, ModelInfo, SamplingOptions,
};
pub use scripted::ScriptedModel;
