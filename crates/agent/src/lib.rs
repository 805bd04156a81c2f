//! A conversation that does work.
//!
//! The principal type is [`Turn`]: a question, the passages that matter for it
//! and the answer of a [`LanguageModel`](mlxcode_models::LanguageModel), read
//! as an iterator of [`TurnEvent`]s. For a change, the edits in the reply are
//! parsed while it streams; applying them is the caller's decision.

#![forbid(unsafe_code)]

mod error;
mod prompt;
pub mod task;
mod turn;

pub use error::{Error, Result};
pub use prompt::Task;
pub use turn::{CONTEXT_TOKENS, Turn, TurnEvent, TurnRequest};
