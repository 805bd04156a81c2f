use std::collections::HashMap;
use std::fmt;

use mlxcode_models::{DryOptions, Error as ModelsError};

/// Gives the text that became certain with each token of a sequence.
pub type TokenText = Box<dyn FnMut(u32) -> Result<String, ModelsError> + Send>;

/// Keeps sequences from being repeated: DRY, "don't repeat yourself" (p-e-w
/// 2024, text-generation-webui pull request 5677).
///
/// Where the last `n` tokens were there before, the token that came after them
/// then loses `multiplier · base^(n − allowed_length)` now, if `n` is at least
/// the allowed length; of several places the longest counts. No match goes
/// back beyond a token that completes a breaker, and such a token is never
/// penalised.
pub struct Dry {
    multiplier: f32,
    base: f32,
    allowed_length: usize,
    window: Option<usize>,
    breakers: Breakers,
    /// The tokens of the window, and some before it.
    tokens: Vec<u32>,
    /// Whether each of them completes a breaker.
    breaks: Vec<bool>,
    matches: Vec<usize>,
    longest: HashMap<u32, usize>,
}

impl fmt::Debug for Dry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dry").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

impl Dry {
    /// `None` where nothing would change.
    pub fn new(options: &DryOptions, text: TokenText) -> Option<Self> {
        let &DryOptions { multiplier, base, allowed_length, window, .. } = options;
        // A repeated sequence takes its own length, and a token before it.
        let never = window.is_some_and(|window| window <= allowed_length);
        if multiplier == 0.0 || never {
            return None;
        }
        Some(Self {
            multiplier,
            base,
            allowed_length,
            window,
            breakers: Breakers::new(&options.breakers, text),
            tokens: Vec::new(),
            breaks: Vec::new(),
            matches: Vec::new(),
            longest: HashMap::new(),
        })
    }

    /// Adds tokens to the window.
    pub fn observe(&mut self, tokens: &[u32]) -> Result<(), ModelsError> {
        let skip = self.window.map_or(0, |window| tokens.len().saturating_sub(window));
        for id in &tokens[skip..] {
            self.tokens.push(*id);
            self.breaks.push(self.breakers.completes(*id)?);
        }
        if let Some(window) = self.window {
            // Twice the window, so that moving it costs little per token.
            if self.tokens.len() >= window.saturating_mul(2) {
                let old = self.tokens.len() - window;
                self.tokens.drain(..old);
                self.breaks.drain(..old);
            }
        }
        Ok(())
    }

    /// Changes the logits of tokens that would prolong a repetition.
    pub fn apply(&mut self, logits: &mut [f32]) {
        let window = self.window.unwrap_or(usize::MAX).min(self.tokens.len());
        let tokens = &self.tokens[self.tokens.len() - window..];
        let breaks = &self.breaks[self.breaks.len() - window..];
        let limit = breaks.iter().rev().take_while(|breaks| !**breaks).count();
        if limit < self.allowed_length {
            return;
        }
        suffix_matches(tokens, &mut self.matches);
        self.longest.clear();
        for (next, length) in self.matches.iter().enumerate() {
            let length = (*length).min(limit);
            if length >= self.allowed_length && !breaks[next] {
                let longest = self.longest.entry(tokens[next]).or_default();
                *longest = length.max(*longest);
            }
        }
        for (id, length) in &self.longest {
            if let Some(logit) = logits.get_mut(*id as usize) {
                let beyond = (length - self.allowed_length) as f32;
                // Finite, so that a token which is the last choice stays one.
                *logit -= (self.multiplier * self.base.powf(beyond)).min(f32::MAX / 2.0);
            }
        }
    }
}

/// For each place of `tokens`, how many tokens before it are also the last
/// ones of the whole.
///
/// The Z function of the reversed tokens (Gusfield 1997, "Algorithms on
/// Strings, Trees, and Sequences", section 1.4), in linear time.
fn suffix_matches(tokens: &[u32], matches: &mut Vec<usize>) {
    let count = tokens.len();
    let back = |at: usize| tokens[count - 1 - at];
    matches.clear();
    matches.resize(count, 0);
    // The match that reaches furthest back, from `start` to before `end`, both
    // counted from the end.
    let (mut start, mut end) = (0, 0);
    for at in 1..count {
        // The match at `shift` places from the end stands at `count - shift`.
        let known = |shift: usize| matches[count - shift];
        let mut length = if at < end { known(at - start).min(end - at) } else { 0 };
        while at + length < count && back(length) == back(at + length) {
            length += 1;
        }
        if at + length > end {
            (start, end) = (at, at + length);
        }
        matches[count - at] = length;
    }
}

