use std::fmt;

use serde::{Deserialize, Serialize};

/// What had to be overlooked for the lines to be found, least first. Each level
/// overlooks what the levels above it do.
///
/// Shown, it completes "found when … is overlooked".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MatchLevel {
    /// Nothing: the lines stand in the file, byte for byte.
    Exact,
    /// How lines end: the file has CRLF, a reply is read without.
    LineEndings,
    /// Blanks at the ends of lines.
    TrailingWhitespace,
    /// The same indentation missing from, or too much on, every line, or tabs
    /// in place of spaces.
    Indentation,
    /// Blank lines.
    BlankLines,
    /// Typographic signs in place of plain ones: quotes, dashes, the ellipsis,
    /// unusual blanks, full-width letters.
    Punctuation,
    /// Words: the lines are the most alike of the file, by a distance.
    #[default]
    Scored,
}

impl MatchLevel {
    /// A stable name, such as `trailing_whitespace`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::LineEndings => "line_endings",
            Self::TrailingWhitespace => "trailing_whitespace",
            Self::Indentation => "indentation",
            Self::BlankLines => "blank_lines",
            Self::Punctuation => "punctuation",
            Self::Scored => "scored",
        }
    }
}

impl fmt::Display for MatchLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "nothing",
            Self::LineEndings => "how lines end",
            Self::TrailingWhitespace => "white space at the ends of lines",
            Self::Indentation => "indentation",
            Self::BlankLines => "blank lines",
            Self::Punctuation => "typographic punctuation",
            Self::Scored => "a difference in words",
        })
    }
}
