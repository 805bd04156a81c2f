//! Brings a change into the lines of a file that were found for it.
//!
//! A three-way merge: what was searched for is the base, the file's lines are
//! one side, the change the other. Lines that the change leaves alone keep the
//! file's text, however they were quoted.

use std::borrow::Cow;
use std::ops::Range;

use super::line_ends::LineEnds;
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
    let blank = |line: &str| line.trim().is_empty();
    let adds = ops.iter().filter_map(|op| match op {
        Op::Add(line) => Some(line.as_ref()),
        _ => None,
    });
    let blanks = wanted.iter().map(AsRef::as_ref).chain(adds).any(blank);
    let mut weave = Weave { text, found, wanted, writing, blanks, ends, out: Vec::new() };
    let mut next = found.range.start;
    let mut rest = ops;
    while !rest.is_empty() {
        let stays = |op: &Op<'_>| match op {
            Op::Keep(number) => found.pairs[*number],
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

struct Weave<'a, 't> {
    text: &'a FileText<'t>,
    found: &'a Found,
    wanted: &'a [Cow<'a, str>],
    writing: Writing,
    /// Whether the reply writes blank lines at all.
    blanks: bool,
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
                Op::Remove(number) => self.found.pairs[*number],
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
            if !lone_blank.is_empty() && self.blanks && self.writing == Writing::Passages {
                return Err(Misfit::Blanks);
            }
            self.keep(lines);
            return Ok(());
        }
        let file = &self.text.lines()[lines.clone()];
        let same =
            |(line, add): (&FileLine<'_>, &&Cow<'_, str>)| line.text.trim_end() == add.trim_end();
        if !adds.is_empty() && file.len() == adds.len() && file.iter().zip(&adds).all(same) {
            self.keep(lines);
            return Ok(());
        }
        if !lone_full.is_empty() {
            // Lines that the search text lacks: the replacement has to know them.
            let mut known = adds.iter();
            let passed = lone_full.iter().all(|line| {
                let text = self.text.lines()[*line].text.trim();
                known.any(|add| add.trim() == text)
            });
            if !passed || self.writing == Writing::Hunk {
                return Err(Misfit::Poor);
            }
        }
        let differs = ops.iter().any(|op| match op {
            Op::Remove(number) => {
                self.found.pairs[*number].is_some_and(|line| !self.is_same(*number, line))
            }
            _ => false,
        });
        if differs {
            return self.mend(ops, &adds, &removed, lone_full.is_empty());
        }
        if self.found.level == MatchLevel::Scored && removed.is_empty() {
            self.check_neighbours(&lines)?;
        }
        let first = removed.first().copied().unwrap_or(lines.start);
        let last = removed.last().map_or(lines.start, |line| line + 1);
        let knows = |add: Option<&&Cow<'t, str>>| add.is_some_and(|add| add.trim().is_empty());
        let above = lines.start..first.max(lines.start);
        let below = last.max(above.end)..lines.end;
        let knows_above = knows(adds.first()) || !lone_full.is_empty();
        let knows_below = knows(adds.last()) || !lone_full.is_empty();
        let unsure = |blanks: &Range<usize>, knows: bool| !blanks.is_empty() && !knows;
        if self.writing == Writing::Passages
            && (unsure(&above, knows_above) || unsure(&below, knows_below))
        {
            // With nothing removed, all blank lines stand below.
            return Err(Misfit::Blanks);
        }
        if !above.is_empty() && !knows_above {
            self.keep(above);
        }
        self.write(ops);
        if !below.is_empty() && !knows_below {
            self.keep(below);
        }
        Ok(())
    }

    fn write(&mut self, ops: &[Op<'t>]) {
        for op in ops {
            match op {
                Op::Keep(_) => {}
                Op::Remove(number) => {
                    let line = self.found.pairs[*number];
                    self.ends.goes(line.and_then(|line| self.text.lines().get(line)));
                }
                Op::Add(line) => {
                    let line = self.ends.new_line(line.clone());
                    self.out.push(line);
                }
            }
        }
    }

    /// Lines that were searched for and that the file lacks: blank ones do not
    /// matter, one that stands twice was copied twice, all others do.
    fn check_missing(&self, ops: &[Op<'t>], adds: &[&Cow<'t, str>]) -> Result<(), Misfit> {
        for op in ops {
            let (Op::Keep(number) | Op::Remove(number)) = op else { continue };
            let line = self.wanted[*number].trim();
            if self.found.pairs[*number].is_some() || line.is_empty() {
                continue;
            }
            let twin = |at: Option<usize>| {
                at.and_then(|at| self.wanted.get(at)).is_some_and(|other| other.trim() == line)
            };
            let doubled = twin(number.checked_sub(1)) || twin(Some(number + 1));
            let removed = matches!(op, Op::Remove(_));
            if !(removed && (doubled || adds.is_empty())) {
                return Err(Misfit::Poor);
            }
        }
        Ok(())
    }

    /// New lines between two that stay: one of these has to be where it was
    /// said to be, and both indented as it was said.
    fn check_neighbours(&self, lines: &Range<usize>) -> Result<(), Misfit> {
        let beside = |line: usize| {
            let number = self.found.pairs.iter().position(|pair| *pair == Some(line))?;
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
                Op::Remove(number) => Some((*number, self.found.pairs[*number]?)),
                _ => None,
            })
            .collect();
        let uneven = pairs.iter().any(|(number, line)| {
            indent(&self.text.lines()[*line].text) != indent(&self.wanted[*number])
        });
        let signs_only = pairs.iter().all(|(number, line)| {
            plain(&self.text.lines()[*line].text).trim_end()
                == plain(&self.wanted[*number]).trim_end()
        });
        if uneven && adds.len() != pairs.len() || !all_known {
            return Err(Misfit::Poor);
        }
        let join = |lines: Vec<&str>| lines.join("\n");
        let base = join(pairs.iter().map(|(number, _)| self.wanted[*number].as_ref()).collect());
        let ours = removed.iter().map(|line| self.text.lines()[*line].text.as_ref()).collect();
        let theirs = join(adds.iter().map(|add| add.as_ref()).collect());
        let merged = token_merge::merge(&base, &join(ours), &theirs);
        let Some(merged) = merged.filter(|_| !adds.is_empty()) else {
            // Nothing but signs differ, or nothing of the lines is to stay.
            if signs_only {
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
