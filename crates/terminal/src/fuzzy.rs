//! Names by some of their letters.

/// A longer name is compared by its end, where a path differs.
const LONGEST_NAME: usize = 512;
/// More letters than anybody types to find a name.
const LONGEST_QUERY: usize = 64;

const MATCH: i32 = 16;
const FOLLOWS: i32 = 18;
const BEGINS_WORD: i32 = 8;
const BEGINS_NAME: i32 = 12;
const SAME_CASE: i32 = 1;
const GAP: i32 = -1;
const LONGEST_GAP: i32 = 6;
/// Worse than any score.
const NEVER: i32 = i32::MIN / 2;

/// How well a name fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuzzyMatch {
    /// Higher is better; compared only among names for one query.
    pub score: i32,
    /// The characters of the name that were found, by their byte offsets, in
    /// order.
    pub at: Vec<usize>,
}

/// Finds the letters of `query` in `name`, in order, wherever they fit best:
/// at the beginnings of words and in a row. Case matters only where two places
/// fit alike. `None` where a letter is missing.
pub fn fuzzy_match(query: &str, name: &str) -> Option<FuzzyMatch> {
    let query: Vec<char> =
        query.chars().filter(|c| !c.is_whitespace()).take(LONGEST_QUERY).collect();
    if query.is_empty() {
        return Some(FuzzyMatch { score: 0, at: Vec::new() });
    }
    let mut letters: Vec<(usize, char)> = name.char_indices().collect();
    let skipped = letters.len().saturating_sub(LONGEST_NAME);
    letters.drain(..skipped);
    if !contains_in_order(&query, &letters) {
        return None;
    }
    // best[q][n]: the best score where letter q is found at n. A letter that
    // follows its predecessor is worth more than one after a gap.
    let rows = query.len();
    let columns = letters.len();
    let mut best = vec![NEVER; rows * columns];
    let mut from = vec![usize::MAX; rows * columns];
    for row in 0..rows {
        let mut reach = (NEVER, usize::MAX);
        for column in row..columns {
            // The best place before, its score lowered by the gap so far.
            if row > 0 && column >= 2 {
                let before = best[(row - 1) * columns + column - 2];
                reach.0 = reach.0.saturating_add(GAP);
                if before + GAP * 2 > reach.0 {
                    reach = (before + GAP * 2, column - 2);
                }
            }
            let (_, letter) = letters[column];
            if !same(letter, query[row]) {
                continue;
            }
            let mut score = MATCH + place(&letters, column);
            score += if letter == query[row] { SAME_CASE } else { 0 };
            let (before, source) = if row == 0 {
                ((GAP * column as i32).max(-LONGEST_GAP), usize::MAX)
            } else {
                let next = best[(row - 1) * columns + column - 1];
                if next + FOLLOWS >= reach.0 { (next + FOLLOWS, column - 1) } else { reach }
            };
            if before > NEVER {
                best[row * columns + column] = before + score;
                from[row * columns + column] = source;
            }
        }
    }
    let last = (rows - 1) * columns;
    let mut column =
        (0..columns).max_by_key(|column| (best[last + column], usize::MAX - column))?;
    // Of names that fit alike, the shorter one is meant.
    let score = best[last + column] - (columns as i32 / 8);
    let mut at = Vec::with_capacity(rows);
    for row in (0..rows).rev() {
        at.push(letters[column].0);
        column = from[row * columns + column];
    }
    at.reverse();
    Some(FuzzyMatch { score, at })
}

fn contains_in_order(query: &[char], letters: &[(usize, char)]) -> bool {
    let mut letters = letters.iter();
    query.iter().all(|wanted| letters.any(|(_, letter)| same(*letter, *wanted)))
}

fn same(a: char, b: char) -> bool {
    a == b
        || if a.is_ascii() && b.is_ascii() {
            a.eq_ignore_ascii_case(&b)
        } else {
            a.to_lowercase().eq(b.to_lowercase())
        }
}

/// What a place in a name is worth. The last part of a path is what people
/// mean.
fn place(letters: &[(usize, char)], column: usize) -> i32 {
    let separates = |letter: char| matches!(letter, '/' | '\\');
    let (_, letter) = letters[column];
    let before = column.checked_sub(1).map(|before| letters[before].1);
    if before.is_none_or(separates) {
        let last = !letters[column..].iter().any(|(_, letter)| separates(*letter));
        return BEGINS_WORD + if last { BEGINS_NAME } else { 0 };
    }
    let Some(before) = before else { return 0 };
    let word = !before.is_alphanumeric()
        || (before.is_lowercase() && letter.is_uppercase())
        || (before.is_numeric() != letter.is_numeric());
    if word { BEGINS_WORD } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_is_meant_comes_first() {
        for (query, names) in [
            ("main", ["src/main.rs", "src/domain.rs", "media/assets/index.rs"]),
            ("sl", ["session/log.rs", "src/tools.rs", "docs/axle.md"]),
            ("gm", ["getModel", "gemma-and-more", "program"]),
            ("qwen2", ["Qwen2.5-Coder", "Qwen-1-2", "q-w-e-n-2"]),
            ("lib", ["crates/base/src/lib.rs", "library/mod.rs", "tests/alibi.txt"]),
        ] {
            let score = |name| fuzzy_match(query, name).map_or(i32::MIN, |found| found.score);
            assert!(
                score(names[0]) > score(names[1]),
                "{query}: {names:?} {} {}",
                score(names[0]),
                score(names[1])
            );
            assert!(score(names[1]) > score(names[2]), "{query}: {names:?}");
        }
    }

    #[test]
    fn the_letters_that_were_found_are_told() {
        for (query, name, expect) in [
            ("mr", "main.rs", Some(vec![0, 5])),
            ("MAIN", "main.rs", Some(vec![0, 1, 2, 3])),
            ("s m", "src/main.rs", Some(vec![0, 4])),
            ("", "x", Some(vec![])),
            ("é", "caf\u{c9}", Some(vec![3])),
            ("ba", "ab", None),
        ] {
            assert_eq!(fuzzy_match(query, name).map(|found| found.at), expect, "{query} {name}");
        }
    }

    #[test]
    fn a_long_name_is_found_by_its_end() {
        let name = format!("{}end.rs", "long/".repeat(500));
        let found = fuzzy_match("end", &name).unwrap();
        assert_eq!(found.at, [2500, 2501, 2502]);
    }
}
