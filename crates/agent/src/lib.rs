//! A conversation that does work.
//!
//! The principal type is [`Turn`]: a question, the passages that matter for it
//! and the answer of a [`LanguageModel`](mlxcode_models::LanguageModel), read
//! as an iterator of [`TurnEvent`]s. For a change, the edits in the reply are
//! parsed while it streams; applying them is the caller's decision.

#![forbid(unsafe_code)]

mod attachment;
mod error;
mod program;
mod prompt;
mod turn;

pub use attachment::{
    Attached, AttachedFile, AttachmentError, AttachmentOptions, AttachmentReader, DocumentCommand,
    DocumentFailure, DocumentLine, OcrLanguages, PageRange,
};
pub use error::{Error, Result};
pub use program::{
    DirectRunner, ProgramCall, ProgramEnd, ProgramInput, ProgramRunner, ProgramStop, find_program,
};
pub use prompt::Task;
pub use turn::{CONTEXT_TOKENS, Turn, TurnEvent, TurnRequest};
