use crate::activations::Activations;
use crate::output::Output;
use crate::packed::Packed;
use crate::testing::{Fill, Matrix, Random};
use crate::tier::{Kernels, Scratch, Tier, kernels, scalar::Scalar};
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
