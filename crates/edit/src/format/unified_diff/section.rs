//! One file of a diff: what its headings say and what its hunks come to.

use crate::format::hunk::HunkReader;
use crate::format::{
    BrokenReason, EditAction, EditBlock, Line, Origin, ParsedItem, PatchHunk, PatchLine, git_name,
};

/// The part of a diff that is about one file.
#[derive(Clone, Debug)]
pub struct FileSection {
    pub origin: Origin,
    pub old: Side,
    pub new: Side,
    /// The path outside the `---` and `+++` lines, where they are missing.
    pub path: Option<String>,
    pub rename_from: Option<String>,
    pub rename_to: Option<String>,
    pub copy_to: Option<String>,
    pub deleted: bool,
    pub created: bool,
    /// Why it is no diff that can be applied.
    pub flaw: Option<BrokenReason>,
    /// Whether each hunk so far changes nothing but how lines end.
    pub line_ends: Option<bool>,
    /// The mode that the file gets, as git writes it: `100755`.
    pub mode: Option<String>,
    pub hunks: Vec<PatchHunk>,
    pub hunk: Option<HunkReader>,
    pub end: usize,
}

/// What a `---` or `+++` line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// There is no such line.
    #[default]
    Unseen,
    /// `/dev/null`.
    Nothing,
    File(String),
}

impl FileSection {
    pub fn new(origin: Origin) -> Self {
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

    pub fn of_path(line: Line<'_>, path: String, text: &str) -> Self {
        let hunk = (!text.starts_with("@@") && !text.starts_with("+++ ")).then(HunkReader::default);
        Self { path: Some(path), hunk, ..Self::new(Origin::of(line)) }
    }

    /// Reads a line above the hunks; false where it is none.
    pub fn heading(&mut self, text: &str) -> bool {
        if let Some(path) = text.strip_prefix("+++ ") {
            self.new = Side::read(path);
        } else if text.starts_with(['@', '-', ' ']) {
            return false;
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
    pub fn body(&mut self, text: &str, end: usize) -> bool {
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
    pub fn judge_hunk(&mut self) {
        let Some(hunk) = self.hunk.as_ref().filter(|hunk| !hunk.is_empty()) else { return };
        self.line_ends = Some(self.line_ends.unwrap_or(true) && hunk.changes_line_ends());
        if hunk.marks_words() {
            self.flaw = Some(BrokenReason::WordDiff);
        }
    }

    /// The file's path, without the prefixes `a/` and `b/` that git adds.
    pub fn path(&self) -> Option<String> {
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

    pub fn close(self) -> ParsedItem {
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

    pub fn item(mut self) -> ParsedItem {
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

/// The path below the prefixes that `diff.mnemonicPrefix` and `-R` give: index,
/// work tree, commit, object, and the two sides of a comparison.
fn without_mnemonics<'p>(old: &str, new: &'p str) -> Option<&'p str> {
    const PAIRS: [[u8; 2]; 6] = [*b"ba", *b"iw", *b"ci", *b"cw", *b"ow", *b"12"];
    let (old_path, new_path) = (old.get(2..)?, new.get(2..)?);
    let ([old_sign, b'/', ..], [new_sign, b'/', ..]) = (old.as_bytes(), new.as_bytes()) else {
        return None;
    };
    let pair = [*old_sign, *new_sign];
    let back = [*new_sign, *old_sign];
    let reversed = back != *b"ba" && PAIRS.contains(&back);
    (old_path == new_path && (PAIRS.contains(&pair) || reversed)).then_some(new_path)
}

fn added(line: PatchLine<'_>) -> Option<&str> {
    match line {
        PatchLine::Added(text) => Some(text),
        _ => None,
    }
}

impl Side {
    pub fn read(text: &str) -> Self {
        // A time may stand behind a tab.
        let name = git_name::unquoted(text.split('\t').next().unwrap_or(text));
        if name == "/dev/null" { Self::Nothing } else { Self::File(name) }
    }
}
