//! ggml's K-quants, blocks of 256 numbers: a search of our own for the scales
//! with the least squared error. The layouts are ggml's (`block_q4_K`,
//! `block_q5_K`, `block_q6_K`).

use super::float::{f16_from, f16_value};

/// Numbers of a block.
pub const BLOCK: usize = 256;
/// Adding and taking this rounds a number below 2^22 to a whole one.
const ROUNDING: f32 = 12_582_912.0;
/// The largest of the small scales and minima.
const MOST_SMALL: f32 = 63.0;
/// How far the steps that are tried lie around the obvious one, in steps.
const WIDEST: i16 = 10;

/// Quantises whole blocks to `Q4_K`.
pub fn q4_k(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<144>().0) {
        let block = WithMinima::of(values, 15.0);
        block.head(&mut out[..16]);
        for (two, out) in block.codes.as_chunks::<2>().0.iter().zip(out[16..].chunks_exact_mut(32))
        {
            for (j, out) in out.iter_mut().enumerate() {
                *out = two[0][j] | (two[1][j] << 4);
            }
        }
    }
}

/// Quantises whole blocks to `Q5_K`.
pub fn q5_k(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<176>().0) {
        let block = WithMinima::of(values, 31.0);
        block.head(&mut out[..16]);
        for j in 0..32 {
            let bits = block.codes.iter().enumerate();
            out[16 + j] = bits.fold(0, |all, (s, codes)| all | ((codes[j] >> 4) << s));
        }
        for (two, out) in block.codes.as_chunks::<2>().0.iter().zip(out[48..].chunks_exact_mut(32))
        {
            for (j, out) in out.iter_mut().enumerate() {
                *out = (two[0][j] & 15) | (two[1][j] << 4);
            }
        }
    }
}

/// Quantises whole blocks to `Q6_K`.
pub fn q6_k(values: &[f32], out: &mut [u8]) {
    for (values, out) in values.as_chunks::<BLOCK>().0.iter().zip(out.as_chunks_mut::<210>().0) {
        let parts = values.as_chunks::<16>().0;
        let mut steps = [0.0; 16];
        for (step, part) in steps.iter_mut().zip(parts) {
            *step = step_of(part);
        }
        let largest = steps.into_iter().fold(0.0_f32, |a, b| if b.abs() > a.abs() { b } else { a });
        let scale = f16_from(largest / -128.0);
        let wide = f16_value(scale);
        let mut codes = [0_u8; BLOCK];
        for (j, part) in parts.iter().enumerate() {
            let (small, own) = near(part, wide, steps[j]);
            out[192 + j] = small as i8 as u8;
            codes[16 * j..16 * (j + 1)].copy_from_slice(&own);
        }
        for (half, codes) in codes.as_chunks::<128>().0.iter().enumerate() {
            for j in 0..64 {
                out[64 * half + j] = (codes[j] & 15) | (codes[64 + j] << 4);
            }
            for j in 0..32 {
                let high = |s: usize| (codes[32 * s + j] >> 4) << (2 * s);
                out[128 + 32 * half + j] = high(0) | high(1) | high(2) | high(3);
            }
        }
        out[208..].copy_from_slice(&scale.to_le_bytes());
    }
}

/// Eight parts of 32 numbers, each `scale · code − minimum`.
struct WithMinima {
    scale: u16,
    minimum: u16,
    scales: [u8; 8],
    minima: [u8; 8],
    codes: [[u8; 32]; 8],
}

