//! Runs a model elsewhere.
//!
//! The principal types are [`OpenAiModel`], [`AnthropicModel`] and
//! [`OllamaModel`]: each is a [`LanguageModel`](mlxcode_models::LanguageModel)
//! that asks a server. [`Routing`], [`Fallback`], [`Ensemble`] and [`Cached`]
//! are made of other models, wherever these run.
//!
//! Nothing is sent before a model is opened, nothing where the
//! [`NetworkPolicy`](mlxcode_models::hub::NetworkPolicy) forbids it, and a key
//! only to the address that it is for: no redirect is followed, and only this
//! machine may be asked without encryption.

#![forbid(unsafe_code)]
#![allow(clippy::result_large_err, reason = "beside a request, moving an error costs nothing")]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails"))]

mod address;
mod anthropic;
mod client;
mod compose;
mod count;
mod error;
mod exchange;
mod notice;
mod ollama;
mod openai;
mod options;
mod refusal;
mod resolve;
mod retry;
mod run;
mod sse;
mod stop;
mod visible;

pub use address::is_loopback;
pub use anthropic::AnthropicModel;
pub use compose::{
    Cache, CacheOptions, Cached, Candidate, Deferred, Ensemble, Fallback, Open, Route, RouteRule,
    Routing, Score, another_may_answer,
};
pub use count::{estimate as estimate_tokens, estimate_text as estimate_text_tokens};
pub use error::ProviderError;
pub use notice::{Notice, Observer, UsageDetails};
pub use ollama::{OllamaModel, OllamaOptions};
pub use openai::{OpenAiModel, OpenAiServer};
pub use options::{Limits, ModelOptions, ProviderOptions, RetryOptions};
pub use sse::{MOST_EVENT_BYTES, MOST_LINE_BYTES, SseEvent, SseParser};
