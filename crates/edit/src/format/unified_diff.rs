//! Unified diffs, as `diff -u` and git write them and as models try to.

mod section;

use self::section::{FileSection, Side};
use super::above::Above;
use super::fence::Fence;
use super::hunk::HunkReader;
use super::path_line::Says;
use super::{BrokenReason, Line, Origin, ParsedItem, Step, git_name};

/// A diff that is being read: one or more files.
#[derive(Clone, Debug)]
pub struct UnifiedDiff {
    /// The fence around it; a bare diff ends at the first foreign line.
    fence: Option<Fence>,
    /// The line above the fence. It may name the file, unless the diff does,
    /// and is read only then.
    above: Above,
    file: Option<FileSection>,
    /// A `--- ` line in a hunk, which is a removed line unless `+++ ` follows.
    held: Option<HeldLine>,
    /// Whether the fence closed before the last hunk had all that it promises.
    doubtful: bool,
}

#[derive(Clone, Debug)]
struct HeldLine {
    text: String,
    origin: Origin,
    end: usize,
}

/// Whether `line` can open a diff outside a `diff` fence.
pub fn opens(line: &str) -> bool {
    line.starts_with("diff --git ") || combined(line).is_some()
}

/// The path of a merge's diff.
fn combined(line: &str) -> Option<&str> {
    line.strip_prefix("diff --cc ").or_else(|| line.strip_prefix("diff --combined "))
}

impl UnifiedDiff {
    /// Begins before its first line, without a fence.
    pub fn open() -> Self {
        Self { fence: None, above: Above::default(), file: None, held: None, doubtful: false }
    }

    /// Begins before the first line of a fence.
    pub fn in_fence(fence: Fence, above: Above) -> Self {
        Self { fence: Some(fence), above, ..Self::open() }
    }

    /// Takes the lines at the beginning of `text` that are the hunk's and nothing
    /// else, since no heading, fence or colour begins like them: how many bytes
    /// and lines. `start` is where they begin in the reply.
    pub fn quiet(&mut self, text: &str, start: usize) -> (usize, usize) {
        if self.held.is_some() || !self.fence.as_ref().is_none_or(Fence::is_flush) {
            return (0, 0);
        }
        let Some(FileSection { hunk: Some(hunk), end, flaw: None, .. }) = &mut self.file else {
            return (0, 0);
        };
        let bytes = text.as_bytes();
        let (mut taken, mut context, mut removed, mut added) = (0, 0, 0, 0);
        for at in memchr::memchr2_iter(b'\n', 0x1b, bytes) {
            let line = &bytes[taken..at];
            let kind = match line {
                [b' ', ..] => &mut context,
                [b'+', ..] => &mut added,
                [b'-', rest @ ..] if rest.first() != Some(&b'-') => &mut removed,
                _ => break,
            };
            if bytes[at] != b'\n' || line.last() == Some(&b'\r') {
                break;
            }
            *kind += 1;
            taken = at + 1;
        }
        if taken > 0 {
            hunk.lines(&text[..taken], context, removed, added);
            *end = start + taken;
        }
        (taken, context + removed + added)
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        let text = match &self.fence {
            Some(fence) => fence.inner(line.text),
            None => line.text,
        };
        let hunk = self.file.as_ref().and_then(|file| file.hunk.as_ref());
        // A fence that is set in by a space is a line of the file.
        let is_context = hunk.is_some() && text.starts_with(' ');
        if !is_context && self.fence.as_ref().is_some_and(|fence| fence.closes(line.text)) {
            self.doubtful = hunk.is_some_and(HunkReader::expects_more);
            self.close(false, out);
            return Step::Done;
        }
        if let Some(held) = self.held.take() {
            if text.starts_with("+++ ") {
                self.close_file(out);
                let mut file = FileSection::new(held.origin);
                file.old = Side::read(&held.text[4..]);
                self.file = Some(file);
            } else if let Some(file) = &mut self.file {
                file.body(&held.text, held.end);
            }
        }
        self.section_line(line, text, out)
    }

    /// The file that the line above the fence names, or the fence itself.
    fn path(&mut self) -> Option<String> {
        let above = self.above.take().filter(|above| above.says != Says::Something);
        let fence = self.fence.as_mut();
        above.map(|above| above.path).or_else(|| fence.and_then(|fence| fence.path.take()))
    }

