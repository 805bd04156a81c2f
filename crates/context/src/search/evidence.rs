//! What speaks for a passage beside its own words: its file as a whole, the
//! file's path, its history, and what is open beside it.

use std::cmp::Ordering;
use std::collections::HashMap;

use mlxcode_base::RelPath;

use super::{HitReason, RankedChunk};
use crate::terms::Query;

/// How much of the file's own score its chunks inherit.
const FILE_WEIGHT: f32 = 0.6;
const FILE_DECAY: f32 = 0.9;

/// What a file's path gives that holds all of the question's words, and what
/// the best history gives: shares of the best chunk's score. The best chunk of
/// a file gets all of it and each next one less, so that a file is not shown
/// with all of its parts before others.
const PATH_GAIN: f32 = 0.45;
const PATH_DECAY: f32 = 0.7;
const HISTORY_GAIN: f32 = 0.35;
const HISTORY_DECAY: f32 = 0.5;

/// What a path gives that holds all of the scope that the question names.
const SCOPE_GAIN: f32 = 0.6;

/// How much of the next passages of its file a passage inherits, and how many
/// of these count, each less than the one before.
const NEXT_WEIGHT: f32 = 0.1;
const NEXT_DECAY: f32 = 0.6;
const MOST_NEXT: usize = 3;

/// What a file gains that is always changed together with the one that fits
/// best.
const TOGETHER_GAIN: f32 = 0.2;
const TOGETHER_DECAY: f32 = 0.6;

/// What a file gains that is changed more often than all others.
const CHURN_GAIN: f32 = 0.1;
const CHURN_DECAY: f32 = 0.7;

/// What a file gains that is open.
const NEAR_GAIN: f32 = 0.25;

/// What is known of a file for a question.
#[derive(Clone, Debug, Default)]
pub struct FileEvidence {
    /// How well it fits as a whole.
    pub score: f32,
    /// How much it counts by what it is.
    pub standing: f32,
    /// How much of the question its path holds, from 0 to 1.
    pub path: f32,
    /// How much of the question's scope its path holds, from 0 to 1.
    pub scope: f32,
    /// How well what was said of its changes fits, from 0 to 1.
    pub history: f32,
    /// How often it is changed, from 0 to 1.
    pub churn: f32,
    /// How often it is changed together with the files that fit best, weighed by
    /// how strong these are.
    pub together: f32,
    /// How near it is to what is open, from 0 to 1.
    pub near: f32,
    /// What of this is worth telling.
    pub reasons: Vec<HitReason>,
}

impl FileEvidence {
    /// What a file's path and its words say.
    pub fn of(path: &RelPath, score: f32, standing: f32, query: &Query, rarity: &[f32]) -> Self {
        let (in_path, _) = query.count(path.as_str());
        // Of some words, the part that the path holds, by their rarity.
        let share = |words: &mut dyn Iterator<Item = usize>| {
            let (mut held, mut whole) = (0.0, 0.0);
            for number in words.filter(|number| query.terms[*number].parts.is_none()) {
                held += if in_path[number] > 0 { rarity[number] } else { 0.0 };
                whole += rarity[number];
            }
            held / f32::max(whole, f32::MIN_POSITIVE)
        };
        let path = share(&mut (0..query.terms.len()));
        let scope = share(&mut query.scope.iter().copied());
        Self { score, standing, path, scope, ..Self::default() }
    }

    /// What its path gives, as a share of the best chunk's score.
    fn path_gain(&self) -> f32 {
        (PATH_GAIN * self.path + SCOPE_GAIN * self.scope) * self.standing
    }

    /// How strong a file is by itself whose best chunk has that score, where the
    /// best of all has `most`.
    pub fn strength(&self, best: f32, most: f32) -> f32 {
        (best + FILE_WEIGHT * self.score) / most.max(f32::MIN_POSITIVE)
            + self.path_gain()
            + HISTORY_GAIN * self.history * self.standing.sqrt()
    }
}

