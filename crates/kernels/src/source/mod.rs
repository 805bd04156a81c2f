//! A matrix as a file has it.

mod codes;
mod floats;
mod k_quants;
mod row;
mod scales;

use std::error::Error;
use std::fmt;

pub use codes::{E2M1_DOUBLED, IQ4_NL, group_codes};
pub use floats::{bf16_at, e4m3, e8m0, f16_at, f32_at};
pub use k_quants::{scales_of_q3_k, scales_of_q4_k};
pub use scales::affine_at;

use crate::weight_type::WeightType;

/// A matrix of a file: `rows` × `columns` numbers, row after row.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub(crate) kind: WeightType,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) data: &'a [u8],
    pub(crate) scales: &'a [u8],
    pub(crate) biases: &'a [u8],
}

/// A matrix that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// The row's length is no multiple of what the type, or any kernel, takes.
    Columns {
        /// The length.
        columns: usize,
        /// What it has to be a multiple of.
        multiple: usize,
    },
    /// The bytes are fewer or more than the shape takes.
    Length {
        /// Which of the arrays: `weight`, `scales` or `biases`.
        array: &'static str,
        /// The bytes that the shape takes.
        expected: usize,
        /// The bytes that there are.
        found: usize,
    },
    /// Bits or a group that MLX does not have.
    Quantisation {
        /// Bits of a number.
        bits: u8,
        /// Columns of a group.
        group: u8,
    },
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns { columns, multiple } => {
                write!(f, "rows of {columns} numbers, not a multiple of {multiple}")
            }
            Self::Length { array, expected, found } => {
                write!(f, "{found} bytes of {array} where the shape takes {expected}")
            }
            Self::Quantisation { bits, group } => {
                write!(f, "numbers of {bits} bits in groups of {group}")
            }
        }
    }
}

impl Error for SourceError {}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({}, {} × {})", self.kind, self.rows, self.columns)
    }
}

/// Columns that every kernel takes together.
pub const GROUP: usize = 32;

impl<'a> Source<'a> {
    /// A matrix whose scales, if it has any, lie among its numbers.
    pub fn new(
        kind: WeightType,
        rows: usize,
        columns: usize,
        data: &'a [u8],
    ) -> Result<Self, SourceError> {
        Self::with_scales(kind, rows, columns, data, &[], &[])
    }

    /// A matrix of an MLX folder: `data` is its `weight`. The floating-point
    /// modes have no biases.
    pub fn with_scales(
        kind: WeightType,
        rows: usize,
        columns: usize,
        data: &'a [u8],
        scales: &'a [u8],
        biases: &'a [u8],
    ) -> Result<Self, SourceError> {
        if let WeightType::MlxAffine { bits, group, .. } = kind
            && !(matches!(bits, 2..=6 | 8) && matches!(group, 32 | 64 | 128))
        {
            return Err(SourceError::Quantisation { bits, group });
        }
        let (block, bytes) = kind.block();
        let multiple = block.max(GROUP);
        if columns == 0 || !columns.is_multiple_of(multiple) {
            return Err(SourceError::Columns { columns, multiple });
        }
        let blocks = (columns / block).saturating_mul(rows);
        let arrays = [
            ("weight", bytes, data),
            ("scales", kind.scale_bytes(), scales),
            ("biases", kind.bias_bytes(), biases),
        ];
        for (array, bytes, found) in arrays {
            let expected = blocks.saturating_mul(bytes);
            if found.len() != expected {
                return Err(SourceError::Length { array, expected, found: found.len() });
            }
        }
        Ok(Self { kind, rows, columns, data, scales, biases })
    }

    /// The type of its numbers.
    pub fn kind(&self) -> WeightType {
        self.kind
    }

    /// Rows: the length of a product.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns: the length of what is multiplied.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The bytes of one row in the main array.
    #[inline]
    pub(crate) fn row_bytes(&self, row: usize) -> &'a [u8] {
        let (block, bytes) = self.kind.block();
        let length = self.columns / block * bytes;
        &self.data[row * length..(row + 1) * length]
    }
}