    fn section_line(&mut self, line: Line<'_>, text: &str, out: &mut Vec<ParsedItem>) -> Step {
        if let Some(rest) = text.strip_prefix("diff --git ") {
            self.close_file(out);
            let mut file = FileSection::new(Origin::of(line));
            file.path = git_name::of_pair(rest);
            file.end = line.end;
            self.file = Some(file);
            return Step::More;
        }
        if let Some(path) = combined(text) {
            self.close_file(out);
            let mut file = FileSection::new(Origin::of(line));
            file.path = Some(git_name::unquoted(path));
            file.flaw = Some(BrokenReason::CombinedDiff);
            file.end = line.end;
            self.file = Some(file);
            return Step::More;
        }
        if let Some(file) =
            self.file.as_mut().filter(|file| file.flaw == Some(BrokenReason::CombinedDiff))
        {
            // Each line has a sign for every parent.
            let mine = text.starts_with(['@', '+', '-', ' ', '\\'])
                || text.starts_with("index ")
                || text.starts_with("mode ");
            if mine || self.fence.is_some() {
                file.end = line.end;
                return Step::More;
            }
            self.close(false, out);
            return Step::NotMine;
        }
        let hunk = self.file.as_ref().and_then(|file| file.hunk.as_ref());
        let in_hunk = self.file.as_ref().is_some_and(|file| file.hunk.is_some());
        // A removed line `-- words` of Lua or SQL is no heading where the hunk
        // still promises lines.
        let promised = hunk.is_some_and(HunkReader::expects_both);
        let heading = text.strip_prefix("--- ").filter(|old| !promised || names_a_file(old));
        if let Some(old) = heading {
            let origin = Origin::of(line);
            if in_hunk {
                self.held = Some(HeldLine { text: text.to_owned(), origin, end: line.end });
                return Step::More;
            }
            let fresh = self.file.as_ref().is_none_or(|file| file.old != Side::Unseen);
            if fresh {
                self.close_file(out);
            }
            let file = self.file.get_or_insert_with(|| FileSection::new(origin));
            file.old = Side::read(old);
            file.end = line.end;
            return Step::More;
        }
        if self.file.is_none() && text.starts_with(['@', '+', '-', ' ']) {
            // A bare hunk below its path.
            self.file = self.path().map(|path| FileSection::of_path(line, path, text));
        }
        let Some(file) = &mut self.file else {
            return if self.fence.is_some() { Step::More } else { Step::NotMine };
        };
        if file.hunk.is_none() && file.heading(text) || file.body(text, line.end) {
            if let Some(hunk) = &mut file.hunk {
                hunk.ended(line.crlf);
            }
            file.end = file.end.max(if text.is_empty() { 0 } else { line.end });
            return Step::More;
        }
        if let (Some(_), Some(hunk)) = (&self.fence, &mut file.hunk) {
            hunk.unspaced_line(text);
            file.end = line.end;
            return Step::More;
        }
        if self.fence.is_some() {
            let origin = Origin::of(line);
            let path = file.path();
            self.file = None;
            out.push(origin.broken(path, BrokenReason::BadPatchLine, line.end));
            return Step::More;
        }
        self.close(false, out);
        Step::NotMine
    }

    /// Whether the fence may have closed in the middle of the last hunk.
    pub fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// The reply ended inside.
    pub fn cut(&mut self, out: &mut Vec<ParsedItem>) {
        // A bare diff has no end mark: what its headings promise tells.
        self.close(self.fence.is_some(), out);
    }

    fn close(&mut self, cut: bool, out: &mut Vec<ParsedItem>) {
        if let (Some(held), Some(file)) = (self.held.take(), &mut self.file) {
            file.body(&held.text, held.end);
        }
        let unfinished = self.file.as_ref().is_some_and(|file| {
            file.hunk.as_ref().is_some_and(|hunk| hunk.expects_more() || hunk.is_empty())
        });
        if let Some(file) = self.file.take_if(|_| cut || (self.fence.is_none() && unfinished)) {
            out.push(file.origin.broken(file.path(), BrokenReason::Unterminated, file.end));
        }
        self.close_file(out);
    }

    fn close_file(&mut self, out: &mut Vec<ParsedItem>) {
        if let Some(file) = self.file.take() {
            out.push(file.close());
        }
    }
}

/// Whether what stands behind `--- ` can be a file's name.
fn names_a_file(text: &str) -> bool {
    let name = text.split('\t').next().unwrap_or(text).trim();
    name.contains(['/', '.']) && !name.contains(' ')
}
