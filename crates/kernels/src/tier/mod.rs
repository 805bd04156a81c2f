//! Kernels by instruction set.

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(test)]
mod check;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use scalar::Scalar;

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;

/// A set of instructions that kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Tier {
    /// Plain Rust, on every machine: what the others are tested against.
    Scalar,
    /// ARM's vectors with `sdot`.
    Neon,
    /// The same with `smmla`.
    NeonI8mm,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// The same with `vpdpbusd` (AVX-VNNI).
    AvxVnni,
    /// AVX-512 F, BW, VL and VNNI.
    Avx512,
    /// The same with BF16, and AMX tiles for many tokens.
    Amx,
}

impl Tier {
    const ALL: [Self; 7] = [
        Self::Amx,
        Self::Avx512,
        Self::AvxVnni,
        Self::Avx2,
        Self::NeonI8mm,
        Self::Neon,
        Self::Scalar,
    ];

    /// The fastest tier of this machine.
    pub fn detect() -> Self {
        Self::ALL.into_iter().find(|tier| kernels(*tier).is_some()).unwrap_or(Self::Scalar)
    }

    /// All tiers of this machine, the fastest first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|tier| kernels(*tier).is_some()).collect()
    }

    /// The name that options and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::NeonI8mm => "neon-i8mm",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avx-vnni",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(name: &str) -> Result<Self, UnknownTier> {
        let found = Self::ALL.into_iter().find(|tier| tier.name() == name);
        found.ok_or_else(|| UnknownTier { name: name.to_owned() })
    }
}

/// A name that is no tier's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTier {
    /// The name.
    pub name: String,
}

impl fmt::Display for UnknownTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Tier::ALL.map(Tier::name).join(", ");
        write!(f, "{} is no set of instructions: there are {names}", self.name)
    }
}

impl std::error::Error for UnknownTier {}

/// Products of packed weights.
///
/// An implementation is one tier's. Results differ between tiers by rounding
/// alone, and not at all with the number of threads.
pub trait Kernels: Send + Sync + fmt::Debug {
    /// The tier that this is.
    fn tier(&self) -> Tier;

    /// Room for states, with all that this tier's products take.
    fn activations(&self, tokens: usize, columns: usize) -> Activations {
        Activations::new(tokens, columns)
    }

    /// Multiplies the rows of some tiles with one to eight tokens. Weights are
    /// read once, which is what takes the time.
    fn gemv(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
    );

    /// Multiplies the rows of some tiles with any number of tokens.
    fn gemm(
        &self,
        weight: &Packed,
        tiles: Range<usize>,
        input: &Activations,
        output: &mut Output<'_>,
        scratch: &mut Scratch,
    );

    /// Whether [`gemm`](Self::gemm) takes the states as bfloat16, and as they
    /// are where weights are f32, but not their codes.
    fn takes_bf16(&self) -> bool {
        false
    }

    /// Whether [`gated`](Self::gated) can be called for two matrices.
    fn multiplies_gated(&self, _gate: &Packed, _up: &Packed) -> bool {
        false
    }

    /// `silu(G h) · U h` for some tiles of `[G, U]` and any number of tokens,
    /// rounded to bfloat16: columns of a state for another `gemm`, which has
    /// nothing else of it.
    ///
    /// # Safety
    /// Nobody else reads or writes these columns of the output.
    ///
    /// # Panics
    /// Where [`multiplies_gated`](Self::multiplies_gated) is false, or shapes do
    /// not fit.
    unsafe fn gated(
        &self,
        _weights: [&Packed; 2],
        _tiles: Range<usize>,
        _input: &Activations,
        _output: &Activations,
        _scratch: &mut Scratch,
    ) {
        unreachable!("`multiplies_gated` is false")
    }

    /// The numbers of one row: an embedding.
    fn row(&self, weight: &Packed, row: usize, out: &mut [f32]) {
        weight.dequantise_row(row, out);
    }
}

/// Kernels that live as long as the program.
pub type KernelsRef = &'static dyn Kernels;

impl Default for KernelsRef {
    fn default() -> Self {
        &Scalar
    }
}

/// The kernels of a tier; `None` where this machine cannot run them.
pub fn kernels(tier: Tier) -> Option<KernelsRef> {
    match tier {
        Tier::Scalar => Some(&Scalar),
        #[cfg(target_arch = "aarch64")]
        Tier::Neon | Tier::NeonI8mm => neon::kernels(tier),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx2 | Tier::AvxVnni => avx2::kernels(tier),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx512 => avx512::kernels(),
        #[cfg(target_arch = "x86_64")]
        Tier::Amx => amx::kernels(),
        _ => None,
    }
}

/// What one thread's products keep between calls.
#[derive(Debug, Default)]
pub struct Scratch {
    bytes: Vec<u64>,
}

impl Scratch {
    /// At least `len` bytes on a multiple of 64, of any content.
    pub fn bytes(&mut self, len: usize) -> &mut [u8] {
        let words = len.div_ceil(8) + 8;
        if self.bytes.len() < words {
            self.bytes.resize(words, 0);
        }
        // SAFETY: any byte is a valid u8, and the region is the vector's own.
        let (_, bytes, _) = unsafe { self.bytes.align_to_mut::<u8>() };
        let start = bytes.as_ptr().align_offset(64);
        &mut bytes[start..start + len]
    }
}
