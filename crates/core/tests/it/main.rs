//! Ask, edit and undo on real trees: sources of this very workspace, copied
//! to where they may be changed.

#![allow(clippy::print_stdout, reason = "a slow suite tells what it saw")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set its ground fails")]
#![allow(clippy::disallowed_methods, reason = "tests make the files they need")]

#[cfg(unix)]
mod additions;
mod ask;
#[cfg(unix)]
mod checks;
mod context;
#[cfg(unix)]
mod conversation;
mod edit;
mod ground;
mod library;
mod navigation;
mod sessions;
