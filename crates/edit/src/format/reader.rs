//! What stands between blocks, and which block begins where.

use super::apply_patch::{self, ApplyPatch};
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
#[derive(Clone, Debug, Default)]
pub struct ReplyParser {
    /// The piece of a line that has no end yet.
    partial: String,
    offset: usize,
    line_number: usize,
    place: Place,
    /// The fence around the place, where one is open.
    fence: Option<(Fence, Origin)>,
    /// The path on the line above, blank lines between them allowed.
    above: Option<PathLine>,
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
    SearchReplace(SearchReplace),
    Diff(Box<UnifiedDiff>),
    Patch(ApplyPatch, Origin),
    /// What the model says to itself: drafts, no edits.
    Thought(Thought),
    Whole(WholeFile),
}

#[derive(Clone, Debug)]
struct OwnedLine {
    text: String,
    start: usize,
    end: usize,
    number: usize,
}

impl OwnedLine {
    fn of(Line { text, start, end, number }: Line<'_>) -> Self {
        Self { text: text.to_owned(), start, end, number }
    }

    fn line(&self) -> Line<'_> {
        let Self { text, start, end, number } = self;
        Line { text, start: *start, end: *end, number: *number }
    }
}

impl ReplyParser {
    /// A parser before the reply's first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the reply and gives the edits that it completes.
    pub fn push(&mut self, piece: &str) -> Vec<ParsedItem> {
        let mut out = Vec::new();
        let mut rest = piece;
        while let Some(position) = rest.find('\n') {
            let (head, tail) = rest.split_at(position + 1);
            if self.partial.is_empty() {
                self.raw_line(head, &mut out);
            } else {
                self.partial.push_str(head);
                let whole = std::mem::take(&mut self.partial);
                self.raw_line(&whole, &mut out);
            }
            rest = tail;
        }
        self.partial.push_str(rest);
        out
    }

    /// Ends the reply and gives the edits that its end completes.
    pub fn finish(&mut self) -> Vec<ParsedItem> {
        let mut out = Vec::new();
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.raw_line(&last, &mut out);
        }
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
            Place::Whole(mut block) => block.cut(end, &mut out),
        }
        *self = Self::default();
        out
    }

    fn raw_line(&mut self, raw: &str, out: &mut Vec<ParsedItem>) {
        let text = raw.strip_suffix('\n').unwrap_or(raw);
        let text = text.strip_suffix('\r').unwrap_or(text);
        self.line_number += 1;
        let start = self.offset;
        self.offset += raw.len();
        let line = Line { text, start, end: self.offset, number: self.line_number };
        let before = out.len();
        self.line(line, out);
        self.found |= out.len() > before;
        for item in &out[before..] {
            if let ParsedItem::Edit(edit) = item
                && !matches!(edit.action, EditAction::Write { naming: Naming::Guess, .. })
            {
                self.last = Some(edit.path.clone());
            }
        }
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
        // A diff and a whole file own the fence around them.
        if matches!(self.place, Place::Diff(_) | Place::Whole(_)) {
            self.fence = None;
        }
        if let Place::Whole(block) = std::mem::take(&mut self.place) {
            self.settle(out);
            self.held = block.close();
            if let Some(held) = self.held.as_ref().filter(|held| held.naming != Naming::Guess) {
                self.last = Some(held.path.clone());
            }
        }
        self.above = None;
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
        match &self.fence {
            Some((fence, _)) if fence.closes(line.text) => {
                self.settle(out);
                self.fence = None;
                self.above = None;
                return;
            }
            None => {
                if let Some(thought) = Thought::open(line.text) {
                    self.above = None;
                    self.place = Place::Thought(thought);
                    return self.line(line, out);
                }
                if Thought::closes(line.text) && (self.found || self.held.is_some()) {
                    self.settle(out);
                    out.push(Origin::of(line).broken(None, BrokenReason::Draft, line.end));
                    return;
                }
                if let Some(fence) = Fence::open(line.text) {
                    self.judge(&fence, out);
                    self.fence = Some((fence, Origin::of(line)));
                    self.place = Place::FenceTop;
                    return;
                }
            }
            Some(_) => {}
        }
        if self.begin(line, out) {
            return;
        }
        if let Some(held) = &mut self.held {
            held.text(line.text);
        }
        if line.text.trim().is_empty() {
            return;
        }
        if self.fence.is_none() && line.text.starts_with("--- ") {
            self.minus = Some(OwnedLine::of(line));
        }
        self.above = path_line::read(line.text);
    }

    /// Begins the blocks that stand in a fence and outside of one alike.
    fn begin(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> bool {
        if search_replace::opens(line.text) {
            self.settle(out);
            let in_info = self.fence.as_ref().and_then(|(fence, _)| fence.path.clone());
            let above = self.above.take().map(|above| above.path);
            let path = above.or(in_info).or_else(|| self.last.clone());
            self.place = Place::SearchReplace(SearchReplace::open(line, path));
            return true;
        }
        if apply_patch::opens(line.text) {
            self.settle(out);
            self.place = Place::Patch(ApplyPatch::default(), Origin::of(line));
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
        let named = self.above.is_some() || next.path.is_some();
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
            || (fence.path.is_none() && self.above.is_none() && inner.starts_with("--- "));
        if is_diff {
            self.settle(out);
            let above = self.above.take().filter(|above| above.says != Says::Something);
            let path = above.map(|above| above.path).or_else(|| fence.path.clone());
            self.place = Place::Diff(Box::new(UnifiedDiff::open(Some(fence), path)));
            return self.line(line, out);
        }
        let named = match (&fence.path, &self.above) {
            (Some(path), _) => Some((path.clone(), Naming::Clear)),
            (None, Some(above))
                if above.says == Says::File
                    && !path_line::is_command(&fence.language, &above.path) =>
            {
                Some((above.path.clone(), above.naming))
            }
            _ => None,
        };
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
            // The path may stand inside, above the first block.
            self.above = Some(path);
            return;
        }
        self.above = None;
        self.place = Place::Whole(WholeFile::open(fence, named, origin));
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
        if fence.closes(line.text) || search_replace::opens(line.text) {
            self.above = Some(path);
            return self.line(line, out);
        }
        let mut whole = WholeFile::open(fence, Some((path.path, path.naming)), origin);
        for line in &lines {
            whole.line(line.line());
        }
        self.above = None;
        self.place = Place::Whole(whole);
        self.line(line, out);
    }
}
