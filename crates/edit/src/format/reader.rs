//! What stands between blocks, and which block begins where.

use std::borrow::Cow;

use super::above::Above;
use super::apply_patch::{self, ApplyPatch};
use super::call_block::CallBlock;
use super::fence::Fence;
use super::held_file::{HeldFile, Verdict};
use super::path_line::{PathLine, Says};
use super::search_replace::{self, SearchReplace};
use super::thought::Thought;
use super::unified_diff::{self, UnifiedDiff};
use super::whole_file::WholeFile;
use super::{
    BrokenBlock, BrokenReason, EditAction, Line, Naming, Origin, ParsedItem, Step, path_line,
};

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
        while let Some(position) = memchr::memchr(b'\n', rest) {
            if self.partial.is_empty() {
                let quiet = self.quiet(rest);
                if quiet > 0 {
                    rest = &rest[quiet..];
                    continue;
                }
                self.raw_line(&rest[..=position], &mut out);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(&rest[..=position]);
                self.raw_line(&whole, &mut out);
                // Its room is used again: most pieces are shorter than a line.
                whole.clear();
                self.partial = whole;
            }
            rest = &rest[position + 1..];
        }
        self.partial.extend_from_slice(rest);
        out
    }

    /// Ends the reply and gives the edits that its end completes.
    pub fn finish(&mut self) -> Vec<ParsedItem> {
        let mut out = Vec::new();
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.raw_line(&last, &mut out);
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
    fn quiet(&mut self, bytes: &[u8]) -> usize {
        if self.doubtful.is_some() {
            return 0;
        }
        let run = match &self.place {
            Place::SearchReplace(block) => quiet_run(bytes, |line| block.is_quiet(line)),
            Place::Whole(block) => quiet_run(bytes, |line| block.is_quiet(line)),
            Place::Diff(block) => quiet_run(bytes, |line| block.is_quiet(line)),
            _ => return 0,
        };
        if run.text.is_empty() {
            return 0;
        }
        match &mut self.place {
            Place::SearchReplace(block) => block.quiet(run.text),
            Place::Whole(block) => block.quiet(run.text),
            Place::Diff(block) => block.quiet(run.text, self.offset),
            _ => {}
        }
        self.line_number += run.lines;
        self.offset += run.text.len();
        run.text.len()
    }

    fn raw_line(&mut self, raw: &[u8], out: &mut Vec<ParsedItem>) {
        let bytes = raw.strip_suffix(b"\n").unwrap_or(raw);
        let (bytes, crlf) = match bytes.strip_suffix(b"\r") {
            Some(bytes) => (bytes, true),
            None => (bytes, false),
        };
        self.line_number += 1;
        let start = self.offset;
        self.offset += raw.len();
        let text = if let Ok(text) = std::str::from_utf8(bytes) {
            Cow::Borrowed(text)
        } else {
            self.not_utf8.push(start);
            String::from_utf8_lossy(bytes)
        };
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

    fn outside(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        if let Some(minus) = self.minus.take()
            && line.text.starts_with("+++ ")
        {
            self.settle(out);
            let mut diff = UnifiedDiff::open(None, None);
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
    fn begins(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> bool {
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
    fn call_line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let Place::Call(block) = &mut self.place else { return };
        if block.line(line, out) == Step::Done {
            self.place = Place::Outside;
            self.above.clear();
        }
    }

    /// Begins the blocks that stand in a fence and outside of one alike.
    fn begin(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> bool {
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
            self.place = Place::Diff(Box::new(UnifiedDiff::open(None, None)));
            self.line(line, out);
            return true;
        }
        false
    }

    /// Lets the next fence say whether the held file is complete.
    fn judge(&mut self, next: &Fence, out: &mut Vec<ParsedItem>) {
        let named = next.path.is_some() || self.above.get().is_some();
        match self.held.as_ref().map(|held| held.judge(next, named)) {
            Some(Verdict::CutShort) => out.extend(self.held.take().map(HeldFile::cut_short)),
            Some(Verdict::Whole) => self.settle(out),
            Some(Verdict::Unclear) | None => {}
        }
    }

    /// Gives the held file: nothing below can belong to it.
    fn settle(&mut self, out: &mut Vec<ParsedItem>) {
        out.extend(self.held.take().map(HeldFile::whole));
    }

    /// The first line in a fence decides what the fence holds.
    fn fence_top(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let Some((fence, origin)) = self.fence.clone() else { return };
        self.place = Place::Outside;
        if fence.closes(line.text) || self.begin(line, out) {
            if fence.closes(line.text) {
                self.settle(out);
                self.fence = None;
            }
            return;
        }
        if apply_patch::is_shell_call(line.text) {
            // The envelope stands in a here-document below.
            return;
        }
        let inner = fence.inner(line.text);
        let is_diff = matches!(fence.language.as_str(), "diff" | "patch")
            || unified_diff::opens(inner)
            || (fence.path.is_none()
                && opens_plain_diff(&fence, inner)
                && self.above.get().is_none());
        if is_diff {
            self.settle(out);
            let above = self.above.take().filter(|above| above.says != Says::Something);
            let path = above.map(|above| above.path).or_else(|| fence.path.clone());
            self.place = Place::Diff(Box::new(UnifiedDiff::open(Some(fence), path)));
            return self.line(line, out);
        }
        let named = match (&fence.path, self.above.get()) {
            (Some(path), _) => Some((path.clone(), Naming::Clear)),
            (None, Some(above))
                if above.says == Says::File
                    && !path_line::is_command(&fence.language, &above.path) =>
            {
                Some((above.path.clone(), above.naming))
            }
            _ => None,
        };
        let may_call = matches!(fence.language.as_str(), "json" | "jsonc" | "tool_call")
            || (fence.language.is_empty() && named.is_none());
        let is_call = may_call && inner.trim_start().starts_with(['{', '[']);
        if is_call && named.as_ref().is_none_or(|(path, _)| !path_line::may_be_json(path)) {
            let above = self.above.take().map(|above| above.path);
            let path = above.or_else(|| fence.path.clone());
            self.settle(out);
            self.place = Place::Call(Box::new(CallBlock::in_fence(fence, path, origin)));
            return self.line(line, out);
        }
        if named.is_none() && line.text.trim().is_empty() {
            self.place = Place::FenceTop;
            return;
        }
        if named.is_none()
            && let Some(path) = path_line::comment(inner)
        {
            self.place = Place::FenceComment(path, vec![OwnedLine::of(line)]);
            return;
        }
        if named.is_none()
            && let Some(path) = path_line::alone(line.text)
        {
            if path_line::is_shell(&fence.language) {
                // The first command may look like a path.
                self.place = Place::FenceComment(path, vec![OwnedLine::of(line)]);
                return;
            }
            // The path may stand inside, above the first block.
            self.above.set(path);
            return;
        }
        self.above.clear();
        self.place = Place::Whole(Box::new(WholeFile::open(fence, named, origin)));
        self.line(line, out);
    }

    /// What stands below such a comment tells whether blocks follow, or the
    /// file itself.
    fn fence_comment(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) {
        let (Some((fence, origin)), Place::FenceComment(path, mut lines)) =
            (self.fence.clone(), std::mem::take(&mut self.place))
        else {
            return;
        };
        if line.text.trim().is_empty() {
            lines.push(OwnedLine::of(line));
            self.place = Place::FenceComment(path, lines);
            return;
        }
        let is_file = path.naming == Naming::Comment;
        if search_replace::opens(line.text) || (fence.closes(line.text) && is_file) {
            self.above.set(path);
            return self.line(line, out);
        }
        let named = is_file.then_some((path.path, path.naming));
        let mut whole = WholeFile::open(fence, named, origin);
        for line in &lines {
            whole.line(line.line());
        }
        self.above.clear();
        self.place = Place::Whole(Box::new(whole));
        self.line(line, out);
    }
}

/// Whole lines that say nothing to the block that they stand in.
struct QuietRun<'b> {
    text: &'b str,
    lines: usize,
}

/// The lines at the beginning of `bytes` that are text, end with a bare line
/// feed and are quiet, in the sense of `is_quiet`: lines without their end.
fn quiet_run(bytes: &[u8], is_quiet: impl Fn(&[u8]) -> bool) -> QuietRun<'_> {
    let (mut end, mut lines) = (0, 0);
    for at in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[end..at];
        if line.last() == Some(&b'\r') || !is_quiet(line) {
            break;
        }
        end = at + 1;
        lines += 1;
    }
    let valid = match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => return QuietRun { text, lines },
        Err(error) => &bytes[..error.valid_up_to()],
    };
    let end = memchr::memrchr(b'\n', valid).map_or(0, |at| at + 1);
    let text = std::str::from_utf8(&valid[..end]).unwrap_or_default();
    QuietRun { text, lines: memchr::memchr_iter(b'\n', text.as_bytes()).count() }
}

/// Whether a line outside of blocks can begin one: the first sign tells of
/// nearly all that it cannot.
fn may_begin(text: &str) -> bool {
    let first = text.bytes().find(|b| !matches!(b, b' ' | b'\t'));
    matches!(first, Some(b'`' | b'~' | b'<' | b'-' | b'*' | b'd' | b'{' | b'[' | b'@'))
}

/// The text without the escapes that colour it (ECMA-48, SGR, and the erasing
/// of a line's rest, which git writes beside it).
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let body = &rest[at + 2..];
        let length = body.bytes().take_while(|b| b.is_ascii_digit() || *b == b';').count();
        out.push_str(&rest[..at]);
        if let Some(b'm' | b'K') = body.as_bytes().get(length) {
            rest = &body[length + 1..];
        } else {
            out.push_str("\u{1b}[");
            rest = body;
        }
    }
    out.push_str(rest);
    out
}

/// Whether the first line of a fence is `--- ` and a file. In a fence with a
/// language, such as YAML, words behind it are no file.
fn opens_plain_diff(fence: &Fence, line: &str) -> bool {
    let name = line.strip_prefix("--- ");
    name.is_some_and(|name| fence.language.is_empty() || name.contains(['/', '.']))
}
