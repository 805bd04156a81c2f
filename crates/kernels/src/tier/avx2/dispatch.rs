//! From layouts to kernels.

use std::cell::RefCell;
use std::ops::Range;

use super::bytes::Product;
use super::codes::{self, Unpack};
use super::float_panel::FloatEngine;
use super::gemv::{self, Gemv};
use super::gemv_float;
use super::panel::{self, Engine};
use super::scales::{self, Header};
use super::states::{Correction, correction_len, write_corrections};
use super::unpack::{UnpackBlocks, unpack};
use super::whole::Form;
use super::whole_panel::WholeEngine;
use crate::activations::Activations;
use crate::output::Output;
use crate::packed::{Codes, Layout, Packed, Scales};
use crate::tier::Scratch;

/// The kernels of a layout whose codes are whole.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What the kernel for unpacked codes is compiled for.
    pub form: Form,
    /// What sums of states are needed for.
    pub correction: Correction,
    /// Packed blocks to bytes.
    pub unpack: UnpackBlocks,
    /// Tokens that `gemv` is worth.
    pub direct: usize,
    /// A few tokens.
    pub gemv: Gemv,
}

/// The kernels of a layout; `None` where codes are floats.
fn plan<P: Product>(layout: Layout) -> Option<Plan> {
    use Codes as C;
    Some(match (layout.codes, layout.scales) {
        (C::Bits4, Scales::F16 { .. }) => pair::<P, codes::Bits4, scales::F16>(layout),
        (C::Bits5, Scales::F16 { .. }) => pair::<P, codes::Bits5, scales::F16>(layout),
        (C::Bits8, Scales::F16 { .. }) => pair::<P, codes::Bits8, scales::F16>(layout),
        (C::Iq4Nl, Scales::F16 { .. }) => pair::<P, codes::Iq4Nl, scales::F16>(layout),
        (C::Bits2, Scales::Affine { .. }) => pair::<P, codes::Bits2, scales::Affine>(layout),
        (C::Bits3, Scales::Affine { .. }) => pair::<P, codes::Bits3, scales::Affine>(layout),
        (C::Bits4, Scales::Affine { .. }) => pair::<P, codes::Bits4, scales::Affine>(layout),
        (C::Bits5, Scales::Affine { .. }) => pair::<P, codes::Bits5, scales::Affine>(layout),
        (C::Bits6, Scales::Affine { .. }) => pair::<P, codes::Bits6, scales::Affine>(layout),
        (C::Bits8, Scales::Affine { .. }) => pair::<P, codes::Bits8, scales::Affine>(layout),
        (C::Bits4, Scales::WithMin) => pair::<P, codes::Bits4, scales::WithMin>(layout),
        (C::Bits5, Scales::WithMin) => pair::<P, codes::Bits5, scales::WithMin>(layout),
        (C::Bits2, Scales::WithMinBy16) => pair::<P, codes::Bits2, scales::WithMinBy16>(layout),
        (C::Bits3, Scales::Signed { .. }) => pair::<P, codes::Bits3, scales::Signed>(layout),
        (C::Bits6, Scales::Signed { .. }) => pair::<P, codes::Bits6, scales::Signed>(layout),
        (C::E2M1, Scales::E8M0) => pair::<P, codes::E2M1, scales::E8M0>(layout),
        (C::E2M1, Scales::F16By16) => pair::<P, codes::E2M1, scales::F16By16>(layout),
        _ => return None,
    })
}

fn pair<P: Product, C: Unpack, S: Header>(layout: Layout) -> Plan {
    let run = if S::HALVES == 2 { C::RUN.min(4) } else { C::RUN };
    Plan {
        form: Form { run, planes: C::PLANES, halves: S::HALVES, min: S::MIN },
        correction: if S::MIN {
            Correction::Min
        } else {
            Correction::Zero(C::OFFSET + i32::from(layout.scales.zero()))
        },
        unpack: unpack::<C, S>,
        direct: S::DIRECT.min(gemv::TOKENS),
        gemv: gemv::gemv::<P, C, S>(),
    }
}

thread_local! {
    /// What `gemv` keeps between calls, which get no scratch.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// One to eight tokens.
///
/// # Safety
/// The machine has the tier's instructions, and the shapes fit.
pub unsafe fn gemv<P: Product>(
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
) {
    SCRATCH.with_borrow_mut(|scratch| {
        // SAFETY: the caller's.
        unsafe {
            match plan::<P>(weight.layout()) {
                Some(plan) if (1..=plan.direct).contains(&input.tokens()) => {
                    let columns = weight.blocks() * weight.layout().block_columns();
                    let len = correction_len(columns, plan.form.halves);
                    let corrections = numbers(scratch.bytes(input.tokens() * len * 4));
                    let halves = plan.form.halves;
                    write_corrections(input, columns, halves, plan.correction, corrections);
                    gemv::run(plan.gemv, weight, tiles, input, corrections, len, output);
                }
                None if input.tokens() == 1 => gemv_float::run(weight, tiles, input, output),
                _ => gemm::<P>(weight, tiles, input, output, scratch),
            }
        }
    });
}

/// Any number of tokens.
///
/// # Safety
/// The machine has the tier's instructions, and the shapes fit.
pub unsafe fn gemm<P: Product>(
    weight: &Packed,
    tiles: Range<usize>,
    input: &Activations,
    output: &mut Output<'_>,
    scratch: &mut Scratch,
) {
    let layout = weight.layout();
    if input.tokens() == 0 {
        return;
    }
    // SAFETY: the engines are of the layout and of the input; the rest is the
    // caller's.
    unsafe {
        if let Some(plan) = plan::<P>(layout) {
            let columns = weight.blocks() * layout.block_columns();
            let len = correction_len(columns, plan.form.halves);
            let room = panel::scratch_bytes::<WholeEngine<'_>>(input.tokens());
            let bytes = scratch.bytes(room + input.tokens() * len * 4);
            let (bytes, corrections) = bytes.split_at_mut(room);
            let corrections = numbers(corrections);
            write_corrections(input, columns, plan.form.halves, plan.correction, corrections);
            let engine = WholeEngine::new::<P>(layout, &plan, input, corrections, len);
            panel::product(&engine, weight, tiles, input, output, bytes.as_mut_ptr());
        } else {
            let bytes = scratch.bytes(panel::scratch_bytes::<FloatEngine<'_>>(input.tokens()));
            let engine = FloatEngine::new(layout, input);
            panel::product(&engine, weight, tiles, input, output, bytes.as_mut_ptr());
        }
    }
}

/// Bytes on a multiple of 64 as numbers of 32 bits.
fn numbers(bytes: &mut [u8]) -> &mut [u32] {
    // SAFETY: any four bytes are a number, and the parts that are no whole
    // ones are left out.
    unsafe { bytes.align_to_mut::<u32>().1 }
}

const _: () = assert!(WholeEngine::COLUMNS >= 256);
