//! Brings a change into the lines of a file that were found for it.
//!
//! A three-way merge: what was searched for is the base, the file's lines are
//! one side, the change the other. Lines that the change leaves alone keep the
//! file's text, however they were quoted.

use std::borrow::Cow;
use std::ops::Range;

use super::line_ends::LineEnds;
use super::rival::is_telling;
use super::token_merge;
use crate::locate::{Found, MatchLevel, indent, plain};
use crate::text::{FileLine, FileText};

/// One step of a change; the numbers are those of the lines searched for.
#[derive(Clone, Debug)]
pub enum Op<'t> {
    Keep(usize),
    Remove(usize),
    /// A new line, indented as it is to stand in the file.
    Add(Cow<'t, str>),
}

/// Why a change cannot be brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It falls on a line that differs from what was searched for.
    Poor,
    /// It is not clear which blank lines are to stay.
    Blanks,
}

/// How a reply writes a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Two whole passages: a line that neither shows is not meant to stay.
    Passages,
    /// Line by line.
    Hunk,
}

/// The file's lines at `found` after the change. `wanted` are the lines that
/// were searched for, indented as the file's are.
pub fn weave<'t>(
    text: &FileText<'t>,
    found: &Found,
    wanted: &[Cow<'_, str>],
    ops: &[Op<'t>],
    writing: Writing,
) -> Result<Vec<FileLine<'t>>, Misfit> {
    let ends = LineEnds::at(text, &found.range);
    let pairs = kept_pairs(found, wanted, ops);
    let mut weave = Weave { text, found, pairs, wanted, writing, ends, out: Vec::new() };
    if weave.has_uneven_signs(ops) {
        return Err(Misfit::Poor);
    }
    if weave.has_doubtful_blanks(ops) {
        return Err(Misfit::Blanks);
    }
    let ops = &weave.own_blanks(ops);
    let mut next = found.range.start;
    let mut rest = &ops[..];
    while !rest.is_empty() {
        let stays = |op: &Op<'_>| match op {
            Op::Keep(number) => weave.pairs[*number],
            _ => None,
        };
        let position = rest.iter().position(|op| stays(op).is_some());
        let (chunk, tail) = rest.split_at(position.unwrap_or(rest.len()));
        let line = tail.first().and_then(stays);
        weave.chunk(chunk, next..line.unwrap_or(found.range.end))?;
        let Some(line) = line else { break };
        weave.keep(line..line + 1);
        next = line + 1;
        rest = &tail[1..];
    }
    Ok(weave.out)
}

/// The pairs of a place. Of a line that was copied twice, the copy that stays
/// has the pair.
fn kept_pairs(found: &Found, wanted: &[Cow<'_, str>], ops: &[Op<'_>]) -> Vec<Option<usize>> {
    let mut pairs = found.pairs.clone();
    let kept = |at: usize| ops.iter().any(|op| matches!(op, Op::Keep(number) if *number == at));
    for op in ops {
        let Op::Keep(number) = *op else { continue };
        let blank = wanted[number].trim().is_empty();
        if pairs[number].is_some() || (blank && !is_among_kept(ops, number, wanted)) {
            continue;
        }
        for other in [number.checked_sub(1), Some(number + 1)].into_iter().flatten() {
            let same = wanted.get(other).is_some_and(|o| o.trim_end() == wanted[number].trim_end());
            if same && pairs[other].is_some() && !kept(other) {
                pairs.swap(number, other);
                break;
            }
        }
    }
    pairs
}

/// Whether the lines that go beside one that stays are blank, up to the next
/// ones that stay, and none come there.
fn is_among_kept(ops: &[Op<'_>], number: usize, wanted: &[Cow<'_, str>]) -> bool {
    let here = |op: &Op<'_>| matches!(op, Op::Keep(at) if *at == number);
    let Some(here) = ops.iter().position(here) else { return false };
    let goes = |op: &&Op<'_>| !matches!(op, Op::Keep(_));
    let above = ops[..here].iter().rev().take_while(goes);
    let below = ops[here + 1..].iter().take_while(goes);
    above.chain(below).all(|op| matches!(op, Op::Remove(at) if wanted[*at].trim().is_empty()))
}

struct Weave<'a, 't> {
    text: &'a FileText<'t>,
    found: &'a Found,
    /// For each wanted line, the line of the file.
    pairs: Vec<Option<usize>>,
    wanted: &'a [Cow<'a, str>],
    writing: Writing,
    ends: LineEnds,
    out: Vec<FileLine<'t>>,
}

