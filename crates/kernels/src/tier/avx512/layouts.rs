//! Which kinds of codes and scales come together.

use super::codes::{Bits2, Bits3, Bits4, Bits5, Bits6, Bits8, Code, E2M1, Iq4Nl};
use super::floats::{BF16, E4M3, F16, F32, Float};
use super::scales::{Affine, Halves, HalvesBy16, One, Powers, Scale, Signed, WithMin, WithMinBy16};
use crate::packed::{Codes, Layout, Scales};

/// What is done with a matrix of a layout, in code made for that layout.
pub trait Visitor {
    /// Codes are whole.
    fn whole<C: Code, S: Scale>(self, scales: S);
    /// Codes are floats.
    fn floats<F: Float, S: Scale>(self, scales: S);
}

/// Calls the visitor for a layout. `false` where no type has that layout.
pub fn visit(layout: Layout, visitor: impl Visitor) -> bool {
    match (layout.codes, layout.scales) {
        (Codes::F32, Scales::None) => visitor.floats::<F32, _>(One),
        (Codes::F16, Scales::None) => visitor.floats::<F16, _>(One),
        (Codes::BF16, Scales::None) => visitor.floats::<BF16, _>(One),
        (Codes::E4M3, Scales::E8M0) => visitor.floats::<E4M3, _>(Powers { factor: 1.0 }),
        // Products of E2M1 are doubled.
        (Codes::E2M1, Scales::E8M0) => visitor.whole::<E2M1, _>(Powers { factor: 0.5 }),
        (Codes::E2M1, Scales::F16By16) => visitor.whole::<E2M1, _>(HalvesBy16),
        (codes, Scales::F16 { zero }) => {
            let scales = Halves { zero: zero.into() };
            match codes {
                Codes::Bits4 => visitor.whole::<Bits4, _>(scales),
                Codes::Bits5 => visitor.whole::<Bits5, _>(scales),
                Codes::Bits8 => visitor.whole::<Bits8, _>(scales),
                Codes::Iq4Nl => visitor.whole::<Iq4Nl, _>(scales),
                _ => return false,
            }
        }
        (codes, Scales::Affine { float, .. }) => {
            let scales = Affine { float };
            match codes {
                Codes::Bits2 => visitor.whole::<Bits2, _>(scales),
                Codes::Bits3 => visitor.whole::<Bits3, _>(scales),
                Codes::Bits4 => visitor.whole::<Bits4, _>(scales),
                Codes::Bits5 => visitor.whole::<Bits5, _>(scales),
                Codes::Bits6 => visitor.whole::<Bits6, _>(scales),
                Codes::Bits8 => visitor.whole::<Bits8, _>(scales),
                _ => return false,
            }
        }
        (Codes::Bits4, Scales::WithMin) => visitor.whole::<Bits4, _>(WithMin),
        (Codes::Bits5, Scales::WithMin) => visitor.whole::<Bits5, _>(WithMin),
        (Codes::Bits2, Scales::WithMinBy16) => visitor.whole::<Bits2, _>(WithMinBy16),
        (Codes::Bits3, Scales::Signed { zero }) => {
            visitor.whole::<Bits3, _>(Signed { zero: zero.into() });
        }
        (Codes::Bits6, Scales::Signed { zero }) => {
            visitor.whole::<Bits6, _>(Signed { zero: zero.into() });
        }
        _ => return false,
    }
    true
}