impl WithMinima {
    fn of(values: &[f32; BLOCK], top: f32) -> Self {
        let parts = values.as_chunks::<32>().0;
        let mut fits = [(0.0, 0.0); 8];
        for (fit, part) in fits.iter_mut().zip(parts) {
            *fit = fit_of(part, top);
        }
        let scale = fits.iter().map(|fit| fit.0).fold(0.0, f32::max) / MOST_SMALL;
        let minimum = fits.iter().map(|fit| fit.1).fold(0.0, f32::max) / MOST_SMALL;
        let (scale, minimum) = (f16_from(scale), f16_from(minimum));
        let wide = (f16_value(scale), f16_value(minimum));
        let (mut scales, mut minima, mut codes) = ([0; 8], [0; 8], [[0; 32]; 8]);
        for (s, part) in parts.iter().enumerate() {
            let small = near_both(part, wide, fits[s], top);
            (scales[s], minima[s]) = (small.0 as u8, small.1 as u8);
            let (step, low) = (wide.0 * small.0, wide.1 * small.1);
            let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
            for (code, value) in codes[s].iter_mut().zip(part) {
                *code = rounded(((value + low) * inverse).clamp(0.0, top)) as u8;
            }
        }
        Self { scale, minimum, scales, minima, codes }
    }

    /// Both wide scales and, six bits each, the small ones.
    fn head(&self, out: &mut [u8]) {
        out[..2].copy_from_slice(&self.scale.to_le_bytes());
        out[2..4].copy_from_slice(&self.minimum.to_le_bytes());
        let (scales, minima) = (&self.scales, &self.minima);
        for i in 0..4 {
            out[4 + i] = scales[i] | ((scales[i + 4] >> 4) << 6);
            out[8 + i] = minima[i] | ((minima[i + 4] >> 4) << 6);
            out[12 + i] = (scales[i + 4] & 15) | ((minima[i + 4] & 15) << 4);
        }
    }
}

fn rounded(value: f32) -> f32 {
    (value + ROUNDING) - ROUNDING
}

/// A step and a minimum, neither below zero, with little squared error: the
/// codes of many steps are tried, each with the step and the minimum that fit
/// them best.
fn fit_of(values: &[f32; 32], top: f32) -> (f32, f32) {
    let low = values.iter().copied().fold(0.0_f32, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = high - low;
    // Beyond this, the inverse is no number.
    if range.is_nan() || range <= 1e-30 {
        return (0.0, -low);
    }
    let sum: f32 = lanes(values, |value| value);
    let mut best = (f32::INFINITY, range / top, -low);
    for step in -WIDEST..=WIDEST {
        let inverse = (top + 0.1 * f32::from(step)) / range;
        let fit = refit(values, top, inverse, -low, sum);
        best = if fit.0 < best.0 { fit } else { best };
    }
    // Codes for the best step and minimum, and these again for the codes.
    for _ in 0..2 {
        if best.1 <= 0.0 {
            break;
        }
        let fit = refit(values, top, 1.0 / best.1, best.2, sum);
        best = if fit.0 < best.0 { fit } else { best };
    }
    (best.1, best.2)
}

/// The least squares for the codes that a step and a minimum give: the error
/// without what no fit changes, the step, the minimum.
fn refit(values: &[f32; 32], top: f32, inverse: f32, low: f32, sum: f32) -> (f32, f32, f32) {
    let (mut codes, mut squares, mut products) = ([0.0_f32; 8], [0.0_f32; 8], [0.0_f32; 8]);
    for eight in values.as_chunks::<8>().0 {
        for j in 0..8 {
            let code = rounded(((eight[j] + low) * inverse).clamp(0.0, top));
            codes[j] += code;
            squares[j] += code * code;
            products[j] += code * eight[j];
        }
    }
    let (q, qq, xq) = (total(&codes), total(&squares), total(&products));
    let (mut step, mut bias) = (0.0, sum / 32.0);
    let determinant = 32.0 * qq - q * q;
    if determinant > 0.0 {
        step = (32.0 * xq - q * sum) / determinant;
        bias = (qq * sum - q * xq) / determinant;
    }
    if bias > 0.0 {
        (step, bias) = (if qq > 0.0 { xq / qq } else { 0.0 }, 0.0);
    }
    if step < 0.0 {
        (step, bias) = (0.0, (sum / 32.0).min(0.0));
    }
    let error = step * (step * qq - 2.0 * xq + 2.0 * bias * q) + bias * (32.0 * bias - 2.0 * sum);
    (error, step, -bias)
}

fn lanes(values: &[f32; 32], each: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; 8];
    for eight in values.as_chunks::<8>().0 {
        for j in 0..8 {
            sums[j] += each(eight[j]);
        }
    }
    total(&sums)
}

