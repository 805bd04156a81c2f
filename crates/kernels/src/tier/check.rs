//! One test for all tiers: their products against the scalar ones, and the
//! scalar ones against the definition of each type.

use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::testing::{Fill, Matrix, Random, SHAPES, all_types};
use crate::tier::{Kernels, Scratch, Tier, kernels};
use crate::weight_type::WeightType;

/// How far a product may lie from another, for states and weights such as
/// those of the test.
#[derive(Clone, Copy)]
enum Tolerance {
    /// The same whole numbers, added in another order.
    Order,
    /// States or weights rounded to bfloat16 or to bytes.
    Rounding,
}

fn states(tokens: usize, columns: usize, fill: Fill, seed: u64) -> Vec<f32> {
    let mut random = Random::new(seed);
    let mut states: Vec<f32> = (0..tokens * columns).map(|_| random.unit()).collect();
    match fill {
        // A group of zeros has no scale.
        Fill::Zeros => states[..32].fill(0.0),
        Fill::Maxima => states.iter_mut().for_each(|state| *state = state.signum()),
        Fill::Random | Fill::Denormals => {}
    }
    states
}

fn gemv(kernels: &dyn Kernels, weight: &Packed, input: &Activations) -> Vec<f32> {
    let mut products = vec![f32::NAN; input.tokens() * weight.rows()];
    // Two ranges, as two threads would have them.
    let middle = weight.tiles() / 3;
    for tiles in [0..middle, middle..weight.tiles()] {
        let mut output = Output::new(&mut products, weight.rows());
        kernels.gemv(weight, tiles, input, &mut output);
    }
    products
}

fn gemm(kernels: &dyn Kernels, weight: &Packed, input: &Activations) -> Vec<f32> {
    let mut products = vec![1.0; input.tokens() * weight.rows()];
    let mut scratch = Scratch::default();
    let middle = weight.tiles() / 3;
    for tiles in [0..middle, middle..weight.tiles()] {
        // Added, so that this is tried as well.
        let mut output = Output::new(&mut products, weight.rows()).adding();
        kernels.gemm(weight, tiles, input, &mut output, &mut scratch);
    }
    products.iter().map(|product| product - 1.0).collect()
}

/// Products by the definition, and for each the length of both factors.
fn defined(matrix: &Matrix, states: &[f32]) -> Vec<(f64, f64)> {
    let source = matrix.source();
    let mut row = vec![0.0; source.columns()];
    let rows: Vec<Vec<f32>> = (0..source.rows())
        .map(|number| {
            source.dequantise_row(number, &mut row);
            row.clone()
        })
        .collect();
    let length =
        |numbers: &[f32]| numbers.iter().map(|n| f64::from(*n).powi(2)).sum::<f64>().sqrt();
    let mut products = Vec::new();
    for state in states.chunks_exact(source.columns()) {
        for row in &rows {
            let product = row.iter().zip(state).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            products.push((product, length(row) * length(state)));
        }
    }
    products
}

fn compare(found: &[f32], expected: &[(f64, f64)], tolerance: Tolerance, what: &str) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, (expected, lengths))) in found.iter().zip(expected).enumerate() {
        let allowed = match tolerance {
            Tolerance::Order => 2e-5,
            Tolerance::Rounding => 1.2e-2,
        };
        // One is added to the products of `gemm` before they are compared.
        let allowed = allowed * lengths + 1e-6;
        let difference = (f64::from(*found) - expected).abs();
        assert!(
            difference <= allowed,
            "{what}: product {place} is {found}, not {expected} (± {allowed})"
        );
    }
}

/// Numbers of tokens that are tried; more than eight are no `gemv`.
const TOKENS: [usize; 8] = [1, 2, 3, 5, 8, 9, 16, 35];

/// Compares all types, fills, shapes and numbers of tokens.
pub fn check(kernels: &dyn Kernels, types: &[WeightType]) {
    for (number, kind) in types.iter().enumerate() {
        for fill in Fill::ALL {
            for (rows, columns) in SHAPES {
                let matrix = Matrix::new(*kind, rows, columns, fill, number as u64);
                let columns = matrix.source().columns();
                let what = format!("{} {kind} {fill:?} {rows} × {columns}", kernels.tier());
                // Tokens do not hang on one another, so one product serves all.
                let most = if fill == Fill::Random { TOKENS[7] } else { TOKENS[5] };
                let states = states(most, columns, fill, 7);
                check_matrix(kernels, &matrix, &states, &what);
            }
        }
    }
}

fn check_matrix(kernels: &dyn Kernels, matrix: &Matrix, states: &[f32], what: &str) {
    let source = matrix.source();
    let (rows, columns) = (source.rows(), source.columns());
    let weight = Packed::new(&source);
    let input = |tokens: usize| {
        let mut input = kernels.activations(tokens, columns);
        input.fill(&states[..tokens * columns]);
        input
    };
    let most = states.len() / columns;
    let defined = defined(matrix, states);
    let scalar = gemv(&super::scalar::Scalar, &weight, &input(most));
    compare(&scalar, &defined, Tolerance::Rounding, &format!("definition, {what}"));
    let lengths = defined.iter().map(|(_, lengths)| *lengths);
    let expected: Vec<(f64, f64)> = scalar.iter().map(|p| f64::from(*p)).zip(lengths).collect();
    for tokens in TOKENS.into_iter().filter(|tokens| *tokens <= most) {
        let (input, expected) = (input(tokens), &expected[..tokens * rows]);
        let what = format!("{what}, {tokens} tokens");
        if tokens <= 8 {
            let found = gemv(kernels, &weight, &input);
            compare(&found, expected, Tolerance::Order, &format!("gemv, {what}"));
        }
        let tolerance = match kernels.tier() {
            Tier::Amx if source.kind() != WeightType::F32 => Tolerance::Rounding,
            _ => Tolerance::Order,
        };
        compare(&gemm(kernels, &weight, &input), expected, tolerance, &format!("gemm, {what}"));
    }
}

#[test]
fn the_scalar_tier_computes_what_the_types_define() {
    let types = all_types();
    for (number, kind) in types.iter().enumerate() {
        for fill in Fill::ALL {
            for (rows, columns) in SHAPES {
                let matrix = Matrix::new(*kind, rows, columns, fill, number as u64);
                let states = states(3, matrix.source().columns(), fill, 7);
                check_matrix(&super::scalar::Scalar, &matrix, &states, &format!("{kind} {fill:?}"));
            }
        }
    }
}

/// Every tier that this machine can run; the others are skipped.
#[test]
fn every_tier_agrees_with_the_scalar_one() {
    for tier in Tier::available().into_iter().filter(|tier| *tier != Tier::Scalar) {
        if let Some(kernels) = kernels(tier) {
            check(kernels, &all_types());
        }
    }
}

#[test]
fn the_machine_has_at_least_the_scalar_tier() {
    assert_eq!(Tier::available().last(), Some(&Tier::Scalar));
    for tier in Tier::available() {
        assert_eq!(kernels(tier).map(Kernels::tier), Some(tier));
        assert_eq!(tier.name().parse(), Ok(tier));
    }
    assert!("sse2".parse::<Tier>().is_err());
}
