//! Lines of other files that are like those around the cursor: by the share of
//! words that both have (Jaccard), as editors do.

use std::collections::{HashMap, HashSet};

use mlxcode_base::{Language, LineRange, RelPath};

use crate::error::Result;
use crate::mention::Names as _;
use crate::pack::piece::{Passage, Piece, Reason};
use crate::pack::tree::Tree;

/// Lines before the cursor, and behind it, that others are compared with.
const LINES_BEFORE: usize = 30;
const LINES_BEHIND: usize = 10;

/// Lines of a snippet.
const LINES: usize = 24;

/// Files that are looked through, of at most so many bytes.
const MOST_FILES: usize = 40;
const MOST_BYTES: usize = 200_000;

/// Less like ones only distract.
const LEAST_SHARE: f32 = 0.28;

/// What a file counts more that is open.
const OPEN_FACTOR: f32 = 1.2;

/// More snippets than this are not offered.
const MOST_SNIPPETS: usize = 4;

/// A window of a file, and how like it is.
struct Alike {
    path: RelPath,
    lines: LineRange,
    share: f32,
    factor: f32,
}

/// The windows of other files that are most like the lines around a byte of a
/// text, the best first. `open` are the files that an editor has open.
pub fn windows(
    tree: &Tree<'_>,
    path: &RelPath,
    (text, at): (&str, usize),
    open: &[RelPath],
) -> Result<Vec<Piece>> {
    let wanted = around(text, at);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Alike> = Vec::new();
    for (place, file) in candidates(tree, path, open).into_iter().enumerate() {
        tree.check_cancelled()?;
        let Some(text) = tree.text(&file).filter(|text| text.len() <= MOST_BYTES) else { continue };
        let factor = if place < open.len() { OPEN_FACTOR } else { 1.0 };
        let best = best_window(&text, &wanted).filter(|(_, share)| *share >= LEAST_SHARE);
        found.extend(best.map(|(lines, share)| Alike { path: file, lines, share, factor }));
    }
    // Of equally good ones, the file that was used last.
    found.sort_by(|a, b| (b.share * b.factor).total_cmp(&(a.share * a.factor)));
    let mut pieces: Vec<Piece> = Vec::new();
    for one in found {
        let text = tree.lines(&one.path, one.lines);
        if pieces.len() < MOST_SNIPPETS && !pieces.iter().any(|piece| piece.text() == text) {
            pieces.push(Piece::Passage(Passage {
                header: format!("{}:{}", one.path, one.lines),
                path: one.path,
                lines: one.lines,
                text,
                reason: Reason::Similar { percent: (one.share * 100.0).round() as usize },
                tokens: 0,
                is_kept: false,
            }));
        }
    }
    Ok(pieces)
}

/// The files that are open, then those beside the file, then others of its
/// language, the nearest first.
fn candidates(tree: &Tree<'_>, path: &RelPath, open: &[RelPath]) -> Vec<RelPath> {
    let language = Language::from_path(path.as_path());
    let near = |other: &RelPath| {
        let same = path.parts().zip(other.parts()).take_while(|(a, b)| a == b).count();
        std::cmp::Reverse(same)
    };
    let mut others: Vec<&RelPath> = tree
        .files()
        .iter()
        .filter(|other| Language::from_path(other.as_path()) == language)
        .collect();
    others.sort_by_key(|other| near(other));
    let mut seen: HashSet<&RelPath> = HashSet::from([path]);
    let all = open.iter().chain(others);
    all.filter(|one| seen.insert(one)).take(MOST_FILES.max(open.len())).cloned().collect()
}

/// The words of the lines around a byte.
fn around(text: &str, at: usize) -> HashSet<&str> {
    let (before, behind) = text.split_at(at.min(text.len()));
    let start = before.rmatch_indices('\n').nth(LINES_BEFORE).map_or(0, |(at, _)| at);
    let end = behind.match_indices('\n').nth(LINES_BEHIND).map_or(behind.len(), |(at, _)| at);
    words(&before[start..]).chain(words(&behind[..end])).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| word.len() > 1 && !word.starts_with(|c: char| c.is_ascii_digit()))
}

/// The window of a text with the largest share, the first of several.
fn best_window(text: &str, wanted: &HashSet<&str>) -> Option<(LineRange, f32)> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| words(line).collect()).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    // How many of the words in the window are wanted.
    let mut shared = 0;
    let mut best: Option<(usize, f32)> = None;
    for (last, line) in lines.iter().enumerate() {
        for word in line {
            let count = counts.entry(word).or_insert(0);
            *count += 1;
            shared += usize::from(*count == 1 && wanted.contains(word));
        }
        if last + 1 > LINES {
            for word in &lines[last - LINES] {
                let Some(count) = counts.get_mut(word) else { continue };
                *count -= 1;
                if *count == 0 {
                    counts.remove(word);
                    shared -= usize::from(wanted.contains(word));
                }
            }
        }
        let is_full = last + 1 >= LINES.min(lines.len());
        let share = shared as f32 / (counts.len() + wanted.len() - shared).max(1) as f32;
        if is_full && best.is_none_or(|(_, known)| share > known) {
            best = Some(((last + 1).saturating_sub(LINES), share));
        }
    }
    let (first, share) = best?;
    Some((LineRange::new(first + 1, (first + LINES).min(lines.len())), share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By its definition, for each window anew.
    fn plainly(text: &str, wanted: &HashSet<&str>) -> f32 {
        let lines: Vec<&str> = text.lines().collect();
        let share = |some: &[&str]| {
            let own: HashSet<&str> = some.iter().flat_map(|line| words(line)).collect();
            own.intersection(wanted).count() as f32 / own.union(wanted).count().max(1) as f32
        };
        lines.windows(LINES.min(lines.len()).max(1)).map(share).fold(0.0, f32::max)
    }

    proptest! {
        #[test]
        fn the_best_window_is_found(
            text in prop::collection::vec("(aa|bb|cc|dd| |){0,3}\n", 0..60),
            wanted in prop::collection::hash_set("(aa|bb|cc|ee)", 1..4),
        ) {
            let text = text.concat();
            let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
            let found = best_window(&text, &wanted);
            let share = found.map_or(0.0, |(_, share)| share);
            prop_assert!((share - plainly(&text, &wanted)).abs() < 1e-6);
        }
    }
}
