//! Runs a command with limits.
//!
//! The principal type is [`Sandbox`]: made of a [`Policy`], it runs a [`Run`]
//! and gives a [`Ran`]. The command writes below the root and in a temporary
//! folder of its own, does not read the places where people keep secrets,
//! reaches no network unless it may, and ends with all that it started when it
//! is done, when somebody cancels, or when it has used up one of the
//! [`Limits`].
//!
//! Linux does the work: Landlock for files, seccomp for system calls, both
//! taken on by a thread that then starts the command. macOS has `sandbox-exec`.
//! [`Sandbox::available`] tells what holds on this machine; where that is too
//! little, [`Sandbox::new`] refuses and [`Sandbox::unsandboxed`] takes what a
//! person has agreed to.
//!
//! `docs/sandbox.md` says what is guarded, what is not, and which attacks have
//! been tried.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod availability;
mod command;
mod environment;
mod error;
mod guard;
#[cfg(target_os = "linux")]
mod linux;
mod output;
mod paths;
mod policy;
mod profile;
mod ran;
#[cfg(unix)]
mod run;
mod sandbox;
#[cfg(unix)]
mod spawned;
mod watch;

pub use availability::{Availability, Gap};
pub use command::{Program, Run};
pub use environment::clean_environment;
pub use error::{Error, Result};
pub use output::Output;
pub use policy::{GUARDED, Limits, Network, Policy, usual_hidden};
pub use ran::{Ended, Ran};
pub use sandbox::{Agreed, Sandbox};
