//! What is shown, by width and theme; and what a person types, in a terminal.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod choosing;
mod diff;
mod markdown;
mod pty;
mod resizing;
mod screens;
mod themes;
mod typing;
