use super::*;
use crate::testing::{Fill, Matrix, SHAPES, all_types};

#[test]
fn a_packed_row_is_the_row() {
    for (number, kind) in all_types().into_iter().enumerate() {
        for fill in Fill::ALL {
            for (rows, columns) in SHAPES {
                let matrix = Matrix::new(kind, rows, columns, fill, number as u64);
                let source = matrix.source();
                let packed = Packed::new(&source);
                let mut expected = vec![0.0; source.columns()];
                let mut found = expected.clone();
                for row in 0..rows {
                    source.dequantise_row(row, &mut expected);
                    packed.dequantise_row(row, &mut found);
                    for (found, expected) in found.iter().zip(&expected) {
                        let near = (found - expected).abs() <= 1e-6 * expected.abs().max(0.01);
                        assert!(near, "{kind} {fill:?}: {found} for {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn blocks_begin_on_cache_lines() {
    for kind in all_types() {
        let layout = Layout::of(kind);
        assert_eq!(layout.block_bytes() % 64, 0, "{kind}");
        assert_eq!(layout.scales.header_bytes() % 64, 0, "{kind}");
        assert_eq!(layout.codes.group_bytes() % 64, 0, "{kind}");
    }
    let matrix = Matrix::new(crate::WeightType::Q4_K, 4096, 1024, Fill::Zeros, 0);
    let packed = Packed::new(&matrix.source());
    assert_eq!(packed.tile(3).as_ptr().align_offset(64), 0);
}

#[test]
fn a_packed_matrix_takes_little_more_than_the_file() {
    for kind in all_types() {
        let matrix = Matrix::new(kind, 64, 512, Fill::Zeros, 0);
        let source = matrix.source();
        let file = source.data.len() + source.scales.len() + source.biases.len();
        let packed = Packed::new(&source).size_bytes();
        // E4M3 scales become f16, the other bytes are alignment.
        assert!(packed as f64 <= 1.12 * file as f64, "{kind}: {packed} for {file}");
    }
}
