//! Which kernel is whose: the one list of the layouts.

use crate::packed::{Codes, Layout, Scales};
use crate::tier::neon::codes::{Bits2, Bits3, Bits4, Bits5, Bits6, Bits8, Decode, E2M1, Iq4Nl};
use crate::tier::neon::floats::{self, E4M3, Read};
use crate::tier::neon::scales::{
    Affine, E8M0, F16, F16By16, Scaling, Signed, WithMin, WithMinBy16,
};

/// What is done with a layout, once its types are known.
pub trait Visit {
    /// Quantised weights: `C` and `S` are the layout's.
    fn whole<C: Decode, S: Scaling>(self, scales: S);

    /// Floats: `R` is the layout's.
    fn float<R: Read>(self);
}

/// Calls `visit` with the types of a layout; `None` where it has none, which
/// no type of weights has.
pub fn with_layout(layout: Layout, visit: impl Visit) -> Option<()> {
    match (layout.codes, layout.scales) {
        (Codes::F32, Scales::None) => visit.float::<floats::F32>(),
        (Codes::F16, Scales::None) => visit.float::<floats::F16>(),
        (Codes::BF16, Scales::None) => visit.float::<floats::BF16>(),
        (Codes::E4M3, Scales::E8M0) => visit.float::<E4M3>(),
        (Codes::Bits4, Scales::F16 { zero: 8 }) => visit.whole::<Bits4, _>(F16::<8>),
        (Codes::Bits5, Scales::F16 { zero: 16 }) => visit.whole::<Bits5, _>(F16::<16>),
        (Codes::Bits8, Scales::F16 { zero: 128 }) => visit.whole::<Bits8, _>(F16::<128>),
        (Codes::Iq4Nl, Scales::F16 { zero: 0 }) => visit.whole::<Iq4Nl, _>(F16::<0>),
        (codes, Scales::Affine { float, .. }) => {
            let scales = Affine(float);
            match codes {
                Codes::Bits2 => visit.whole::<Bits2, _>(scales),
                Codes::Bits3 => visit.whole::<Bits3, _>(scales),
                Codes::Bits4 => visit.whole::<Bits4, _>(scales),
                Codes::Bits5 => visit.whole::<Bits5, _>(scales),
                Codes::Bits6 => visit.whole::<Bits6, _>(scales),
                Codes::Bits8 => visit.whole::<Bits8, _>(scales),
                _ => return None,
            }
        }
        (Codes::Bits4, Scales::WithMin) => visit.whole::<Bits4, _>(WithMin),
        (Codes::Bits5, Scales::WithMin) => visit.whole::<Bits5, _>(WithMin),
        (Codes::Bits2, Scales::WithMinBy16) => visit.whole::<Bits2, _>(WithMinBy16),
        (Codes::Bits3, Scales::Signed { zero: 4 }) => visit.whole::<Bits3, _>(Signed::<4>),
        (Codes::Bits6, Scales::Signed { zero: 32 }) => visit.whole::<Bits6, _>(Signed::<32>),
        (Codes::E2M1, Scales::E8M0) => visit.whole::<E2M1, _>(E8M0::<true>),
        (Codes::E2M1, Scales::F16By16) => visit.whole::<E2M1, _>(F16By16),
        _ => return None,
    }
    Some(())
}
