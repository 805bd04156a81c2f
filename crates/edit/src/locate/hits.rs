//! Lines of a file that share a line or a word with the lines wanted.

use std::collections::HashMap;

use super::align::Plain;

/// What stands in more lines than this leads nowhere.
pub const COMMON: usize = 48;

/// Shorter words tell nothing.
const LEAST_LETTERS: usize = 4;

/// A wanted line, or a word of one, and where it stands.
#[derive(Debug, Default)]
pub struct Hit {
    /// The wanted lines that hold it.
    pub from: Vec<usize>,
    /// What it counts.
    pub weight: f32,
    /// The lines of the file that hold it: more than [`COMMON`] are not listed.
    pub lines: Vec<usize>,
}

/// All of them, in the order of the wanted lines.
#[derive(Debug, Default)]
pub struct Hits {
    pub all: Vec<Hit>,
}

impl Hits {
    /// Looks each wanted line and word up in the file.
    pub fn of(file: &[Plain<'_>], wanted: &[Plain<'_>]) -> Self {
        let mut known = Known::default();
        for (at, line) in wanted.iter().enumerate() {
            known.add(&line.text, at);
            each_word(&line.text, |word| known.add(word, at));
        }
        for (at, line) in file.iter().enumerate() {
            known.hit(&line.text, 4.0 * line.weight, at);
            each_word(&line.text, |word| known.hit(word, 1.0, at));
        }
        let found = |hit: &Hit| !hit.lines.is_empty();
        Self { all: known.hits.into_iter().filter(found).collect() }
    }
}

/// The wanted texts by themselves.
#[derive(Default)]
struct Known<'t> {
    numbers: HashMap<&'t str, usize>,
    hits: Vec<Hit>,
    sizes: Sizes,
}

impl<'t> Known<'t> {
    fn add(&mut self, text: &'t str, at: usize) {
        self.sizes.add(text);
        let number = *self.numbers.entry(text).or_insert(self.hits.len());
        if number == self.hits.len() {
            self.hits.push(Hit::default());
        }
        self.hits[number].from.push(at);
    }

    /// Takes note of a text of the file's line `at`.
    fn hit(&mut self, text: &str, weight: f32, at: usize) {
        if !self.sizes.may_hold(text) {
            return;
        }
        let Some(number) = self.numbers.get(text) else { return };
        let hit = &mut self.hits[*number];
        if hit.lines.is_empty() {
            hit.weight = weight;
        }
        if hit.lines.len() <= COMMON && hit.lines.last() != Some(&at) {
            hit.lines.push(at);
        }
    }
}

/// Which lengths occur, by the first byte: most words of a file are told apart
/// by that alone.
struct Sizes([u64; 256]);

impl Default for Sizes {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Sizes {
    fn place(text: &str) -> (usize, u64) {
        let first = text.bytes().next().unwrap_or_default();
        (usize::from(first), 1 << (text.len() % 64))
    }

    fn add(&mut self, text: &str) {
        let (first, bit) = Self::place(text);
        self.0[first] |= bit;
    }

    fn may_hold(&self, text: &str) -> bool {
        let (first, bit) = Self::place(text);
        self.0[first] & bit != 0
    }
}

/// The words of a line that are long enough to tell something.
fn each_word<'t>(text: &'t str, mut take: impl FnMut(&'t str)) {
    if !text.is_ascii() {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        return words.filter(|word| word.len() >= LEAST_LETTERS).for_each(take);
    }
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            continue;
        }
        if at - start >= LEAST_LETTERS {
            take(&text[start..at]);
        }
        start = at + 1;
    }
    if text.len() - start >= LEAST_LETTERS {
        take(&text[start..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_of_ascii_are_split_as_all_are(text in "[abcde_ .(9-]{0,40}") {
            let mut words = Vec::new();
            each_word(&text, |word| words.push(word));
            let slow = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let slow: Vec<&str> = slow.filter(|word| word.len() > 3).collect();
            prop_assert_eq!(words, slow);
        }
    }

    #[test]
    fn lines_and_words_are_found_where_they_stand() {
        let plain = |text: &'static str| text.split('|').map(Plain::of).collect::<Vec<_>>();
        let file = plain("let port = 1;|serve(port)|let port = 1;|x");
        let hits = Hits::of(&file, &plain("let port = 1;|listen(port)")).all;
        let found: Vec<_> = hits.iter().map(|hit| (&hit.from[..], &hit.lines[..])).collect();
        assert_eq!(found, [(&[0][..], &[0, 2][..]), (&[0, 1], &[0, 1, 2])]);
    }
}
