use std::collections::VecDeque;
use std::ops::Range;

/// Below this, showing the place would not help anybody.
const LEAST: f32 = 0.4;

/// What differs in white space or in the order of its letters has all letter
/// pairs in common, and is not the same all the same.
const MOST: f32 = 0.99;

/// More comparisons of two lines than this are not worth the wait.
const MOST_COMPARISONS: usize = 8_000_000;

/// Places of which the likeness is computed, best first by their sketches.
const CANDIDATES: usize = 16;

/// The lines of `file` that are most like `wanted`, and how much, from 0 to 1.
///
/// The similarity of two lines is the Dice coefficient of their letter pairs
/// (Dice, "Measures of the amount of ecologic association between species",
/// 1945); of two passages, the mean over their lines. Sketches of the lines say
/// which passages come into question at all.
pub fn nearest(file: &[&str], wanted: &[&str]) -> Option<(Range<usize>, f32)> {
    let length = wanted.len().min(file.len());
    if length == 0 || (file.len() - length + 1) * length > MOST_COMPARISONS {
        return None;
    }
    let sought: Vec<Sketch> = wanted.iter().map(|line| Sketch::of(line)).collect();
    // Of a large file, only the lines that the next passage needs.
    let mut sketches: VecDeque<Sketch> = file[..length - 1].iter().map(|l| Sketch::of(l)).collect();
    let better = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    let mut starts: Vec<(f32, usize)> = Vec::with_capacity(2 * CANDIDATES);
    for (start, last) in file[length - 1..].iter().enumerate() {
        sketches.push_back(Sketch::of(last));
        let pairs = sketches.iter().zip(&sought);
        starts.push((pairs.map(|(file, wanted)| file.similarity(wanted)).sum(), start));
        sketches.pop_front();
        if starts.len() == 2 * CANDIDATES {
            starts.select_nth_unstable_by(CANDIDATES, better);
            starts.truncate(CANDIDATES);
        }
    }
    starts.sort_unstable_by(better);
    starts.truncate(CANDIDATES);
    starts.sort_unstable_by_key(|(_, start)| *start);
    let wanted: Vec<Pairs> = wanted.iter().map(|line| Pairs::of(line)).collect();
    let mut best: Option<(Range<usize>, f32)> = None;
    for (_, start) in starts {
        let pairs = file[start..start + length].iter().zip(&wanted);
        let sum: f32 = pairs.map(|(file, wanted)| Pairs::of(file).similarity(wanted)).sum();
        let mean = sum / wanted.len() as f32;
        if best.as_ref().is_none_or(|(_, most)| mean > *most) {
            best = Some((start..start + length, mean));
        }
    }
    best.filter(|(_, mean)| *mean >= LEAST).map(|(range, mean)| (range, mean.min(MOST)))
}

/// Which pairs of neighbouring bytes stand in a line, blanks left out, as bits:
/// a fingerprint that is compared at once.
struct Sketch([u64; 4], u32);

impl Sketch {
    fn of(line: &str) -> Self {
        let mut bits = [0_u64; 4];
        let mut left = 0_u8;
        for byte in line.bytes().filter(|b| !b.is_ascii_whitespace()) {
            // Any odd multiplier mixes well enough; this one is 2^32 / φ.
            let pair = (u32::from(left) << 8) | u32::from(byte);
            let at = pair.wrapping_mul(0x9e37_79b1) >> 24;
            bits[(at / 64) as usize] |= 1 << (at % 64);
            left = byte;
        }
        let count = bits.iter().map(|part| part.count_ones()).sum();
        Self(bits, count)
    }

    fn similarity(&self, other: &Self) -> f32 {
        let total = self.1 + other.1;
        if total == 0 {
            return 1.0;
        }
        let shared: u32 = self.0.iter().zip(&other.0).map(|(a, b)| (a & b).count_ones()).sum();
        2.0 * shared as f32 / total as f32
    }
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
    fn finds_the_passage_among_many() {
        let mut file: Vec<String> = (0..5_000).map(|n| format!("    step_{n}(value);")).collect();
        file[3_210] = "    let total = first + second;".to_owned();
        let file: Vec<&str> = file.iter().map(String::as_str).collect();
        let wanted = ["    step_3209(value);", "    let totl = first + secnd;"];
        let (range, similarity) = nearest(&file, &wanted).unwrap();
        assert_eq!(range, 3_209..3_211);
        assert!(similarity > 0.8, "{similarity}");
    }

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
