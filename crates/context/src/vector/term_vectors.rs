//! Vectors of words, learned from the code itself.

use std::collections::HashMap;

use super::learn::{Row, learn};
use crate::terms::Query;
use crate::words::{each_word, stem};

/// A word in fewer passages than this tells nothing of others.
const LEAST_PASSAGES: u32 = 2;

/// So many words take part, the commonest: the others are in few passages.
const MOST_TERMS: usize = 30_000;

/// Passages of which vectors are learned, at most.
const MOST_PASSAGES: usize = 20_000;

/// Longer words are data.
const MOST_WORD_BYTES: usize = 32;

/// How many numbers a vector has: enough for the subjects of a code base, and
/// a third of what the passage itself takes in the index.
const DIMENSIONS: usize = 96;

/// There are this many passages for each direction at least: with as many
/// directions as words, no two words would be near.
const PASSAGES_EACH: usize = 3;

/// Passages, as the words that they hold.
#[derive(Debug, Default)]
pub struct Sample {
    numbers: HashMap<String, u32>,
    passages: Vec<Vec<(u32, u32)>>,
}

impl Sample {
    /// Adds a passage.
    pub fn add(&mut self, text: &str) {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        each_word(text, |word| {
            if let Some(stem) = telling(word) {
                let next = self.numbers.len() as u32;
                let number = match self.numbers.get(stem) {
                    Some(number) => *number,
                    None => *self.numbers.entry(stem.to_owned()).or_insert(next),
                };
                *counts.entry(number).or_default() += 1;
            }
        });
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        self.passages.push(counts);
    }

    /// Whether no more passages are needed.
    pub fn is_full(&self) -> bool {
        self.passages.len() >= MOST_PASSAGES
    }
}

/// The stem of a word that tells anything.
fn telling(word: &str) -> Option<&str> {
    let tells = word.len() <= MOST_WORD_BYTES && Query::tells(word);
    tells.then(|| stem(word))
}

/// The vectors of words.
#[derive(Clone, Debug, PartialEq)]
pub struct TermVectors {
    terms: HashMap<String, u32>,
    /// How rare each is.
    rarity: Vec<f32>,
    /// The numbers of each, with the scale that makes them whole.
    scales: Vec<f32>,
    table: Vec<i8>,
}

impl TermVectors {
    /// Numbers in a vector.
    pub const DIMENSIONS: usize = DIMENSIONS;

    /// Learns vectors from passages; the order of these counts for nothing but
    /// the last digit.
    pub fn learn(sample: &Sample) -> Self {
        let mut holding = vec![0_u32; sample.numbers.len()];
        for (number, _) in sample.passages.iter().flatten() {
            holding[*number as usize] += 1;
        }
        let mut names: Vec<(&str, u32)> = sample
            .numbers
            .iter()
            .map(|(name, number)| (name.as_str(), *number))
            .filter(|(_, number)| holding[*number as usize] >= LEAST_PASSAGES)
            .collect();
        names.sort_unstable_by_key(|(name, number)| {
            (std::cmp::Reverse(holding[*number as usize]), *name)
        });
        names.truncate(MOST_TERMS);
        let total = sample.passages.len() as f32;
        let mut places = vec![None; sample.numbers.len()];
        let mut rarity = Vec::with_capacity(names.len());
        for (place, (_, number)) in names.iter().enumerate() {
            places[*number as usize] = Some(place as u32);
            rarity.push((1.0 + total / holding[*number as usize] as f32).ln());
        }
        let rows: Vec<Row> = sample
            .passages
            .iter()
            .map(|counts| {
                let known = counts.iter().filter_map(|(number, count)| {
                    let place = places[*number as usize]?;
                    Some((place, weight(*count, rarity[place as usize])))
                });
                normalised(known.collect())
            })
            .collect();
        let fewer = (sample.passages.len() / PASSAGES_EACH).clamp(1, DIMENSIONS);
        let vectors = learn(&rows, names.len(), fewer);
        let terms = names.iter().zip(0..).map(|((name, _), place)| ((*name).to_owned(), place));
        let mut found =
            Self { terms: terms.collect(), rarity, scales: Vec::new(), table: Vec::new() };
        for vector in vectors.chunks_exact(fewer) {
            let most = vector.iter().fold(0.0_f32, |most, one| most.max(one.abs()));
            let scale = (most / 127.0).max(f32::MIN_POSITIVE);
            found.scales.push(scale);
            found.table.extend(vector.iter().map(|one| (one / scale).round() as i8));
            found.table.extend(std::iter::repeat_n(0, DIMENSIONS - fewer));
        }
        found
    }