/// Adds to the scores of chunks what speaks for their files, by their numbers.
/// The chunks come in any order and are left in that of their files.
pub fn settle(ranked: &mut [RankedChunk], files: &HashMap<usize, FileEvidence>) {
    let most = ranked.iter().map(|one| one.score).fold(0.0, f32::max);
    ranked.sort_by(|a, b| {
        let better: Ordering = b.score.total_cmp(&a.score);
        a.file.cmp(&b.file).then(better).then_with(|| a.chunk.lines.cmp(&b.chunk.lines))
    });
    let next = next_passages(ranked);
    let mut file = usize::MAX;
    let mut place = 0;
    for one in ranked {
        place = if one.file == file { place + 1 } else { 0 };
        file = one.file;
        let Some(about) = files.get(&file) else { continue };
        let share = |gain: f32, decay: f32| gain * decay.powi(place);
        let path = share(about.path_gain(), PATH_DECAY);
        let history = share(HISTORY_GAIN, HISTORY_DECAY) * about.history * about.standing.sqrt();
        let together = share(TOGETHER_GAIN, TOGETHER_DECAY) * about.together;
        let churn = share(CHURN_GAIN, CHURN_DECAY) * about.churn;
        let next = next.get(&file).copied().unwrap_or_default();
        one.score += share(FILE_WEIGHT, FILE_DECAY) * about.score
            + share(NEXT_WEIGHT, NEXT_DECAY) * next
            + most * (path + history + together);
        one.score *= (1.0 + churn) * (1.0 + NEAR_GAIN * about.near);
    }
}

/// Of each file, the sum of its passages after the best, each counting less.
/// They come by files, the best of a file first.
fn next_passages(ranked: &[RankedChunk]) -> HashMap<usize, f32> {
    let mut sums = HashMap::new();
    for of_file in ranked.chunk_by(|one, next| one.file == next.file) {
        let next = of_file.iter().skip(1).take(MOST_NEXT).zip(1_i32..);
        let sum = next.map(|(one, place)| one.score * NEXT_DECAY.powi(place)).sum();
        sums.insert(of_file[0].file, sum);
    }
    sums
}

#[cfg(test)]
mod tests {
    use mlxcode_base::LineRange;

    use super::*;
    use crate::syntax::Chunk;

    fn passages(scores: &[(usize, f32)]) -> Vec<RankedChunk> {
        let passage = |(first, (file, score)): (usize, &(usize, f32))| {
            let lines = LineRange::new(first + 1, first + 1);
            let chunk = Chunk { lines, names: Vec::new(), inside: None };
            RankedChunk { file: *file, chunk, score: *score, words: Vec::new() }
        };
        scores.iter().enumerate().map(passage).collect()
    }

    #[test]
    fn the_next_passages_of_a_file_speak_for_its_best() {
        let mut ranked = passages(&[(0, 1.0), (1, 1.0), (1, 0.5), (2, 1.0), (2, 0.1)]);
        let about = || FileEvidence { standing: 1.0, ..FileEvidence::default() };
        settle(&mut ranked, &HashMap::from([(0, about()), (1, about()), (2, about())]));
        let best = |file| ranked.iter().find(|one| one.file == file).unwrap().score;
        assert!(best(1) > best(2) && best(2) > best(0), "{ranked:?}");
        // A file of many passages does not win by their number.
        let mut ranked = passages(&[(0, 1.0), (1, 0.8), (1, 0.8), (1, 0.8), (1, 0.8), (1, 0.8)]);
        settle(&mut ranked, &HashMap::from([(0, about()), (1, about())]));
        assert!(ranked[0].score > ranked[1].score, "{ranked:?}");
    }

    #[test]
    fn the_scope_is_looked_for_in_paths() {
        let scope = |path: &str, question: &str| {
            let query = Query::new(question);
            let rarity = vec![1.0; query.terms.len()];
            FileEvidence::of(&RelPath::new(path).unwrap(), 1.0, 1.0, &query, &rarity).scope
        };
        for (path, question, expect) in [
            ("src/net/port.rs", "net: a port leaks", 1.0),
            ("src/web/port.rs", "net: a port leaks", 0.0),
            ("src/net/port.rs", "fix(net, web): a port leaks", 0.5),
            ("src/net/port.rs", "a port of the net leaks", 0.0),
            ("src/error.rs", "error: a port leaks", 0.0),
        ] {
            assert!((scope(path, question) - expect).abs() < 1e-6, "{path} {question}");
        }
    }
}
