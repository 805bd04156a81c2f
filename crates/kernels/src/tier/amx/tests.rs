use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::testing::{Fill, Matrix, Random, all_types};
use crate::tier::avx512::codes::Code;
use crate::tier::avx512::floats::Float;
use crate::tier::avx512::layouts::{Visitor, visit};
use crate::tier::avx512::scales::Scale;
use crate::tier::{Kernels, KernelsRef, Scratch, Tier, kernels, scalar::Scalar};
use crate::vector::vectors;
use crate::weight_type::WeightType;

/// More rows, columns and tokens than are made, or taken, together.
#[test]
fn a_product_of_many_panels_is_that_of_its_parts() {
    let (rows, tokens) = (16 * 19 - 3, 40);
    for kind in [WeightType::Q4_0, WeightType::Q6_K, WeightType::BF16] {
        let matrix = Matrix::new(kind, rows, 32 * 17, Fill::Random, 3);
        let source = matrix.source();
        let weight = Packed::new(&source);
        let mut random = Random::new(5);
        let states: Vec<f32> = (0..tokens * source.columns()).map(|_| random.unit()).collect();
        let mut input = Activations::new(tokens, source.columns()).with_bf16();
        input.fill(&states);
        let mut expected = vec![0.0; tokens * rows];
        Scalar.gemv(&weight, 0..weight.tiles(), &input, &mut Output::new(&mut expected, rows));
        let length: f32 = expected.iter().map(|product| product * product).sum();
        for (tier, allowed) in [(Tier::Avx512, 1e-5), (Tier::Amx, 1e-2)] {
            // A machine without the tier skips it.
            let Some(kernels) = kernels(tier) else { continue };
            let mut found = vec![f32::NAN; tokens * rows];
            let mut output = Output::new(&mut found, rows);
            let mut scratch = Scratch::default();
            kernels.gemm(&weight, 0..weight.tiles(), &input, &mut output, &mut scratch);
            let pairs = found.iter().zip(&expected);
            let difference: f32 = pairs.map(|(found, expected)| (found - expected).powi(2)).sum();
            let relative = (difference / length).sqrt();
            assert!(relative <= allowed, "{tier}, {kind}: off by {relative}");
        }
    }
}

struct Nothing;

impl Visitor for Nothing {
    fn whole<C: Code, S: Scale>(self, _: S) {}
    fn floats<F: Float, S: Scale>(self, _: S) {}
}

/// The scalar products take codes, which states that are rounded lack.
#[test]
fn every_layout_has_code_of_its_own() {
    for kind in all_types() {
        let matrix = Matrix::new(kind, 16, 256, Fill::Random, 1);
        assert!(visit(Packed::new(&matrix.source()).layout(), Nothing), "{kind}");
    }
}

/// The gated unit, by the products that are stored and by those that are not.
#[test]
fn a_gated_unit_is_that_of_its_two_products() {
    let Some(amx) = kernels(Tier::Amx) else { return };
    let (rows, tokens) = (16 * 19 - 3, 40);
    for kind in [WeightType::Q4_0, WeightType::Q6_K, WeightType::BF16] {
        let weights = [11, 12].map(|seed| {
            Packed::new(&Matrix::new(kind, rows, 32 * 17, Fill::Random, seed).source())
        });
        let [gate, up] = &weights;
        assert!(amx.multiplies_gated(gate, up));
        let mut random = Random::new(5);
        let states: Vec<f32> = (0..tokens * gate.columns()).map(|_| random.unit() / 9.0).collect();
        let mut input = amx.activations(tokens, gate.columns());
        input.fill(&states);
        let product = |weight| product(amx, weight, &input);
        let (mut expected, ups) = (product(gate), product(up));
        vectors(Tier::Amx).silu_mul(&mut expected, &ups);
        let output = amx.activations(tokens, rows);
        let middle = gate.tiles() / 3;
        for tiles in [0..middle, middle..gate.tiles()] {
            let scratch = &mut Scratch::default();
            // SAFETY: nobody else has the output.
            unsafe { amx.gated([gate, up], tiles, &input, &output, scratch) };
        }
        for (token, expected) in expected.chunks_exact(rows).enumerate() {
            let found = &output.bf16[token * output.bf16_stride()..][..rows];
            for (found, expected) in found.iter().zip(expected) {
                let found = f32::from_bits(u32::from(*found) << 16);
                let allowed = expected.abs() / 256.0 + 1e-30;
                assert!((found - expected).abs() <= allowed, "{kind}: {found}, not {expected}");
            }
        }
    }
}

fn product(kernels: KernelsRef, weight: &Packed, input: &Activations) -> Vec<f32> {
    let mut products = vec![f32::NAN; input.tokens() * weight.rows()];
    let mut output = Output::new(&mut products, weight.rows());
    kernels.gemm(weight, 0..weight.tiles(), input, &mut output, &mut Scratch::default());
    products
}

/// Numbers of a view begin at any token, and tiles reach beyond its last.
#[test]
fn a_view_is_multiplied_as_its_tokens_are() {
    let Some(amx) = kernels(Tier::Amx) else { return };
    let weight = Packed::new(&Matrix::new(WeightType::Q8_0, 48, 96, Fill::Random, 2).source());
    let mut random = Random::new(9);
    let states: Vec<f32> = (0..40 * weight.columns()).map(|_| random.unit()).collect();
    let mut input = amx.activations(40, weight.columns());
    input.fill(&states);
    let whole = product(amx, &weight, &input);
    let part = product(amx, &weight, &input.view(11..31));
    assert_eq!(part, whole[11 * 48..31 * 48]);
}
