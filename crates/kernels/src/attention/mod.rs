//! Attention to keys and values in pages (Vaswani and others, 2017), with
//! heads in groups that share keys and values (Ainslie and others, 2023).
//!
//! No row of weights is ever kept whole: each page's scores are taken into a
//! running maximum, a sum and weighted values, which are scaled when the
//! maximum grows (Milakov and Gimelshein, 2018). [`Attention::attend_token`]
//! does that for one new token, over any span of positions, so that several
//! threads can share a long context (Dao and others, 2023, "Flash-Decoding");
//! [`Attention::attend_block`] for many.

#[cfg(target_arch = "x86_64")]
mod ahead;
mod block;
mod tile;
#[cfg(target_arch = "x86_64")]
mod tiled;
#[cfg(target_arch = "x86_64")]
mod tiled_token;
mod token;
#[cfg(target_arch = "x86_64")]
mod turn;

use std::ops::Range;

pub use block::AttentionScratch;
pub use token::Partial;

use crate::cache::{PAGE_TOKENS, Pages};
use crate::output::Output;
use crate::tier::Tier;
#[cfg(target_arch = "x86_64")]
use crate::tier::kernels;
use crate::vector::level::Level;

/// Blocks of fewer tokens leave too much of a tile empty.
#[cfg(target_arch = "x86_64")]
const LEAST_TILED: usize = 16;

/// The heads of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionShape {
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values; as many query heads share each.
    pub kv_heads: usize,
    /// Numbers of a query, a key, a value.
    pub head_dim: usize,
    /// What products of queries and keys are multiplied by.
    pub scale: f32,
    /// The positions that a token sees, itself included; all, if `None`.
    pub window: Option<usize>,
}

impl AttentionShape {
    /// Query heads that share a head of keys and values.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// The positions that the token at `position` sees.
    pub fn visible(&self, position: usize) -> Range<usize> {
        let first = self.window.map_or(0, |window| (position + 1).saturating_sub(window));
        first..position + 1
    }
}

/// One head of keys and values of one sequence.
#[derive(Clone, Copy, Debug)]
pub struct CachedHead<'a> {
    /// Where the pages lie.
    pub pages: &'a Pages,
    /// The sequence's pages: position `p` is slot `p % 32` of page `p / 32`.
    pub sequence: &'a [u32],
    /// The layer.
    pub layer: usize,
    /// The head of keys and values.
    pub kv_head: usize,
}

/// States of some tokens with all heads of queries: head `h` of token `t` is
/// the `head_dim` numbers from `t · stride + h · head_dim`.
#[derive(Clone, Copy, Debug)]
pub struct Queries<'a> {
    /// All numbers, those of token 0 first.
    pub numbers: &'a [f32],
    /// Numbers from one token to the next.
    pub stride: usize,
}

/// A block of tokens of a chunk, and where what they attend to goes.
struct Work<'a, 'p, 'o> {
    shape: &'a AttentionShape,
    cached: &'a CachedHead<'p>,
    /// Of the chunk's token 0.
    first_position: usize,
    /// At most 32 of the chunk.
    tokens: Range<usize>,
    queries: &'a Queries<'a>,
    output: &'a mut Output<'o>,
}

/// Attention with the instructions of one tier.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    shape: AttentionShape,
    level: Level,
    /// Whether blocks may use AMX.
    #[cfg(target_arch = "x86_64")]
    tiled: bool,
}

impl Attention {
    /// Attention with the instructions of a tier, or the best below it that
    /// this machine has.
    ///
    /// # Panics
    /// Where heads do not share keys and values evenly.
    pub fn new(tier: Tier, shape: AttentionShape) -> Self {
        assert!(shape.kv_heads > 0 && shape.heads.is_multiple_of(shape.kv_heads));
        Self {
            shape,
            level: Level::of(tier),
            #[cfg(target_arch = "x86_64")]
            tiled: tier == Tier::Amx && kernels(tier).is_some(),
        }
    }

    /// Its heads.
    pub fn shape(&self) -> AttentionShape {
        self.shape
    }

    /// Attends from the last of `length` positions to those of `span` that it
    /// sees, with the query heads that share a head of keys and values:
    /// `queries`, `[group, head_dim]`. What `partial` held is replaced.
    ///
    /// Reads keys and values once for all heads of the group.
    ///
    /// # Panics
    /// Where the sequence has not the pages, or `queries` or `partial` is of
    /// another shape.
    pub fn attend_token(
        &self,
        cached: &CachedHead<'_>,
        length: usize,
        span: Range<usize>,
        queries: &[f32],
        partial: &mut Partial,
        scratch: &mut AttentionScratch,
    ) {
        self.check(cached.pages);
        assert_eq!(queries.len(), self.shape.group() * self.shape.head_dim);
        partial.check(&self.shape);
        let visible = self.shape.visible(length.saturating_sub(1));
        let span = span.start.max(visible.start)..span.end.min(length);
        #[cfg(target_arch = "x86_64")]
        if self.tiled && tiled_token::can(cached, &self.shape) {
            let (shape, level) = (&self.shape, self.level);
            let scratch = &mut scratch.tiled_token;
            tiled_token::TiledToken { cached, shape, span, queries, partial, scratch, level }.run();
            return;
        }
        self.level.run(token::AttendToken {
            cached,
            span,
            queries,
            scale: self.shape.scale,
            partial,
        });
    }

    /// Attends from tokens `tokens` of a chunk, whose token 0 is at
    /// `first_position`, each to all positions that it sees. Keys and values
    /// of these tokens are in their pages already. Writes the query heads that
    /// share a head of keys and values, to where the output has them in the
    /// way of [`Queries`].
    ///
    /// # Panics
    /// Where the sequence has not the pages, or queries or output not the
    /// tokens.
    pub fn attend_block(
        &self,
        cached: &CachedHead<'_>,
        first_position: usize,
        tokens: Range<usize>,
        queries: &Queries<'_>,
        output: &mut Output<'_>,
        scratch: &mut AttentionScratch,
    ) {
        self.check(cached.pages);
        let mut first = tokens.start;
        while first < tokens.end {
            let next = tokens.end.min(first + block::TOKENS);
            let (shape, tokens) = (&self.shape, first..next);
            let work = Work { shape, cached, first_position, tokens, queries, output };
            first = next;
            #[cfg(target_arch = "x86_64")]
            if self.tiled && work.tokens.len() >= LEAST_TILED && tiled::can(cached, shape) {
                tiled::TiledBlock { work, scratch: &mut scratch.tiled, level: self.level }.run();
                continue;
            }
            self.level.run(block::AttendBlock { work, scratch });
        }
    }

    fn check(&self, pages: &Pages) {
        let cached = pages.shape();
        assert!(cached.head_dim == self.shape.head_dim && cached.kv_heads == self.shape.kv_heads);
    }
}

/// The pages that hold some positions, each with the slots of these.
#[inline(always)]
fn pages_of(positions: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    let last = positions.end.div_ceil(PAGE_TOKENS);
    let pages = positions.start / PAGE_TOKENS..if positions.is_empty() { 0 } else { last };
    pages.map(move |page| {
        let start = page * PAGE_TOKENS;
        let slots =
            positions.start.max(start) - start..positions.end.min(start + PAGE_TOKENS) - start;
        (page, slots)
    })
}

#[cfg(test)]
mod tests;
