//! The place that is most like the wanted lines, where none is the same.

use std::ops::Range;

use super::align::{Alignment, Plain, align, mismatch};
use super::hits::{COMMON, Hit, Hits};

/// The cost may be a quarter of what all lines weigh.
const LEAST_SIMILARITY: f32 = 0.75;

/// The second best place must cost more than the best by this, in lines…
const MARGIN: f32 = 0.4;

/// …and by this part of what the best one costs.
const MARGIN_OF_COST: f32 = 0.5;

/// Places that are looked at closely, best first by shared lines and words.
const CANDIDATES: usize = 12;

/// One line in so many may differ, and always one.
const SAME_TO_ONE: usize = 5;

/// So many lines have to be the same beside one with another word: passages
/// that are copies of each other, and then adapted, differ in words.
const SAME_BESIDE_A_WORD: usize = 6;

/// Larger files and longer searches are not worth the wait.
const MOST_FILE_LINES: usize = 200_000;
const MOST_WANTED_LINES: usize = 1_000;

/// What a scored search says.
#[derive(Clone, Debug)]
pub enum Scored {
    /// One place is like it, and no other nearly as much.
    One {
        alignment: Alignment,
        similarity: f32,
    },
    /// Several are, by their first lines.
    Several(Vec<usize>),
    Nothing,
}

/// Looks for the place of `file` below `within` that is most like `wanted`.
pub fn scored(file: &[&str], wanted: &[&str], within: Range<usize>) -> Scored {
    let lines = &file[within.clone()];
    if lines.len() > MOST_FILE_LINES || wanted.len() > MOST_WANTED_LINES {
        return Scored::Nothing;
    }
    let lines: Vec<Plain<'_>> = lines.iter().map(|line| Plain::of(line)).collect();
    let wanted: Vec<Plain<'_>> = wanted.iter().map(|line| Plain::of(line)).collect();
    let total: f32 = wanted.iter().map(|line| line.weight).sum();
    let full = wanted.iter().filter(|line| line.weight >= 1.0).count();
    if full < 2 {
        return Scored::Nothing;
    }
    let band = (2 + wanted.len() / 8).min(24);
    let mut found: Vec<Alignment> = candidates(&lines, &wanted, band)
        .into_iter()
        .map(|start| align(&lines, &wanted, start, band))
        .collect();
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let Some(best) = found.first().cloned() else { return Scored::Nothing };
    let Some(range) = best.range() else { return Scored::Nothing };
    let similarity = 1.0 - best.cost / total;
    if similarity < LEAST_SIMILARITY || !is_anchored(&lines, &wanted, &best, full, total) {
        return Scored::Nothing;
    }
    let apart = |other: &Range<usize>| other.end <= range.start || range.end <= other.start;
    let least = best.cost + MARGIN + best.cost * MARGIN_OF_COST;
    let mut rivals: Vec<usize> = found
        .iter()
        .filter(|other| other.cost < least)
        .filter_map(Alignment::range)
        .filter(apart)
        .map(|other| other.start + within.start)
        .collect();
    if !rivals.is_empty() {
        rivals.push(range.start + within.start);
        rivals.sort_unstable();
        rivals.dedup();
        return Scored::Several(rivals);
    }
    let mut alignment = best;
    alignment.pairs.iter_mut().flatten().for_each(|line| *line += within.start);
    Scored::One { alignment, similarity }
}

/// Whether enough lines are the same, not only alike: two that say something,
/// and half of all that is said.
fn is_anchored(
    file: &[Plain<'_>],
    wanted: &[Plain<'_>],
    found: &Alignment,
    full: usize,
    total: f32,
) -> bool {
    let pairs = wanted.iter().zip(&found.pairs);
    let same = pairs.filter(|(line, pair)| pair.is_some_and(|at| file[at].text == line.text));
    let (count, weight) = same.fold((0, 0.0), |(count, weight), (line, _)| {
        (count + usize::from(line.weight >= 1.0), weight + line.weight)
    });
    count >= 2.min(full - 1) && weight * 2.0 >= total && is_alike(file, wanted, found, count)
}

/// Whether what differs is little enough: few lines, and no more than slips in
/// them, unless many others are the same.
fn is_alike(file: &[Plain<'_>], wanted: &[Plain<'_>], found: &Alignment, same: usize) -> bool {
    let mut differing = 0;
    let mut words = 0;
    for (number, (line, pair)) in wanted.iter().zip(&found.pairs).enumerate() {
        match pair {
            Some(at) if file[*at].text == line.text => {}
            Some(at) => {
                let last = number + 1 == wanted.len();
                let cut = last && file[*at].text.starts_with(&*line.text);
                differing += 1;
                words += usize::from(!cut && !is_slip(&file[*at].text, &line.text));
            }
            None => differing += usize::from(!line.text.is_empty()),
        }
    }
    let Some(range) = found.range() else { return false };
    let paired = found.pairs.iter().flatten().count();
    let blank = |line: &Plain<'_>| line.text.is_empty();
    let lone = range.len() - paired;
    let lone_blank = file[range.clone()]
        .iter()
        .zip(range)
        .filter(|(line, at)| blank(line) && !found.pairs.contains(&Some(*at)))
        .count();
    differing += lone - lone_blank.min(lone);
    differing <= (same / SAME_TO_ONE).max(1) && (words == 0 || same >= SAME_BESIDE_A_WORD)
}

/// Whether one letter of one word is missing, too much, or has changed places.
fn is_slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let above = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let below = a[above..].iter().rev().zip(b[above..].iter().rev());
    let below = below.take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[above..a.len() - below], &b[above..b.len() - below]);
    match (a, b) {
        ([one], []) | ([], [one]) => one.is_alphabetic(),
        ([a1, a2], [b1, b2]) => a1 == b2 && a2 == b1 && a1.is_alphabetic() && a2.is_alphabetic(),
        _ => false,
    }
}

