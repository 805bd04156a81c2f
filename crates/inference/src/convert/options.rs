//! What to convert to.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use mlxcode_kernels::FloatType;

/// What a model is converted to. Its text is that of the command line:
/// `gguf:q4_k_m`, `mlx:4:64`, `safetensors:bf16`.
///
/// ```
/// use mlxcode_inference::ConvertTarget;
///
/// let target: ConvertTarget = "mlx:4".parse()?;
/// assert_eq!(target, ConvertTarget::Mlx { bits: 4, group: 64 });
/// assert_eq!(target.to_string(), "mlx:4:64");
/// # Ok::<(), mlxcode_inference::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertTarget {
    /// One GGUF file, from safetensors.
    Gguf(GgufKind),
    /// A folder as `mlx_lm convert -q` writes it, from safetensors.
    Mlx {
        /// Bits of a number: 2, 3, 4, 5, 6 or 8.
        bits: u8,
        /// Columns that share a scale: 32, 64 or 128.
        group: u8,
    },
    /// A folder of plain floats, from GGUF.
    Safetensors(FloatType),
}

/// How most weights of a GGUF file are stored. Vectors and routers are `F32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, non_camel_case_types, reason = "the names that llama.cpp gives them")]
pub enum GgufKind {
    F32,
    F16,
    BF16,
    Q8_0,
    /// All but the output layer, which is `Q6_K`.
    Q4_0,
    /// `Q4_K`, and `Q6_K` where llama.cpp finds it worth it.
    Q4_K_M,
}

/// How to convert.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// What to.
    pub target: ConvertTarget,
    /// Threads that work, at a low priority where the system has one for a
    /// thread (Linux); `None`: as many as the machine has processors.
    pub threads: Option<NonZeroUsize>,
}

impl ConvertOptions {
    /// Converts to `target` with all processors.
    pub fn new(target: ConvertTarget) -> Self {
        Self { target, threads: None }
    }
}

/// What a conversion made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The file or the folder.
    pub path: PathBuf,
    /// All its files together.
    pub size_bytes: u64,
    /// Weights in it.
    pub tensors: usize,
    /// Weights that an earlier run that was cut off had finished.
    pub resumed: usize,
    /// What the source says and the result cannot.
    pub lost: Vec<String>,
}

/// The targets as a list for people.
pub const TARGETS: &str = "gguf:f32, gguf:f16, gguf:bf16, gguf:q8_0, gguf:q4_0, gguf:q4_k_m, \
     mlx:BITS or mlx:BITS:GROUP with 2, 3, 4, 5, 6 or 8 bits and a group of 32, 64 or 128, \
     safetensors:f32, safetensors:f16, safetensors:bf16";

impl FromStr for ConvertTarget {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || crate::Error::ConvertTarget { text: text.to_owned() };
        let (format, kind) = text.split_once(':').unwrap_or((text, ""));
        match format {
            "gguf" => GGUF_KINDS
                .into_iter()
                .find(|(name, _)| kind.eq_ignore_ascii_case(name))
                .map(|(_, kind)| Self::Gguf(kind))
                .ok_or_else(unknown),
            "mlx" => {
                let (bits, group) = kind.split_once(':').unwrap_or((kind, "64"));
                let bits = bits.parse().ok().filter(|bits| matches!(bits, 2..=6 | 8));
                let group = group.parse().ok().filter(|group| matches!(group, 32 | 64 | 128));
                match (bits, group) {
                    (Some(bits), Some(group)) => Ok(Self::Mlx { bits, group }),
                    _ => Err(unknown()),
                }
            }
            "safetensors" => Ok(Self::Safetensors(match kind.to_ascii_lowercase().as_str() {
                "f32" => FloatType::F32,
                "f16" => FloatType::F16,
                "" | "bf16" => FloatType::BF16,
                _ => return Err(unknown()),
            })),
            _ => Err(unknown()),
        }
    }
}

const GGUF_KINDS: [(&str, GgufKind); 6] = [
    ("f32", GgufKind::F32),
    ("f16", GgufKind::F16),
    ("bf16", GgufKind::BF16),
    ("q8_0", GgufKind::Q8_0),
    ("q4_0", GgufKind::Q4_0),
    ("q4_k_m", GgufKind::Q4_K_M),
];

impl ConvertTarget {
    /// What a model called `name` would be called after this, such as
    /// `name-q8_0.gguf` or the folder `name-mlx-4bit`.
    pub fn file_name(&self, name: &str) -> String {
        match self {
            Self::Gguf(kind) => format!("{name}-{}.gguf", kind.name()),
            Self::Mlx { bits, group: 64 } => format!("{name}-mlx-{bits}bit"),
            Self::Mlx { bits, group } => format!("{name}-mlx-{bits}bit-{group}"),
            Self::Safetensors(kind) => format!("{name}-{}", float_name(*kind)),
        }
    }
}

impl GgufKind {
    fn name(self) -> &'static str {
        GGUF_KINDS.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

fn float_name(kind: FloatType) -> &'static str {
    match kind {
        FloatType::F32 => "f32",
        FloatType::F16 => "f16",
        FloatType::BF16 => "bf16",
    }
}

impl fmt::Display for ConvertTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gguf(kind) => write!(f, "gguf:{}", kind.name()),
            Self::Mlx { bits, group } => write!(f, "mlx:{bits}:{group}"),
            Self::Safetensors(kind) => write!(f, "safetensors:{}", float_name(*kind)),
        }
    }
}
