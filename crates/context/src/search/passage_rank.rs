//! The second step: chunks of the best files, by words and by what they define.

use std::path::Path;
use std::thread;

use mlxcode_base::{CancelToken, LineIndex, RelPath};

use super::evidence::{FileEvidence, settle};
use super::saturation;
use super::standing::standing;
use super::{FileRank, Hit, HitReason};
use crate::error::{Error, Result};
use crate::syntax::{Chunk, chunks, language_of};
use crate::terms::Query;
use crate::walk::{SourceFile, threads};

/// Files that are parsed: enough that the answer is in one of them, few enough
/// that a large tree answers in a second or two.
pub const PARSED_FILES: usize = 120;

/// Of these files, as many of the best are parsed as take this much together:
/// parsers read some megabytes a second. The others are cut by lines.
const PARSED_BYTES: usize = 6 << 20;

/// The words of a chunk's definitions count this many times.
const NAME_WEIGHT: f32 = 1.6;

/// The part of that for a name that is made of other words, too.
const NAME_BASE: f32 = 0.3;

/// How much a passage gains from its file's name at most.
const TOPIC_GAIN: f32 = 0.15;

/// How much of its score a chunk owes to holding more of the question.
const COVERAGE: f32 = 0.3;

/// Tests show how code is used; a question about code asks how it works.
const TEST_FACTOR: f32 = 0.5;

/// The chunk length, in words, to which others are compared, and how much that
/// counts. Chunks are alike in length: a longer one says more.
const MEAN_WORDS: f32 = 50.0;
const LENGTH_WEIGHT: f32 = 0.7;

/// How much a passage gains that defines what the question names, or stands
/// in a file that it names.
pub const NAMED_FACTOR: f32 = 1.5;

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

impl RankedChunk {
    /// What is shown of it.
    pub fn hit(self, path: &RelPath, text: &str, query: &Query) -> Hit {
        let Chunk { lines, names, .. } = self.chunk;
        let told = |text: &str| {
            let (counts, _) = query.count(text);
            let held = counts.iter().zip(&query.terms).filter(|(count, _)| **count > 0);
            held.map(|(_, term)| term.word.clone()).collect::<Vec<_>>()
        };
        let mut reasons = Vec::new();
        let defined = names.iter().filter(|name| !told(name).is_empty());
        reasons.extend(defined.take(1).map(|name| HitReason::Defines { name: name.clone() }));
        if !self.words.is_empty() {
            reasons.push(HitReason::Words { words: self.words.clone() });
        }
        let in_path = told(path.as_str());
        if !in_path.is_empty() {
            reasons.push(HitReason::Path { words: in_path });
        }
        let best = text.lines().enumerate().max_by_key(|(number, line)| {
            let (counts, _) = query.count(line);
            let held = counts.iter().filter(|count| **count > 0).count();
            let named = names.iter().any(|name| line.contains(name.as_str()));
            let shows = !line.trim().is_empty();
            (held + usize::from(named && held > 0), shows, std::cmp::Reverse(*number))
        });
        Hit {
            path: path.clone(),
            lines,
            best_line: lines.first + best.map_or(0, |(number, _)| number),
            score: self.score,
            words: self.words,
            reasons,
            text: text.to_owned(),
        }
    }
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
                        .flat_map(|(place, (number, _))| {
                            let file = &files[*number];
                            let language = (place < parsed)
                                .then(|| language_of(Path::new(file.path.as_str()), &file.text))
                                .flatten();
                            let chunks = chunks(&file.text, language);
                            let chunks = count_chunks(&file.text, chunks, query);
                            let file = RankedFile {
                                number: *number,
                                path: &file.path,
                                standing: standing(&file.path, file.origin, query),
                            };
                            rank_file(file, chunks, &rank.rarity, query)
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
    let evidence = best.iter().map(|(number, score)| {
        let file = &files[*number];
        let standing = standing(&file.path, file.origin, query);
        (*number, FileEvidence::of(&file.path, *score, standing, query, &rank.rarity))
    });
    settle(&mut ranked, &evidence.collect());
    sort(&mut ranked);
    Ok(ranked)
}

/// A file whose chunks are ranked.
#[derive(Clone, Copy, Debug)]
pub struct RankedFile<'a> {
    pub number: usize,
    pub path: &'a RelPath,
    pub standing: f32,
}

/// A chunk and how often it holds each word of a question.
#[derive(Clone, Debug)]
pub struct CountedChunk {
    pub chunk: Chunk,
    pub counts: Vec<u32>,
    pub words: u32,
}

/// Counts the words of a file's chunks.
pub fn count_chunks(text: &str, chunks: Vec<Chunk>, query: &Query) -> Vec<CountedChunk> {
    let index = LineIndex::new(text);
    let count = |chunk: Chunk| {
        let range = index.bytes_of(chunk.lines);
        let (counts, words) = query.count(&text[range.start..range.end]);
        CountedChunk { chunk, counts, words }
    };
    chunks.into_iter().map(count).collect()
}

/// Ranks the chunks of one file, in their order.
pub fn rank_file(
    file: RankedFile<'_>,
    chunks: Vec<CountedChunk>,
    rarity: &[f32],
    query: &Query,
) -> Vec<RankedChunk> {
    let said = query.terms.iter().zip(rarity).filter(|(term, _)| term.parts.is_none());
    let whole: f32 = said.map(|(_, rarity)| rarity).sum();
    let (in_path, _) = query.count(file.path.as_str());
    let topic = topic(file.path, query);
    chunks
        .into_iter()
        .filter_map(|CountedChunk { chunk, counts, words }| {
            let mut score: f32 = counts
                .iter()
                .zip(rarity)
                .map(|(count, rarity)| rarity * fit(*count as f32, words as f32))
                .sum();
            if score == 0.0 {
                return None;
            }
            let names = chunk.names.join(" ");
            let (in_names, name_words) = query.count(&names);
            let meant = in_names.iter().zip(rarity).filter(|(count, _)| **count > 0);
            let meant: f32 = meant.map(|(_, rarity)| rarity).sum();
            // A name made of nothing but the question's words is what was meant.
            let share = in_names.iter().sum::<u32>() as f32 / name_words.max(1) as f32;
            score += NAME_WEIGHT * meant * (NAME_BASE + share.min(1.0));
            let covered = covered(query, rarity, &counts, &in_path);
            let coverage = covered / whole.max(f32::MIN_POSITIVE);
            let test = if is_test(&chunk) && !query.asks("test") { TEST_FACTOR } else { 1.0 };
            score *= (1.0 - COVERAGE + COVERAGE * coverage) * file.standing * test * topic;
            let held = counts.iter().zip(&query.terms).filter(|(count, _)| **count > 0);
            let words = held.map(|(_, term)| term.word.clone()).collect();
            Some(RankedChunk { file: file.number, chunk, score, words })
        })
        .collect()
}

fn fit(count: f32, words: f32) -> f32 {
    saturation(count, words, MEAN_WORDS, LENGTH_WEIGHT)
}

/// What a file gains whose name is made of nothing but the question's words.
fn topic(path: &RelPath, query: &Query) -> f32 {
    let name = path.file_name();
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
