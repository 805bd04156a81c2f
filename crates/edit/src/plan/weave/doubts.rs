//! What makes it doubtful where new lines belong, or which lines stay.

use std::borrow::Cow;
use std::ops::Range;

use super::super::rival::is_telling;
use super::{Misfit, Op, Weave};
use crate::locate::{MatchLevel, indent};

impl<'t> Weave<'_, 't> {
    /// Whether a line that says little, such as a bracket, was taken for one of
    /// another depth.
    pub(super) fn has_uneven_signs(&self, ops: &[Op<'t>]) -> bool {
        let uneven = |number: usize, line: usize| {
            let (here, wanted) = (&self.text.lines()[line].text, &self.wanted[number]);
            !wanted.trim().is_empty() && !is_telling(wanted) && indent(here) != indent(wanted)
        };
        self.found.level == MatchLevel::Scored
            && ops.iter().any(|op| match op {
                Op::Keep(number) | Op::Remove(number) => {
                    self.pairs[*number].is_some_and(|line| uneven(*number, line))
                }
                Op::Add(_) => false,
            })
    }

    /// A line that moves, copied with blanks at its end that the file's has not,
    /// comes as the file has it.
    pub(super) fn own_blanks(&self, ops: &[Op<'t>]) -> Vec<Op<'t>> {
        let moved = |add: &Cow<'t, str>| {
            let from = ops.iter().find_map(|op| match op {
                Op::Remove(number) if self.wanted[*number] == *add => self.pairs[*number],
                _ => None,
            })?;
            let here = &self.text.lines()[from].text;
            (here.trim_end() == add.trim_end()).then(|| here.clone())
        };
        let own = |op: &Op<'t>| match op {
            Op::Add(add) if !add.trim().is_empty() => {
                Op::Add(moved(add).unwrap_or_else(|| add.clone()))
            }
            op => op.clone(),
        };
        ops.iter().map(own).collect()
    }

    /// Whether of blank lines that were searched for, and are more than the file
    /// has, some go and some stay: those that are there are all taken for those
    /// that go.
    pub(super) fn has_doubtful_blanks(&self, ops: &[Op<'t>]) -> bool {
        let blank = |number: &usize| self.wanted[*number].trim().is_empty();
        let goes = |number: usize| {
            self.pairs[number].is_some()
                && ops.iter().any(|op| matches!(op, Op::Remove(at) if *at == number))
        };
        // New lines come between them.
        let parted = |run: &[usize]| {
            let of_run = |op: &Op<'t>| matches!(op, Op::Keep(at) if run.contains(at));
            let (first, last) = (ops.iter().position(of_run), ops.iter().rposition(of_run));
            let between = first.zip(last).and_then(|(first, last)| ops.get(first..last));
            between.is_some_and(|ops| ops.iter().any(|op| matches!(op, Op::Add(_))))
        };
        ops.iter().any(|op| match op {
            Op::Keep(number) if blank(number) && self.pairs[*number].is_none() => {
                let above = (0..*number).rev().take_while(blank);
                let below = (number + 1..self.wanted.len()).take_while(blank);
                let run: Vec<usize> = above.chain(below).chain([*number]).collect();
                run.iter().copied().any(goes) || parted(&run)
            }
            _ => false,
        })
    }

    /// Whether a new line stands right above or below the lines that change.
    pub(super) fn stands_beside(&self, adds: &[&Cow<'t, str>], lines: &Range<usize>) -> bool {
        let beside = [lines.start.checked_sub(1), Some(lines.end)].into_iter().flatten();
        let mut texts =
            beside.filter_map(|line| self.text.lines().get(line)).map(|line| line.text.trim());
        texts.any(|text| is_telling(text) && adds.iter().any(|add| add.trim() == text))
    }

    /// Whether the blank lines above or below are more than were searched for:
    /// new lines may belong between any two of them.
    pub(super) fn has_lone_blanks_around(&self, lines: &Range<usize>) -> bool {
        let blank = |line: &usize| self.is_blank(*line);
        let above = (self.found.range.start..lines.start).rev().take_while(blank);
        let below = (lines.end..self.found.range.end).take_while(blank);
        above.chain(below).any(|line| !self.pairs.contains(&Some(line)))
    }

    /// Lines that were searched for and that the file lacks: one that stands
    /// twice was copied twice, blank ones do not matter, unless lines come beside
    /// one that is said to stay. All others do.
    pub(super) fn check_missing(
        &self,
        ops: &[Op<'t>],
        adds: &[&Cow<'t, str>],
    ) -> Result<(), Misfit> {
        let blank_goes =
            ops.iter().any(|op| matches!(op, Op::Remove(at) if self.wanted[*at].trim().is_empty()));
        let full_goes = ops
            .iter()
            .any(|op| matches!(op, Op::Remove(at) if !self.wanted[*at].trim().is_empty()));
        let adds_among = |ops: &[Op<'t>]| ops.iter().any(|op| matches!(op, Op::Add(_)));
        for (at, op) in ops.iter().enumerate() {
            let (Op::Keep(number) | Op::Remove(number)) = op else { continue };
            if self.pairs[*number].is_some() {
                continue;
            }
            let removed = matches!(op, Op::Remove(_));
            let line = self.wanted[*number].trim_end();
            if line.is_empty() {
                // At the edge of lines that go it may have been one that stays.
                let edge = removed && full_goes && (at == 0 || at + 1 == ops.len());
                if edge {
                    return Err(Misfit::Blanks);
                }
                if !removed && (!adds.is_empty() || blank_goes || full_goes) {
                    return Err(Misfit::Blanks);
                }
                continue;
            }
            let twin = |at: Option<usize>| {
                at.filter(|at| self.pairs.get(*at).is_some_and(Option::is_some))
                    .is_some_and(|at| self.wanted[at].trim_end() == line)
            };
            // With lines between them, both copies are meant.
            let doubled = twin(number.checked_sub(1)) && (removed || !adds_among(&ops[..at]))
                || twin(Some(number + 1)) && (removed || !adds_among(&ops[at..]));
            // What goes beside it may be what is left of a change made before.
            let alone = || adds.is_empty() && !ops.iter().any(|op| self.is_there_and_goes(op));
            let harmless = doubled || (removed && alone());
            if !harmless {
                return Err(Misfit::Poor);
            }
        }
        Ok(())
    }

    pub(super) fn is_there_and_goes(&self, op: &Op<'_>) -> bool {
        matches!(op, Op::Remove(number) if self.pairs[*number].is_some())
    }

    /// New lines between two that stay: one of these has to be where it was
    /// said to be, and both indented as it was said.
    pub(super) fn check_neighbours(&self, lines: &Range<usize>) -> Result<(), Misfit> {
        let beside = |line: usize| {
            let number = self.pairs.iter().position(|pair| *pair == Some(line))?;
            let (here, wanted) = (&self.text.lines()[line].text, &self.wanted[number]);
            Some((self.is_same(number, line), indent(here) == indent(wanted)))
        };
        let sides = [lines.start.checked_sub(1).and_then(beside), beside(lines.end)];
        let known: Vec<_> = sides.into_iter().flatten().collect();
        let same = known.iter().any(|(same, _)| *same);
        let even = known.iter().all(|(_, even)| *even);
        if same && even { Ok(()) } else { Err(Misfit::Poor) }
    }
}
