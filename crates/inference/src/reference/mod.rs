//! The same models through candle: for comparisons, and for what the kernels
//! of our own do not run on.

mod check;
mod decoder;
mod rope;
mod weights;
mod worker;

pub use check::check;
pub use decoder::{CACHE_STEP, Decoder};
pub use worker::work;
