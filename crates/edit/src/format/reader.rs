//! Reads a reply piece by piece, and hands each line to whom it belongs.

mod colours;
mod fence_top;
mod outside;

use std::borrow::Cow;

use super::above::Above;
use super::apply_patch::{self, ApplyPatch};
use super::call_block::CallBlock;
use super::fence::Fence;
use super::held_file::HeldFile;
use super::path_line::PathLine;
use super::search_replace::SearchReplace;
use super::thought::Thought;
use super::unified_diff::UnifiedDiff;
use super::whole_file::WholeFile;
use super::{BrokenBlock, BrokenReason, EditAction, Line, Naming, Origin, ParsedItem, Step};
use colours::without_colours;

/// Finds the edits of a reply while it streams.
///
/// However the reply is cut into pieces, in the middle of a letter too, the
/// same items come out.
///
/// ```
/// use mlxcode_edit::{ParsedItem, ReplyParser};
///
/// let mut parser = ReplyParser::new();
/// let mut items = parser.push("a.txt\n<<<<<<< SEARCH\nold\n====");
/// items.extend(parser.push_bytes(b"===\nn\xc3"));
/// items.extend(parser.push_bytes(b"\xb6w\n>>>>>>> REPLACE\n"));
/// items.extend(parser.finish());
/// assert!(matches!(items.as_slice(), [ParsedItem::Edit(edit)] if edit.path == "a.txt"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReplyParser {
    /// The piece of a line that has no end yet.
    partial: Vec<u8>,
    offset: usize,
    line_number: usize,
    place: Place,
    /// The fence around the place, where one is open.
    fence: Option<(Fence, Origin)>,
    /// The path on the line above, blank lines between them allowed.
    above: Above,
    /// The path of the last edit: more blocks may follow without naming it.
    last: Option<String>,
    /// Whether anything was found so far.
    found: bool,
    /// A whole file that may go on below its closing fence.
    held: Option<HeldFile>,
    /// A diff that may go on below its closing fence.
    doubtful: Option<ParsedItem>,
    /// A `--- ` line that opens a diff if `+++ ` follows.
    minus: Option<OwnedLine>,
    /// Whether the diff that is being read has colours.
    coloured: bool,
    /// Where lines begin that hold bytes that are no UTF-8.
    not_utf8: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
enum Place {
    /// Prose, or a fence whose blocks are read one by one.
    #[default]
    Outside,
    /// Just below the opening line of a fence.
    FenceTop,
    /// Below a comment on the first line of a fence that names a file.
    FenceComment(PathLine, Vec<OwnedLine>),
    SearchReplace(Box<SearchReplace>),
    Diff(Box<UnifiedDiff>),
    /// The call of a tool.
    Call(Box<CallBlock>),
    Patch(Box<ApplyPatch>, Origin),
    /// What the model says to itself: drafts, no edits.
    Thought(Thought),
    Whole(Box<WholeFile>),
}

#[derive(Clone, Debug)]
struct OwnedLine {
    text: String,
    start: usize,
    end: usize,
    number: usize,
    crlf: bool,
}

impl OwnedLine {
    fn of(Line { text, start, end, number, crlf }: Line<'_>) -> Self {
        Self { text: text.to_owned(), start, end, number, crlf }
    }

    fn line(&self) -> Line<'_> {
        let Self { text, start, end, number, crlf } = self;
        Line { text, start: *start, end: *end, number: *number, crlf: *crlf }
    }
}

impl ReplyParser {
    /// A parser before the reply's first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// A parser of blocks that belong to `path` where they name no other.
    pub(crate) fn below(path: Option<&str>) -> Self {
        Self { last: path.map(str::to_owned), ..Self::default() }
    }

    /// Takes the next piece of the reply and gives the edits that it completes.
    pub fn push(&mut self, piece: &str) -> Vec<ParsedItem> {
        self.push_bytes(piece.as_bytes())
    }