/// Finds texts in what the tokens mean, wherever the token borders fall.
struct Breakers {
    texts: Vec<Vec<u8>>,
    /// The bytes of the longest text but one.
    most_before: usize,
    /// The end of the text so far, as long as it may matter, and the newest.
    tail: Vec<u8>,
    text: TokenText,
}

impl Breakers {
    fn new(texts: &[String], text: TokenText) -> Self {
        let filled = texts.iter().filter(|text| !text.is_empty());
        let texts: Vec<_> = filled.map(|text| text.clone().into_bytes()).collect();
        let most_before = texts.iter().map(|text| text.len() - 1).max().unwrap_or(0);
        Self { texts, most_before, tail: Vec::new(), text }
    }

    /// Takes the next token; whether one of the texts ends in it.
    fn completes(&mut self, id: u32) -> Result<bool, ModelsError> {
        if self.texts.is_empty() {
            return Ok(false);
        }
        let before = self.tail.len();
        self.tail.extend_from_slice((self.text)(id)?.as_bytes());
        let found = self.texts.iter().any(|text| {
            let near = &self.tail[before.saturating_sub(text.len() - 1)..];
            near.windows(text.len()).any(|part| part == text)
        });
        let old = self.tail.len().saturating_sub(self.most_before);
        self.tail.drain(..old);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::proptest;

    use super::*;

    /// One text a token, by its number.
    const TEXTS: [&str; 8] = ["a", "b", "c", "d", "\n", "x: ", "*", "/"];

    fn dry(options: &DryOptions) -> Dry {
        Dry::new(options, Box::new(|id| Ok(TEXTS[id as usize].to_owned()))).unwrap()
    }

    fn plain() -> DryOptions {
        let breakers = Vec::new();
        DryOptions { multiplier: 1.0, base: 2.0, breakers, ..DryOptions::default() }
    }

    fn losses(options: &DryOptions, seen: &[u32]) -> Vec<f32> {
        let mut dry = dry(options);
        dry.observe(seen).unwrap();
        let mut logits = [0.0; 8];
        dry.apply(&mut logits);
        logits.map(|logit| 0.0 - logit).to_vec()
    }

    fn check(options: &DryOptions, seen: &[u32], expect: &[(usize, f32)]) {
        let mut all = vec![0.0; 8];
        for (id, loss) in expect {
            all[*id] = *loss;
        }
        assert_eq!(losses(options, seen), all, "{options:?} {seen:?}");
    }

    #[test]
    fn a_token_that_prolongs_a_repetition_loses() {
        let plain = plain();
        // Nothing was there before; one token only, which is allowed.
        check(&plain, &[], &[]);
        check(&plain, &[0, 1, 2], &[]);
        check(&plain, &[0, 1, 2, 0], &[]);
        // Two tokens: 2^0; three: 2^1; five: 2^3.
        check(&plain, &[0, 1, 2, 0, 1], &[(2, 1.0)]);
        check(&plain, &[0, 1, 2, 3, 0, 1, 2], &[(3, 2.0)]);
        check(&plain, &[0, 1, 2, 3, 0, 7, 0, 1, 2, 3, 0], &[(7, 8.0)]);
        // Two continuations of different length, and the longest for one token.
        check(&plain, &[2, 0, 1, 3, 0, 1, 2, 7, 2, 0, 1], &[(3, 2.0), (2, 1.0)]);
        check(&plain, &[0, 1, 2, 3, 0, 1, 2, 1, 2], &[(3, 1.0), (1, 1.0)]);
        check(&plain, &[0, 1, 2, 3, 1, 2, 3, 0, 1, 2], &[(3, 2.0)]);
        // A match may overlap with what it matches: here aaa twice in aaaa.
        check(&plain, &[0, 0, 0, 0], &[(0, 2.0)]);
        let strong = DryOptions { multiplier: 0.5, base: 3.0, allowed_length: 1, ..plain };
        check(&strong, &[0, 1, 2, 0, 1], &[(2, 1.5)]);
        check(&strong, &[0, 1, 0], &[(1, 0.5)]);
    }

    #[test]
    fn only_the_window_counts() {
        let windowed = |window| DryOptions { window: Some(window), ..plain() };
        let seen = [0, 1, 2, 3, 0, 1, 2];
        check(&windowed(7), &seen, &[(3, 2.0)]);
        check(&windowed(6), &seen, &[(3, 1.0)]);
        check(&windowed(5), &seen, &[]);
        check(&windowed(100), &seen, &[(3, 2.0)]);
        let never = Dry::new(&windowed(2), Box::new(|_| Ok(String::new())));
        assert!(never.is_none());
    }

    #[test]
    fn nothing_matches_beyond_a_breaker() {
        let breaking = |texts: &[&str]| DryOptions {
            breakers: texts.iter().map(|text| (*text).to_owned()).collect(),
            ..plain()
        };
        // a b \n c d a b \n c d: without a breaker five tokens before a, with
        // it two.
        let lines = [0, 1, 4, 2, 3, 0, 1, 4, 2, 3];
        check(&breaking(&[""]), &lines, &[(0, 8.0)]);
        check(&breaking(&["\n"]), &lines, &[(0, 1.0)]);
        // One token after the breaker is less than what may be prolonged.
        check(&breaking(&["\n"]), &[0, 1, 4, 2, 3, 0, 1, 4, 2], &[]);
        // The breaker itself is free, also as a part of a token.
        check(&breaking(&["\n"]), &[0, 1, 4, 0, 1], &[]);
        check(&breaking(&[":"]), &[0, 1, 5, 0, 1], &[]);
        check(&breaking(&["\n"]), &[0, 1, 5, 0, 1], &[(5, 1.0)]);
        // Across tokens: `*` and `/` end a comment only together.
        let comment = [0, 6, 7, 1, 2, 3, 0, 6, 7, 1, 2];
        check(&breaking(&["*/"]), &comment, &[(3, 1.0)]);
        check(&breaking(&["/*"]), &comment, &[(3, 8.0)]);
        check(&breaking(&["a*/b"]), &comment, &[]);
        check(&breaking(&["*/"]), &[0, 1, 6, 2, 0, 1], &[(6, 1.0)]);
    }

    #[test]
    fn a_long_repetition_costs_much_but_not_everything() {
        let seen: Vec<u32> = [0, 1, 2].into_iter().cycle().take(3_000).collect();
        let lost = losses(&plain(), &seen);
        assert!(lost[0] > 1e30 && lost[0].is_finite(), "{lost:?}");
    }

    proptest! {
        /// Place by place, as the pull request describes it.
        #[test]
        fn all_matches_are_found(
            seen in vec(0_u32..4, 0..60),
            window in proptest::option::of(3_usize..40),
            allowed_length in 1_usize..4,
            pieces in vec(1_usize..9, 1..9),
        ) {
            let breakers = vec!["d".to_owned()];
            let options = DryOptions { window, allowed_length, breakers, ..plain() };
            if window.is_some_and(|window| window <= allowed_length) {
                return Ok(());
            }
            let recent = &seen[seen.len().saturating_sub(window.unwrap_or(99))..];
            let mut expect = vec![0.0_f32; 8];
            for next in 1..recent.len() {
                let before = recent[..next].iter().rev().zip(recent.iter().rev());
                let same = before.take_while(|(a, b)| a == b && **b != 3).count();
                if same >= allowed_length && recent[next] != 3 {
                    let loss = 2_f32.powi((same - allowed_length) as i32);
                    let most = &mut expect[recent[next] as usize];
                    *most = most.max(loss);
                }
            }
            let mut dry = dry(&options);
            let mut rest = &seen[..];
            for length in pieces.iter().cycle() {
                let (now, later) = rest.split_at((*length).min(rest.len()));
                dry.observe(now).unwrap();
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            let mut logits = [0.0; 8];
            dry.apply(&mut logits);
            assert_eq!(logits.map(|logit| 0.0 - logit).to_vec(), expect, "{seen:?}");
        }
    }
}
