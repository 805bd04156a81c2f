//! ARM's vectors: `sdot` (dotprod), and `smmla` (i8mm) for many tokens.
//!
//! A register holds four columns of four rows, a quarter of a quad. Eight rows
//! of a group, 32 columns, are decoded into sixteen registers, which stay
//! there while tokens pass by: one in the simplest case, up to 64.
//! [`walk`] leads through tiles and tokens, [`codes`] and [`scales`] read the
//! layout, [`whole`], [`pairs`] and [`floats`] multiply.

mod codes;
mod floats;
mod layouts;
mod pairs;
mod products;
mod scales;
mod walk;
mod whole;

use std::arch::is_aarch64_feature_detected;
use std::ops::Range;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::tier::neon::codes::Decode;
use crate::tier::neon::floats::Read;
use crate::tier::neon::layouts::{Visit, with_layout};
use crate::tier::neon::scales::Scaling;
use crate::tier::scalar::Scalar;
use crate::tier::{Kernels, KernelsRef, Scratch, Tier};

/// The kernels, where this machine can run them.
pub fn kernels(tier: Tier) -> Option<KernelsRef> {
    let dotprod = is_aarch64_feature_detected!("dotprod");
    match tier {
        Tier::Neon if dotprod => Some(&Neon { i8mm: false }),
        Tier::NeonI8mm if dotprod && is_aarch64_feature_detected!("i8mm") => {
            Some(&Neon { i8mm: true })
        }
        _ => None,
    }
}

/// Both tiers. Only [`kernels`] makes one, once it has found that the machine
/// has the instructions.
#[derive(Debug)]
struct Neon {
    i8mm: bool,
}

impl Kernels for Neon {
    fn tier(&self) -> Tier {
        if self.i8mm { Tier::NeonI8mm } else { Tier::Neon }
    }

    fn gemv(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
    ) {
        let product = Product { weight, tiles: tiles.clone(), input, output, scratch: None };
        if product.run().is_none() {
            Scalar.gemv(weight, tiles, input, output);
        }
    }

    fn gemm(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    ) {
        let scratch = self.i8mm.then_some(scratch);
        let product = Product { weight, tiles: tiles.clone(), input, output, scratch };
        if product.run().is_none() {
            Scalar.gemv(weight, tiles, input, output);
        }
    }
}

/// A product to be computed, two tokens at a time where it has a scratch.
struct Product<'a, 'o> {
    weight: &'a Packed,
    tiles: Range<usize>,
    input: &'a Activations,
    output: &'a mut Output<'o>,
    scratch: Option<&'a mut Scratch>,
}

impl Product<'_, '_> {
    fn run(self) -> Option<()> {
        assert_eq!(self.input.columns, self.weight.columns(), "states for other weights");
        with_layout(self.weight.layout(), self)
    }
}

impl Visit for Product<'_, '_> {
    fn whole<C: Decode, S: Scaling>(self, scales: S) {
        let Self { weight, tiles, input, output, scratch } = self;
        // SAFETY: `kernels` found the instructions, `with_layout` gives the
        // types of the weight's layout, `run` has compared the columns.
        unsafe {
            match scratch {
                Some(scratch) if input.tokens > 1 => {
                    pairs::products::<C, S>(scales, weight, tiles, input, output, scratch);
                }
                _ => whole::products::<C, S>(scales, weight, tiles, input, output),
            }
        }
    }

    fn float<R: Read>(self) {
        // SAFETY: as above.
        unsafe { floats::products::<R>(self.weight, self.tiles, self.input, self.output) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::Layout;
    use crate::testing::all_types;

    struct Nothing;

    impl Visit for Nothing {
        fn whole<C: Decode, S: Scaling>(self, _scales: S) {}
        fn float<R: Read>(self) {}
    }

    #[test]
    fn every_type_has_kernels() {
        for kind in all_types() {
            assert_eq!(with_layout(Layout::of(kind), Nothing), Some(()), "{kind}");
        }
    }
}
