//! What a query looks like, and the lists that answer it, fused into one.

use std::collections::HashMap;
use std::thread;

use mlxcode_base::{Language, RelPath};

use super::lexical::Passages;
use super::symbol::{self, find_symbols};
use super::{Hit, HitReason, SearchOptions};
use crate::error::Result;
use crate::index::{self, CodeIndex};
use crate::vocabulary::FAILURE_WORDS;

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher,
/// "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
/// Methods", 2009): how little the first places count more than the next.
const FUSION: f32 = 60.0;

/// So many of the passages by words take part, and of the other list.
const MOST_FUSED: usize = 60;
const MOST_CHOSEN: usize = 30;

/// Fewer words in a row are said everywhere.
const LEAST_RUN: usize = 3;

/// How much a list counts beside that of words, which counts 1, where the query
/// looks as if made for it.
const CHOSEN_WEIGHT: f32 = 2.0;

/// What a query looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The name of something.
    Name,
    /// The path of a file.
    Path,
    /// What a program said.
    Message,
    /// Words.
    Question,
}

impl Look {
    fn of(query: &str) -> Self {
        let query = query.trim();
        if !query.contains(char::is_whitespace) {
            let last = query.rsplit('/').next().unwrap_or(query);
            if query.contains('/') || Language::from_path(last.as_ref()).is_some() {
                return Self::Path;
            }
            let bare = query.trim_end_matches("()");
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '#' | '$');
            if bare.chars().all(is_name) && bare.contains(char::is_alphabetic) {
                return Self::Name;
            }
        }
        let small = query.to_lowercase();
        let quoted = query.matches('"').count() >= 2;
        let is_said = FAILURE_WORDS.iter().any(|word| small.starts_with(word))
            || (query.contains(": ") && FAILURE_WORDS.iter().any(|word| small.contains(word)));
        if quoted || is_said { Self::Message } else { Self::Question }
    }
}

/// Finds what fits a query as it looks.
pub fn find(index: &CodeIndex, query: &str, options: &SearchOptions) -> Result<Vec<Hit>> {
    let look = Look::of(query);
    let (passages, named) = thread::scope(|scope| {
        // Names are looked through while passages are read.
        let named =
            (look == Look::Name).then(|| scope.spawn(|| definitions(index, query, options)));
        let passages = Passages::find(index, query, options);
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        (passages, named.map(join))
    });
    let passages = passages?;
    if look == Look::Question {
        return Ok(passages.hits(options.limit));
    }
    let phrases = if look == Look::Message { phrases(&passages, query) } else { Vec::new() };
    let words = passages.hits(MOST_FUSED.max(options.limit));
    let chosen = match look {
        Look::Name => named.transpose()?.unwrap_or_default(),
        Look::Path => file(index, query, &words)?.into_iter().collect(),
        Look::Message | Look::Question => {
            phrases.into_iter().filter_map(|(place, run)| said(&words, place, run)).collect()
        }
    };
    let mut hits = fused(chosen, words);
    hits.truncate(options.limit);
    Ok(hits)
}

fn definitions(index: &CodeIndex, query: &str, options: &SearchOptions) -> Result<Vec<Hit>> {
    let found = find_symbols(index, query, MOST_CHOSEN.max(options.limit), &options.cancel)?;
    Ok(symbol::hits(index, found))
}

/// Fuses two lists. A place of the first that lies in one of the second is
/// the same place.
fn fused(chosen: Vec<Hit>, words: Vec<Hit>) -> Vec<Hit> {
    let mut places: HashMap<RelPath, Vec<usize>> = HashMap::new();
    let mut all: Vec<Hit> = Vec::new();
    let gain = |rank: usize, weight: f32| weight / (FUSION + rank as f32 + 1.0);
    for (rank, mut hit) in words.into_iter().enumerate() {
        hit.score = gain(rank, 1.0);
        places.entry(hit.path.clone()).or_default().push(all.len());
        all.push(hit);
    }
    for (rank, mut hit) in chosen.into_iter().enumerate() {
        let score = gain(rank, CHOSEN_WEIGHT);
        let known = places.get(&hit.path).and_then(|known| {
            let holds = |place: &&usize| {
                let lines = all[**place].lines;
                lines.first <= hit.best_line && hit.best_line <= lines.last
            };
            known.iter().find(holds).copied()
        });
        if let Some(place) = known {
            let same = &mut all[place];
            if !same.reasons.iter().any(|reason| hit.reasons.contains(reason)) {
                // Several definitions in one passage count as the best.
                same.score += score;
                same.best_line = hit.best_line;
                same.reasons.retain(|one| !matches!(one, HitReason::Defines { .. }));
                same.reasons.splice(0..0, hit.reasons);
            }
        } else {
            hit.score = score;
            places.entry(hit.path.clone()).or_default().push(all.len());
            all.push(hit);
        }
    }
    all.sort_by(|a, b| {
        let place = |hit: &Hit| (hit.path.clone(), hit.lines);
        b.score.total_cmp(&a.score).then_with(|| place(a).cmp(&place(b)))
    });
    all
}

