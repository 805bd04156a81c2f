//! Lines that could be packed.

use mlxcode_base::{LineRange, RelPath};

use super::piece::{Note, Passage, Piece, Reason};
use super::tree::Tree;
use crate::error::Result;
use crate::symbol::head;
use crate::syntax::Chunk;

/// Lines of a file that could be packed.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub path: RelPath,
    pub lines: LineRange,
    /// What the lines are a part of, where they do not say so themselves.
    pub inside: Option<String>,
    /// The first line of what the lines define: stands for it once it is cut off.
    pub signature: Option<String>,
    pub reason: Reason,
}

impl Candidate {
    /// A whole file.
    pub fn whole(tree: &Tree<'_>, path: &RelPath, reason: Reason) -> Self {
        let lines = LineRange::new(1, tree.line_count(path));
        Self { path: path.clone(), lines, inside: None, signature: None, reason }
    }

    pub fn of_chunk(tree: &Tree<'_>, path: &RelPath, chunk: Chunk, reason: Reason) -> Self {
        let Chunk { lines, names, inside } = chunk;
        let text = tree.lines(path, lines);
        let signature = names.first().and_then(|name| {
            let line = text.lines().find(|line| line.contains(name.as_str()))?;
            Some(head(line))
        });
        Self { path: path.clone(), lines, inside, signature, reason }
    }

    /// Lines of a file that a question names; those behind its end are cut.
    pub fn of_lines(
        tree: &Tree<'_>,
        path: &RelPath,
        lines: LineRange,
        reason: Reason,
    ) -> Result<Self> {
        let last = tree.line_count(path);
        let lines = LineRange::new(lines.first.min(last), lines.last.min(last));
        let holds =
            |chunk: &&Chunk| chunk.lines.first < lines.first && lines.first <= chunk.lines.last;
        let around = tree.chunks(path)?.iter().find(holds).cloned();
        let inside =
            around.and_then(|chunk| Self::of_chunk(tree, path, chunk, Reason::Given).place());
        Ok(Self { path: path.clone(), lines, inside, signature: None, reason })
    }

    /// What lines in the middle of it are a part of.
    fn place(self) -> Option<String> {
        match (self.inside, self.signature) {
            (Some(outer), Some(own)) => Some(format!("{outer} > {own}")),
            (outer, own) => outer.or(own),
        }
    }

    /// The parts that are left where lines are packed already: none to two.
    pub fn without(self, taken: LineRange) -> Vec<Self> {
        let LineRange { first, last } = self.lines;
        if taken.last < first || last < taken.first {
            return vec![self];
        }
        let mut left = Vec::new();
        if first < taken.first {
            let lines = LineRange::new(first, taken.first - 1);
            left.push(Self { lines, ..self.clone() });
        }
        if taken.last < last {
            let lines = LineRange::new(taken.last + 1, last);
            let (path, reason) = (self.path.clone(), self.reason.clone());
            left.push(Self { path, lines, inside: self.place(), signature: None, reason });
        }
        left
    }

    /// Without the empty lines at its ends; a file that was given stays whole.
    pub fn trimmed(mut self, tree: &Tree<'_>) -> Self {
        if self.reason == Reason::Given {
            return self;
        }
        let text = tree.lines(&self.path, self.lines);
        let is_empty = |line: &&str| line.trim().is_empty();
        let before = text.lines().take_while(is_empty).count();
        let behind = text.lines().rev().take_while(is_empty).count();
        if before + behind < self.lines.count() {
            self.lines.first += before;
            self.lines.last -= behind;
        }
        self
    }

    /// As the model would see it.
    pub fn piece(&self, tree: &Tree<'_>) -> Piece {
        let place = format!("{}:{}", self.path, self.lines);
        let header = match &self.inside {
            Some(inside) => format!("{place} (in `{inside}`)"),
            None => place,
        };
        Piece::Passage(Passage {
            path: self.path.clone(),
            lines: self.lines,
            text: tree.lines(&self.path, self.lines),
            header,
            reason: self.reason.clone(),
            tokens: 0,
            is_kept: false,
        })
    }
}

/// What was chosen to be packed.
#[derive(Clone, Debug)]
pub enum Chosen {
    Lines(Candidate),
    Note(Note),
}

impl Chosen {
    /// Lines without the empty ones at their ends.
    pub fn trimmed(self, tree: &Tree<'_>) -> Self {
        match self {
            Self::Lines(candidate) => Self::Lines(candidate.trimmed(tree)),
            note @ Self::Note(_) => note,
        }
    }

    pub fn piece(&self, tree: &Tree<'_>) -> Piece {
        match self {
            Self::Lines(candidate) => candidate.piece(tree),
            Self::Note(note) => Piece::Note(note.clone()),
        }
    }
}

/// Joins neighbours of one file; the better one gives the place in the order.
pub fn joined(chosen: Vec<Chosen>) -> Vec<Chosen> {
    let mut out: Vec<Chosen> = Vec::new();
    for one in chosen {
        let mut candidate = match one {
            Chosen::Lines(candidate) => candidate,
            note @ Chosen::Note(_) => {
                out.push(note);
                continue;
            }
        };
        let mut place = None;
        // A passage can close the gap between two others.
        while let Some((number, other)) = neighbour(&out, &candidate) {
            out.remove(number);
            place = Some(place.map_or(number, |place: usize| place.min(number)));
            candidate = merged(other, candidate);
        }
        match place {
            Some(place) => out.insert(place, Chosen::Lines(candidate)),
            None => out.push(Chosen::Lines(candidate)),
        }
    }
    out
}

fn neighbour(among: &[Chosen], candidate: &Candidate) -> Option<(usize, Candidate)> {
    among.iter().enumerate().find_map(|(number, one)| match one {
        Chosen::Lines(one)
            if one.path == candidate.path
                && (one.lines.last + 1 == candidate.lines.first
                    || candidate.lines.last + 1 == one.lines.first) =>
        {
            Some((number, one.clone()))
        }
        _ => None,
    })
}

fn merged(kept: Candidate, other: Candidate) -> Candidate {
    let first_part = if kept.lines.first < other.lines.first { &kept } else { &other };
    let (inside, signature) = (first_part.inside.clone(), first_part.signature.clone());
    let lines = LineRange::new(
        kept.lines.first.min(other.lines.first),
        kept.lines.last.max(other.lines.last),
    );
    let reason = match (kept.reason, other.reason) {
        (Reason::Words { words }, Reason::Words { words: more }) => {
            Reason::Words { words: with_more(words, more) }
        }
        (Reason::Used { names }, Reason::Used { names: more }) => {
            Reason::Used { names: with_more(names, more) }
        }
        (one, other) => {
            if strength(&other) > strength(&one) {
                other
            } else {
                one
            }
        }
    };
    Candidate { path: kept.path, lines, inside, signature, reason }
}

fn with_more(mut words: Vec<String>, more: Vec<String>) -> Vec<String> {
    words.extend(more.into_iter().filter(|word| !words.contains(word)).collect::<Vec<_>>());
    words
}

/// Which of two reasons tells more of why lines were chosen.
fn strength(reason: &Reason) -> usize {
    match reason {
        Reason::Given => 4,
        Reason::Named { .. } => 3,
        Reason::Changed => 2,
        Reason::Used { .. } => 1,
        _ => 0,
    }
}
