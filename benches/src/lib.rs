//! What the measurements share: a tree of code of any size, and medians.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a measurement makes its ground and starts programs")]

mod median;
mod tree;
mod turns;

pub use median::{Measured, measure};
pub use tree::grow;
pub use turns::{measure_in_turn, ratio};
