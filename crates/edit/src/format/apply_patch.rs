//! The `*** Begin Patch` envelope.

use super::hunk::HunkReader;
use super::{BrokenReason, EditAction, Line, Origin, ParsedItem, PatchHunk, PatchLine, Step};

/// An envelope that is being read.
#[derive(Clone, Debug, Default)]
pub struct ApplyPatch {
    section: Option<Section>,
}

#[derive(Clone, Debug)]
struct Section {
    origin: Origin,
    path: String,
    kind: Kind,
    end: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Add { content: String },
    Delete,
    Update { to: Option<String>, hunks: Vec<PatchHunk>, hunk: Option<HunkReader> },
}

/// Whether `line` opens an envelope.
pub fn opens(line: &str) -> bool {
    line.trim() == "*** Begin Patch"
}

/// Whether `line` is a shell command that reads an envelope from the lines
/// below, such as `apply_patch <<'EOF'`.
pub fn is_shell_call(line: &str) -> bool {
    line.contains("<<") && line.split_whitespace().any(|word| word == "apply_patch")
}

impl ApplyPatch {
    /// Reads a line below the opening one.
    pub fn line(&mut self, line: Line<'_>, out: &mut Vec<ParsedItem>) -> Step {
        if line.text.trim() == "*** End Patch" {
            self.close(out);
            return Step::Done;
        }
        if let Some(words) = line.text.strip_prefix("*** ") {
            if self.heading(line, words.trim(), out) {
                return Step::More;
            }
        } else if let Some(section) = &mut self.section {
            if section.line(line.text) {
                section.end = line.end;
                return Step::More;
            }
        } else if line.text.trim().is_empty() {
            return Step::More;
        }
        let path = self.section.take().map(|section| section.path);
        out.push(Origin::of(line).broken(path, BrokenReason::BadPatchLine, line.end));
        Step::Done
    }

    /// The reply ended inside.
    pub fn cut(&mut self, origin: Origin, end: usize, out: &mut Vec<ParsedItem>) {
        let (origin, path) = match self.section.take() {
            Some(section) => (section.origin, Some(section.path)),
            None => (origin, None),
        };
        out.push(origin.broken(path, BrokenReason::Unterminated, end));
    }

    fn heading(&mut self, line: Line<'_>, words: &str, out: &mut Vec<ParsedItem>) -> bool {
        let update = || Kind::Update { to: None, hunks: Vec::new(), hunk: None };
        let begins = [
            ("Update File:", update()),
            ("Add File:", Kind::Add { content: String::new() }),
            ("Delete File:", Kind::Delete),
        ];
        for (name, kind) in begins {
            if let Some(path) = words.strip_prefix(name) {
                self.close(out);
                let path = path.trim().to_owned();
                self.section =
                    Some(Section { origin: Origin::of(line), path, kind, end: line.end });
                return true;
            }
        }
        let Some(Section { kind: Kind::Update { to, hunk, .. }, end, .. }) = &mut self.section
        else {
            return false;
        };
        *end = line.end;
        if let Some(path) = words.strip_prefix("Move to:") {
            *to = Some(path.trim().to_owned());
            return true;
        }
        if words == "End of File" {
            hunk.iter_mut().for_each(HunkReader::set_at_end);
            return true;
        }
        false
    }

    fn close(&mut self, out: &mut Vec<ParsedItem>) {
        let Some(Section { origin, path, kind, end }) = self.section.take() else { return };
        out.push(match kind {
            Kind::Add { content } => origin.edit(path, EditAction::Create { content }, end),
            Kind::Delete => origin.edit(path, EditAction::Delete { content: None }, end),
            Kind::Update { to, mut hunks, hunk } => {
                hunks.extend(hunk.map(HunkReader::close));
                hunks.retain(|hunk| !hunk.lines.is_empty());
                for hunk in &mut hunks {
                    // As the format's own tool has it: without a place, at the end.
                    let only_adds = hunk.lines.iter().all(|l| matches!(l, PatchLine::Added(_)));
                    hunk.at_end |= only_adds && hunk.labels.is_empty();
                }
                match to {
                    Some(to) => origin.edit(path, EditAction::Rename { to, hunks }, end),
                    None if hunks.is_empty() => {
                        origin.broken(Some(path), BrokenReason::EmptyPatch, end)
                    }
                    None => origin.edit(path, EditAction::Patch { hunks }, end),
                }
            }
        });
    }
}

impl Section {
    fn line(&mut self, text: &str) -> bool {
        match &mut self.kind {
            Kind::Delete => text.trim().is_empty(),
            Kind::Add { content } => match text.strip_prefix('+') {
                Some(line) => {
                    content.push_str(line);
                    content.push('\n');
                    true
                }
                None => text.trim().is_empty(),
            },
            Kind::Update { hunks, hunk, .. } => {
                if text.starts_with("@@") {
                    let (done, next) = HunkReader::next(hunk.take(), text);
                    hunks.extend(done);
                    *hunk = Some(next);
                    return true;
                }
                // The first hunk may stand without a heading.
                hunk.get_or_insert_with(HunkReader::default).line(text)
            }
        }
    }
}
