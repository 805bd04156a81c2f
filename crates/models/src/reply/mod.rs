//! Reads what a model writes apart into text, thinking and calls of tools.
//!
//! Families of models write calls in a dozen notations. One [`ReplyReader`]
//! knows them all by their marks, so that nobody has to say which model wrote
//! a reply: the JSON of Hermes, Qwen and Granite between tags, the XML of
//! Qwen3-Coder, Seed, `MiniMax` and `DeepSeek` V3.2, the pairs of GLM, the
//! `[TOOL_CALLS]` of Mistral, the `<|python_tag|>`, `<function=…>` and bare JSON
//! of Llama, the channels of gpt-oss, the sections of `DeepSeek` and Kimi, the
//! actions of Command, the fences of Gemma and the Python of LFM2 and Olmo.
//!
//! What a reply says about calls is not a call: without tools nothing is one,
//! inside a code fence only a fence that holds nothing but calls of tools that
//! exist, and a mark behind a backtick never.
//!
//! `mlxcode-edit` reads calls too, with another aim: whatever tool a text
//! names, it looks for a path beside an old and a new text, and makes an edit
//! of it that a person sees first. Here a call is one only where its tool
//! exists, and its arguments are nobody's edit yet. So the two never read the
//! same text: what this reader leaves as text, the other may read as edits.

#![allow(clippy::match_bool, reason = "two arms show two outcomes side by side")]

mod arguments;
mod automaton;
mod block;
mod body;
mod fence;
mod harmony;
mod json;
mod marks;
mod output;
mod python;
mod reader;
mod resolve;
mod xml;

pub use reader::ReplyReader;

pub(crate) use marks::{shown, thought_at_end};

use crate::chat::{ToolCall, ToolSpec};

/// What a [`ReplyReader`] knows before the first word.
#[derive(Clone, Debug, Default)]
pub struct ReplyOptions {
    /// The tools that were given to the model. Without any, nothing is a call.
    pub tools: Vec<ToolSpec>,
    /// Whether the prompt ended inside a thought that the template opened.
    /// The local engine sends that mark as text, so that it may stay `false`
    /// there.
    pub starts_thinking: bool,
    /// How many calls the conversation has: the next is named by one more.
    pub calls_before: usize,
}

/// A part of a reply.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReplyPiece {
    /// What the model says. Several in a row are one text.
    Text(String),
    /// What the model thinks. Several in a row are one thought.
    Thinking(String),
    /// A tool that the model calls: it exists, and its arguments are an object.
    ToolCall(ToolCall),
    /// What was meant as a call and is none.
    BrokenCall {
        /// What the model wrote, with its marks.
        text: String,
        /// What is wrong with it: one sentence, for the model.
        reason: String,
    },
}
