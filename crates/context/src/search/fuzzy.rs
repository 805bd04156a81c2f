//! How well a name fits what somebody typed of it.

/// Longer names are looked at in their beginning.
const MOST_NAME: usize = 64;

/// A longer pattern is no name.
const MOST_PATTERN: usize = 48;

/// What one letter gains, at the beginning of a word and right behind the
/// letter before; and what a gap costs.
const LETTER: i32 = 16;
const BOUNDARY: i32 = 10;
const NEXT: i32 = 6;
const GAP: i32 = -3;
const LONGER_GAP: i32 = -1;

/// Worse than any score.
const NONE: i32 = i32::MIN / 2;

/// What is looked for among names.
///
/// A name fits that holds the letters of the pattern in their order. The best
/// way to place them is found as in the alignment of sequences by Smith and
/// Waterman ("Identification of common molecular subsequences", 1981), with
/// gains at the beginnings of words, as programs for finding files do.
#[derive(Debug)]
pub struct Pattern {
    typed: String,
    letters: Vec<char>,
    mask: u64,
}

impl Pattern {
    /// Reads what was typed; blanks and `_` only part words.
    pub fn new(typed: &str) -> Self {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let letters: Vec<char> = typed
            .chars()
            .filter(|c| *c != '_')
            .flat_map(char::to_lowercase)
            .take(MOST_PATTERN)
            .collect();
        let mask = letters.iter().fold(0, |mask, letter| mask | bit(*letter));
        Self { typed, letters, mask }
    }

    /// From 0 to 1, 1 for the name itself; `None` where it does not fit.
    pub fn fit(&self, name: &str) -> Option<f32> {
        if self.letters.is_empty() {
            return None;
        }
        if name == self.typed {
            return Some(1.0);
        }
        if self.mask & !mask(name) != 0 || !self.is_within(name) {
            return None;
        }
        let name: Vec<char> = name.chars().take(MOST_NAME).collect();
        let best = self.align(&name)?;
        let most = self.letters.len() as i32 * (LETTER + NEXT) + BOUNDARY - NEXT;
        let fit = (best as f32 / most as f32).clamp(0.0, 1.0);
        // Of two that hold it equally well, the one with less beside.
        let letters = name.iter().filter(|c| **c != '_').count().max(1);
        let share = self.letters.len() as f32 / letters as f32;
        Some((fit * (0.6 + 0.35 * share.min(1.0))).min(0.99))
    }

    /// As [`fit`](Self::fit), for a name with a letter or two wrong.
    pub fn fit_misspelt(&self, name: &str) -> Option<f32> {
        let most = match self.letters.len() {
            0..4 => return None,
            4..8 => 1,
            _ => 2,
        };
        let name: Vec<char> =
            name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        if name.len().abs_diff(self.letters.len()) > most {
            return None;
        }
        let wrong = distance(&self.letters, &name);
        (wrong <= most).then_some(0.6 - 0.1 * wrong as f32)
    }

    /// Whether the name holds the letters in their order: of most names, this
    /// is all that is asked.
    fn is_within(&self, name: &str) -> bool {
        let mut letters = name.chars().flat_map(char::to_lowercase);
        self.letters.iter().all(|letter| letters.any(|c| c == *letter))
    }

    fn align(&self, name: &[char]) -> Option<i32> {
        // The best score with the letter before placed at, and up to, each place.
        let mut at = vec![NONE; name.len()];
        for (number, letter) in self.letters.iter().enumerate() {
            let mut now = vec![NONE; name.len()];
            // The best of the letter before, further back than the last place.
            let mut far = NONE;
            for (place, c) in name.iter().enumerate() {
                if place >= 2 {
                    far = (far + LONGER_GAP).max(at[place - 2] + GAP);
                }
                if !c.to_lowercase().eq(std::iter::once(*letter)) {
                    continue;
                }
                let gain = LETTER + if begins_word(name, place) { BOUNDARY } else { 0 };
                now[place] = if number == 0 {
                    gain - (place as i32).min(8)
                } else {
                    let next = if place >= 1 { at[place - 1] + NEXT } else { NONE };
                    gain + next.max(far)
                };
            }
            at = now;
        }
        at.into_iter().max().filter(|best| *best > NONE / 2)
    }
}

fn begins_word(name: &[char], place: usize) -> bool {
    let Some(before) = place.checked_sub(1).map(|before| name[before]) else { return true };
    !before.is_alphanumeric() || (name[place].is_uppercase() && !before.is_uppercase())
}

/// Which letters a name holds.
fn mask(name: &str) -> u64 {
    if name.is_ascii() {
        let letters = name.bytes().map(|byte| char::from(byte.to_ascii_lowercase()));
        return letters.fold(0, |mask, c| mask | bit(c));
    }
    name.chars().flat_map(char::to_lowercase).fold(0, |mask, c| mask | bit(c))
}

fn bit(letter: char) -> u64 {
    match letter {
        'a'..='z' => 1 << (letter as u32 - 'a' as u32),
        '0'..='9' => 1 << (26 + letter as u32 - '0' as u32),
        _ => 1 << 40,
    }
}

/// How many letters are to be put in, taken out, changed, or swapped with the
/// next: the distance of Damerau and Levenshtein in its restricted form.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *b && other[j - 1] == *a {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that fit, best first.
    fn check(typed: &str, names: &[&str], expect: &[&str]) {
        let pattern = Pattern::new(typed);
        let mut found: Vec<(f32, &str)> =
            names.iter().filter_map(|name| Some((pattern.fit(name)?, *name))).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let found: Vec<&str> = found.into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, expect, "{typed}");
    }

    #[test]
    fn the_name_itself_and_beginnings_of_words_fit_best() {
        check("open", &["reopen", "open", "open_port", "close"], &["open", "open_port", "reopen"]);
        check("op", &["stop", "open_port", "port"], &["open_port", "stop"]);
        check(
            "openport",
            &["OpenPort", "open_the_port", "port_open"],
            &["OpenPort", "open_the_port"],
        );
        check("open port", &["open_port", "openport"], &["openport", "open_port"]);
        check("hs", &["HTTPServer", "hash", "ssh"], &["hash", "HTTPServer"]);
        check("", &["a"], &[]);
        check("größe", &["neue_größe"], &["neue_größe"]);
    }

    #[test]
    fn a_letter_or_two_may_be_wrong() {
        let fits = |typed: &str, name: &str| Pattern::new(typed).fit_misspelt(name).is_some();
        assert!(fits("pasre_reply", "parse_reply") && fits("prase", "parse"));
        assert!(fits("configuraton", "configuration"));
        assert!(!fits("prs", "parse") && !fits("open", "shut") && !fits("parse", "parsing_it"));
    }

    #[test]
    fn distances_are_counted() {
        let count = |one: &str, other: &str| {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            distance(&letters(one), &letters(other))
        };
        for (one, other, expect) in
            [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(count(one, other), expect, "{one} {other}");
        }
    }
}
