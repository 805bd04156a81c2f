//! What a packed context is made of, as the model sees it.

use std::fmt;

use mlxcode_base::{ContentHash, Language, LineRange, RelPath};
use serde::Serialize;

use crate::search::HitReason;

/// Why a piece was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The caller asked for the file.
    Given,
    /// The question names it.
    Named {
        /// As the question writes it.
        name: String,
    },
    /// It was changed since the last commit, and the question asks for that.
    Changed,
    /// What was packed before it uses the names that it defines.
    Used {
        /// The names.
        names: Vec<String>,
    },
    /// It holds words of the question.
    Words {
        /// The words.
        words: Vec<String>,
    },
    /// Search found it for other reasons.
    Found {
        /// The reasons, the strongest first.
        reasons: Vec<HitReason>,
    },
    /// It shows where the rest stands in the tree.
    Map,
    /// It stands around the cursor.
    Cursor,
    /// It is like the lines around the cursor.
    Similar {
        /// The share of the words that both have, in percent.
        percent: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("given"),
            Self::Named { name } => write!(f, "the question names {name}"),
            Self::Changed => f.write_str("changed since the last commit"),
            Self::Used { names } => write!(f, "defines {}, used above", names.join(", ")),
            Self::Words { words } => f.write_str(&words.join(", ")),
            Self::Found { reasons } => {
                let reasons: Vec<String> = reasons.iter().map(HitReason::to_string).collect();
                f.write_str(&reasons.join("; "))
            }
            Self::Map => f.write_str("what is central around it"),
            Self::Cursor => f.write_str("around the cursor"),
            Self::Similar { percent } => write!(f, "{percent} % of the words around the cursor"),
        }
    }
}

/// A part of a packed context.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Piece {
    /// Lines of a file, as they are.
    Passage(Passage),
    /// A text about files.
    Note(Note),
}

/// A passage of the code, as the model sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Passage {
    /// The file.
    pub path: RelPath,
    /// The lines.
    pub lines: LineRange,
    /// The lines' text, with their ends.
    pub text: String,
    /// What stands above the text: the place, and what the lines are a part of.
    pub header: String,
    /// Why it was chosen.
    pub reason: Reason,
    /// The tokens that it takes, header and fence included.
    pub tokens: usize,
    /// Whether it stands where it stood in the context before.
    pub is_kept: bool,
}

/// A text about files, as the model sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Note {
    /// What it tells.
    pub kind: NoteKind,
    /// The file that it is about; `None` for several.
    pub path: Option<RelPath>,
    /// The text.
    pub text: String,
    /// What stands above the text.
    pub header: String,
    /// Why it was chosen.
    pub reason: Reason,
    /// The tokens that it takes, header and fence included.
    pub tokens: usize,
    /// Whether it stands where it stood in the context before.
    pub is_kept: bool,
    /// The hash of the file that it is about, when it was made.
    pub(crate) hash: Option<ContentHash>,
}

/// What a note tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoteKind {
    /// How a file differs from the last commit.
    Changes,
    /// The heads of definitions of a file.
    Heads,
    /// The heads of the most central symbols around what was packed.
    Map,
    /// An issue or a change, as it is published: others' words.
    Published,
}

impl Piece {
    /// The file; `None` where it is about several.
    pub fn path(&self) -> Option<&RelPath> {
        match self {
            Self::Passage(passage) => Some(&passage.path),
            Self::Note(note) => note.path.as_ref(),
        }
    }

    /// The lines of the file that it holds, where it holds lines.
    pub fn lines(&self) -> Option<LineRange> {
        match self {
            Self::Passage(passage) => Some(passage.lines),
            Self::Note(_) => None,
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::Passage(passage) => &passage.text,
            Self::Note(note) => &note.text,
        }
    }

    /// What stands above the text.
    pub fn header(&self) -> &str {
        match self {
            Self::Passage(passage) => &passage.header,
            Self::Note(note) => &note.header,
        }
    }

    /// Why it was chosen.
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Passage(passage) => &passage.reason,
            Self::Note(note) => &note.reason,
        }
    }

    /// The tokens that it takes. Over all pieces they add up to those of the
    /// whole.
    pub fn tokens(&self) -> usize {
        match self {
            Self::Passage(passage) => passage.tokens,
            Self::Note(note) => note.tokens,
        }
    }

    /// Whether it stands where it stood in the context before.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Passage(passage) => passage.is_kept,
            Self::Note(note) => note.is_kept,
        }
    }

    /// The piece as a model reads it: a header, a fence, the text as it is,
    /// and an empty line. There are no line numbers: what a model copies from
    /// it for an edit is what stands in the file.
    pub fn render(&self) -> String {
        let language = match self {
            Self::Note(Note { kind: NoteKind::Changes, .. }) => "diff",
            Self::Note(Note { kind: NoteKind::Map | NoteKind::Published, .. }) => "",
            _ => self
                .path()
                .and_then(|path| Language::from_path(path.as_path()))
                .map_or("", Language::fence_name),
        };
        framed(self.header(), language, self.text())
    }

    pub(crate) fn set_tokens(&mut self, tokens: usize) {
        match self {
            Self::Passage(passage) => passage.tokens = tokens,
            Self::Note(note) => note.tokens = tokens,
        }
    }

    pub(crate) fn kept(mut self) -> Self {
        match &mut self {
            Self::Passage(passage) => passage.is_kept = true,
            Self::Note(note) => note.is_kept = true,
        }
        self
    }
}

fn framed(header: &str, language: &str, text: &str) -> String {
    // Longer than any run of backticks inside.
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{header}\n{fence}{language}\n{text}{end}{fence}\n\n")
}
