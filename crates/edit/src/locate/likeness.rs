//! How alike two lines are.

/// Lines are compared in their first bytes only: more never decides.
const MOST_BYTES: usize = 256;

/// How alike two lines are, from 0 to 1: one minus the edit distance over the
/// length of the longer one.
pub fn likeness(a: &str, b: &str) -> f32 {
    if a == b {
        return 1.0;
    }
    let (a, b) = (head(a), head(b));
    let longest = a.len().max(b.len());
    let shortest = a.len().min(b.len());
    // The distance is no less than the difference in length.
    if longest == 0 || shortest * 2 < longest {
        return 0.0;
    }
    // What is cut off, or differs there, is not the same.
    (1.0 - distance(a, b) as f32 / longest as f32).min(0.99)
}

fn head(text: &str) -> &[u8] {
    &text.as_bytes()[..text.len().min(MOST_BYTES)]
}

/// The least number of inserted, removed and changed bytes between two texts.
///
/// Myers, "A fast bit-vector algorithm for approximate string matching based
/// on dynamic programming" (1999), with the blocks of Hyyrö, "Explaining and
/// extending the bit-parallel approximate string matching algorithm of Myers"
/// (2001): a column of 64 cells of the usual table is one word.
pub fn distance(a: &[u8], b: &[u8]) -> usize {
    if a.is_empty() || b.is_empty() {
        return a.len().max(b.len());
    }
    let blocks = a.len().div_ceil(64);
    let last_bit = 1_u64 << ((a.len() - 1) % 64);
    let mut equal = vec![[0_u64; 256]; blocks];
    for (at, byte) in a.iter().enumerate() {
        equal[at / 64][usize::from(*byte)] |= 1 << (at % 64);
    }
    let mut up = vec![!0_u64; blocks];
    let mut down = vec![0_u64; blocks];
    let mut score = a.len();
    for byte in b {
        let (mut carry_up, mut carry_down) = (1_u64, 0_u64);
        for block in 0..blocks {
            let (p, m) = (up[block], down[block]);
            let mut eq = equal[block][usize::from(*byte)];
            let xv = eq | m;
            eq |= carry_down;
            let xh = ((eq & p).wrapping_add(p) ^ p) | eq;
            let mut ph = m | !(xh | p);
            let mut mh = p & xh;
            if block + 1 == blocks {
                score += usize::from(ph & last_bit != 0);
                score -= usize::from(mh & last_bit != 0);
            }
            let (next_up, next_down) = (ph >> 63, mh >> 63);
            ph = (ph << 1) | carry_up;
            mh = (mh << 1) | carry_down;
            up[block] = mh | !(xv | ph);
            down[block] = ph & xv;
            (carry_up, carry_down) = (next_up, next_down);
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Wagner and Fischer, "The string-to-string correction problem" (1974).
    fn by_table(a: &[u8], b: &[u8]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, left) in a.iter().enumerate() {
            let mut corner = std::mem::replace(&mut row[0], i + 1);
            for (j, right) in b.iter().enumerate() {
                let change = corner + usize::from(left != right);
                corner = row[j + 1];
                row[j + 1] = change.min(row[j] + 1).min(corner + 1);
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn the_distance_is_that_of_the_table(a in "[abc]{0,150}", b in "[abc]{0,150}") {
            prop_assert_eq!(distance(a.as_bytes(), b.as_bytes()), by_table(a.as_bytes(), b.as_bytes()));
        }
    }

    #[test]
    fn a_slip_is_alike_and_other_words_are_not() {
        assert!(likeness("let port = 8080;", "let prt = 8080;") > 0.9);
        assert!(likeness("let port = 8080;", "serve(listener);") < 0.5);
        assert!(likeness("", "x").abs() < f32::EPSILON);
        assert!((likeness("x", "x") - 1.0).abs() < f32::EPSILON);
    }
}
