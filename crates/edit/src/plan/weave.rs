//! Brings a change into the lines of a file that were found for it.
//!
//! A three-way merge: what was searched for is the base, the file's lines are
//! one side, the change the other. Lines that the change leaves alone keep the
//! file's text, however they were quoted.

mod doubts;

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
