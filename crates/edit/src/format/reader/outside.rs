//! What stands between blocks, and which block begins where.

use super::{OwnedLine, Place, ReplyParser};
use crate::format::call_block::CallBlock;
use crate::format::fence::Fence;
use crate::format::held_file::{HeldFile, Verdict};
use crate::format::search_replace::{self, SearchReplace};
use crate::format::thought::Thought;
use crate::format::unified_diff::{self, UnifiedDiff};
use crate::format::{BrokenReason, Line, Origin, ParsedItem, Step, apply_patch};

impl ReplyParser {
    pub(super) fn outside(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        if let Some(minus) = self.minus.take()
            && line.text.starts_with("+++ ")
        {
            self.settle(out);
            let mut diff = UnifiedDiff::open();
            diff.line(minus.line(), out);
            self.place = Place::Diff(Box::new(diff));
            return self.line(line, out);
        }
        if may_begin(line.text) && self.begins(line, out) {
            return;
        }
        if let Some(held) = &mut self.held {
            held.text(line.text);
        }
        if line.text.bytes().all(|b| b.is_ascii_whitespace()) {
            return;
        }
        if self.fence.is_none() && line.text.starts_with("--- ") {
            self.minus = Some(OwnedLine::of(line));
        }
        self.above.set_line(line.text);
    }

    /// Ends the fence or begins whatever the line begins; false for a line of
    /// prose.
    pub(super) fn begins(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> bool {
        match &self.fence {
            Some((fence, _)) if fence.closes(line.text) => {
                self.settle(out);
                self.fence = None;
                self.above.clear();
                return true;
            }
            None => {
                if let Some(thought) = Thought::open(line.text) {
                    self.above.clear();
                    self.place = Place::Thought(thought);
                    self.line(line, out);
                    return true;
                }
                if Thought::closes(line.text) && (self.found || self.held.is_some()) {
                    self.settle(out);
                    out.push(Origin::of(line).broken(None, BrokenReason::Draft, line.end));
                    return true;
                }
                if let Some(fence) = Fence::open(line.text) {
                    self.judge(&fence, out);
                    self.fence = Some((fence, Origin::of(line)));
                    self.place = Place::FenceTop;
                    return true;
                }
                if let Some(call) = CallBlock::open(line) {
                    self.settle(out);
                    self.place = Place::Call(Box::new(call));
                    self.call_line(line, out);
                    return true;
                }
            }
            Some(_) => {}
        }
        self.begin(line, out)
    }

    /// The first line of a call outside of fences, which may be its last.
    pub(super) fn call_line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let Place::Call(block) = &mut self.place else { return };
        if block.line(line, out) == Step::Done {
            self.place = Place::Outside;
            self.above.clear();
        }
    }

    /// Begins the blocks that stand in a fence and outside of one alike.
    pub(super) fn begin(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> bool {
        if search_replace::opens(line.text) {
            self.settle(out);
            let in_info = self.fence.as_ref().and_then(|(fence, _)| fence.path.clone());
            let above = self.above.take().map(|above| above.path);
            let path = above.or(in_info).or_else(|| self.last.clone());
            self.place = Place::SearchReplace(Box::new(SearchReplace::open(line, path)));
            return true;
        }
        if apply_patch::opens(line.text) {
            self.settle(out);
            self.place = Place::Patch(Box::default(), Origin::of(line));
            return true;
        }
        if self.fence.is_none() && unified_diff::opens(line.text) {
            self.settle(out);
            self.place = Place::Diff(Box::new(UnifiedDiff::open()));
            self.line(line, out);
            return true;
        }
        false
    }

    /// Lets the next fence say whether the held file is complete.
    pub(super) fn judge(&mut self, next: &Fence, out: &mut Vec<ParsedItem>) {
        let Some(held) = &self.held else { return };
        let named = next.path.is_some() || self.above.get().is_some();
        match held.judge(next, named) {
            Verdict::CutShort => out.extend(self.held.take().map(HeldFile::cut_short)),
            Verdict::Whole => self.settle(out),
            Verdict::Unclear => {}
        }
    }

    /// Gives the held file: nothing below can belong to it.
    pub(super) fn settle(&mut self, out: &mut Vec<ParsedItem>) {
        out.extend(self.held.take().map(HeldFile::whole));
    }
}

/// Whether a line outside of blocks can begin one: the first sign tells of
/// nearly all that it cannot.
fn may_begin(text: &str) -> bool {
    let first = text.bytes().find(|b| !matches!(b, b' ' | b'\t'));
    matches!(first, Some(b'`' | b'~' | b'<' | b'-' | b'*' | b'd' | b'{' | b'[' | b'@'))
}
