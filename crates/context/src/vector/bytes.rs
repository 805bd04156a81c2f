//! Vectors of length 1 as a byte a number.

/// The length 1.
const ONE: f32 = 127.0;

/// Scales a vector to the length 1 and rounds it; all zeros where it has no
/// direction.
pub fn to_bytes(vector: &[f32]) -> Vec<i8> {
    let length = vector.iter().map(|one| one * one).sum::<f32>().sqrt();
    if !(length.is_finite() && length > f32::MIN_POSITIVE) {
        return vec![0; vector.len()];
    }
    vector.iter().map(|one| (one / length * ONE).round() as i8).collect()
}

/// The cosine of two vectors of length 1, the second as it is kept.
///
/// Whole numbers, so that the order of the sum does not matter and the compiler
/// may take as many at once as the machine has lanes for.
pub fn dot(one: &[i8], kept: &[u8]) -> f32 {
    let sum: i32 = one
        .iter()
        .zip(kept)
        .map(|(one, other)| i32::from(i16::from(*one) * i16::from(other.cast_signed())))
        .sum();
    sum as f32 / (ONE * ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(bytes: &[i8]) -> Vec<u8> {
        bytes.iter().map(|byte| byte.cast_unsigned()).collect()
    }

    #[test]
    fn what_has_no_direction_is_near_to_nothing() {
        for odd in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            assert_eq!(to_bytes(&odd), [0, 0]);
        }
    }

    proptest! {
        #[test]
        fn cosines_are_kept_but_for_rounding(
            pairs in prop::collection::vec((-1.0..1.0_f32, -1.0..1.0_f32), 2..96),
        ) {
            let (one, other): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let lengths = (sum(&one, &one) * sum(&other, &other)).sqrt();
            prop_assume!(lengths > 1e-3);
            let cosine = dot(&to_bytes(&one), &kept(&to_bytes(&other)));
            prop_assert!((cosine - sum(&one, &other) / lengths).abs() < 0.05, "{}", cosine);
        }
    }
}
