//! Takes what is offered as long as it fits.

use mlxcode_base::{LineRange, RelPath};

use super::candidate::{Candidate, Chosen, joined};
use super::context::{LeftOut, LeftOutReason, PackedContext};
use super::ledger::Counter;
use super::piece::{Note, Piece};
use super::tree::Tree;
use super::{Budget, earlier, map};
use crate::error::{Error, Result};
use crate::mention::Attachment;

/// A passage that would be cut below this many lines is left out.
const LEAST_LINES: usize = 5;

/// More is never told of what was left out.
const MOST_LEFT_OUT: usize = 100;

/// A context that is being packed.
pub struct Packer<'a> {
    pub tree: &'a Tree<'a>,
    pub counter: Counter<'a>,
    budget: &'a Budget<'a>,
    /// What is offered is taken up to this many tokens.
    limit: usize,
    /// What stays of an earlier context, in front of all.
    kept: Vec<Piece>,
    /// What was in an earlier context, and is another now.
    outdated: Vec<Candidate>,
    pub chosen: Vec<Chosen>,
    /// Lines that the question is about without their being packed as such.
    pub mentioned: Vec<(RelPath, LineRange)>,
    /// How many of the chosen were given.
    given: usize,
    /// The sum over the kept and the chosen: joined, they take about as much.
    tokens: usize,
    left_out: Vec<LeftOut>,
}

impl<'a> Packer<'a> {
    pub fn new(tree: &'a Tree<'a>, budget: &'a Budget<'a>) -> Self {
        Self {
            tree,
            counter: Counter::new(budget),
            budget,
            limit: budget.tokens,
            kept: Vec::new(),
            outdated: Vec::new(),
            chosen: Vec::new(),
            mentioned: Vec::new(),
            given: 0,
            tokens: 0,
            left_out: Vec::new(),
        }
    }

    /// Puts what still holds of an earlier context in front.
    pub fn keep(&mut self, context: &PackedContext) {
        // What is new has as much room as half of what search may take.
        let new = self.budget.tokens.min(self.budget.search_tokens) / 2;
        let most = self.budget.tokens.saturating_sub(new);
        let kept = earlier::kept(self.tree, context, self.counter, most);
        self.tokens = self.counter.whole(&render(&kept.pieces));
        self.kept = kept.pieces;
        self.outdated = kept.outdated;
        for one in kept.left_out {
            self.leave_out(one);
        }
    }

    /// From here on, only what search may take is taken.
    pub fn limit_search(&mut self) {
        let kept = self.counter.whole(&render(&self.kept));
        let most = kept.saturating_add(self.budget.search_tokens);
        self.limit = self.budget.tokens.min(most);
    }