    /// The vector of a text: the sum of those of its words.
    pub fn embed(&self, text: &str) -> Vec<f32> {
        let mut counts: HashMap<u32, u32> = HashMap::new();
        each_word(text, |word| {
            if let Some(place) = telling(word).and_then(|stem| self.terms.get(stem)) {
                *counts.entry(*place).or_default() += 1;
            }
        });
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_unstable();
        let mut sum = vec![0.0; DIMENSIONS];
        for (place, count) in counts {
            let place = place as usize;
            let weight = weight(count, self.rarity[place]) * self.scales[place];
            let numbers = &self.table[place * DIMENSIONS..(place + 1) * DIMENSIONS];
            sum.iter_mut().zip(numbers).for_each(|(sum, one)| *sum += f32::from(*one) * weight);
        }
        sum
    }

    /// These vectors as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut names: Vec<(&String, &u32)> = self.terms.iter().collect();
        names.sort_unstable_by_key(|(_, place)| **place);
        let mut bytes = Vec::with_capacity(names.len() * (DIMENSIONS + 16));
        bytes.extend((names.len() as u32).to_le_bytes());
        for (name, place) in names {
            let place = *place as usize;
            // Names are short: `telling` sees to it.
            bytes.push(name.len() as u8);
            bytes.extend(name.as_bytes());
            bytes.extend(self.rarity[place].to_le_bytes());
            bytes.extend(self.scales[place].to_le_bytes());
            let numbers = &self.table[place * DIMENSIONS..(place + 1) * DIMENSIONS];
            bytes.extend(numbers.iter().map(|one| one.cast_unsigned()));
        }
        bytes
    }

    /// Reads vectors. `None` for bytes that are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at_checked(count)?;
            rest = left;
            Some(taken)
        };
        let number = |bytes: &[u8]| Some(f32::from_le_bytes(bytes.try_into().ok()?));
        let count = u32::from_le_bytes(take(4)?.try_into().ok()?);
        let mut found = Self {
            terms: HashMap::new(),
            rarity: Vec::new(),
            scales: Vec::new(),
            table: Vec::new(),
        };
        for place in 0..count {
            let length = usize::from(*take(1)?.first()?);
            let name = std::str::from_utf8(take(length)?).ok()?.to_owned();
            found.terms.insert(name, place);
            found.rarity.push(number(take(4)?)?);
            found.scales.push(number(take(4)?)?);
            found.table.extend(take(DIMENSIONS)?.iter().map(|byte| byte.cast_signed()));
        }
        rest.is_empty().then_some(found)
    }
}

fn weight(count: u32, rarity: f32) -> f32 {
    (count as f32).ln_1p() * rarity
}

fn normalised(mut row: Row) -> Row {
    let length = row.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    for (_, weight) in &mut row {
        *weight /= length.max(f32::MIN_POSITIVE);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{dot, to_bytes};
    use proptest::prelude::*;

    fn sample() -> Sample {
        let mut sample = Sample::default();
        for text in [
            "open_socket(host); connect(host)",
            "socket.connect(peer, timeout)",
            "peer timeout: retry connect",
            "draw_circle(canvas, radius)",
            "canvas.fill(colour, radius)",
            "colour palette for the circle",
        ] {
            sample.add(text);
        }
        sample
    }

    #[test]
    fn words_that_are_used_together_are_near() {
        let vectors = TermVectors::learn(&sample());
        let near = |one: &str, other: &str| {
            let other = to_bytes(&vectors.embed(other));
            let other: Vec<u8> = other.iter().map(|byte| byte.cast_unsigned()).collect();
            dot(&to_bytes(&vectors.embed(one)), &other)
        };
        assert!(near("socket", "timeout") > near("socket", "radius"));
        assert!(near("circle", "colour") > near("circle", "peer"));
        assert!(near("unheard", "socket").abs() < f32::EPSILON);
    }

    #[test]
    fn vectors_are_kept() {
        let vectors = TermVectors::learn(&sample());
        assert_eq!(TermVectors::decode(&vectors.encode()), Some(vectors));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(vectors) = TermVectors::decode(&bytes) {
                vectors.embed("a socket");
            }
        }
    }
}
