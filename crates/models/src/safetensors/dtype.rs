use std::fmt;

/// How the numbers of a tensor are stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, non_camel_case_types, reason = "the names that the format gives them")]
pub enum SafetensorsType {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    BOOL,
    F8_E4M3,
    F8_E5M2,
    F8_E8M0,
    /// A type that is not computed with here, by its name.
    Other(String),
}

impl SafetensorsType {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "F64" => Self::F64,
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::BF16,
            "I64" => Self::I64,
            "I32" => Self::I32,
            "I16" => Self::I16,
            "I8" => Self::I8,
            "U64" => Self::U64,
            "U32" => Self::U32,
            "U16" => Self::U16,
            "U8" => Self::U8,
            "BOOL" => Self::BOOL,
            "F8_E4M3" => Self::F8_E4M3,
            "F8_E5M2" => Self::F8_E5M2,
            "F8_E8M0" => Self::F8_E8M0,
            _ => Self::Other(name.to_owned()),
        }
    }

    /// Bytes of a number; `None` for a type that is not computed with here.
    pub fn size_bytes(&self) -> Option<u64> {
        match self {
            Self::Other(_) => None,
            known => known.bits().map(|bits| bits / 8),
        }
    }

    /// Bits of a number; `None` for a type that the format has not.
    pub(super) fn bits(&self) -> Option<u64> {
        Some(match self {
            Self::F64 | Self::I64 | Self::U64 => 64,
            Self::F32 | Self::I32 | Self::U32 => 32,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 16,
            Self::I8 | Self::U8 | Self::BOOL | Self::F8_E4M3 | Self::F8_E5M2 | Self::F8_E8M0 => 8,
            Self::Other(name) => match name.as_str() {
                "C64" => 64,
                "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
                "F6_E2M3" | "F6_E3M2" => 6,
                "F4" => 4,
                _ => return None,
            },
        })
    }
}

impl fmt::Display for SafetensorsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.write_str(name),
            known => fmt::Debug::fmt(known, f),
        }
    }
}
