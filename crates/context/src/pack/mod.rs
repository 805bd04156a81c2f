//! The passages that fit into a model's context.

mod candidate;
mod render;

use std::fmt;

use mlxcode_base::{LineRange, RelPath};
use serde::Serialize;

use crate::code_base::CodeBase;
use crate::error::{Error, Result};
use crate::walk::Skipped;
use candidate::Candidate;

/// A passage that would be cut below this many lines is left out.
const LEAST_LINES: usize = 5;

/// Counts the tokens of a text as the model does. Closures are counters.
pub trait TokenCounter {
    /// The number of tokens of `text`.
    fn count(&self, text: &str) -> usize;
}

impl<F: Fn(&str) -> usize> TokenCounter for F {
    fn count(&self, text: &str) -> usize {
        self(text)
    }
}

/// How much may be packed.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// The most tokens of [`PackedContext::render`].
    pub tokens: usize,
    /// What is found adds nothing once this many tokens are taken; only files
    /// that the caller gave go beyond.
    pub search_tokens: usize,
    /// Who counts them.
    pub counter: &'a dyn TokenCounter,
}

impl<'a> Budget<'a> {
    /// A budget that search may fill.
    pub fn new(tokens: usize, counter: &'a dyn TokenCounter) -> Self {
        Self { tokens, search_tokens: tokens, counter }
    }
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("tokens", &self.tokens)
            .field("search_tokens", &self.search_tokens)
            .finish_non_exhaustive()
    }
}

/// Why a passage was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The caller asked for the file.
    Given,
    /// The question names it.
    Named {
        /// As the question writes it.
        name: String,
    },
    /// It holds words of the question.
    Words {
        /// The words.
        words: Vec<String>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("given"),
            Self::Named { name } => write!(f, "the question names {name}"),
            Self::Words { words } => f.write_str(&words.join(", ")),
        }
    }
}

/// A passage of the code, as the model sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Passage {
    /// The file.
    pub path: RelPath,
    /// The lines.
    pub lines: LineRange,
    /// The lines' text, with their ends.
    pub text: String,
    /// What stands above the text: the place, and what the lines are a part of.
    pub header: String,
    /// Why it was chosen.
    pub reason: Reason,
    /// The tokens that it takes, header and fence included.
    pub tokens: usize,
}

/// The passages for a question, best first.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PackedContext {
    /// The passages.
    pub passages: Vec<Passage>,
    /// The tokens of [`render`](Self::render); at most the budget's.
    pub tokens: usize,
    /// The budget's tokens.
    pub budget: usize,
    /// Files of the tree that were not read.
    pub skipped: Skipped,
}

impl CodeBase {
    /// Packs what fits `question` best: first `files`, whole; then what the
    /// question names; then what search finds.
    ///
    /// # Errors
    /// A given file that is not there or does not fit is an error: to leave it
    /// out in silence would give an answer about something else.
    pub fn pack(
        &self,
        question: &str,
        files: &[RelPath],
        budget: &Budget<'_>,
    ) -> Result<PackedContext> {
        let mut packer =
            Packer { code: self, budget, limit: budget.tokens, chosen: Vec::new(), tokens: 0 };
        for path in files {
            let number = self.number_of(path);
            let number = number.ok_or_else(|| Error::FileNotFound { path: path.clone() })?;
            if packer.chosen.iter().any(|one| one.file == number) {
                continue;
            }
            let whole = Candidate::whole(self, number, Reason::Given);
            let tokens = packer.cost(&whole);
            let room = budget.tokens.saturating_sub(packer.tokens);
            if tokens > room {
                return Err(Error::FileTooLong { path: path.clone(), tokens, room });
            }
            packer.take(whole);
        }
        let given = packer.chosen.len();
        packer.limit = budget.tokens.min(budget.search_tokens);
        // A named file must leave room for what search finds elsewhere.
        let most = packer.limit.saturating_sub(packer.tokens) / 4 * 3;
        let fits = |candidate: &Candidate| packer.cost(candidate) <= most;
        for candidate in candidate::candidates(self, question, &fits)? {
            packer.offer(candidate);
        }
        packer.finish(given)
    }
}

struct Packer<'a> {
    code: &'a CodeBase,
    budget: &'a Budget<'a>,
    /// What is offered is taken up to this many tokens.
    limit: usize,
    chosen: Vec<Candidate>,
    /// The sum over the chosen ones: joined, they take about as much.
    tokens: usize,
}

impl Packer<'_> {
    fn cost(&self, candidate: &Candidate) -> usize {
        let text = render::block(self.code, candidate);
        self.budget.counter.count(&text)
    }

    fn take(&mut self, candidate: Candidate) {
        self.tokens += self.cost(&candidate);
        self.chosen.push(candidate);
    }

    /// Takes what of a candidate is new and fits.
    fn offer(&mut self, candidate: Candidate) {
        let mut parts = vec![candidate];
        for one in &self.chosen {
            if parts.first().is_some_and(|part| part.file == one.file) {
                parts = parts.into_iter().flat_map(|part| part.without(one.lines)).collect();
            }
        }
        for part in parts {
            self.offer_part(part);
        }
    }

    fn offer_part(&mut self, mut candidate: Candidate) {
        let room = self.limit.saturating_sub(self.tokens);
        while self.cost(&candidate) > room {
            let count = candidate.lines.count();
            // The beginning says what it is; lines take tokens about evenly.
            let share = room as f32 / self.cost(&candidate) as f32;
            let fewer = ((count as f32 * share * 0.95) as usize).min(count - 1);
            if fewer < LEAST_LINES {
                return;
            }
            candidate.lines.last = candidate.lines.first + fewer - 1;
        }
        self.take(candidate);
    }

    fn finish(mut self, given: usize) -> Result<PackedContext> {
        loop {
            let joined = candidate::joined(self.chosen.clone());
            let context = self.context(&joined);
            let most = if self.chosen.len() > given { self.limit } else { self.budget.tokens };
            if context.tokens <= most {
                return Ok(context);
            }
            // Tokens may join across passages, so the sum was only nearly right.
            if self.chosen.len() > given {
                self.chosen.pop();
            } else if let Some(last) = self.chosen.last() {
                return Err(Error::FileTooLong {
                    path: self.code.path(last.file).clone(),
                    tokens: context.tokens,
                    room: self.budget.tokens,
                });
            }
        }
    }

    fn context(&self, chosen: &[Candidate]) -> PackedContext {
        let passages: Vec<Passage> = chosen
            .iter()
            .map(|one| Passage {
                path: self.code.path(one.file).clone(),
                lines: one.lines,
                text: self.code.lines(one.file, one.lines).to_owned(),
                header: render::header(self.code, one),
                reason: one.reason.clone(),
                tokens: self.cost(one),
            })
            .collect();
        let mut context = PackedContext {
            passages,
            tokens: 0,
            budget: self.budget.tokens,
            skipped: self.code.skipped(),
        };
        let text = context.render();
        context.tokens = if text.is_empty() { 0 } else { self.budget.counter.count(&text) };
        context
    }
}