fn total(sums: &[f32; 8]) -> f32 {
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

/// The small scale and minimum, among the nearest to a fit and their
/// neighbours, with the least squared error.
fn near_both(values: &[f32; 32], wide: (f32, f32), fit: (f32, f32), top: f32) -> (f32, f32) {
    let nearest = |fit: f32, wide: f32| {
        if wide > 0.0 { (fit / wide).round_ties_even().clamp(0.0, MOST_SMALL) } else { 0.0 }
    };
    let (scale, minimum) = (nearest(fit.0, wide.0), nearest(fit.1, wide.1));
    let mut best = (f32::INFINITY, scale, minimum);
    for scale in [scale, scale - 1.0, scale + 1.0] {
        for minimum in [minimum, minimum - 1.0, minimum + 1.0] {
            let range = 0.0..=MOST_SMALL;
            if !range.contains(&scale) || !range.contains(&minimum) {
                continue;
            }
            let (step, low) = (wide.0 * scale, wide.1 * minimum);
            let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
            let error = lanes(values, |value| {
                let code = rounded(((value + low) * inverse).clamp(0.0, top));
                let difference = value - (step * code - low);
                difference * difference
            });
            best = if error < best.0 { (error, scale, minimum) } else { best };
        }
    }
    (best.1, best.2)
}

/// The step, of either sign, for codes from −32 to 31 of sixteen numbers.
fn step_of(values: &[f32; 16]) -> f32 {
    let largest =
        values.iter().copied().fold(0.0_f32, |a, b| if b.abs() > a.abs() { b } else { a });
    if largest.is_nan() || largest.abs() <= 1e-30 {
        return 0.0;
    }
    let mut best = (0.0, 0.0);
    for step in -WIDEST..=WIDEST {
        let inverse = (-32.0 + 0.1 * f32::from(step)) / largest;
        let (mut products, mut squares) = ([0.0_f32; 8], [0.0_f32; 8]);
        for eight in values.as_chunks::<8>().0 {
            for j in 0..8 {
                let code = rounded((eight[j] * inverse).clamp(-32.0, 31.0));
                products[j] += code * eight[j];
                squares[j] += code * code;
            }
        }
        let (xq, qq) = (total(&products), total(&squares));
        // The error is what is left of the squares of the values.
        if qq > 0.0 && xq * (xq / qq) > best.0 {
            best = (xq * (xq / qq), xq / qq);
        }
    }
    best.1
}

/// The small scale, the nearest to a step or a neighbour, with the least
/// squared error, and its codes, moved by 32.
fn near(values: &[f32; 16], wide: f32, step: f32) -> (f32, [u8; 16]) {
    let nearest =
        if wide == 0.0 { 0.0 } else { (step / wide).round_ties_even().clamp(-128.0, 127.0) };
    let mut best = (f32::INFINITY, 0.0, [32; 16]);
    for small in [nearest, nearest - 1.0, nearest + 1.0] {
        let step = wide * small;
        let inverse = if step == 0.0 { 0.0 } else { 1.0 / step };
        let (mut codes, mut errors) = ([32; 16], [0.0_f32; 8]);
        for (eight, codes) in values.as_chunks::<8>().0.iter().zip(codes.as_chunks_mut::<8>().0) {
            for j in 0..8 {
                let code = rounded((eight[j] * inverse).clamp(-32.0, 31.0));
                let difference = eight[j] - step * code;
                errors[j] += difference * difference;
                codes[j] = (code + 32.0) as u8;
            }
        }
        let error = total(&errors);
        if (-128.0..=127.0).contains(&small) && error < best.0 {
            best = (error, small, codes);
        }
    }
    (best.1, best.2)
}
