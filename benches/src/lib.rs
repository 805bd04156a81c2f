//! What the measurements share: a tree of code of any size, and medians.

#![forbid(unsafe_code)]

mod median;
mod tree;

pub use median::{Measured, measure};
pub use tree::grow;
