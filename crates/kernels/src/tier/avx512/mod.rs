//! AVX-512 with VNNI.
//!
//! A product reads several tiles side by side, since one stream alone leaves a
//! third of a core's share of the memory unused, and each stream asks for its
//! lines 2 KiB ahead. Within a group, `vpdpbusd` multiplies the codes of four
//! columns of sixteen rows with four bytes of the state; what codes are more
//! than the numbers they stand for goes into the accumulator's start.

#![allow(clippy::wildcard_imports, reason = "the intrinsics, whose names are long enough")]

pub mod codes;
pub mod floats;
pub mod layouts;
pub mod product;
pub mod scales;
mod walk;

use std::ops::Range;

use walk::Job;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::tier::scalar::Scalar;
use crate::tier::{Kernels, KernelsRef, Scratch, Tier};

/// Bytes of weights that stay in a core's second cache while they are read
/// again for other tokens.
const PANEL_BYTES: usize = 512 << 10;

/// The kernels, where this machine can run them.
pub fn kernels() -> Option<KernelsRef> {
    available().then_some(&Avx512 as KernelsRef)
}

/// Whether this machine has the instructions.
pub fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

/// The tier. Only [`kernels`] gives it out, so that the machine is able to.
#[derive(Debug)]
struct Avx512;

impl Kernels for Avx512 {
    fn tier(&self) -> Tier {
        Tier::Avx512
    }

    fn gemv(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
    ) {
        gemv(weight, tiles, input, output);
    }

    fn gemm(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
        _scratch: &mut Scratch,
    ) {
        gemm(weight, tiles, input, output);
    }
}

/// Products of any number of tokens. To be called where [`available`] says so.
pub fn gemm(weight: &Packed, tiles: Range<usize>, input: &Activations, output: &mut Output<'_>) {
    let panel = (PANEL_BYTES / weight.tile_bytes()).max(4);
    for first in tiles.clone().step_by(panel) {
        gemv(weight, first..tiles.end.min(first + panel), input, output);
    }
}

/// Products of one to eight tokens; of more, eight by eight. To be called
/// where [`available`] says so.
pub fn gemv(weight: &Packed, tiles: Range<usize>, input: &Activations, output: &mut Output<'_>) {
    debug_assert!(available());
    let job = Job { weight, tiles: tiles.clone(), input, output };
    if !layouts::visit(weight.layout(), job) {
        Scalar.gemv(weight, tiles, input, output);
    }
}
