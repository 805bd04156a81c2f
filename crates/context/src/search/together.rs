//! Files that are changed together with those that fit best: a test with its
//! code, a header with its source, the two ends of a protocol.

use std::cmp::Ordering;
use std::collections::HashMap;

use mlxcode_base::RelPath;
use rusqlite::Connection;

use super::evidence::FileEvidence;
use super::{HitReason, RankedChunk};
use crate::index;

/// So many of the files that fit best are asked what they are changed with.
const MOST_STRONG: usize = 8;

/// A file that is changed with a strong one this often is told of with it.
const TOLD_TOGETHER: f32 = 0.2;

/// Tells of each file how often it is changed together with the strongest.
pub fn tell<'a>(
    connection: &Connection,
    ranked: &[RankedChunk],
    path: impl Fn(usize) -> &'a RelPath,
    evidence: &mut HashMap<usize, FileEvidence>,
) -> rusqlite::Result<()> {
    let strong = strongest(ranked, evidence);
    let paths: Vec<&RelPath> = strong.iter().map(|(number, _)| path(*number)).collect();
    let shares = index::changed_together(connection, &paths)?;
    for (number, about) in evidence.iter_mut() {
        let mut most = TOLD_TOGETHER;
        let mut with = None;
        for ((shares, strong_path), (_, strength)) in shares.iter().zip(&paths).zip(&strong) {
            let share = shares.get(path(*number)).copied().unwrap_or_default();
            about.together += share * strength;
            if share >= most {
                most = share;
                with = Some((*strong_path).clone());
            }
        }
        about.reasons.extend(with.map(|path| HitReason::Together { path }));
    }
    Ok(())
}

/// The strongest files and how strong they are, the strongest first.
fn strongest(ranked: &[RankedChunk], evidence: &HashMap<usize, FileEvidence>) -> Vec<(usize, f32)> {
    let mut best: HashMap<usize, f32> = HashMap::new();
    for one in ranked {
        let score = best.entry(one.file).or_default();
        *score = score.max(one.score);
    }
    let most = best.values().copied().fold(0.0, f32::max);
    let strength = |(number, about): (&usize, &FileEvidence)| {
        let best = best.get(number).copied().unwrap_or_default();
        (*number, about.strength(best, most))
    };
    let mut strong: Vec<(usize, f32)> = evidence.iter().map(strength).collect();
    strong.sort_by(|a, b| -> Ordering { b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)) });
    strong.truncate(MOST_STRONG);
    strong
}
