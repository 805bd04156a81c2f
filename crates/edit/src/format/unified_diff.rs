//! Unified diffs, as `diff -u` and git write them and as models try to.

use super::fence::Fence;
use super::hunk::HunkReader;
use super::{
    BrokenReason, EditAction, EditBlock, Line, Origin, ParsedItem, PatchHunk, PatchLine, Step,
    git_name,
};

/// A diff that is being read: one or more files.
#[derive(Clone, Debug)]
pub struct UnifiedDiff {
    /// The fence around it; a bare diff ends at the first foreign line.
    fence: Option<Fence>,
    /// The path above or in the fence: the file, unless the diff names one.
    path: Option<String>,
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

#[derive(Clone, Debug)]
struct FileSection {
    origin: Origin,
    old: Side,
    new: Side,
    /// The path outside the `---` and `+++` lines, where they are missing.
    path: Option<String>,
    rename_from: Option<String>,
    rename_to: Option<String>,
    copy_to: Option<String>,
    deleted: bool,
    created: bool,
    /// Why it is no diff that can be applied.
    flaw: Option<BrokenReason>,
    /// Whether each hunk so far changes nothing but how lines end.
    line_ends: Option<bool>,
    /// The mode that the file gets, as git writes it: `100755`.
    mode: Option<String>,
    hunks: Vec<PatchHunk>,
    hunk: Option<HunkReader>,
    end: usize,
}

/// What a `---` or `+++` line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Side {
    /// There is no such line.
    #[default]
    Unseen,
    /// `/dev/null`.
    Nothing,
    File(String),
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
    /// Begins before its first line.
    pub fn open(fence: Option<Fence>, path: Option<String>) -> Self {
        Self { fence, path, file: None, held: None, doubtful: false }
    }

    /// Whether a line is one of the hunk's and nothing else: no heading, fence or
    /// colour begins like it.
    pub fn is_quiet(&self, line: &[u8]) -> bool {
        let in_hunk = self.held.is_none()
            && self.fence.as_ref().is_none_or(Fence::is_flush)
            && self.file.as_ref().is_some_and(|file| file.hunk.is_some() && file.flaw.is_none());
        let begins = match line {
            [b' ' | b'+', ..] => true,
            [b'-', rest @ ..] => rest.first() != Some(&b'-'),
            _ => false,
        };
        in_hunk && begins && memchr::memchr(0x1b, line).is_none()
    }

