use std::fmt;

/// How the numbers of a matrix are stored in a file.
///
/// The first thirteen and the two after them are ggml's, as GGUF files have
/// them; the `Mlx` ones are the arrays of an MLX folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, non_camel_case_types, reason = "the names that their makers give them")]
pub enum WeightType {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    MXFP4,
    /// `w = q · scale + bias`, `q` of `bits` bits, a scale and a bias a group.
    MlxAffine {
        /// 2, 3, 4, 5, 6 or 8.
        bits: u8,
        /// Columns that share a scale: 32, 64 or 128.
        group: u8,
        /// The type of scales and biases.
        scale: FloatType,
    },
    /// E2M1 numbers, an E8M0 scale for 32.
    MlxMxfp4,
    /// E4M3 numbers, an E8M0 scale for 32.
    MlxMxfp8,
    /// E2M1 numbers, an E4M3 scale for 16.
    MlxNvfp4,
}

/// A floating-point type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "their common names")]
pub enum FloatType {
    F32,
    F16,
    BF16,
}

impl FloatType {
    /// Bytes of one number.
    #[inline]
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

impl WeightType {
    /// Columns that belong together, and the bytes that the main array has
    /// for them. Scales of the MLX types lie in arrays of their own.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::Q4_0 | Self::IQ4_NL => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::MXFP4 => (32, 17),
            Self::Q2_K => (256, 84),
            Self::Q3_K => (256, 110),
            Self::Q4_K => (256, 144),
            Self::Q5_K => (256, 176),
            Self::Q6_K => (256, 210),
            Self::MlxAffine { bits, group, .. } => {
                (group as usize, group as usize * bits as usize / 8)
            }
            Self::MlxMxfp4 => (32, 16),
            Self::MlxMxfp8 => (32, 32),
            Self::MlxNvfp4 => (16, 8),
        }
    }

    /// Bytes of the scales of one block, where they have an array of their own.
    #[inline]
    pub const fn scale_bytes(self) -> usize {
        match self {
            Self::MlxAffine { scale, .. } => scale.bytes(),
            Self::MlxMxfp4 | Self::MlxMxfp8 | Self::MlxNvfp4 => 1,
            _ => 0,
        }
    }

    /// Bytes of the biases of one block.
    #[inline]
    pub const fn bias_bytes(self) -> usize {
        match self {
            Self::MlxAffine { scale, .. } => scale.bytes(),
            _ => 0,
        }
    }

    /// Whether the numbers are plain floats.
    #[inline]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::BF16)
    }
}

impl fmt::Display for WeightType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MlxAffine { bits, group, .. } => write!(f, "MLX {bits}-bit, groups of {group}"),
            Self::MlxMxfp4 => f.write_str("MLX mxfp4"),
            Self::MlxMxfp8 => f.write_str("MLX mxfp8"),
            Self::MlxNvfp4 => f.write_str("MLX nvfp4"),
            named => fmt::Debug::fmt(named, f),
        }
    }
}
