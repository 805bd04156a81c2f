//! Unified diffs, as `diff -u` and git write them and as models try to.

use super::fence::Fence;
use super::hunk::HunkReader;
use super::{BrokenReason, EditAction, Line, Origin, ParsedItem, PatchHunk, PatchLine, Step};

/// A diff that is being read: one or more files.
#[derive(Clone, Debug)]
pub struct UnifiedDiff {
    /// The fence around it; a bare diff ends at the first foreign line.
    fence: Option<Fence>,
    file: Option<FileSection>,
    /// A `--- ` line in a hunk, which is a removed line unless `+++ ` follows.
    held: Option<HeldLine>,
}

#[derive(Clone, Debug)]
struct HeldLine {
    text: String,
    origin: Origin,
    end: usize,
}

#[derive(Clone, Debug)]
struct FileSection {
    origin: Origin,
    old: Option<String>,
    new: Option<String>,
    git_path: Option<String>,
    rename_to: Option<String>,
    deleted: bool,
    created: bool,
    binary: bool,
    hunks: Vec<PatchHunk>,
    hunk: Option<HunkReader>,
    end: usize,
}

/// Whether `line` can open a diff outside a `diff` fence.
pub fn opens(line: &str) -> bool {
    line.starts_with("diff --git ")
}

impl UnifiedDiff {
    /// Begins before its first line.
    pub fn open(fence: Option<Fence>) -> Self {
        Self { fence, file: None, held: None }
    }

    /// Reads a line.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        if self.fence.as_ref().is_some_and(|fence| fence.closes(line.text)) {
            self.close(false, out);
            return Step::Done;
        }
        let text = match &self.fence {
            Some(fence) => fence.inner(line.text),
            None => line.text,
        };
        if let Some(held) = self.held.take() {
            if text.starts_with("+++ ") {
                self.close_file(out);
                let mut file = FileSection::new(held.origin);
                file.old = name(&held.text[4..]);
                self.file = Some(file);
            } else if let Some(file) = &mut self.file {
                file.body(&held.text, held.end);
            }
        }
        self.section_line(line, text, out)
    }

    fn section_line(&mut self, line: Line<'_>, text: &str, out: &mut Vec<ParsedItem>) -> Step {
        if let Some(rest) = text.strip_prefix("diff --git ") {
            self.close_file(out);
            let mut file = FileSection::new(Origin::of(line));
            file.git_path = rest.rsplit_once(" b/").map(|(_, path)| path.to_owned());
            file.end = line.end;
            self.file = Some(file);
            return Step::More;
        }
        let in_hunk = self.file.as_ref().is_some_and(|file| file.hunk.is_some());
        if let Some(old) = text.strip_prefix("--- ") {
            let origin = Origin::of(line);
            if in_hunk {
                self.held = Some(HeldLine { text: text.to_owned(), origin, end: line.end });
                return Step::More;
            }
            let fresh = self.file.as_ref().is_none_or(|file| file.old.is_some());
            if fresh {
                self.close_file(out);
            }
            let file = self.file.get_or_insert_with(|| FileSection::new(origin));
            file.old = name(old);
            file.end = line.end;
            return Step::More;
        }
        let Some(file) = &mut self.file else {
            return if self.fence.is_some() { Step::More } else { Step::NotMine };
        };
        if file.hunk.is_none() && file.heading(text) || file.body(text, line.end) {
            file.end = file.end.max(if text.is_empty() { 0 } else { line.end });
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

impl FileSection {
    fn new(origin: Origin) -> Self {
        Self {
            origin,
            old: None,
            new: None,
            git_path: None,
            rename_to: None,
            deleted: false,
            created: false,
            binary: false,
            hunks: Vec::new(),
            hunk: None,
            end: origin.start,
        }
    }

    /// Reads a line above the hunks; false where it is none.
    fn heading(&mut self, text: &str) -> bool {
        if let Some(path) = text.strip_prefix("+++ ") {
            self.new = name(path);
        } else if let Some(path) = text.strip_prefix("rename from ") {
            self.old = Some(path.to_owned());
        } else if let Some(path) = text.strip_prefix("rename to ") {
            self.rename_to = Some(path.to_owned());
        } else if text.starts_with("deleted file mode") {
            self.deleted = true;
        } else if text.starts_with("new file mode") {
            self.created = true;
        } else if text.starts_with("Binary files ") || text.starts_with("GIT binary patch") {
            self.binary = true;
        } else {
            let known =
                ["index ", "similarity index", "dissimilarity index", "old mode", "new mode"];
            return known.iter().any(|start| text.starts_with(start));
        }
        true
    }

    /// Reads a line of a hunk, or the heading of the next one.
    fn body(&mut self, text: &str, end: usize) -> bool {
        if text.starts_with("@@") {
            self.hunks.extend(self.hunk.take().map(HunkReader::close));
            self.hunk = Some(HunkReader::open(text));
        } else {
            let mine = match &mut self.hunk {
                Some(hunk) => hunk.line(text),
                None => text.trim().is_empty(),
            };
            if !mine {
                return false;
            }
        }
        self.end = self.end.max(if text.is_empty() { 0 } else { end });
        true
    }

    fn path(&self) -> Option<String> {
        self.new.clone().or_else(|| self.old.clone()).or_else(|| self.git_path.clone())
    }

    fn close(mut self) -> ParsedItem {
        self.hunks.extend(self.hunk.take().map(HunkReader::close));
        let (origin, end) = (self.origin, self.end);
        let has_names = self.old.is_some() || self.new.is_some();
        let gone = has_names && self.new.is_none() && self.rename_to.is_none();
        let comes = has_names && self.old.is_none();
        let Some(path) = self.path() else {
            return origin.broken(None, BrokenReason::NoPath, end);
        };
        if self.binary {
            return origin.broken(Some(path), BrokenReason::BinaryPatch, end);
        }
        if let (Some(to), Some(from)) = (self.rename_to, self.old) {
            return origin.edit(from, EditAction::Rename { to, hunks: self.hunks }, end);
        }
        if self.deleted || gone {
            return origin.edit(path, EditAction::Delete, end);
        }
        if self.created || comes {
            let content = self.hunks.iter().flat_map(|hunk| &hunk.lines).filter_map(added);
            let content = content.fold(String::new(), |text, line| text + line + "\n");
            return origin.edit(path, EditAction::Create { content }, end);
        }
        if self.hunks.is_empty() {
            return origin.broken(Some(path), BrokenReason::EmptyPatch, end);
        }
        origin.edit(path, EditAction::Patch { hunks: self.hunks }, end)
    }
}

fn added(line: &PatchLine) -> Option<&str> {
    match line {
        PatchLine::Added(text) => Some(text),
        _ => None,
    }
}

/// The path of a `---` or `+++` line; `None` for `/dev/null`.
fn name(text: &str) -> Option<String> {
    let path = text.split('\t').next().unwrap_or(text).trim().trim_matches('"');
    if path == "/dev/null" {
        return None;
    }
    let path = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path);
    Some(path.to_owned())
}
