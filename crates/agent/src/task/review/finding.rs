use serde::Serialize;

/// What a review found at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The file.
    pub path: String,
    /// The first line, after the change.
    pub line: usize,
    /// The last line.
    pub last_line: usize,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: String,
    /// Why it matters.
    pub explanation: String,
    /// What the lines should be instead, where that is sure to fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Suggestion>,
}

/// What some lines should be instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// The lines as they are.
    pub before: String,
    /// The lines that take their place.
    pub after: String,
    /// The change as an edit block, to be applied.
    pub edit: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It may be nicer otherwise.
    Note,
    /// It is likely to go wrong, or hard to keep.
    Warning,
    /// It is wrong.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Reads the words that models use.
    pub fn read(word: &str) -> Option<Self> {
        let lower = word.trim().trim_matches(['*', '`', '[', ']', '"', '.']).to_lowercase();
        let first = lower.split([' ', '/', '(', ',']).next().unwrap_or_default();
        Some(match first {
            "error" | "critical" | "high" | "blocker" | "major" | "bug" | "severe" => Self::Error,
            "warning" | "warn" | "medium" | "moderate" => Self::Warning,
            "note" | "info" | "low" | "minor" | "nit" | "style" | "suggestion" | "trivial"
            | "information" | "hint" => Self::Note,
            _ => return None,
        })
    }
}

/// A finding as a model wrote it, before anything was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawFinding {
    pub path: String,
    pub line: Option<usize>,
    pub last_line: Option<usize>,
    pub severity: Option<Severity>,
    pub title: String,
    pub explanation: String,
    /// The line that it is about, as the model copied it.
    pub code: String,
    pub fix: Option<String>,
}

impl RawFinding {
    /// Whether it says anything of a place.
    pub fn says_something(&self) -> bool {
        let words = !self.title.is_empty() || !self.explanation.is_empty();
        words && (self.line.is_some() || !self.code.is_empty())
    }

    /// Reads `12`, `12-15`, `L12`, `lines 12 to 15`.
    pub fn set_lines(&mut self, text: &str) {
        let mut numbers = text
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok())
            .filter(|number: &usize| *number > 0);
        self.line = numbers.next().or(self.line);
        self.last_line = numbers.next().or(self.line);
    }
}
