//! The directions in which the words of passages differ most: latent semantic
//! analysis (Deerwester and others, "Indexing by Latent Semantic Analysis",
//! 1990), by the randomised subspace iteration of Halko, Martinsson and Tropp
//! ("Finding structure with randomness", 2011, algorithm 4.4).

/// Rounds of the iteration: after three the subspace is the right one for
/// all that bytes can tell.
const ROUNDS: usize = 3;

/// What is added to the diagonal before its root is taken, as a share of the
/// mean: where the rows have fewer directions than are asked for.
const RIDGE: f64 = 1e-7;

/// A passage: numbers of terms and their weights.
pub type Row = Vec<(u32, f32)>;

/// The vectors of `terms` terms, one after the other, of `dimensions` numbers
/// each: an orthonormal basis of the space that the rows lie in for the most
/// part. The same rows give the same vectors.
pub fn learn(rows: &[Row], terms: usize, dimensions: usize) -> Vec<f32> {
    let mut basis: Vec<f32> = signs().take(terms * dimensions).collect();
    let mut shadow = vec![0.0_f32; dimensions];
    for _ in 0..ROUNDS {
        let mut next = vec![0.0_f32; terms * dimensions];
        for row in rows {
            shadow.fill(0.0);
            for (term, weight) in row {
                add(&mut shadow, of(&basis, *term, dimensions), *weight);
            }
            for (term, weight) in row {
                let start = *term as usize * dimensions;
                add(&mut next[start..start + dimensions], &shadow, *weight);
            }
        }
        orthonormalise(&mut next, dimensions);
        basis = next;
    }
    basis
}

fn of(basis: &[f32], term: u32, dimensions: usize) -> &[f32] {
    let start = term as usize * dimensions;
    &basis[start..start + dimensions]
}

fn add(sum: &mut [f32], other: &[f32], weight: f32) {
    sum.iter_mut().zip(other).for_each(|(sum, one)| *sum += one * weight);
}

/// Plus and minus one as if by chance, by the generator `SplitMix64` (Steele,
/// Lea and Flood, 2014).
fn signs() -> impl Iterator<Item = f32> {
    (1_u64..).map(|number| {
        let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        if (mixed ^ (mixed >> 31)) & 1 == 0 { 1.0 } else { -1.0 }
    })
}

/// Makes the columns of a matrix orthonormal, by the Cholesky factor of their
/// products.
fn orthonormalise(matrix: &mut [f32], columns: usize) {
    let mut products = vec![0.0_f64; columns * columns];
    for row in matrix.chunks_exact(columns) {
        for (i, one) in row.iter().enumerate().filter(|(_, one)| **one != 0.0) {
            let line = &mut products[i * columns..=i * columns + i];
            line.iter_mut().zip(row).for_each(|(sum, other)| *sum += f64::from(one * other));
        }
    }
    let trace: f64 = (0..columns).map(|i| products[i * columns + i]).sum();
    let ridge = (trace / columns as f64 * RIDGE).max(f64::MIN_POSITIVE);
    // The factor takes the place of the lower half.
    for i in 0..columns {
        for j in 0..=i {
            let before: f64 =
                (0..j).map(|k| products[i * columns + k] * products[j * columns + k]).sum();
            let rest = products[i * columns + j] - before;
            products[i * columns + j] = if i == j {
                (rest + ridge).max(ridge).sqrt()
            } else {
                rest / products[j * columns + j]
            };
        }
    }
    for row in matrix.chunks_exact_mut(columns) {
        for i in 0..columns {
            let before: f64 = (0..i).map(|k| products[i * columns + k] * f64::from(row[k])).sum();
            row[i] = ((f64::from(row[i]) - before) / products[i * columns + i]) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_subject_lie_close() {
        // Two subjects: terms 0 to 3 and 4 to 7.
        let row = |terms: [u32; 2]| terms.map(|term| (term, 1.0)).to_vec();
        let pairs = [[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4]];
        let basis = learn(&pairs.map(row), 8, 2);
        let cosine = |a: u32, b: u32| {
            let (a, b) = (of(&basis, a, 2), of(&basis, b, 2));
            let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            sum(a, b) / (sum(a, a) * sum(b, b)).sqrt()
        };
        // The two never stand together, and are of one subject. Squared, the
        // third direction is half as strong as the first two: after three
        // rounds an eighth of it is left.
        assert!(cosine(0, 2) > 0.75, "{}", cosine(0, 2));
        assert!(cosine(0, 6).abs() < 0.25, "{}", cosine(0, 6));
    }

    #[test]
    fn the_vectors_are_orthonormal_and_finite() {
        let rows: Vec<Row> =
            (0..40_u32).map(|n| vec![(n % 11, 1.0), (n % 7, 0.5), (n % 3, 2.0)]).collect();
        let basis = learn(&rows, 11, 4);
        for (i, j) in [(0, 0), (1, 1), (3, 3), (0, 1), (2, 3)] {
            let product: f32 = basis.chunks_exact(4).map(|row| row[i] * row[j]).sum();
            let expect = f32::from(u8::from(i == j));
            assert!((product - expect).abs() < 1e-3, "{i} {j} {product}");
        }
        // Fewer directions than are asked for.
        assert!(learn(&[vec![(0, 1.0)]], 2, 8).iter().all(|one| one.is_finite()));
        assert!(learn(&[], 2, 4).iter().all(|one| one.is_finite()));
    }
}
