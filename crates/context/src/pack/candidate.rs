//! What could be packed, best first.

use mlxcode_base::LineRange;

use super::Reason;
use crate::code_base::CodeBase;
use crate::error::Result;
use crate::mention::Mention;

/// Passages that score below this part of the best one only distract.
const LEAST_SHARE: f32 = 0.3;

/// More passages than this are never read with care.
const MOST_PASSAGES: usize = 24;

/// Lines of a file that could be packed.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub file: usize,
    pub lines: LineRange,
    /// What the lines are a part of, where they do not say so themselves.
    pub inside: Option<String>,
    pub reason: Reason,
}

impl Candidate {
    /// A whole file.
    pub fn whole(code: &CodeBase, file: usize, reason: Reason) -> Self {
        let lines = LineRange::new(1, code.line_count(file));
        Self { file, lines, inside: None, reason }
    }

    /// Leaves out lines that are packed already; false where nothing is left.
    pub fn leave_out(&mut self, taken: LineRange) -> bool {
        let LineRange { first, last } = self.lines;
        if taken.last < first || last < taken.first {
            return true;
        }
        if taken.first <= first {
            self.lines.first = taken.last + 1;
        } else {
            self.lines.last = taken.first - 1;
        }
        self.lines.first <= self.lines.last
    }
}

/// What the question names, then what search finds.
pub fn candidates(code: &CodeBase, question: &str) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for mention in code.mentions(question) {
        match mention {
            Mention::File { path, lines } => {
                let Some(file) = code.number_of(&path) else { continue };
                let name = path.to_string();
                let mut whole = Candidate::whole(code, file, Reason::Named { name });
                if let Some(lines) = lines {
                    let last = whole.lines.last;
                    whole.lines = LineRange::new(lines.first.min(last), lines.last.min(last));
                }
                found.push(whole);
            }
            Mention::Symbol { name } => {
                for (file, chunk) in code.definitions(&name)? {
                    let reason = Reason::Named { name: name.clone() };
                    let (lines, inside) = (chunk.lines, chunk.inside);
                    found.push(Candidate { file, lines, inside, reason });
                }
            }
        }
    }
    let ranked = code.ranked(question)?;
    let least = ranked.first().map_or(0.0, |best| best.score * LEAST_SHARE);
    let good = ranked.into_iter().take_while(|one| one.score >= least).take(MOST_PASSAGES);
    found.extend(good.map(|one| Candidate {
        file: one.file,
        lines: one.chunk.lines,
        inside: one.chunk.inside,
        reason: Reason::Words { words: one.words },
    }));
    Ok(found)
}

/// Joins neighbours of one file; the better one gives the place in the order.
pub fn joined(chosen: Vec<Candidate>) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for mut candidate in chosen {
        let mut place = None;
        // A passage can close the gap between two others.
        while let Some(number) = out.iter().position(|one| {
            one.file == candidate.file
                && (one.lines.last + 1 == candidate.lines.first
                    || candidate.lines.last + 1 == one.lines.first)
        }) {
            let other = out.remove(number);
            place = Some(place.map_or(number, |place: usize| place.min(number)));
            candidate = merged(other, candidate);
        }
        match place {
            Some(place) => out.insert(place, candidate),
            None => out.push(candidate),
        }
    }
    out
}

fn merged(kept: Candidate, other: Candidate) -> Candidate {
    let first_part = if kept.lines.first < other.lines.first { &kept } else { &other };
    let inside = first_part.inside.clone();
    let lines = LineRange::new(
        kept.lines.first.min(other.lines.first),
        kept.lines.last.max(other.lines.last),
    );
    let reason = match (kept.reason, other.reason) {
        (Reason::Words { mut words }, Reason::Words { words: more }) => {
            words.extend(more.into_iter().filter(|word| !words.contains(word)).collect::<Vec<_>>());
            Reason::Words { words }
        }
        (reason, _) => reason,
    };
    Candidate { file: kept.file, lines, inside, reason }
}
