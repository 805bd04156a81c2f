//! Packed blocks to bytes and floats.

use super::bytes::eight;
use super::codes::Unpack;
use super::scales::Header;
use crate::packed::{Layout, Scales, TILE_ROWS};
use crate::prefetch::prefetch;
use crate::weight_type::FloatType;
use std::arch::x86_64::*;

/// How far ahead weights are asked for: what a core waits for memory is some
/// hundred cycles, and a stream gives some bytes a cycle.
pub const AHEAD: usize = 4096;

/// Where a panel is unpacked to: codes, scales and addends, as
/// [`Panel`](super::whole::Panel) has them.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Codes.
    pub codes: *mut u8,
    /// Scales.
    pub scales: *mut f32,
    /// Addends.
    pub mins: *mut f32,
}

/// Unpacks some blocks that follow one another.
pub type UnpackBlocks = unsafe fn(Layout, *const u8, usize, Room);

/// The type of a layout's floats, where it can be one or the other.
pub fn float_of(layout: Layout) -> FloatType {
    match layout.scales {
        Scales::Affine { float, .. } => float,
        _ => FloatType::F16,
    }
}

/// Unpacks some blocks of codes `C` with scales `S`.
///
/// # Safety
/// `from` has the blocks, the room is theirs, both on multiples of 64, and the
/// machine has AVX2 and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn unpack<C: Unpack, S: Header>(
    layout: Layout,
    from: *const u8,
    blocks: usize,
    room: Room,
) {
    let scales = S::of(float_of(layout));
    let (groups, header_bytes) = (layout.block_groups(), layout.scales.header_bytes());
    let Room { mut codes, scales: mut to, mut mins } = room;
    for block in 0..blocks {
        // SAFETY: the caller's.
        unsafe {
            let header = from.add(block * layout.block_bytes());
            prefetch(header.wrapping_add(AHEAD), header_bytes);
            for group in 0..groups {
                for half in 0..S::HALVES {
                    for side in 0..2 {
                        let (scale, min) = scales.scale(header, group, half, side);
                        _mm256_store_ps(to.add(side * 8), scale);
                        if S::MIN {
                            _mm256_store_ps(mins.add(side * 8), min);
                        }
                    }
                    to = to.add(TILE_ROWS);
                    mins = mins.wrapping_add(TILE_ROWS);
                }
                let packed = header.add(header_bytes + group * C::GROUP_BYTES);
                prefetch(packed.wrapping_add(AHEAD), C::GROUP_BYTES);
                for plane in 0..C::PLANES {
                    for side in 0..2 {
                        eight!(Q, {
                            let quad = C::quad::<Q>(packed, side, plane);
                            _mm256_store_si256(codes.add(Q * 64 + side * 32).cast(), quad);
                        });
                    }
                    codes = codes.add(512);
                }
            }
        }
    }
}
