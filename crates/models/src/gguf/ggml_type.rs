use std::fmt;

/// How the numbers of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, non_camel_case_types, reason = "the names that ggml gives them")]
pub enum GgmlType {
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
    /// A type that is not computed with here, by ggml's number.
    Other(u32),
}

impl GgmlType {
    /// The type of ggml's number.
    pub fn from_number(number: u32) -> Self {
        match number {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::Q4_0,
            3 => Self::Q4_1,
            6 => Self::Q5_0,
            7 => Self::Q5_1,
            8 => Self::Q8_0,
            10 => Self::Q2_K,
            11 => Self::Q3_K,
            12 => Self::Q4_K,
            13 => Self::Q5_K,
            14 => Self::Q6_K,
            20 => Self::IQ4_NL,
            30 => Self::BF16,
            39 => Self::MXFP4,
            other => Self::Other(other),
        }
    }

    /// Numbers in a block, and the block's bytes, as ggml defines them; `None`
    /// for a type that ggml has not or no longer.
    pub fn block(self) -> Option<(u64, u64)> {
        Some(match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::Q4_0 | Self::IQ4_NL => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2_K => (256, 84),
            Self::Q3_K => (256, 110),
            Self::Q4_K => (256, 144),
            Self::Q5_K => (256, 176),
            Self::Q6_K => (256, 210),
            Self::MXFP4 => (32, 17),
            Self::Other(number) => match number {
                9 => (32, 40),
                15 => (256, 292),
                16 | 35 => (256, 66),
                17 => (256, 74),
                18 => (256, 98),
                19 => (256, 50),
                21 => (256, 110),
                22 => (256, 82),
                23 => (256, 136),
                24 => (1, 1),
                25 => (1, 2),
                26 => (1, 4),
                27 | 28 => (1, 8),
                29 => (256, 56),
                34 => (256, 54),
                40 => (64, 36),
                41 => (128, 18),
                _ => return None,
            },
        })
    }
}

impl fmt::Display for GgmlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // ggml's numbers of the types that people are likely to meet.
            Self::Other(number) => f.write_str(match number {
                4 => "Q4_2",
                5 => "Q4_3",
                9 => "Q8_1",
                15 => "Q8_K",
                16 => "IQ2_XXS",
                17 => "IQ2_XS",
                18 => "IQ3_XXS",
                19 => "IQ1_S",
                21 => "IQ3_S",
                22 => "IQ2_S",
                23 => "IQ4_XS",
                24 => "I8",
                25 => "I16",
                26 => "I32",
                27 => "I64",
                28 => "F64",
                29 => "IQ1_M",
                31 => "Q4_0_4_4",
                32 => "Q4_0_4_8",
                33 => "Q4_0_8_8",
                34 => "TQ1_0",
                35 => "TQ2_0",
                36 => "IQ4_NL_4_4",
                37 => "IQ4_NL_4_8",
                38 => "IQ4_NL_8_8",
                40 => "NVFP4",
                41 => "Q1_0",
                _ => return write!(f, "ggml type {number}"),
            }),
            known => fmt::Debug::fmt(known, f),
        }
    }
}
