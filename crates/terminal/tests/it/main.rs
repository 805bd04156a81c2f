//! What is shown, by width and theme; and what a person types, in a terminal.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

mod choosing;
mod diff;
mod markdown;
#[path = "../pty/mod.rs"]
mod pty;
mod resizing;
mod screens;
mod themes;
mod typing;

use pty::Terminal;

/// Starts the example program in a terminal of 80 columns.
fn start(rows: u16, args: &[&str], env: &[(&str, &str)]) -> Terminal {
    let folder = std::env::current_dir().unwrap();
    Terminal::start(&pty::example("conversation"), args, env, &folder, (80, rows))
}
