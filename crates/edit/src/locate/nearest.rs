use std::ops::Range;

/// Below this, showing the place would not help anybody.
const LEAST: f32 = 0.4;

/// What differs in white space or in the order of its letters has all letter
/// pairs in common, and is not the same all the same.
const MOST: f32 = 0.99;

/// More comparisons of two lines than this are not worth the wait.
const MOST_COMPARISONS: usize = 2_000_000;

/// The lines of `file` that are most like `wanted`, and how much, from 0 to 1.
///
/// The similarity of two lines is the Dice coefficient of their letter pairs
/// (Dice, "Measures of the amount of ecologic association between species",
/// 1945); of two passages, the mean over their lines.
pub fn nearest(file: &[&str], wanted: &[&str]) -> Option<(Range<usize>, f32)> {
    let length = wanted.len().min(file.len());
    if length == 0 || (file.len() - length + 1) * length > MOST_COMPARISONS {
        return None;
    }
    let file: Vec<Pairs> = file.iter().map(|line| Pairs::of(line)).collect();
    let wanted: Vec<Pairs> = wanted.iter().map(|line| Pairs::of(line)).collect();
    let mut best: Option<(Range<usize>, f32)> = None;
    for start in 0..=file.len() - length {
        let pairs = file[start..start + length].iter().zip(&wanted);
        let sum: f32 = pairs.map(|(file, wanted)| file.similarity(wanted)).sum();
        let mean = sum / wanted.len() as f32;
        if best.as_ref().is_none_or(|(_, most)| mean > *most) {
            best = Some((start..start + length, mean));
        }
    }
    best.filter(|(_, mean)| *mean >= LEAST).map(|(range, mean)| (range, mean.min(MOST)))
}

/// The sorted pairs of neighbouring bytes in a line, blanks left out.
struct Pairs(Vec<[u8; 2]>);

impl Pairs {
    fn of(line: &str) -> Self {
        let bytes: Vec<u8> = line.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let mut pairs: Vec<[u8; 2]> = match bytes.as_slice() {
            [only] => vec![[*only, 0]],
            bytes => bytes.windows(2).map(|pair| [pair[0], pair[1]]).collect(),
        };
        pairs.sort_unstable();
        Self(pairs)
    }

    fn similarity(&self, other: &Self) -> f32 {
        let total = self.0.len() + other.0.len();
        if total == 0 {
            return 1.0;
        }
        let (mut shared, mut i, mut j) = (0, 0, 0);
        while let (Some(left), Some(right)) = (self.0.get(i), other.0.get(j)) {
            match left.cmp(right) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    i += 1;
                    j += 1;
                }
            }
        }
        2.0 * shared as f32 / total as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_line_with_the_slip() {
        let file = ["fn main() {", "    let port = 8080;", "    serve(port);", "}"];
        let (range, similarity) = nearest(&file, &["    let prt = 8080;"]).unwrap();
        assert_eq!(range, 1..2);
        assert!(similarity > 0.8 && similarity < 1.0, "{similarity}");
        let (_, similarity) = nearest(&file, &["\tlet port = 8080;"]).unwrap();
        assert!(similarity < 0.995, "shown as 100 %");
        assert_eq!(nearest(&file, &["completely other words"]), None);
        assert_eq!(nearest(&[], &["a"]), None);
    }
}