    /// Takes the next bytes of the reply, which may end in the middle of a
    /// letter, and gives the edits that they complete.
    pub fn push_bytes(&mut self, piece: &[u8]) -> Vec<ParsedItem> {
        let mut out = Vec::new();
        let mut rest = piece;
        if !self.partial.is_empty()
            && let Some(position) = memchr::memchr(b'\n', rest)
        {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(&rest[..=position]);
            self.lines(&whole, &mut out);
            // Its room is used again: most pieces are shorter than a line.
            whole.clear();
            self.partial = whole;
            rest = &rest[position + 1..];
        }
        if let Some(last) = memchr::memrchr(b'\n', rest) {
            let (lines, tail) = rest.split_at(last + 1);
            self.lines(lines, &mut out);
            rest = tail;
        }
        self.partial.extend_from_slice(rest);
        out
    }

    /// Takes whole lines, each with its end.
    fn lines(&mut self, mut bytes: &[u8], out: &mut Vec<ParsedItem>) {
        // What is text is looked at once, not line by line.
        let mut valid = "";
        while !bytes.is_empty() {
            if valid.is_empty() {
                valid = text_of(bytes);
            }
            let taken = match self.quiet(valid) {
                0 => {
                    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
                    self.raw_line(&bytes[..end], valid.get(..end), out);
                    end
                }
                quiet => quiet,
            };
            bytes = &bytes[taken..];
            valid = valid.get(taken..).unwrap_or_default();
        }
    }

