//! Keys and values of past tokens, in pages.
//!
//! A page has room for 32 tokens in all layers. Within it each layer has, for
//! each of its heads, the keys of the 32 tokens one after the other, then the
//! values: a thread that attends with one head reads a page's part in two
//! sequential runs. Rows are padded with zeros to a multiple of sixteen
//! numbers.

mod pages;
mod row;

#[cfg(target_arch = "x86_64")]
pub(crate) use pages::HeadPage;
pub use pages::{CacheShape, CacheType, PAGE_TOKENS, Pages};
#[cfg(any(test, target_arch = "x86_64"))]
pub(crate) use row::Rows;
pub(crate) use row::row_length;

#[cfg(test)]
mod tests;
