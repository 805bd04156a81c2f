use crate::source::GROUP;
use crate::weight_type::{FloatType, WeightType};

/// What a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codes {
    /// A whole number of 2 bits.
    Bits2,
    /// A whole number of 3 bits.
    Bits3,
    /// A whole number of 4 bits.
    Bits4,
    /// A whole number of 5 bits.
    Bits5,
    /// A whole number of 6 bits.
    Bits6,
    /// A whole number of 8 bits.
    Bits8,
    /// A place in the table of `IQ4_NL`, 4 bits.
    Iq4Nl,
    /// A float of 4 bits; products take twice its value, which is whole.
    E2M1,
    /// A float of 8 bits.
    E4M3,
    /// A float of 16 bits.
    F16,
    /// A bfloat16.
    BF16,
    /// A float of 32 bits.
    F32,
}

/// How a code becomes a weight. `d`, `m` and the like are of one row and one
/// group of 32 columns, or of 16 where that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scales {
    /// The code is the weight. Blocks of 32 columns.
    None,
    /// `d · (q − zero)`, `d` an f16. Blocks of 64 columns:
    /// `d[group 2][row 16]`.
    F16 {
        /// The code of weight 0; 0 where a table gives signed values.
        zero: u8,
    },
    /// `d · q`, `d` an f16 for 16 columns. Blocks of 32: `d[half 2][row 16]`.
    F16By16,
    /// `d · q + m` with a `d` and an `m` for `columns` columns, which are a
    /// block: `d[row 16]`, `m[row 16]`.
    Affine {
        /// 32, 64 or 128.
        columns: u8,
        /// The type of `d` and `m`.
        float: FloatType,
    },
    /// `d · s · q − e · m`, as in `Q4_K`. Blocks of 256: `d[row 16]` and
    /// `e[row 16]` as f16, then `s[group 8][row 16]` and `m[group 8][row 16]`
    /// as u8.
    WithMin,
    /// The same with `s` and `m` for 16 columns, as in `Q2_K`. Blocks of 256:
    /// `d[row 16]` and `e[row 16]` as f16, then `[half group 16][row 16]`
    /// bytes with `s` in the low and `m` in the high half.
    WithMinBy16,
    /// `d · s · (q − zero)` with `s` for 16 columns, as in `Q6_K`. Blocks of
    /// 256: `d[row 16]` as f16, 32 bytes of nothing, then
    /// `s[half group 16][row 16]` as i8.
    Signed {
        /// The code of weight 0.
        zero: u8,
    },
    /// `2^(s − 127) · q`. Blocks of 128 columns: `s[group 4][row 16]` as u8.
    /// With [`Codes::E2M1`], whose products are doubled, half of that.
    E8M0,
}

/// How a packed matrix is coded: what a kernel is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// What a code is.
    pub codes: Codes,
    /// How it becomes a weight.
    pub scales: Scales,
}

impl Codes {
    /// Bytes of 32 columns of sixteen rows.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn group_bytes(self) -> usize {
        match self {
            Self::Bits2 => 128,
            Self::Bits3 => 192,
            Self::Bits4 | Self::Iq4Nl | Self::E2M1 => 256,
            Self::Bits5 => 320,
            Self::Bits6 => 384,
            Self::Bits8 | Self::E4M3 => 512,
            Self::F16 | Self::BF16 => 1024,
            Self::F32 => 2048,
        }
    }

    /// Whether products take whole numbers, hence quantised states.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn is_whole(self) -> bool {
        !matches!(self, Self::E4M3 | Self::F16 | Self::BF16 | Self::F32)
    }
}

impl Scales {
    /// Columns of a block.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn block_columns(self) -> usize {
        match self {
            Self::None | Self::F16By16 => 32,
            Self::F16 { .. } => 64,
            Self::Affine { columns, .. } => columns as usize,
            Self::E8M0 => 128,
            Self::WithMin | Self::WithMinBy16 | Self::Signed { .. } => 256,
        }
    }

    /// Bytes of the scales of a block.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn header_bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::F16 { .. } | Self::F16By16 | Self::E8M0 => 64,
            Self::Affine { float, .. } => 32 * float.bytes(),
            Self::WithMin | Self::WithMinBy16 | Self::Signed { .. } => 320,
        }
    }

    /// The code of weight 0, where it is the same everywhere.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn zero(self) -> u8 {
        match self {
            Self::F16 { zero } | Self::Signed { zero } => zero,
            _ => 0,
        }
    }
}

impl Layout {
    /// The layout of a type.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn of(kind: WeightType) -> Self {
        let (codes, scales) = match kind {
            WeightType::F32 => (Codes::F32, Scales::None),
            WeightType::F16 => (Codes::F16, Scales::None),
            WeightType::BF16 => (Codes::BF16, Scales::None),
            WeightType::Q4_0 => (Codes::Bits4, Scales::F16 { zero: 8 }),
            WeightType::Q5_0 => (Codes::Bits5, Scales::F16 { zero: 16 }),
            WeightType::Q8_0 => (Codes::Bits8, Scales::F16 { zero: 128 }),
            WeightType::IQ4_NL => (Codes::Iq4Nl, Scales::F16 { zero: 0 }),
            WeightType::Q4_1 => {
                (Codes::Bits4, Scales::Affine { columns: 32, float: FloatType::F16 })
            }
            WeightType::Q5_1 => {
                (Codes::Bits5, Scales::Affine { columns: 32, float: FloatType::F16 })
            }
            WeightType::Q2_K => (Codes::Bits2, Scales::WithMinBy16),
            WeightType::Q3_K => (Codes::Bits3, Scales::Signed { zero: 4 }),
            WeightType::Q4_K => (Codes::Bits4, Scales::WithMin),
            WeightType::Q5_K => (Codes::Bits5, Scales::WithMin),
            WeightType::Q6_K => (Codes::Bits6, Scales::Signed { zero: 32 }),
            WeightType::MXFP4 | WeightType::MlxMxfp4 => (Codes::E2M1, Scales::E8M0),
            WeightType::MlxMxfp8 => (Codes::E4M3, Scales::E8M0),
            WeightType::MlxNvfp4 => (Codes::E2M1, Scales::F16By16),
            WeightType::MlxAffine { bits, group: columns, scale: float } => {
                let codes = match bits {
                    2 => Codes::Bits2,
                    3 => Codes::Bits3,
                    4 => Codes::Bits4,
                    5 => Codes::Bits5,
                    6 => Codes::Bits6,
                    _ => Codes::Bits8,
                };
                (codes, Scales::Affine { columns, float })
            }
        };
        Self { codes, scales }
    }

    /// Columns of a block.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn block_columns(self) -> usize {
        self.scales.block_columns()
    }

    /// Groups of 32 columns of a block.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn block_groups(self) -> usize {
        self.block_columns() / GROUP
    }

    /// Bytes of a block: scales, then codes.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn block_bytes(self) -> usize {
        self.scales.header_bytes() + self.block_groups() * self.codes.group_bytes()
    }
}
