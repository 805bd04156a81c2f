//! The command as a function: arguments in, text and an exit code out.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files that the command reads")]

mod additions;
mod bad_input;
mod changes;
#[cfg(unix)]
mod choosing;
mod code;
mod completion;
mod config;
#[cfg(unix)]
mod conversation;
mod convert;
#[cfg(unix)]
mod document;
mod documents;
mod embedder;
#[path = "../../../models/tests/fake_hub/mod.rs"]
mod fake_hub;
mod forge;
mod ground;
mod library;
mod look;
mod mcp;
mod own_words;
mod plugins;
mod printing;
#[cfg(unix)]
#[path = "../../../terminal/tests/pty/mod.rs"]
mod pty;
mod pulls;
mod remote;
mod routing;
mod search;
mod secrets;
#[cfg(unix)]
mod sending;
mod sessions;
#[cfg(unix)]
mod streaming;
#[cfg(unix)]
mod talk;
mod tasks;
mod work;
