//! The cheapest way to lay wanted lines beside lines of a file.

use std::ops::Range;

use super::likeness::likeness;

/// A line as it is compared: without white space around it, and how much it
/// says.
#[derive(Clone, Debug)]
pub struct Plain<'t> {
    pub text: std::borrow::Cow<'t, str>,
    pub weight: f32,
}

impl<'t> Plain<'t> {
    pub fn of(line: &'t str) -> Self {
        let text = match super::punctuation::plain(line) {
            std::borrow::Cow::Borrowed(line) => single_spaced(line.trim()),
            std::borrow::Cow::Owned(line) => {
                std::borrow::Cow::Owned(single_spaced(line.trim()).into_owned())
            }
        };
        let weight = weight(&text);
        Self { text, weight }
    }
}

fn single_spaced(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("  ") && !text.contains('\t') {
        return std::borrow::Cow::Borrowed(text);
    }
    std::borrow::Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A line that says nothing stands everywhere.
fn weight(text: &str) -> f32 {
    match text.bytes().filter(|b| b.is_ascii_alphanumeric() || *b >= 0x80).take(4).count() {
        0 if text.is_empty() => 0.05,
        0 => 0.2,
        1..4 => 0.4,
        _ => 1.0,
    }
}

/// What a line costs that only one side has, of its weight. Two such lines cost
/// more than one that is changed beyond recognition.
const GAP: f32 = 0.6;

/// The same for a wanted line: of two ways, the one that pairs more is meant.
const LACK: f32 = 0.9;

/// Wanted lines beside lines of the file.
#[derive(Clone, Debug)]
pub struct Alignment {
    pub cost: f32,
    /// For each wanted line, the line of the file.
    pub pairs: Vec<Option<usize>>,
}

impl Alignment {
    /// From the first line that has a pair to the last.
    pub fn range(&self) -> Option<Range<usize>> {
        let first = self.pairs.iter().flatten().next()?;
        let last = self.pairs.iter().rev().flatten().next()?;
        Some(*first..last + 1)
    }
}

/// What it costs to take one line for the other.
pub fn mismatch(a: &Plain<'_>, b: &Plain<'_>) -> f32 {
    if a.text == b.text {
        return 0.0;
    }
    (2.0 * (1.0 - likeness(&a.text, &b.text))).min(1.0) * a.weight.max(b.weight)
}

/// Lays all of `wanted` beside lines of `file`, in order, near the diagonal on
/// which the first one stands at `start`: no pair lies more than `band` lines
/// off it.
///
/// Needleman and Wunsch, "A general method applicable to the search for
/// similarities in the amino acid sequence of two proteins" (1970), with free
/// ends in the file, in a band.
pub fn align(file: &[Plain<'_>], wanted: &[Plain<'_>], start: isize, band: usize) -> Alignment {
    let width = 2 * band + 1;
    // Column `k` of row `i` has `i` wanted lines and the file's lines up to
    // `start + i + k - band` behind it.
    let line_at = |i: usize, k: usize| start + (i + k) as isize - band as isize;
    let inside = |line: isize| line >= 0 && line <= file.len() as isize;
    let mut cost = vec![f32::INFINITY; (wanted.len() + 1) * width];
    let mut step = vec![Step::Start; cost.len()];
    for (k, cell) in cost.iter_mut().take(width).enumerate() {
        if inside(line_at(0, k)) {
            *cell = 0.0;
        }
    }
    for i in 1..=wanted.len() {
        for k in 0..width {
            let line = line_at(i, k);
            if !inside(line) {
                continue;
            }
            let mut best = (f32::INFINITY, Step::Start);
            let mut offer = |total: f32, how| {
                if total < best.0 {
                    best = (total, how);
                }
            };
            if line > 0 {
                let before = cost[(i - 1) * width + k];
                if before.is_finite() {
                    let here = mismatch(&file[line as usize - 1], &wanted[i - 1]);
                    offer(before + here, Step::Both);
                }
            }
            if k + 1 < width {
                offer(cost[(i - 1) * width + k + 1] + LACK * wanted[i - 1].weight, Step::Wanted);
            }
            // Lines of the file below the last wanted one are free.
            if k > 0 && line > 0 && i < wanted.len() {
                offer(cost[i * width + k - 1] + GAP * file[line as usize - 1].weight, Step::File);
            }
            (cost[i * width + k], step[i * width + k]) = best;
        }
    }
    let last = wanted.len() * width;
    let mut k = 0;
    for other in 1..width {
        if cost[last + other] < cost[last + k] {
            k = other;
        }
    }
    let mut alignment = Alignment { cost: cost[last + k], pairs: vec![None; wanted.len()] };
    let mut i = wanted.len();
    while i > 0 {
        match step[i * width + k] {
            Step::Both => {
                alignment.pairs[i - 1] = usize::try_from(line_at(i, k) - 1).ok();
                i -= 1;
            }
            Step::Wanted => {
                i -= 1;
                k += 1;
            }
            Step::File => k -= 1,
            Step::Start => break,
        }
    }
    alignment
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Start,
    /// A wanted line beside a line of the file.
    Both,
    /// A wanted line that the file lacks.
    Wanted,
    /// A line of the file that nobody wants.
    File,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, wanted: &str, start: isize, expect: &[Option<usize>]) {
        let plain = |text: &'static str| -> Vec<Plain<'static>> {
            text.split('|').map(Plain::of).collect()
        };
        let (file, wanted): (String, String) = (file.to_owned(), wanted.to_owned());
        let (file, wanted) = (plain(file.leak()), plain(wanted.leak()));
        assert_eq!(align(&file, &wanted, start, 2).pairs, expect);
    }

    #[test]
    fn lines_find_their_twins() {
        check("alpha|beta|gamma", "alpha|beta|gamma", 0, &[Some(0), Some(1), Some(2)]);
        check("alpha|beta|gamma", "alpha|gamma", 0, &[Some(0), Some(2)]);
        check("alpha|gamma", "alpha|beta|gamma", 0, &[Some(0), None, Some(1)]);
        check("zero|alpha|beta", "alpha|beta", 0, &[Some(1), Some(2)]);
        check("alpha_one|beta", "alpha_two|beta", 0, &[Some(0), Some(1)]);
        check("alpha|beta", "alpha|beta", -1, &[Some(0), Some(1)]);
    }
}
