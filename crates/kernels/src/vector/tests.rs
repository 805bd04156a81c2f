use super::*;
use crate::activations::Activations;
use crate::testing::Random;
use crate::vector::isa::Isa;
use crate::vector::lanes;
use crate::vector::level::Task;

/// One table for each level that differs; the same twice where this machine
/// has no better.
const TIERS: [Tier; 3] = [Tier::Scalar, Tier::Avx2, Tier::Avx512];

const LENGTHS: [usize; 10] = [1, 2, 15, 16, 17, 64, 96, 127, 896, 1536];

fn numbers(count: usize, scale: f32, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.unit() * scale).collect()
}

/// Compares with what `define` gives, for every tier and length.
fn check(
    tolerance: f64,
    operation: impl Fn(&Vectors, &[f32], &[f32]) -> Vec<f32>,
    define: impl Fn(&[f64], &[f64]) -> Vec<f64>,
) {
    for (seed, length) in LENGTHS.into_iter().enumerate() {
        let (a, b) = (numbers(length, 8.0, seed as u64), numbers(length, 2.0, 99 + seed as u64));
        let wide = |x: &[f32]| -> Vec<f64> { x.iter().map(|x| f64::from(*x)).collect() };
        let expected = define(&wide(&a), &wide(&b));
        for tier in TIERS {
            let found = operation(vectors(tier), &a, &b);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                let off = (f64::from(*found) - expected).abs();
                let allowed = tolerance * expected.abs().max(1e-3);
                assert!(off <= allowed, "{tier} {length}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn rms_norm_divides_by_the_root_of_the_mean_square() {
    check(
        1e-6,
        |vectors, x, weight| {
            let mut out = vec![f32::NAN; x.len()];
            vectors.rms_norm(x, weight, 1e-5, &mut out);
            out
        },
        |x, weight| {
            let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
            x.iter().zip(weight).map(|(x, w)| x * w / (mean + 1e-5).sqrt()).collect()
        },
    );
}

#[test]
fn sums_and_products_are_those_of_the_rows() {
    let add = |vectors: &Vectors, a: &[f32], b: &[f32]| {
        let mut into = a.to_vec();
        vectors.add(&mut into, b);
        into
    };
    check(1e-4, add, |a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
    let scaled = |vectors: &Vectors, a: &[f32], b: &[f32]| {
        let mut into = a.to_vec();
        vectors.scale_add(&mut into, -0.75, b);
        into
    };
    check(1e-4, scaled, |a, b| a.iter().zip(b).map(|(a, b)| a - 0.75 * b).collect());
    // Squares: a sum of terms of either sign has no relative bound.
    let dot = |vectors: &Vectors, a: &[f32], _: &[f32]| vec![vectors.dot(a, a)];
    check(1e-6, dot, |a, _| vec![a.iter().map(|a| a * a).sum()]);
    let mixed = |vectors: &Vectors, a: &[f32], b: &[f32]| vec![vectors.dot(a, b)];
    check(1e-2, mixed, |a, b| vec![a.iter().zip(b).map(|(a, b)| a * b).sum()]);
}

#[test]
fn silu_is_a_sigmoid_times_its_argument() {
    check(
        1e-6,
        |vectors, gate, up| {
            let mut gate = gate.to_vec();
            vectors.silu_mul(&mut gate, up);
            gate
        },
        |gate, up| gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect(),
    );
    for tier in TIERS {
        let mut gate = [-200.0, 200.0, 0.0, f32::NAN];
        vectors(tier).silu_mul(&mut gate, &[1.0; 4]);
        assert!(gate[0].abs() < 1e-30 && gate[3].is_nan());
        assert_eq!(
            gate[1..3].iter().map(|g| g.to_bits()).collect::<Vec<_>>(),
            [200.0_f32.to_bits(), 0]
        );
    }
}

#[test]
fn softmax_shares_one_by_exponentials() {
    check(
        2e-6,
        |vectors, x, _| {
            let mut x = x.to_vec();
            vectors.softmax(&mut x);
            x
        },
        |x, _| {
            let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = x.iter().map(|x| (x - most).exp()).sum();
            x.iter().map(|x| (x - most).exp() / total).collect()
        },
    );
    for tier in TIERS {
        let mut masked = [1.0, f32::NEG_INFINITY, 1.0, -500.0];
        vectors(tier).softmax(&mut masked);
        assert_eq!(masked.map(f32::to_bits), [0.5_f32, 0.0, 0.5, 0.0].map(f32::to_bits));
    }
}

#[test]
fn rotation_turns_pairs_of_halves_or_of_neighbours() {
    for tier in TIERS {
        for pairs in [1, 4, 8, 20, 32, 64] {
            let head = numbers(2 * pairs, 1.0, pairs as u64);
            let angles = numbers(pairs, 3.0, 5);
            let cos: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
            let sin: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
            for interleaved in [false, true] {
                let mut turned = head.clone();
                vectors(tier).rotate(&mut turned, &cos, &sin, interleaved);
                for i in 0..pairs {
                    let (first, second) =
                        if interleaved { (2 * i, 2 * i + 1) } else { (i, i + pairs) };
                    let (a, b) = (f64::from(head[first]), f64::from(head[second]));
                    let (sin, cos) = (f64::from(sin[i]), f64::from(cos[i]));
                    assert!((f64::from(turned[first]) - (a * cos - b * sin)).abs() < 3e-7);
                    assert!((f64::from(turned[second]) - (b * cos + a * sin)).abs() < 3e-7);
                }
            }
        }
    }
}

#[test]
fn quantisation_is_the_same_to_the_last_bit() {
    let mut states = numbers(1536, 4.0, 3);
    // Halves of a code, a group of zeros, denormals, and what is no number.
    states[..32].fill(0.0);
    for (i, state) in states[32..64].iter_mut().enumerate() {
        *state = (i as f32 - 16.0) / 2.0 * if i == 31 { 127.0 / 7.5 } else { 1.0 };
    }
    states[64..96].iter_mut().for_each(|state| *state *= 1e-44);
    states[97] = f32::NAN;
    states[130] = f32::INFINITY;
    states[131] = f32::NEG_INFINITY;
    let mut expected = Activations::new(1, states.len()).with_bf16();
    expected.fill(&states);
    for tier in TIERS {
        let found = Activations::new(1, states.len()).with_bf16();
        // SAFETY: nobody else has these activations.
        let mut token = unsafe { found.token_mut(0) };
        token.values.copy_from_slice(&states);
        vectors(tier).quantise(&mut token);
        assert_eq!(&*found.codes, &*expected.codes, "{tier}");
        assert_eq!(&*found.sums, &*expected.sums, "{tier}");
        assert_eq!(&*found.bf16, &*expected.bf16, "{tier}");
        let bits = |scales: &[f32]| scales.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found.scales), bits(&expected.scales), "{tier}");
    }
}

struct Exponentials<'a>(&'a mut [f32]);

impl Task for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for x in self.0 {
            *x = lanes::exp::<I>(*x);
        }
    }
}

#[test]
fn the_exponential_is_within_two_units_in_the_last_place() {
    let arguments: Vec<f32> =
        (0..175_000_u32).map(|i| i as f32 * 1e-3 - 87.2).chain(numbers(50_000, 1.0, 1)).collect();
    for tier in TIERS {
        let mut found = arguments.clone();
        vectors(tier).level.run(Exponentials(&mut found));
        for (found, x) in found.iter().zip(&arguments) {
            let exact = f64::from(*x).exp();
            let unit = f64::from((exact as f32).next_up()) - f64::from(exact as f32);
            let off = (f64::from(*found) - exact).abs() / unit;
            assert!(off <= 2.0, "{tier}: exp({x}) = {found}, {off} units off");
        }
    }
}
