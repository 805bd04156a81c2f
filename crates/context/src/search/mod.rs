//! Which passages matter for a question.

mod auto;
mod evidence;
mod file_rank;
mod fuzzy;
mod hit;
mod in_index;
mod lexical;
mod passage_rank;
mod semantic;
mod standing;
mod surroundings;
mod sweep;
mod symbol;
mod text;
mod together;

pub use file_rank::{FileRank, rank_files};
pub use hit::{Hit, HitReason, SearchKind, SearchOptions};
pub use passage_rank::{NAMED_FACTOR, RankedChunk, rank_chunks, sort};
pub use standing::{Standing, standing};
pub use text::search_text;

/// The saturation of a word's count, `k1`, and the weight of the length, `b`,
/// of Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance
/// Framework", 2009). Code repeats words in long files for good reasons, so
/// `b` is lower than for prose.
const K1: f32 = 1.6;
const B: f32 = 0.5;

/// The part of the score of one word that depends on the passage.
fn saturation(count: f32, words: f32, mean_words: f32, length_weight: f32) -> f32 {
    let length = 1.0 - length_weight + length_weight * words / mean_words.max(1.0);
    count * (K1 + 1.0) / (count + K1 * length)
}
