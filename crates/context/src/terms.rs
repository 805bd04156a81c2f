//! Words of questions and of code.

use std::collections::HashMap;

use crate::scope::scope_of;
use crate::vocabulary::{CHANGE_WORDS, SHORT_FORMS, STOP_WORDS, WEAK_WORDS};
use crate::words::{each_identifier, each_word, stem};

/// What a weak word weighs beside another.
const WEAK_WEIGHT: f32 = 0.4;

/// What a word weighs that the question writes as a part of an identifier:
/// whoever writes `max_age` means the code's word.
const IDENTIFIER_WEIGHT: f32 = 1.5;

/// What a word weighs that only stands behind the first sentence: that one says
/// what it is about, the others how it came to it.
const LATER_WEIGHT: f32 = 0.6;

/// A first sentence of fewer telling words, such as a greeting, says nothing yet.
const LEAST_FIRST: usize = 3;

/// What two neighbours weigh beside what each of them weighs alone.
const PAIR_WEIGHT: f32 = 0.5;

/// The words of a question, stemmed, each once.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words in the order of the question.
    pub terms: Vec<QueryTerm>,
    /// The terms that say in which part of the tree it is, before a colon.
    pub scope: Vec<usize>,
    /// The term of each stem; short and long forms share one.
    numbers: HashMap<String, usize>,
    /// The term of two that follow each other.
    pairs: HashMap<(usize, usize), usize>,
    /// Whether a stem begins with these two bytes. A stem is a beginning of its
    /// word, so nearly all words of a text are passed over with one look.
    beginnings: Vec<bool>,
}

/// One word of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryTerm {
    /// As the question writes it, in lower case.
    pub word: String,
    /// Of two neighbours of the question, the numbers of the two: `data class`
    /// also asks for `DataClass` and for `dataclass`. That nobody writes it so
    /// says nothing against a passage.
    pub parts: Option<[usize; 2]>,
    /// How much it tells, to 1.
    pub weight: f32,
}

impl Query {
    /// Reads the words of a question.
    pub fn new(question: &str) -> Self {
        let mut query = Self {
            terms: Vec::new(),
            scope: Vec::new(),
            numbers: HashMap::new(),
            pairs: HashMap::new(),
            beginnings: vec![false; 1 << 16],
        };
        let mut pairs = Vec::new();
        let mut before: Option<usize> = None;
        each_word(question, |word| {
            let number = Self::tells(word).then(|| query.add(word, None));
            pairs.extend(before.zip(number));
            before = number;
        });
        for (first, second) in pairs {
            let word = format!("{}{}", query.terms[first].word, query.terms[second].word);
            let number = query.add(&word, Some([first, second]));
            if query.terms[number].parts.is_some() {
                // As the question writes it, where it is told.
                query.terms[number].word =
                    format!("{} {}", query.terms[first].word, query.terms[second].word);
            }
            query.pairs.insert((first, second), number);
        }
        each_identifier(question, |whole| {
            each_word(whole, |word| {
                let number = query.numbers.get(stem(word)).copied();
                if let Some(term) = number.and_then(|number| query.terms.get_mut(number)) {
                    term.weight = term.weight.max(IDENTIFIER_WEIGHT);
                }
            });
        });
        query.weigh_sentences(question);
        let mut scope = Vec::new();
        each_word(scope_of(question).unwrap_or_default(), |word| {
            scope.extend(query.numbers.get(stem(word)).copied());
        });
        scope.sort_unstable();
        scope.dedup();
        query.scope = scope;
        for (long, short) in SHORT_FORMS.map(|(long, short)| (stem(long), stem(short))) {
            let number = query.numbers.get(long).or_else(|| query.numbers.get(short)).copied();
            if let Some(number) = number {
                query.numbers.entry(long.to_owned()).or_insert(number);
                query.numbers.entry(short.to_owned()).or_insert(number);
            }
        }
        for place in query.numbers.keys().filter_map(|stem| beginning(stem)) {
            query.beginnings[place] = true;
        }
        query
    }

    /// Takes weight from what is not said in the first sentence.
    fn weigh_sentences(&mut self, question: &str) {
        let ends =
            [". ", "? ", "! ", "\n"].iter().filter_map(|end| question.trim_start().find(end));
        let Some(end) = ends.min() else { return };
        let mut first = vec![false; self.terms.len()];
        each_word(&question.trim_start()[..end], |word| {
            if let Some(number) = self.numbers.get(stem(word)) {
                first[*number] = true;
            }
        });
        if first.iter().filter(|said| **said).count() < LEAST_FIRST {
            return;
        }
        for number in 0..self.terms.len() {
            let begins = self.terms[number].parts.map_or(number, |[begin, _]| begin);
            if !first[begins] {
                self.terms[number].weight *= LATER_WEIGHT;
            }
        }
    }

