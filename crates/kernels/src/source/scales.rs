//! Scales that lie in an array of their own.

use crate::source::{Source, bf16_at, f16_at, f32_at};
use crate::weight_type::FloatType;

/// Scale and bias of the `group`-th group of a row.
pub fn affine_at(source: &Source<'_>, float: FloatType, row: usize, group: usize) -> (f32, f32) {
    let (block, _) = source.kind.block();
    let at = row * (source.columns / block) + group;
    let read = match float {
        FloatType::F32 => f32_at,
        FloatType::F16 => f16_at,
        FloatType::BF16 => bf16_at,
    };
    (read(source.scales, at), read(source.biases, at))
}
