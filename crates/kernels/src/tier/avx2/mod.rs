//! AVX2, with and without `vpdpbusd`.
//!
//! Whole codes are multiplied as bytes, unsigned codes with signed states,
//! and added up in 16 bits as long as they cannot overflow; a code's zero
//! point is taken off by the states' sums. One token or two go straight from
//! the packed codes ([`gemv`]); for more, a panel of columns is unpacked into
//! the caches ([`panel`]) and multiplied with four tokens at a time ([`whole`])
//! or six ([`float`]).

#![allow(
    clippy::inline_always,
    reason = "a function without the instructions must vanish in a caller that has them"
)]
#![allow(clippy::wildcard_imports, reason = "dozens of intrinsics, all named alike")]
#![allow(clippy::cast_ptr_alignment, reason = "tiles and scratch begin on multiples of 64")]
#![allow(clippy::needless_range_loop, reason = "registers are counted, not walked")]

mod bytes;
mod codes;
mod columns;
mod dispatch;
mod float;
mod float_panel;
mod gemv;
mod gemv_float;
mod panel;
mod scales;
mod states;
mod unpack;
mod whole;
mod whole_panel;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::tier::{Kernels, KernelsRef, Scratch, Tier};
use bytes::{Madd, Product, Vnni};

/// The kernels, where this machine can run them.
pub fn kernels(tier: Tier) -> Option<KernelsRef> {
    let common = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    match tier {
        Tier::Avx2 if common => Some(&Bytes(PhantomData::<fn() -> Madd>)),
        Tier::AvxVnni if common && is_x86_feature_detected!("avxvnni") => {
            Some(&Bytes(PhantomData::<fn() -> Vnni>))
        }
        _ => None,
    }
}

/// A tier of AVX2, by how it multiplies bytes. Only [`kernels`] gives one out,
/// where the machine has the instructions.
struct Bytes<P>(PhantomData<fn() -> P>);

impl<P: Product> fmt::Debug for Bytes<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", P::TIER)
    }
}

impl<P: Product> Kernels for Bytes<P> {
    fn tier(&self) -> Tier {
        P::TIER
    }

    fn gemv(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
    ) {
        check(weight, &tiles, input);
        // SAFETY: the machine has the instructions, and the shapes fit.
        unsafe { dispatch::gemv::<P>(weight, tiles, input, output) }
    }

    fn gemm(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        check(weight, &tiles, input);
        // SAFETY: as above.
        unsafe { dispatch::gemm::<P>(weight, tiles, input, output, scratch) }
    }
}

/// What pointers rely on: all columns of a tile have a state.
fn check(weight: &Packed, tiles: &Range<usize>, input: &Activations) {
    assert!(tiles.end <= weight.tiles(), "tiles {tiles:?} of {}", weight.tiles());
    assert_eq!(weight.columns(), input.columns(), "as many states as columns");
    assert!(weight.blocks() * weight.layout().block_columns() <= input.stride);
}