    /// The tokens that are left.
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.tokens)
    }

    /// Sets another limit for a while; gives the one before.
    pub fn set_room(&mut self, room: usize) -> usize {
        let before = self.limit;
        self.limit = before.min(self.tokens.saturating_add(room));
        before
    }

    /// Takes a limit back.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub fn cost(&self, candidate: &Candidate) -> usize {
        self.counter.part(&candidate.piece(self.tree).render())
    }

    /// Takes a given file.
    pub fn give(&mut self, file: Candidate) {
        self.tokens += self.cost(&file);
        self.chosen.push(Chosen::Lines(file));
        self.given = self.chosen.len();
    }

    /// Tells whether these lines are packed.
    pub fn holds(&self, path: &RelPath, lines: LineRange) -> bool {
        let holds = |taken: LineRange| taken.first <= lines.first && lines.last <= taken.last;
        self.lines_of(path).into_iter().any(holds)
    }

    /// Tells whether a note stays that stands below the same header and holds
    /// the text, or as much of it as had room.
    pub fn keeps_note(&self, header: &str, text: &str) -> bool {
        let mut notes = self.kept.iter().filter(|piece| piece.header() == header);
        notes.any(|piece| piece.lines().is_none() && text.starts_with(piece.text()))
    }

    /// The lines of a file that are packed.
    pub fn lines_of(&self, path: &RelPath) -> Vec<LineRange> {
        let kept = self.kept.iter().filter(|piece| piece.path() == Some(path));
        let chosen = self.chosen.iter().filter_map(|one| match one {
            Chosen::Lines(one) if one.path == *path => Some(one.lines),
            _ => None,
        });
        kept.filter_map(Piece::lines).chain(chosen).collect()
    }

    /// Offers what was in an earlier context and is another now.
    pub fn offer_outdated(&mut self) {
        for candidate in std::mem::take(&mut self.outdated) {
            self.offer(candidate);
        }
    }

    /// Takes what of some lines is new and fits.
    pub fn offer(&mut self, candidate: Candidate) {
        for part in self.new_parts(candidate) {
            self.offer_part(part);
        }
    }

    /// The parts of some lines that are not packed yet.
    pub fn new_parts(&self, candidate: Candidate) -> Vec<Candidate> {
        let taken = self.lines_of(&candidate.path);
        let mut parts = vec![candidate];
        for lines in taken {
            parts = parts.into_iter().flat_map(|part| part.without(lines)).collect();
        }
        parts
    }

    fn offer_part(&mut self, mut candidate: Candidate) {
        let room = self.room();
        let whole = candidate.lines;
        let mut tokens = self.cost(&candidate);
        let needed = tokens;
        while tokens > room {
            let count = candidate.lines.count();
            // The beginning says what it is; lines take tokens about evenly.
            let share = room as f32 / tokens as f32;
            let fewer = ((count as f32 * share * 0.95) as usize).min(count - 1);
            if fewer < LEAST_LINES {
                let what = candidate.path.to_string();
                let reason = LeftOutReason::NoRoom { tokens: needed, room };
                self.leave_out(LeftOut { what, lines: Some(whole), reason });
                return;
            }
            candidate.lines.last = candidate.lines.first + fewer - 1;
            tokens = self.cost(&candidate);
        }
        self.tokens += tokens;
        self.chosen.push(Chosen::Lines(candidate));
    }

    /// Takes a note where it fits.
    pub fn offer_note(&mut self, note: Note) -> bool {
        let tokens = self.counter.part(&Piece::Note(note.clone()).render());
        let room = self.room();
        if tokens > room {
            let what = note.header;
            let reason = LeftOutReason::NoRoom { tokens, room };
            self.leave_out(LeftOut { what, lines: None, reason });
            return false;
        }
        self.tokens += tokens;
        self.chosen.push(Chosen::Note(note));
        true
    }

    /// Notes lines that the question is about.
    pub fn mention(&mut self, path: &RelPath, lines: LineRange) {
        self.mentioned.push((path.clone(), lines));
    }

    pub fn leave_out(&mut self, one: LeftOut) {
        if self.left_out.len() < MOST_LEFT_OUT && !self.left_out.contains(&one) {
            self.left_out.push(one);
        }
    }

    /// Joins what was chosen, and counts it as a whole.
    pub fn finish(mut self, attachments: Vec<Attachment>, with_map: bool) -> Result<PackedContext> {
        let mut pieces = self.fitting()?;
        if with_map {
            self.tokens = self.counter.whole(&render(&pieces));
            if let Some(map) = map::of(self.tree, &pieces, self.counter, self.room(), self.limit)? {
                pieces.push(map);
                // Tokens may join at the border.
                if self.counter.whole(&render(&pieces)) > self.limit {
                    pieces.pop();
                }
            }
        }
        let tokens = self.counter.share(&mut pieces);
        Ok(PackedContext {
            pieces,
            attachments,
            left_out: self.left_out,
            tokens,
            budget: self.budget.tokens,
            skipped: self.tree.skipped(),
        })
    }

    /// All pieces, less those that do not fit as a whole.
    fn fitting(&mut self) -> Result<Vec<Piece>> {
        loop {
            let chosen = joined(self.chosen.clone()).into_iter();
            let chosen = chosen.map(|one| one.trimmed(self.tree).piece(self.tree));
            let pieces: Vec<Piece> = self.kept.iter().cloned().chain(chosen).collect();
            let tokens = self.counter.whole(&render(&pieces));
            let is_searched = self.chosen.len() > self.given;
            let most = if is_searched { self.limit } else { self.budget.tokens };
            if tokens <= most {
                return Ok(pieces);
            }
            // Tokens may join across pieces, so the sum was only nearly right.
            if is_searched {
                let last = self.chosen.pop().map(|one| one.piece(self.tree));
                let Some(last) = last else { continue };
                let what = last.path().map_or_else(|| last.header().to_owned(), RelPath::to_string);
                let room =
                    most.saturating_sub(tokens.saturating_sub(self.counter.part(&last.render())));
                let reason =
                    LeftOutReason::NoRoom { tokens: self.counter.part(&last.render()), room };
                self.leave_out(LeftOut { what, lines: last.lines(), reason });
            } else if let Some(Chosen::Lines(last)) = self.chosen.last() {
                let (path, room) = (last.path.clone(), self.budget.tokens);
                return Err(Error::FileTooLong { path, tokens, room });
            } else if self.kept.pop().is_none() {
                return Ok(pieces);
            }
        }
    }
}

fn render(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::render).collect()
}
