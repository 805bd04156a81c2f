//! The functions between the halves of a feed-forward network.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// Beyond this the error function is 1 for numbers of 32 bits.
const FAR: f32 = 3.925;

/// `erf(x) ≈ x P(x²) / Q(x²)` between −3.925 and 3.925, to 2·10⁻⁸ but for
/// rounding: fitted by least squares whose weights follow the error (Lawson,
/// 1961).
const P: [f32; 6] =
    [FRAC_2_SQRT_PI, 0.192_965_5, 0.053_083_22, 0.003_875_959_6, 2.874_73e-4, 2.030_787_4e-6];
const Q: [f32; 6] = [1.0, 0.504_342_9, 0.115_164_36, 0.015_187_642, 0.001_189_639_8, 3.802_958e-5];

/// `x = x Φ(x) = x (1 + erf(x / √2)) / 2` for each (Hendrycks and Gimpel,
/// 2016). Without a branch, so that the compiler takes several at once.
pub fn gelu(numbers: &mut [f32]) {
    for number in numbers {
        let x = (*number * FRAC_1_SQRT_2).clamp(-FAR, FAR);
        let square = x * x;
        let over = P.iter().rev().fold(0.0, |sum, one| sum * square + one);
        let under = Q.iter().rev().fold(0.0, |sum, one| sum * square + one);
        *number *= 0.5 + 0.5 * (x * over / under);
    }
}

/// The same by its approximation: `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`.
pub fn gelu_tanh(numbers: &mut [f32]) {
    const ROOT: f32 = 0.797_884_6;
    for number in numbers {
        let x = *number;
        *number = 0.5 * x * (1.0 + (ROOT * (x + 0.044_715 * x * x * x)).tanh());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_out() {
        // By tables of the normal distribution.
        let check = |function: fn(&mut [f32]), most: f32| {
            for (x, expect) in [
                (0.0, 0.0),
                (1.0, 0.841_344_7),
                (-1.0, -0.158_655_25),
                (2.0, 1.954_499_7),
                (-3.0, -0.004_049_694),
                (0.5, 0.345_731_23),
                (9.0, 9.0),
                (-9.0, 0.0),
            ] {
                let mut number = [x];
                function(&mut number);
                assert!((number[0] - expect).abs() < most, "{x}: {}", number[0]);
            }
        };
        check(gelu, 1e-6);
        check(gelu_tanh, 5e-4);
    }
}
