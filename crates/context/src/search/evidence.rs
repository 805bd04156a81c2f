//! What speaks for a passage beside its own words: its file as a whole, the
//! file's path, its history, and what is open beside it.

use std::cmp::Ordering;
use std::collections::HashMap;

use mlxcode_base::RelPath;

use super::{HitReason, RankedChunk};
use crate::terms::Query;

/// How much of the file's own score its chunks inherit.
const FILE_WEIGHT: f32 = 0.4;
const FILE_DECAY: f32 = 0.9;

/// What a file's path gives that holds all of the question's words, and what
/// the best history gives: shares of the best chunk's score. The best chunk of
/// a file gets all of it and each next one less, so that a file is not shown
/// with all of its parts before others.
const PATH_GAIN: f32 = 0.3;
const PATH_DECAY: f32 = 0.7;
const HISTORY_GAIN: f32 = 0.35;
const HISTORY_DECAY: f32 = 0.5;

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
    /// How well what was said of its changes fits, from 0 to 1.
    pub history: f32,
    /// How often it is changed, from 0 to 1.
    pub churn: f32,
    /// How near it is to what is open, from 0 to 1.
    pub near: f32,
    /// What of this is worth telling.
    pub reasons: Vec<HitReason>,
}

impl FileEvidence {
    /// What a file's path and its words say.
    pub fn of(path: &RelPath, score: f32, standing: f32, query: &Query, rarity: &[f32]) -> Self {
        let (in_path, _) = query.count(path.as_str());
        let said = query.terms.iter().zip(rarity).map(|(term, rarity)| match term.parts {
            Some(_) => 0.0,
            None => *rarity,
        });
        let (mut held, mut whole) = (0.0, 0.0);
        for (count, rarity) in in_path.iter().zip(said) {
            held += if *count > 0 { rarity } else { 0.0 };
            whole += rarity;
        }
        let path = held / whole.max(f32::MIN_POSITIVE);
        Self { score, standing, path, ..Self::default() }
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
    let mut file = usize::MAX;
    let mut place = 0;
    for one in ranked {
        place = if one.file == file { place + 1 } else { 0 };
        file = one.file;
        let Some(about) = files.get(&file) else { continue };
        let share = |gain: f32, decay: f32| gain * decay.powi(place);
        let path = share(PATH_GAIN, PATH_DECAY) * about.path * about.standing;
        let history = share(HISTORY_GAIN, HISTORY_DECAY) * about.history * about.standing.sqrt();
        let churn = share(CHURN_GAIN, CHURN_DECAY) * about.churn;
        one.score += share(FILE_WEIGHT, FILE_DECAY) * about.score + most * (path + history);
        one.score *= (1.0 + churn) * (1.0 + NEAR_GAIN * about.near);
    }
}
