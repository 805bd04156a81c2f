//! The arithmetic of a language model on a CPU.
//!
//! The principal trait is [`Kernels`]: products of weights, as they lie in
//! memory, with the states of some tokens. It has one implementation a
//! [`Tier`] of instruction sets, chosen at run time.
//!
//! Weights come as a [`Source`], the bytes of a file in any [`WeightType`],
//! and are laid out once, as [`Packed`], for all tiers alike. States are
//! [`Activations`].
//!
//! ```
//! use mlxcode_kernels::{Activations, Output, Packed, Source, Tier, WeightType, kernels};
//!
//! // The unit matrix of 32 rows, as 32-bit floats.
//! let unit: Vec<u8> =
//!     (0..32 * 32).flat_map(|i| f32::from(u8::from(i % 33 == 0)).to_le_bytes()).collect();
//! let source = Source::new(WeightType::F32, 32, 32, &unit)?;
//! let packed = Packed::new(&source);
//! let state: Vec<f32> = (0..32).map(|i| i as f32).collect();
//! let mut activations = Activations::new(1, 32);
//! activations.fill(&state);
//! let mut product = vec![0.0; 32];
//! let kernels = kernels(Tier::detect()).unwrap_or_default();
//! kernels.gemv(&packed, 0..packed.tiles(), &activations, &mut Output::new(&mut product, 32));
//! assert_eq!(product, state);
//! # Ok::<(), mlxcode_kernels::SourceError>(())
//! ```

#![allow(
    clippy::inline_always,
    reason = "a body is compiled for the instructions of the function that it ends up in"
)]

mod activations;
mod attention;
mod buffer;
mod cache;
mod cells;
mod output;
mod packed;
mod pool;
mod prefetch;
mod source;
mod tier;
mod vector;
mod weight_type;

#[cfg(test)]
mod testing;

pub use activations::{Activations, TokenMut};
pub use attention::{Attention, AttentionScratch, AttentionShape, CachedHead, Partial, Queries};
pub use buffer::{Arena, Buffer};
pub use cache::{CacheShape, CacheType, PAGE_TOKENS, Pages};
pub use cells::Cells;
pub use output::Output;
pub use packed::{Codes, Layout, Packed, Scales, TILE_ROWS};
pub use pool::{Pool, Worker};
pub use source::{Source, SourceError};
pub use tier::{Kernels, KernelsRef, Scratch, Tier, kernels};
pub use vector::{Vectors, vectors};
pub use weight_type::{FloatType, WeightType};