impl<'t> Weave<'_, 't> {
    /// Whether a line that says little, such as a bracket, was taken for one of
    /// another depth.
    fn has_uneven_signs(&self, ops: &[Op<'t>]) -> bool {
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

    /// Whether of blank lines that were searched for, and are more than the file
    /// has, some go and some stay: those that are there are all taken for those
    /// that go.
    fn has_doubtful_blanks(&self, ops: &[Op<'t>]) -> bool {
        let blank = |number: &usize| self.wanted[*number].trim().is_empty();
        let goes = |number: usize| {
            self.pairs[number].is_some()
                && ops.iter().any(|op| matches!(op, Op::Remove(at) if *at == number))
        };
        ops.iter().any(|op| match op {
            Op::Keep(number) if blank(number) && self.pairs[*number].is_none() => {
                let above = (0..*number).rev().take_while(blank);
                let below = (number + 1..self.wanted.len()).take_while(blank);
                above.chain(below).any(goes)
            }
            _ => false,
        })
    }

    /// A line that moves, copied with blanks at its end that the file's has not,
    /// comes as the file has it.
    fn own_blanks(&self, ops: &[Op<'t>]) -> Vec<Op<'t>> {
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

    fn keep(&mut self, lines: Range<usize>) {
        for line in &self.text.lines()[lines] {
            self.ends.stays(Some(line));
            self.out.push(line.clone());
        }
    }

    /// A line that comes again: only what the reply itself changes at its end
    /// changes.
    fn keep_or_trim(&mut self, line: usize, add: Cow<'t, str>, ops: &[Op<'t>]) {
        let changes = ops.iter().any(|op| {
            matches!(op, Op::Remove(number)
                if self.pairs[*number] == Some(line) && self.wanted[*number] != add)
        });
        if !changes || self.text.lines()[line].text == add {
            return self.keep(line..line + 1);
        }
        self.ends.goes(self.text.lines().get(line));
        let new = self.ends.new_line(add);
        self.out.push(new);
    }

    fn is_blank(&self, line: usize) -> bool {
        self.text.lines()[line].text.trim().is_empty()
    }

    /// Whether the file's line is the one that was searched for, but for blanks
    /// at its end.
    fn is_same(&self, wanted: usize, line: usize) -> bool {
        self.text.lines()[line].text.trim_end() == self.wanted[wanted].trim_end()
    }

    /// Takes steps between two lines that stay; `lines` of the file stand there.
    fn chunk(&mut self, ops: &[Op<'t>], lines: Range<usize>) -> Result<(), Misfit> {
        if ops.is_empty() && lines.is_empty() {
            return Ok(());
        }
        let adds: Vec<&Cow<'t, str>> = ops
            .iter()
            .filter_map(|op| match op {
                Op::Add(line) => Some(line),
                _ => None,
            })
            .collect();
        let removed: Vec<usize> = ops
            .iter()
            .filter_map(|op| match op {
                Op::Remove(number) => self.pairs[*number],
                _ => None,
            })
            .collect();
        let lone: Vec<usize> = lines.clone().filter(|line| !removed.contains(line)).collect();
        let (lone_blank, lone_full): (Vec<usize>, Vec<usize>) =
            lone.iter().partition(|line| self.is_blank(**line));
        self.check_missing(ops, &adds)?;
        if adds.is_empty()
            && removed.is_empty()
            && !ops.iter().any(|op| matches!(op, Op::Remove(_)))
        {
            // Lines that the reply passed over, and does not change.
            if !lone_full.is_empty() {
                return Err(Misfit::Poor);
            }
            self.keep(lines);
            return Ok(());
        }
        let file = &self.text.lines()[lines.clone()];
        let same =
            |(line, add): (&FileLine<'_>, &&Cow<'_, str>)| line.text.trim_end() == add.trim_end();
        if !adds.is_empty() && file.len() == adds.len() && file.iter().zip(&adds).all(same) {
            for (line, add) in lines.zip(adds) {
                self.keep_or_trim(line, add.clone(), ops);
            }
            return Ok(());
        }
        if !lone_full.is_empty() {
            // Lines that the search text lacks: the replacement has to know them.
            let mut known = adds.iter();
            let passed = lone_full.iter().all(|line| {
                let text = self.text.lines()[*line].text.trim();
                is_telling(text) && known.any(|add| add.trim() == text)
            });
            if !passed || !lone_blank.is_empty() || self.writing == Writing::Hunk {
                return Err(Misfit::Poor);
            }
        }
        let differs = ops.iter().any(|op| match op {
            Op::Remove(number) => {
                self.pairs[*number].is_some_and(|line| !self.is_same(*number, line))
            }
            _ => false,
        });
        if differs {
            return self.mend(ops, &adds, &removed, lone_full.is_empty());
        }
        if !adds.is_empty() && self.has_lone_blanks_around(&lines) {
            return Err(Misfit::Blanks);
        }
        if self.found.level == MatchLevel::Scored && self.stands_beside(&adds, &lines) {
            return Err(Misfit::Poor);
        }
        if self.found.level == MatchLevel::Scored && removed.is_empty() {
            self.check_neighbours(&lines)?;
        }
        if lone_blank.is_empty() {
            self.write(ops);
            return Ok(());
        }
        let add_blanks = adds.iter().filter(|add| add.trim().is_empty()).count();
        if add_blanks == 0 && !removed.is_empty() && removed.len() == adds.len() {
            // One line for another: the blank ones stay where they are.
            let mut next = adds.into_iter();
            for line in lines {
                let add = if removed.contains(&line) { next.next() } else { None };
                match add {
                    Some(add) => {
                        self.ends.goes(self.text.lines().get(line));
                        let new = self.ends.new_line(add.clone());
                        self.out.push(new);
                    }
                    None => self.keep(line..line + 1),
                }
            }
            return Ok(());
        }
        // The replacement knows them, each where the file has it.
        let known = lines.len() == adds.len()
            && lines.zip(&adds).all(|(line, add)| self.is_blank(line) == add.trim().is_empty());
        if self.writing == Writing::Passages && known {
            self.write(ops);
            return Ok(());
        }
        // The blank lines may be meant to stay, or to go, or to stand elsewhere.
        Err(Misfit::Blanks)
    }

    /// Whether a new line stands right above or below the lines that change.
    fn stands_beside(&self, adds: &[&Cow<'t, str>], lines: &Range<usize>) -> bool {
        let beside = [lines.start.checked_sub(1), Some(lines.end)].into_iter().flatten();
        let mut texts =
            beside.filter_map(|line| self.text.lines().get(line)).map(|line| line.text.trim());
        texts.any(|text| is_telling(text) && adds.iter().any(|add| add.trim() == text))
    }

    /// Whether the blank lines above or below are more than were searched for:
    /// new lines may belong between any two of them.
    fn has_lone_blanks_around(&self, lines: &Range<usize>) -> bool {
        let blank = |line: &usize| self.is_blank(*line);
        let above = (self.found.range.start..lines.start).rev().take_while(blank);
        let below = (lines.end..self.found.range.end).take_while(blank);
        above.chain(below).any(|line| !self.pairs.contains(&Some(line)))
    }

    fn write(&mut self, ops: &[Op<'t>]) {
        for op in ops {
            match op {
                Op::Keep(_) => {}
                Op::Remove(number) => {
                    let line = self.pairs[*number];
                    self.ends.goes(line.and_then(|line| self.text.lines().get(line)));
                }
                Op::Add(line) => {
                    let line = self.ends.new_line(line.clone());
                    self.out.push(line);
                }
            }
        }
    }

    /// Lines that were searched for and that the file lacks: one that stands
    /// twice was copied twice, blank ones do not matter, unless lines come beside
    /// one that is said to stay. All others do.
    fn check_missing(&self, ops: &[Op<'t>], adds: &[&Cow<'t, str>]) -> Result<(), Misfit> {
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

    fn is_there_and_goes(&self, op: &Op<'_>) -> bool {
        matches!(op, Op::Remove(number) if self.pairs[*number].is_some())
    }

    /// New lines between two that stay: one of these has to be where it was
    /// said to be, and both indented as it was said.
    fn check_neighbours(&self, lines: &Range<usize>) -> Result<(), Misfit> {
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

    /// Changes words of lines that differ from what was searched for.
    fn mend(
        &mut self,
        ops: &[Op<'t>],
        adds: &[&Cow<'t, str>],
        removed: &[usize],
        all_known: bool,
    ) -> Result<(), Misfit> {
        let pairs: Vec<(usize, usize)> = ops
            .iter()
            .filter_map(|op| match op {
                Op::Remove(number) => Some((*number, self.pairs[*number]?)),
                _ => None,
            })
            .collect();
        let uneven = pairs.iter().any(|(number, line)| {
            indent(&self.text.lines()[*line].text) != indent(&self.wanted[*number])
        });
        let signs = |text: &str| plain(text).split_whitespace().collect::<String>();
        let signs_only = pairs.iter().all(|(number, line)| {
            signs(&self.text.lines()[*line].text) == signs(&self.wanted[*number])
        });
        if uneven && adds.len() != pairs.len() || !all_known {
            return Err(Misfit::Poor);
        }
        let join = |lines: Vec<&str>| lines.join("\n");
        let base = join(pairs.iter().map(|(number, _)| self.wanted[*number].as_ref()).collect());
        let ours = removed.iter().map(|line| self.text.lines()[*line].text.as_ref()).collect();
        let theirs = join(adds.iter().map(|add| &***add).collect());
        let merged = token_merge::merge(&base, &join(ours), &theirs);
        // Of words, both readings have to come to the same: that the search text
        // alone is misquoted, and that the replacement is too.
        let sure = |merged: &String| !adds.is_empty() && (signs_only || *merged == theirs);
        let Some(merged) = merged.filter(sure) else {
            if signs_only && !uneven {
                self.write(ops);
                return Ok(());
            }
            return Err(Misfit::Poor);
        };
        for line in removed {
            self.ends.goes(self.text.lines().get(*line));
        }
        for line in merged.split('\n') {
            let line = self.ends.new_line(Cow::Owned(line.to_owned()));
            self.out.push(line);
        }
        Ok(())
    }
}
