//! How many tokens each piece takes, so that they add up to those of the whole.

use super::piece::Piece;
use super::{Budget, TokenCounter};

/// Where counting beginnings of a text anew would read more bytes than this,
/// the difference to the sum goes to the last piece as a whole.
const MOST_RECOUNTED_BYTES: usize = 1 << 20;

/// Counts for a budget.
#[derive(Clone, Copy)]
pub struct Counter<'a> {
    counter: &'a dyn TokenCounter,
    /// What a counter adds to every text, such as a token in front.
    base: usize,
}

impl<'a> Counter<'a> {
    pub fn new(budget: &Budget<'a>) -> Self {
        Self { counter: budget.counter, base: budget.counter.count("") }
    }

    /// What a whole context takes; nothing where it is empty.
    pub fn whole(self, text: &str) -> usize {
        if text.is_empty() { 0 } else { self.counter.count(text) }
    }

    /// What a text takes beside others: an estimate, since tokens may join
    /// at its borders.
    pub fn part(self, text: &str) -> usize {
        self.counter.count(text).saturating_sub(self.base)
    }

    /// Tells each piece its tokens, and gives their sum: exactly what all of
    /// them take as one text.
    ///
    /// Pieces end with an empty line, where most tokenizers cut a text anyway,
    /// so that the pieces' own counts add up. Where they do not, each piece
    /// takes what the text grows by when it is added.
    pub fn share(self, pieces: &mut [Piece]) -> usize {
        let texts: Vec<String> = pieces.iter().map(Piece::render).collect();
        let (parts, total) = self.shares(&texts);
        for (piece, tokens) in pieces.iter_mut().zip(parts) {
            piece.set_tokens(tokens);
        }
        total
    }

    /// The tokens of each of some texts that stand behind one another, and
    /// their sum: exactly what all of them take as one text.
    pub fn shares(self, texts: &[String]) -> (Vec<usize>, usize) {
        let total = self.whole(&texts.concat());
        let mut parts: Vec<usize> = texts.iter().map(|text| self.part(text)).collect();
        if let Some(first) = parts.first_mut() {
            // The text begins where the first piece does.
            *first += self.base;
        }
        if parts.iter().sum::<usize>() != total {
            let sizes = texts.iter().enumerate();
            let bytes: usize = sizes.map(|(place, text)| text.len() * (texts.len() - place)).sum();
            if bytes <= MOST_RECOUNTED_BYTES {
                parts = self.growths(texts, total);
            }
            settle(&mut parts, total);
        }
        (parts, total)
    }

    /// By how much the text grows with each piece.
    fn growths(self, texts: &[String], total: usize) -> Vec<usize> {
        let mut text = String::new();
        let mut before = 0;
        let mut growths = Vec::with_capacity(texts.len());
        for (place, piece) in texts.iter().enumerate() {
            text.push_str(piece);
            let now = if place + 1 == texts.len() { total } else { self.whole(&text) };
            growths.push(now.saturating_sub(before));
            before = before.max(now);
        }
        growths
    }
}

/// Makes the parts add up to the total: what is missing or too much goes to
/// the last ones.
fn settle(parts: &mut [usize], total: usize) {
    let sum: usize = parts.iter().sum();
    let mut over = sum.saturating_sub(total);
    for part in parts.iter_mut().rev() {
        let less = over.min(*part);
        *part -= less;
        over -= less;
    }
    if let Some(last) = parts.last_mut() {
        *last += total.saturating_sub(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_left_goes_to_the_last() {
        for (mut parts, total, expect) in [
            (vec![3, 4], 9, vec![3, 6]),
            (vec![3, 4], 5, vec![3, 2]),
            (vec![3, 4], 2, vec![2, 0]),
            (vec![], 0, vec![]),
        ] {
            settle(&mut parts, total);
            assert_eq!(parts, expect);
        }
    }

    proptest! {
        #[test]
        fn parts_add_up(mut parts in prop::collection::vec(0..9_usize, 1..6), total in 0..40_usize) {
            settle(&mut parts, total);
            prop_assert_eq!(parts.iter().sum::<usize>(), total);
        }
    }
}
