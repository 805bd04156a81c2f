//! The way through tiles, the same for all codes.

use std::arch::aarch64::{float32x4_t, vdupq_n_f32, vst1q_f32};
use std::ops::Range;

use crate::output::Output;
use crate::packed::{Packed, TILE_ROWS};

/// Products of the sixteen rows of a tile with one token.
pub type Tile = [float32x4_t; 4];

/// Tokens that a walk takes at most.
pub const MOST_TOKENS: usize = 64;

/// Tiles that a walk with few tokens reads side by side: one stream of loads
/// alone does not fill what memory gives.
const STREAMS: usize = 4;

/// Bytes of states that stay in the nearer caches while tiles pass by.
const STATES_BYTES: usize = 256 << 10;

/// Ranges of tokens for walks; `token_bytes` is what one token's states take.
pub fn token_ranges(tokens: usize, token_bytes: usize) -> impl Iterator<Item = Range<usize>> {
    // Even, as some kernels take tokens in pairs.
    let step = (STATES_BYTES / token_bytes).clamp(16, MOST_TOKENS) & !1;
    (0..tokens).step_by(step).map(move |start| start..(start + step).min(tokens))
}

/// Walks through tiles, block by block, and stores what `block` has added up.
///
/// `block` takes the bytes of a block, the number of its first group, and the
/// sums of the tokens, one more where their number is odd. What it keeps there
/// may be of any order, if `sort` makes it rows of tokens in the end.
#[allow(clippy::inline_always, reason = "a walk takes the instructions of its caller")]
#[inline(always)]
pub fn walk(
    weight: &Packed,
    tiles: Range<usize>,
    tokens: Range<usize>,
    output: &mut Output<'_>,
    mut block: impl FnMut(*const u8, usize, &mut [Tile]),
    sort: impl Fn(&mut [Tile]),
) {
    let layout = weight.layout();
    let (block_bytes, block_groups) = (layout.block_bytes(), layout.block_groups());
    let room = tokens.len().next_multiple_of(2);
    let streams = (MOST_TOKENS / room).min(STREAMS);
    let mut first = tiles.start;
    while first < tiles.end {
        let count = streams.min(tiles.end - first);
        // SAFETY: every 64-bit ARM has these vectors.
        let mut sums = [unsafe { [vdupq_n_f32(0.0); 4] }; MOST_TOKENS];
        let mut bytes = [&[][..]; STREAMS];
        for (stream, bytes) in bytes[..count].iter_mut().enumerate() {
            *bytes = weight.tile(first + stream);
        }
        for number in 0..weight.blocks() {
            for (bytes, sums) in bytes[..count].iter().zip(sums.chunks_exact_mut(room)) {
                let at = bytes[number * block_bytes..][..block_bytes].as_ptr();
                block(at, number * block_groups, sums);
            }
        }
        for (stream, sums) in sums.chunks_exact_mut(room).take(count).enumerate() {
            sort(sums);
            for (token, sums) in tokens.clone().zip(&*sums) {
                let row = (first + stream) * TILE_ROWS;
                output.store(token, row, weight.rows(), &numbers(*sums));
            }
        }
        first += count;
    }
}

#[inline]
fn numbers(tile: Tile) -> [f32; TILE_ROWS] {
    let mut numbers = [0.0; TILE_ROWS];
    for (four, numbers) in tile.into_iter().zip(numbers.chunks_exact_mut(4)) {
        // SAFETY: four numbers are there to be written; every 64-bit ARM has
        // these vectors.
        unsafe { vst1q_f32(numbers.as_mut_ptr(), four) };
    }
    numbers
}
