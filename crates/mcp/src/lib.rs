//! Asks servers of the Model Context Protocol.
//!
//! The principal type is [`McpServers`]: programs and addresses that offer
//! tools, resources and prompts, started from a [`McpConfig`] and asked by
//! plain calls that block. A server that fails tells why in its
//! [`ServerStatus`] and stops no other.
//!
//! The protocol is `rmcp`'s, which is asynchronous. Its runtime lives here,
//! at the edge, on one thread of its own ([`McpServers`] owns it); no type of
//! it crosses this crate's face.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod call;
mod config;
mod connect;
mod connection;
mod error;
mod expand;
mod handler;
mod http;
mod log;
mod name;
mod options;
mod output;
mod process;
mod program;
mod prompt;
mod resource;
mod runtime;
mod server;
mod servers;
mod stdio;
mod tool;

pub use call::ToolProgress;
pub use config::{McpConfig, ServerConfig, TransportKind};
pub use error::{Error, Result};
pub use log::LogLine;
pub use options::{McpOptions, NetworkPolicy};
pub use output::{ToolImage, ToolOutput};
pub use prompt::{Prompt, PromptArgument, PromptMessage};
pub use resource::{Resource, ResourceText};
pub use server::{ServerState, ServerStatus};
pub use servers::McpServers;
pub use tool::{Tool, ToolHints};
