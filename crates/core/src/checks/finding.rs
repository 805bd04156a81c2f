use std::collections::HashMap;
use std::fmt::Write as _;

use mlxcode_base::{RelPath, Root};
use mlxcode_context::DiagnosticLevel;

/// A model mends the first few, and the rest often goes with them.
const MOST_TOLD: usize = 20;

/// Longer lines are not written by hand.
const MOST_LINE: usize = 200;

/// A compiler's message with its notes; the first lines tell what is wrong.
const MOST_MESSAGE: usize = 600;

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub path: RelPath,
    /// From one.
    pub line: usize,
    pub level: DiagnosticLevel,
    pub code: Option<String>,
    pub message: String,
}

/// What came of asking somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Found(Vec<Finding>),
    /// It failed itself: what is wrong is not known.
    NotRun(String),
    /// It is not there, so there is nobody who knows anything.
    Missing(String),
}

/// Lines of files, each read once.
pub(super) struct Lines<'a> {
    root: &'a Root,
    texts: HashMap<RelPath, String>,
}

impl<'a> Lines<'a> {
    pub fn new(root: &'a Root) -> Self {
        Self { root, texts: HashMap::new() }
    }

    /// A line as it is now, without blanks around; empty where there is none.
    pub fn line(&mut self, path: &RelPath, line: usize) -> &str {
        if !self.texts.contains_key(path) {
            let place = self.root.resolve(path).ok();
            let fits = |place: &std::path::PathBuf| {
                place.metadata().is_ok_and(|meta| meta.len() <= super::MOST_BYTES)
            };
            let text = place.filter(fits).and_then(|place| std::fs::read_to_string(place).ok());
            self.texts.insert(path.clone(), text.unwrap_or_default());
        }
        let text = self.texts.get(path).map_or("", String::as_str);
        text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim()
    }
}

/// Findings as a model and a person read them, and whether none of them is an
/// error: those come first.
pub(super) fn told(root: &Root, findings: &[Finding]) -> (bool, String) {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|a, b| (a.level, &a.path, a.line).cmp(&(b.level, &b.path, b.line)));
    let ok = sorted.first().is_none_or(|first| first.level != DiagnosticLevel::Error);
    let mut lines = Lines::new(root);
    let mut text = String::new();
    for finding in sorted.iter().take(MOST_TOLD) {
        let Finding { path, line, level, code, message } = finding;
        let word = match level {
            DiagnosticLevel::Error => "error",
            DiagnosticLevel::Warning => "warning",
            DiagnosticLevel::Note => "note",
        };
        let code = code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
        let message = cut(message.trim(), MOST_MESSAGE);
        let _ = writeln!(text, "{path}:{line}: {word}{code}: {message}");
        let shown = cut(lines.line(path, *line), MOST_LINE);
        if !shown.is_empty() {
            let _ = writeln!(text, "    {line} | {shown}");
        }
    }
    if sorted.len() > MOST_TOLD {
        let _ = writeln!(text, "and {} more", sorted.len() - MOST_TOLD);
    }
    (ok, text)
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}