    /// Tells whether a word is worth looking for.
    pub fn tells(word: &str) -> bool {
        word.chars().nth(1).is_some() && !STOP_WORDS.contains(&word)
    }

    fn add(&mut self, word: &str, parts: Option<[usize; 2]>) -> usize {
        let next = self.terms.len();
        let number = *self.numbers.entry(stem(word).to_owned()).or_insert(next);
        if number == next {
            let weak = WEAK_WORDS.contains(&word) || CHANGE_WORDS.contains(&word);
            let weight = match parts {
                Some(_) => PAIR_WEIGHT,
                None if weak => WEAK_WEIGHT,
                None => 1.0,
            };
            self.terms.push(QueryTerm { word: word.to_owned(), parts, weight });
        }
        number
    }

    /// The stems that are counted, each with the number of its term.
    pub fn stems(&self) -> Vec<(&str, usize)> {
        let mut stems: Vec<(&str, usize)> =
            self.numbers.iter().map(|(stem, number)| (stem.as_str(), *number)).collect();
        stems.sort_unstable_by_key(|(stem, number)| (*number, *stem));
        stems
    }

    /// Tells whether a word of the question begins so.
    pub fn asks(&self, beginning: &str) -> bool {
        self.terms.iter().any(|term| term.word.starts_with(beginning))
    }

    /// Counts how often each term occurs in `text`, and how many words it has.
    pub fn count(&self, text: &str) -> (Vec<u32>, u32) {
        let mut counts = vec![0; self.terms.len()];
        let mut words = 0;
        let mut before: Option<usize> = None;
        each_word(text, |word| {
            words += 1;
            let known = beginning(word).is_some_and(|place| self.beginnings[place]);
            let number = known.then(|| self.numbers.get(stem(word)).copied()).flatten();
            if let Some(number) = number {
                counts[number] += 1;
                if let Some(pair) = before.and_then(|before| self.pairs.get(&(before, number))) {
                    counts[*pair] += 1;
                }
            }
            before = number;
        });
        (counts, words)
    }
}

/// The place of a word's first two bytes among all such pairs.
fn beginning(word: &str) -> Option<usize> {
    match word.as_bytes() {
        [first, second, ..] => Some(usize::from(*first) << 8 | usize::from(*second)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_its_telling_words() {
        let query = Query::new("Where is the configuration read?");
        let words: Vec<_> = query.terms.iter().map(|term| term.word.as_str()).collect();
        assert_eq!(words, ["configuration", "read", "configuration read"]);
        assert_eq!(query.count("fn read_config() { configure(); }").0, [2, 1, 0]);
        assert_eq!(query.count("configuration_read; config.read").0, [2, 2, 2]);
    }

    /// The words of a question, without pairs, and what they weigh, in hundredths.
    fn weights(question: &str) -> String {
        let alone = Query::new(question).terms.into_iter().filter(|term| term.parts.is_none());
        let shown = alone.map(|term| format!("{}:{:.0}", term.word, 100.0 * term.weight));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_weigh_by_what_they_are_and_where_they_stand() {
        for (question, expect) in [
            ("ports leak memory", "ports:100 leak:100 memory:100"),
            ("fix the port instead", "fix:40 port:100 instead:40"),
            ("which max_age?", "max:150 age:150"),
            // What stands behind the first sentence, and not in it.
            ("Ports leak memory. Ports stay", "ports:100 leak:100 memory:100 stay:60"),
            ("Ports leak memory\nmax_age", "ports:100 leak:100 memory:100 max:90 age:90"),
            // A greeting is no sentence.
            ("Hello. Ports leak", "hello:100 ports:100 leak:100"),
        ] {
            assert_eq!(weights(question), expect, "{question}");
        }
    }

    #[test]
    fn neighbours_are_also_looked_for_as_one_word() {
        let query = Query::new("how is a data class of the git ignore file made?");
        assert_eq!(
            query.count("dataclasses GitIgnore gitignore classof").0,
            [0, 0, 1, 1, 0, 1, 2, 0]
        );
    }
}