/// Where the first wanted line might stand, best first: the diagonals that
/// share most lines and rare words with the wanted ones.
fn candidates(file: &[Plain<'_>], wanted: &[Plain<'_>], band: usize) -> Vec<isize> {
    let hits = Hits::of(file, wanted);
    let shift = wanted.len();
    let mut votes = vec![0.0_f32; file.len() + shift + 1];
    for Hit { from, weight, lines } in hits.all {
        if lines.len() > COMMON {
            continue;
        }
        let vote = weight / (lines.len() * from.len()) as f32;
        for line in lines {
            for at in from.iter().take(8) {
                votes[line + shift - at] += vote;
            }
        }
    }
    // A gap moves the lines below it to a diagonal nearby.
    let mut sum: f32 = votes[..band.min(votes.len())].iter().sum();
    let mut near = vec![0.0_f32; votes.len()];
    for at in 0..votes.len() {
        sum += votes.get(at + band).copied().unwrap_or_default();
        sum -= if at > band { votes[at - band - 1] } else { 0.0 };
        // On a plateau, the diagonal with votes of its own is meant.
        near[at] = sum + votes[at];
    }
    let mut starts = Vec::new();
    for _ in 0..CANDIDATES {
        let best = (0..near.len()).max_by(|a, b| near[*a].total_cmp(&near[*b]));
        let Some(best) = best.filter(|at| near[*at] > 1e-3) else { break };
        starts.push(best as isize - shift as isize);
        let until = (best + band + 1).min(near.len());
        near[best.saturating_sub(band)..until].fill(0.0);
    }
    starts
}

/// Whether two lines say the same but for white space and signs.
pub fn same_words(a: &str, b: &str) -> bool {
    mismatch(&Plain::of(a), &Plain::of(b)) == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, wanted: &str, expect: Option<Range<usize>>) {
        let file: Vec<&str> = file.split('|').collect();
        let wanted: Vec<&str> = wanted.split('|').collect();
        let found = match scored(&file, &wanted, 0..file.len()) {
            Scored::One { alignment, .. } => alignment.range(),
            _ => None,
        };
        assert_eq!(found, expect, "{wanted:?}");
    }

    const FILE: &str = "import os|def first(a):|    total = a + 1|    log(total)|    return total|\
        def second(b):|    other = b * 2|    print(other)|    return other";

    #[test]
    fn a_slip_is_found() {
        check(FILE, "def first(a):|    totl = a + 1|    log(total)|    return total", Some(1..5));
        check(FILE, "def first(a):|    log(total)|    return total|def second(b):", Some(1..6));
        check(
            FILE,
            "def first(a):|    total = a + 1|    log(total)|    x = 1|    return total|def second(b):",
            Some(1..6),
        );
    }

    #[test]
    fn other_words_are_not() {
        check(
            FILE,
            "def third(c):|    nothing = alike(c)|    send(nothing)|    return nothing",
            None,
        );
        check(FILE, "    totl = a + 1", None);
    }

    #[test]
    fn of_twins_neither_is() {
        let twins = "def get(self):|    row = self.load(1)|    self.check(row)|    return row|\
            def put(self):|    row = self.load(1)|    self.check(row)|    return row";
        check(
            twins,
            "def pet(self):|    row = self.load(1)|    self.check(row)|    return row",
            None,
        );
        check(twins, "    row = self.lod(1)|    self.check(row)|    return row", None);
    }
}
