//! From the states of a text's tokens to one vector.

use mlxcode_models::Pooling;

/// The vector of a text, from its states, `[tokens, hidden]`.
pub fn pool(states: &[f32], hidden: usize, pooling: Pooling) -> Vec<f32> {
    let tokens = states.chunks_exact(hidden);
    let count = tokens.len().max(1) as f32;
    let sum = || {
        let mut sum = vec![0.0_f32; hidden];
        for token in states.chunks_exact(hidden) {
            sum.iter_mut().zip(token).for_each(|(sum, one)| *sum += one);
        }
        sum
    };
    let divided = |by: f32| sum().into_iter().map(|one| one / by).collect();
    let one = |token: Option<&[f32]>| token.map_or_else(|| vec![0.0; hidden], <[f32]>::to_vec);
    match pooling {
        Pooling::First => one(states.chunks_exact(hidden).next()),
        Pooling::Last => one(states.chunks_exact(hidden).next_back()),
        Pooling::Most => {
            let mut most = one(states.chunks_exact(hidden).next());
            for token in tokens {
                most.iter_mut().zip(token).for_each(|(most, one)| *most = most.max(*one));
            }
            most
        }
        Pooling::MeanRoot => divided(count.sqrt()),
        _ => divided(count),
    }
}

/// Makes a vector as long as 1; one without a direction stays as it is.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|one| one * one).sum::<f32>().sqrt();
    for one in vector {
        *one /= length.max(1e-12);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_one_vector() {
        let states = [1.0, -2.0, 3.0, 4.0, 5.0, -5.0, 7.0, 1.0];
        for (pooling, expect) in [
            (Pooling::Mean, [4.0, -0.5]),
            (Pooling::First, [1.0, -2.0]),
            (Pooling::Last, [7.0, 1.0]),
            (Pooling::Most, [7.0, 4.0]),
            (Pooling::MeanRoot, [8.0, -1.0]),
        ] {
            assert_eq!(pool(&states, 2, pooling), expect, "{pooling:?}");
            assert_eq!(pool(&[], 2, pooling), [0.0, 0.0], "{pooling:?}");
        }
    }

    #[test]
    fn a_direction_is_kept() {
        let mut vector = [3.0, 4.0];
        normalise(&mut vector);
        assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] - 0.8).abs() < 1e-6, "{vector:?}");
        let mut nothing = [0.0, 0.0];
        normalise(&mut nothing);
        assert!(nothing.iter().all(|number| *number == 0.0));
    }
}