/// The file that a query names, by its best passage, else by its beginning.
fn file(index: &CodeIndex, query: &str, words: &[Hit]) -> Result<Option<Hit>> {
    let name = query.trim().trim_start_matches("./");
    let Some(path) = index::ending(index, name)? else { return Ok(None) };
    let hit = words.iter().find(|hit| hit.path == path).cloned();
    let hit = match hit {
        Some(hit) => Some(hit),
        None => Passages::beginning(index, &path)?,
    };
    let reasons = vec![HitReason::Named { name: query.trim().to_owned() }];
    Ok(hit.map(|hit| Hit { reasons, ..hit }))
}

/// The passages that hold words of a message in its order, those with the
/// longest runs first: places among the ranked ones, and the runs.
fn phrases(passages: &Passages, query: &str) -> Vec<(usize, String)> {
    let said: Vec<String> = split(query).map(str::to_lowercase).collect();
    let mut found: Vec<(usize, usize, String)> = Vec::new();
    for place in 0..passages.ranked.len().min(MOST_FUSED) {
        let (run, end) = longest_run(&said, passages.text(place));
        if run >= LEAST_RUN {
            found.push((run, place, said[end - run..end].join(" ")));
        }
    }
    found.sort_by_key(|(run, place, _)| (std::cmp::Reverse(*run), *place));
    found.into_iter().map(|(_, place, text)| (place, text)).collect()
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// How many words of `said` follow each other in the text at most, and where
/// in `said` they end.
fn longest_run(said: &[String], text: &str) -> (usize, usize) {
    let mut runs = vec![0_usize; said.len() + 1];
    let mut best = (0, 0);
    for word in split(text) {
        for end in (1..=said.len()).rev() {
            let same = said[end - 1].eq_ignore_ascii_case(word);
            runs[end] = if same { runs[end - 1] + 1 } else { 0 };
            if runs[end] > best.0 {
                best = (runs[end], end);
            }
        }
    }
    best
}

fn said(words: &[Hit], place: usize, run: String) -> Option<Hit> {
    let hit = words.get(place)?;
    let first = run.split(' ').next().unwrap_or_default().to_owned();
    let holds = |line: &str| split(line).any(|word| word.eq_ignore_ascii_case(&first));
    // The line with most of the run.
    let of: Vec<String> = run.split(' ').map(str::to_owned).collect();
    let best = hit
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| holds(line))
        .max_by_key(|(number, line)| (longest_run(&of, line).0, std::cmp::Reverse(*number)));
    let best_line = best.map_or(hit.best_line, |(number, _)| hit.lines.first + number);
    Some(Hit { best_line, reasons: vec![HitReason::Holds { text: run }], ..hit.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_told_by_their_look() {
        for (query, expect) in [
            ("open_port", Look::Name),
            ("Port::open()", Look::Name),
            ("src/port.rs", Look::Path),
            ("port.rs", Look::Path),
            ("error[E0382]: borrow of moved value", Look::Message),
            ("thread main panicked at: no", Look::Message),
            ("TypeError: cannot read x: it failed", Look::Message),
            ("where is \"no such port\" said?", Look::Message),
            ("who opens the port?", Look::Question),
            ("42", Look::Question),
        ] {
            assert_eq!(Look::of(query), expect, "{query}");
        }
    }

    #[test]
    fn runs_of_words_are_found() {
        let said: Vec<String> = "cannot open the port 80".split(' ').map(str::to_owned).collect();
        let run = |text: &str| longest_run(&said, text);
        assert_eq!(run("bail!(\"cannot open the {what}\")"), (3, 3));
        assert_eq!(run("the port; the port 80; open"), (3, 5));
        assert_eq!(run("nothing"), (0, 0));
    }
}
