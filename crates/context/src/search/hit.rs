//! What is asked for, and what is found.

use std::fmt;
use std::str::FromStr;

use mlxcode_base::{CancelToken, LineRange, RelPath};
use serde::{Deserialize, Serialize};

/// How many hits are enough where nobody says.
const LIMIT: usize = 20;

/// A place that search found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// The file.
    pub path: RelPath,
    /// The lines.
    pub lines: LineRange,
    /// The one of the lines that shows best what was found.
    pub best_line: usize,
    /// Higher is better; only comparable within one search.
    pub score: f32,
    /// The words of the question that the passage holds.
    pub words: Vec<String>,
    /// Why it was found, the strongest reason first.
    pub reasons: Vec<HitReason>,
    /// The lines' text, with their ends.
    pub text: String,
}

/// Why a place was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HitReason {
    /// The query names it.
    Named {
        /// As the query writes it.
        name: String,
    },
    /// It defines a name that is like the query.
    Defines {
        /// The name.
        name: String,
    },
    /// It holds the text of the query.
    Holds {
        /// The text.
        text: String,
    },
    /// It holds words of the query.
    Words {
        /// The words.
        words: Vec<String>,
    },
    /// Its path holds words of the query.
    Path {
        /// The words.
        words: Vec<String>,
    },
    /// A commit that changed it was described in words of the query.
    History {
        /// The beginning of the commit's name.
        commit: String,
    },
    /// It is one of the files that are changed most often.
    Churn,
    /// It is often changed together with a file that fits.
    Together {
        /// That file.
        path: RelPath,
    },
    /// It is open, or near to what is open.
    Near {
        /// The open file.
        path: RelPath,
    },
    /// It is about the same, by the words that stand together in this code.
    Meaning,
}

impl fmt::Display for HitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { name } => write!(f, "the query names {name}"),
            Self::Defines { name } => write!(f, "defines {name}"),
            Self::Holds { text } => write!(f, "holds `{text}`"),
            Self::Words { words } => write!(f, "holds {}", words.join(", ")),
            Self::Path { words } => write!(f, "its path holds {}", words.join(", ")),
            Self::History { commit } => write!(f, "commit {commit} tells of it"),
            Self::Churn => write!(f, "often changed"),
            Self::Together { path } => write!(f, "changed together with {path}"),
            Self::Near { path } => write!(f, "near {path}"),
            Self::Meaning => write!(f, "is about the same"),
        }
    }
}

/// How to search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SearchKind {
    /// As the query looks: by words, names, phrases and paths together.
    #[default]
    Auto,
    /// For the text as it stands, or a regular expression, line by line.
    Text,
    /// By words.
    Lexical,
    /// For definitions, by names that may be misspelt or cut short.
    Symbol,
    /// For passages that are about the same, by vectors.
    Semantic,
}

impl SearchKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Auto, Self::Text, Self::Lexical, Self::Symbol, Self::Semantic];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Lexical => "lexical",
            Self::Symbol => "symbol",
            Self::Semantic => "semantic",
        }
    }
}

impl FromStr for SearchKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is no kind of search"))
    }
}

/// What goes with a query.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SearchOptions {
    /// How to search.
    pub kind: SearchKind,
    /// The most hits.
    pub limit: usize,
    /// Whether a query for text is a regular expression.
    pub is_regex: bool,
    /// Whether capitals count in a query for text; `None` where it has some.
    pub case_sensitive: Option<bool>,
    /// The files that somebody works on: what is in or near them counts more.
    pub open_files: Vec<RelPath>,
    /// Stops the search.
    pub cancel: CancelToken,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            kind: SearchKind::Auto,
            limit: LIMIT,
            is_regex: false,
            case_sensitive: None,
            open_files: Vec::new(),
            cancel: CancelToken::new(),
        }
    }
}

impl SearchOptions {
    /// These options with another kind.
    pub fn kind(self, kind: SearchKind) -> Self {
        Self { kind, ..self }
    }

    /// These options with the files that somebody works on.
    pub fn open_files(self, open_files: Vec<RelPath>) -> Self {
        Self { open_files, ..self }
    }

    /// These options with another limit.
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }
}