    /// Ends the reply and gives the edits that its end completes.
    pub fn finish(&mut self) -> Vec<ParsedItem> {
        let mut out = Vec::new();
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.raw_line(&last, std::str::from_utf8(&last).ok(), &mut out);
        }
        let before = out.len();
        out.extend(self.doubtful.take());
        let end = self.offset;
        match self.held.take() {
            // A fence that is never closed: the file's own end was taken for it.
            Some(held) if self.fence.is_some() => out.push(held.cut_short()),
            held => out.extend(held.map(HeldFile::whole)),
        }
        match std::mem::take(&mut self.place) {
            Place::Outside | Place::FenceTop | Place::FenceComment(..) | Place::Thought(_) => {}
            Place::SearchReplace(mut block) => block.cut(end, &mut out),
            Place::Diff(mut block) => block.cut(&mut out),
            Place::Patch(mut block, origin) => block.cut(origin, end, &mut out),
            Place::Call(mut block) => block.cut(end, &mut out),
            Place::Whole(mut block) => block.cut(end, &mut out),
        }
        self.check_utf8(&mut out[before..]);
        *self = Self::default();
        out
    }

    /// Takes the lines that the block around them only keeps, all at once, and
    /// says how many bytes they were: nearly all lines of a reply are such.
    fn quiet(&mut self, text: &str) -> usize {
        if self.doubtful.is_some() {
            return 0;
        }
        let (bytes, lines) = match &mut self.place {
            Place::SearchReplace(block) => block.quiet(text),
            Place::Whole(block) => block.quiet(text),
            Place::Diff(block) => block.quiet(text, self.offset),
            _ => return 0,
        };
        self.line_number += lines;
        self.offset += bytes;
        bytes
    }

    /// Takes a line with its end; `text` is the same where it is text.
    fn raw_line(&mut self, raw: &[u8], text: Option<&str>, out: &mut Vec<ParsedItem>) {
        self.line_number += 1;
        let start = self.offset;
        self.offset += raw.len();
        let text = if let Some(text) = text {
            let text = text.strip_suffix('\n').unwrap_or(text);
            Cow::Borrowed(text.strip_suffix('\r').unwrap_or(text))
        } else {
            let bytes = raw.strip_suffix(b"\n").unwrap_or(raw);
            self.not_utf8.push(start);
            String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes))
        };
        let crlf = raw.ends_with(b"\r\n") || raw.ends_with(b"\r");
        let line = Line { text: &text, start, end: self.offset, number: self.line_number, crlf };
        let before = out.len();
        self.any_line(line, out);
        if out.len() == before {
            return;
        }
        self.check_utf8(&mut out[before..]);
        for item in &out[before..] {
            self.found |= !matches!(item, ParsedItem::Command(_));
            if let ParsedItem::Edit(edit) = item
                && !matches!(edit.action, EditAction::Write { naming: Naming::Guess, .. })
            {
                self.last = Some(edit.path.clone());
            }
        }
    }

    /// An edit with bytes that could not be read would write others.
    fn check_utf8(&self, items: &mut [ParsedItem]) {
        for item in items {
            if let ParsedItem::Edit(edit) = item
                && self.not_utf8.iter().any(|at| (edit.range.start..edit.range.end).contains(at))
            {
                *item = ParsedItem::Broken(BrokenBlock {
                    path: Some(edit.path.clone()),
                    range: edit.range,
                    line: edit.line,
                    reason: BrokenReason::NotUtf8,
                });
            }
        }
    }

    /// Takes the colours off a diff that was copied from a terminal.
    fn any_line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let in_diff = match self.place {
            Place::Outside | Place::FenceTop => false,
            Place::Diff(_) => true,
            _ => return self.line(line, out),
        };
        if memchr::memchr(0x1b, line.text.as_bytes()).is_some() {
            let text = without_colours(line.text);
            let begins = ["diff --git ", "--- ", "+++ ", "@@"].iter().any(|s| text.starts_with(s));
            if (in_diff && self.coloured) || (!in_diff && begins) {
                self.line(Line { text: &text, ..line }, out);
                self.coloured = matches!(self.place, Place::Diff(_)) || self.minus.is_some();
                return;
            }
        }
        self.line(line, out);
    }

    /// What stands below the closing fence of a doubtful diff tells whether it
    /// was the end, or a line of the file that lost its space.
    fn settle_doubt(&mut self, text: &str, out: &mut Vec<ParsedItem>) {
        if text.is_empty() {
            return;
        }
        let goes_on = ["+", "@@", " "].iter().any(|start| text.starts_with(start));
        out.extend(self.doubtful.take().map(|item| match item {
            ParsedItem::Edit(edit) if goes_on => ParsedItem::Broken(BrokenBlock {
                path: Some(edit.path),
                range: edit.range,
                line: edit.line,
                reason: BrokenReason::FenceInContent,
            }),
            item => item,
        }));
    }

    fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        self.settle_doubt(line.text, out);
        let step = match &mut self.place {
            Place::Outside => return self.outside(line, out),
            Place::FenceComment(..) => return self.fence_comment(line, out),
            Place::FenceTop => return self.fence_top(line, out),
            Place::SearchReplace(block) => block.line(line, out),
            Place::Diff(block) => block.line(line, out),
            // The fence ends and the envelope does not. A fence that is set in
            // by a space is a line of the file.
            Place::Patch(block, origin)
                if self.fence.as_ref().is_some_and(|(fence, _)| {
                    fence.closes(line.text) && !fence.inner(line.text).starts_with(' ')
                }) =>
            {
                block.cut(*origin, line.start, out);
                Step::NotMine
            }
            Place::Patch(block, _) => block.line(line, out),
            Place::Call(block) => block.line(line, out),
            Place::Whole(block) if block.is_command() && apply_patch::opens(line.text) => {
                // The shell hands it over.
                self.place = Place::Patch(Box::default(), Origin::of(line));
                return;
            }
            Place::Whole(block) => block.line(line),
            Place::Thought(thought) => {
                let Some(rest) = thought.end(line) else { return };
                self.place = Place::Outside;
                return self.line(rest, out);
            }
        };
        if step == Step::More {
            return;
        }
        if matches!(&self.place, Place::Diff(diff) if diff.is_doubtful()) {
            self.doubtful = out.pop();
        }
        // A diff, a call and a whole file own the fence around them.
        if matches!(self.place, Place::Diff(_) | Place::Call(_) | Place::Whole(_)) {
            self.fence = None;
        }
        self.coloured = false;
        if let (Place::Call(block), Step::NotMine) = (&self.place, step) {
            self.above.set_line(block.last_line());
            self.place = Place::Outside;
            return self.line(line, out);
        }
        if let Place::Whole(block) = std::mem::take(&mut self.place) {
            self.settle(out);
            if block.is_command() {
                out.extend(block.command());
                self.above.clear();
                return;
            }
            self.held = block.close();
            if let Some(held) = self.held.as_ref().filter(|held| held.naming != Naming::Guess) {
                self.last = Some(held.path.clone());
            }
        }
        self.above.clear();
        if step == Step::NotMine {
            self.line(line, out);
        }
    }
}

/// As much of the beginning as is text.
fn text_of(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}
