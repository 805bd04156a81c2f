//! The second step: chunks of the best files, by words and by what they define.

use std::path::Path;
use std::thread;

use mlxcode_base::{CancelToken, LineIndex};

use super::FileRank;
use super::saturation;
use super::standing::standing;
use crate::error::{Error, Result};
use crate::syntax::{Chunk, chunks, language_of};
use crate::terms::Query;
use crate::walk::{SourceFile, threads};

/// Files that are parsed: enough that the answer is in one of them, few enough
/// that a large tree answers in a second or two.
const PARSED_FILES: usize = 120;

/// Of these files, as many of the best are parsed as take this much together:
/// parsers read some megabytes a second. The others are cut by lines.
const PARSED_BYTES: usize = 6 << 20;

/// The words of a chunk's definitions count this many times.
const NAME_WEIGHT: f32 = 1.2;

/// How much of the file's own score its chunks inherit.
const FILE_WEIGHT: f32 = 0.25;

/// Tests show how code is used; a question about code asks how it works.
const TEST_FACTOR: f32 = 0.5;

/// How much a passage gains from its file's name at most.
const TOPIC_GAIN: f32 = 0.4;

/// The chunk length, in words, to which others are compared.
const MEAN_WORDS: f32 = 80.0;

/// A chunk and how well it fits.
#[derive(Clone, Debug)]
pub struct RankedChunk {
    /// The number of its file.
    pub file: usize,
    pub chunk: Chunk,
    pub score: f32,
    /// The words of the question that it holds.
    pub words: Vec<String>,
}

/// Best first; equal ones by their places.
pub fn sort(ranked: &mut [RankedChunk]) {
    let place = |one: &RankedChunk| (one.file, one.chunk.lines);
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| place(a).cmp(&place(b))));
}

/// Ranks the chunks of the best files, best first.
pub fn rank_chunks(
    files: &[SourceFile],
    rank: &FileRank,
    query: &Query,
    cancel: &CancelToken,
) -> Result<Vec<RankedChunk>> {
    let best = &rank.files[..rank.files.len().min(PARSED_FILES)];
    let workers = threads();
    let mut bytes = 0;
    let parsed = best.iter().take_while(|(number, _)| {
        bytes += files[*number].text.len();
        bytes <= PARSED_BYTES
    });
    let parsed = parsed.count();
    let mut ranked: Vec<RankedChunk> = thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|worker| {
                // Dealt out like cards, so that long files spread.
                let mine = best.iter().enumerate().skip(worker).step_by(workers);
                scope.spawn(move || {
                    mine.take_while(|_| !cancel.is_cancelled())
                        .flat_map(|(place, (number, score))| {
                            let file = &files[*number];
                            let language = (place < parsed)
                                .then(|| language_of(Path::new(file.path.as_str()), &file.text))
                                .flatten();
                            let chunks = chunks(&file.text, language);
                            rank_file(*number, file, chunks, *score, &rank.rarity, query)
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_default()).collect()
    });
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    sort(&mut ranked);
    Ok(ranked)
}

/// Ranks the chunks of one file, in their order.
fn rank_file(
    number: usize,
    file: &SourceFile,
    chunks: Vec<Chunk>,
    file_score: f32,
    rarity: &[f32],
    query: &Query,
) -> Vec<RankedChunk> {
    let index = LineIndex::new(&file.text);
    let standing = standing(&file.path, file.origin, query);
    let said = query.terms.iter().zip(rarity).filter(|(term, _)| term.parts.is_none());
    let whole: f32 = said.map(|(_, rarity)| rarity).sum();
    let (in_path, _) = query.count(file.path.as_str());
    let topic = topic(file, query);
    chunks
        .into_iter()
        .filter_map(|chunk| {
            let range = index.bytes_of(chunk.lines);
            let (counts, words) = query.count(&file.text[range.start..range.end]);
            let names = chunk.names.join(" ");
            let (in_names, name_words) = query.count(&names);
            let mut score = 0.0;
            let mut meant = 0.0;
            for (term, rarity) in rarity.iter().enumerate() {
                score += rarity * saturation(counts[term] as f32, words as f32, MEAN_WORDS);
                if in_names[term] > 0 {
                    meant += rarity;
                }
            }
            if score == 0.0 {
                return None;
            }
            // A name made of nothing but the question's words is what was meant.
            let share = in_names.iter().sum::<u32>() as f32 / name_words.max(1) as f32;
            score += NAME_WEIGHT * meant * (0.5 + share.min(1.0));
            let covered = covered(query, rarity, &counts, &in_path);
            let coverage = covered / whole.max(f32::MIN_POSITIVE);
            let test = if is_test(&chunk) && !query.asks("test") { TEST_FACTOR } else { 1.0 };
            score =
                score * (0.4 + 0.6 * coverage) * standing * test * topic + FILE_WEIGHT * file_score;
            let held = counts.iter().zip(&query.terms).filter(|(count, _)| **count > 0);
            let words = held.map(|(_, term)| term.word.clone()).collect();
            Some(RankedChunk { file: number, chunk, score, words })
        })
        .collect()
}

/// What a file gains whose name is made of nothing but the question's words.
fn topic(file: &SourceFile, query: &Query) -> f32 {
    let name = file.path.file_name();
    let (counts, words) = query.count(name.split('.').next().unwrap_or(name));
    let said = counts.iter().zip(&query.terms).filter(|(_, term)| term.parts.is_none());
    let told: f32 = said.map(|(count, term)| *count as f32 * term.weight).sum();
    1.0 + TOPIC_GAIN * (told / words.max(1) as f32).min(1.0)
}

/// Whether a chunk is a test among the code that it tests.
fn is_test(chunk: &Chunk) -> bool {
    let inside = chunk.inside.as_deref().unwrap_or_default();
    ["mod test", "mod tests"].iter().any(|test| inside.split(" > ").any(|part| part == *test))
        || chunk.names.iter().any(|name| name.starts_with("test_") || name == "tests")
}

/// How much of the question's words a chunk holds, by their rarity; those of
/// its file's path count half.
fn covered(query: &Query, rarity: &[f32], counts: &[u32], in_path: &[u32]) -> f32 {
    let mut shares = vec![0.0_f32; rarity.len()];
    for (number, term) in query.terms.iter().enumerate() {
        let share = match (counts[number], in_path[number]) {
            (1.., _) => 1.0,
            (0, 1..) => 0.5,
            (0, 0) => continue,
        };
        // A word written together holds its two parts.
        for place in term.parts.unwrap_or([number; 2]) {
            shares[place] = shares[place].max(share);
        }
    }
    shares.iter().zip(rarity).map(|(share, rarity)| share * rarity).sum()
}