    /// Takes whole lines that are quiet; `start` is where they begin in the
    /// reply.
    pub fn quiet(&mut self, lines: &str, start: usize) {
        let Some(FileSection { hunk: Some(hunk), end, .. }) = &mut self.file else { return };
        for line in lines.split_terminator('\n') {
            hunk.line(line);
            hunk.ended(false);
        }
        *end = start + lines.len();
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
            self.file = self.path.take().map(|path| FileSection::of_path(line, path, text));
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

impl FileSection {
    fn new(origin: Origin) -> Self {
        Self {
            origin,
            old: Side::Unseen,
            new: Side::Unseen,
            path: None,
            rename_from: None,
            rename_to: None,
            copy_to: None,
            deleted: false,
            created: false,
            flaw: None,
            line_ends: None,
            mode: None,
            hunks: Vec::new(),
            hunk: None,
            end: origin.start,
        }
    }

    fn of_path(line: Line<'_>, path: String, text: &str) -> Self {
        let hunk = (!text.starts_with("@@") && !text.starts_with("+++ ")).then(HunkReader::default);
        Self { path: Some(path), hunk, ..Self::new(Origin::of(line)) }
    }

    /// Reads a line above the hunks; false where it is none.
    fn heading(&mut self, text: &str) -> bool {
        if let Some(path) = text.strip_prefix("+++ ") {
            self.new = Side::read(path);
        } else if let Some(path) = text.strip_prefix("rename from ") {
            self.rename_from = Some(git_name::unquoted(path));
        } else if let Some(path) = text.strip_prefix("rename to ") {
            self.rename_to = Some(git_name::unquoted(path));
        } else if let Some(path) = text.strip_prefix("copy from ") {
            self.rename_from = Some(git_name::unquoted(path));
        } else if let Some(path) = text.strip_prefix("copy to ") {
            self.copy_to = Some(git_name::unquoted(path));
        } else if text.starts_with("deleted file mode") {
            self.deleted = true;
        } else if let Some(mode) = text.strip_prefix("new file mode") {
            self.created = true;
            self.mode = Some(mode.trim().to_owned());
        } else if let Some(mode) = text.strip_prefix("new mode") {
            self.mode = Some(mode.trim().to_owned());
        } else if text.starts_with("Binary files ") || text.starts_with("GIT binary patch") {
            self.flaw = Some(BrokenReason::BinaryPatch);
        } else {
            let known = ["index ", "similarity index", "dissimilarity index", "old mode"];
            return known.iter().any(|start| text.starts_with(start));
        }
        true
    }

    /// Reads a line of a hunk, or the heading of the next one.
    fn body(&mut self, text: &str, end: usize) -> bool {
        if text.starts_with("@@") {
            self.judge_hunk();
            let (done, next) = HunkReader::next(self.hunk.take(), text);
            self.hunks.extend(done);
            self.hunk = Some(next);
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

    /// Takes note of what the hunk that ends is made of.
    fn judge_hunk(&mut self) {
        let Some(hunk) = self.hunk.as_ref().filter(|hunk| !hunk.is_empty()) else { return };
        self.line_ends = Some(self.line_ends.unwrap_or(true) && hunk.changes_line_ends());
        if hunk.marks_words() {
            self.flaw = Some(BrokenReason::WordDiff);
        }
    }

    /// The file's path, without the prefixes `a/` and `b/` that git adds.
    fn path(&self) -> Option<String> {
        let bare = |path: &str, prefix| path.strip_prefix(prefix).map(str::to_owned);
        if let (Side::File(old), Side::File(new)) = (&self.old, &self.new)
            && let Some(path) = without_mnemonics(old, new)
        {
            return Some(path.to_owned());
        }
        let path = match (&self.old, &self.new) {
            (Side::File(old), Side::File(new)) => match bare(new, "b/") {
                // `b/x` against `b/x` or `c/x` is a folder called `b`.
                Some(path) if old.starts_with("a/") || *old == path => path,
                _ => new.clone(),
            },
            (_, Side::File(new)) => bare(new, "b/").unwrap_or_else(|| new.clone()),
            (Side::File(old), _) => bare(old, "a/").unwrap_or_else(|| old.clone()),
            _ => return self.path.clone().or_else(|| self.rename_from.clone()),
        };
        Some(path)
    }

    fn close(self) -> ParsedItem {
        // `100755` is a program, `100644` is none; `120000` and `160000` are
        // no files.
        let executable = self.mode.as_deref().map(|mode| mode.ends_with("755"));
        let special = self.mode.as_deref().is_some_and(|mode| !mode.starts_with("100"));
        let (origin, end) = (self.origin, self.end);
        match self.item() {
            ParsedItem::Edit(edit) if special => {
                origin.broken(Some(edit.path), BrokenReason::SpecialFile, end)
            }
            ParsedItem::Edit(edit) => ParsedItem::Edit(EditBlock { executable, ..edit }),
            other => other,
        }
    }

    fn item(mut self) -> ParsedItem {
        self.judge_hunk();
        self.hunks.extend(self.hunk.take().map(HunkReader::close));
        let (origin, end) = (self.origin, self.end);
        let Some(path) = self.path() else {
            return origin.broken(None, BrokenReason::NoPath, end);
        };
        let line_ends = (self.line_ends == Some(true)).then_some(BrokenReason::LineEndDiff);
        if let Some(reason) = self.flaw.or(line_ends) {
            return origin.broken(Some(path), reason, end);
        }
        if let (Some(to), Some(from)) = (self.copy_to, &self.rename_from) {
            return origin.edit(from.clone(), EditAction::Copy { to, hunks: self.hunks }, end);
        }
        if let (Some(to), Some(from)) = (self.rename_to, self.rename_from) {
            return origin.edit(from, EditAction::Rename { to, hunks: self.hunks }, end);
        }
        if self.deleted || self.new == Side::Nothing {
            let lines = self.hunks.iter().flat_map(|hunk| &hunk.lines);
            let content = match self.hunks.is_empty() {
                // A file without a line is removed without a hunk, and git says so.
                true if self.deleted => None,
                true => return origin.broken(Some(path), BrokenReason::EmptyPatch, end),
                false => Some(
                    lines
                        .filter_map(PatchLine::before)
                        .map(|line| line.to_owned() + "\n")
                        .collect(),
                ),
            };
            return origin.edit(path, EditAction::Delete { content }, end);
        }
        if self.created || self.old == Side::Nothing {
            let content = self.hunks.iter().flat_map(|hunk| &hunk.lines).filter_map(added);
            let mut content = content.fold(String::new(), |text, line| text + line + "\n");
            if self.hunks.last().is_some_and(|hunk| hunk.new_open) {
                content.pop();
            }
            return origin.edit(path, EditAction::Create { content }, end);
        }
        if self.hunks.is_empty() && self.mode.is_none() {
            return origin.broken(Some(path), BrokenReason::EmptyPatch, end);
        }
        origin.edit(path, EditAction::Patch { hunks: self.hunks }, end)
    }
}

/// Whether what stands behind `--- ` can be a file's name.
fn names_a_file(text: &str) -> bool {
    let name = text.split('\t').next().unwrap_or(text).trim();
    name.contains(['/', '.']) && !name.contains(' ')
}

/// The path below the prefixes that `diff.mnemonicPrefix` and `-R` give: index,
/// work tree, commit, object, and the two sides of a comparison.
fn without_mnemonics<'p>(old: &str, new: &'p str) -> Option<&'p str> {
    const PAIRS: [&str; 6] = ["ba", "iw", "ci", "cw", "ow", "12"];
    let (old_prefix, old_path) = old.split_once('/')?;
    let (new_prefix, new_path) = new.split_once('/')?;
    let pair = format!("{old_prefix}{new_prefix}");
    let back = format!("{new_prefix}{old_prefix}");
    let known = |pair: &String| PAIRS.contains(&pair.as_str());
    let reversed = back != "ba" && known(&back);
    let single = old_prefix.len() == 1 && new_prefix.len() == 1;
    (single && old_path == new_path && (known(&pair) || reversed)).then_some(new_path)
}

fn added(line: &PatchLine) -> Option<&str> {
    match line {
        PatchLine::Added(text) => Some(text),
        _ => None,
    }
}

impl Side {
    fn read(text: &str) -> Self {
        // A time may stand behind a tab.
        let name = git_name::unquoted(text.split('\t').next().unwrap_or(text));
        if name == "/dev/null" { Self::Nothing } else { Self::File(name) }
    }
}
