use std::fmt;

use mlxcode_base::{Diagnostic, LineRange, PathError};

use crate::diff::FileDiff;
use crate::format::BrokenReason;
use crate::locate::MatchLevel;
use crate::plan::NameFlaw;
use crate::policy::PolicyRefusal;

/// An edit that fits nowhere. With any, a plan is not applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Which edit of the reply, from one.
    pub block: usize,
    /// The line of the reply that it begins on, from one.
    pub line: usize,
    /// The file it names, as written; empty where it names none.
    pub path: String,
    /// Why it was refused.
    pub reason: RefusalReason,
    /// The place of the file that is most like what it searched for.
    pub nearest: Option<NearestMatch>,
}

/// The place of a file that is most like what was searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct NearestMatch {
    /// The lines of the file.
    pub range: LineRange,
    /// From 0, nothing alike, to 1, the same.
    pub similarity: f32,
    /// From what was searched for to what is there.
    pub diff: FileDiff,
}

/// Why an edit was refused: shown, a sentence that a model understands too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The reply's block itself is broken.
    Broken(BrokenReason),
    /// The path leads out of the root, or into `.git`.
    Path {
        /// Why the path cannot be used.
        reason: String,
        /// The name of that error.
        code: &'static str,
    },
    /// The policy does not let the file be changed.
    Policy(PolicyRefusal),
    /// The file's new name is none that it can have everywhere.
    Name(NameFlaw),
    /// Something else of the same plan goes to the same path.
    Collision,
    /// There is no such file.
    NotFound,
    /// The path names a folder.
    IsFolder,
    /// The path names a device, a socket or a pipe.
    NotRegular,
    /// The path is a symbolic link: removing or moving it would not do what
    /// the edit asks for.
    IsLink,
    /// The system would not let the file be read.
    Unreadable {
        /// What the operating system said.
        reason: String,
    },
    /// The file is larger than the limit.
    TooLarge {
        /// The file's size.
        size_bytes: u64,
        /// The most that is edited.
        limit_bytes: u64,
    },
    /// The file is not UTF-8 text.
    NotText,
    /// The file to create exists.
    Exists,
    /// The lines to replace are nowhere in the file.
    NoMatch,
    /// The lines to replace are in the file, with other white space.
    WhitespaceDiffers,
    /// The lines to replace are in several places.
    Ambiguous {
        /// The first line of each place, from one.
        lines: Vec<usize>,
    },
    /// The lines to replace are in the file only nearly, and in several places
    /// as nearly; or another place may have been copied badly.
    Alike {
        /// The first line of each place, from one.
        lines: Vec<usize>,
    },
    /// The lines to replace are in the file only nearly, and the change falls
    /// on lines that differ.
    PoorMatch,
    /// The lines that the edit would add stand there already.
    Repeated,
    /// More would have to be overlooked than the caller allows.
    LevelLimited {
        /// What would have to be overlooked.
        level: MatchLevel,
    },
    /// The edit was not placed exactly, and its file would no longer parse.
    BreaksSyntax {
        /// Syntax errors before.
        before: usize,
        /// Syntax errors after.
        after: usize,
    },
    /// The text to replace stands only inside a longer word.
    InsideWord,
    /// `...` stands for left out lines, not as often in both parts.
    DotsDiffer,
    /// The diff removes a file that holds something else than it shows.
    OtherContent,
    /// The reply gives the file whole more than once, each time differently.
    WrittenTwice,
    /// There is no such file, and whether one is meant is not sure.
    UnclearPath,
    /// The whole file holds the marks of a merge conflict.
    ConflictMarks,
    /// What would replace the whole file is only a piece of it.
    Snippet,
    /// The whole file is written with `&lt;` for `<`, as the old one is not.
    Escaped,
    /// A hunk without any context or removed line does not say where it belongs.
    NoContext,
    /// The new content leaves parts out, such as `... rest of the file ...`.
    Elided {
        /// The line that stands for what is left out.
        line: String,
    },
}

impl RefusalReason {
    pub(crate) fn of_path(error: PathError) -> Self {
        Self::Path { reason: error.to_string(), code: error.code() }
    }

    /// A stable name, such as `edit.no_match`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken(BrokenReason::Unterminated) => "edit.block_cut",
            Self::Broken(_) => "edit.block_broken",
            Self::Path { code, .. } => code,
            Self::Policy(refusal) => refusal.code(),
            Self::Name(flaw) => flaw.code(),
            Self::Collision => "edit.collision",
            Self::NotFound => "edit.file_not_found",
            Self::IsFolder | Self::NotRegular | Self::IsLink => "edit.not_a_file",
            Self::Unreadable { .. } => "edit.read_failed",
            Self::TooLarge { .. } => "edit.too_large",
            Self::NotText => "edit.not_text",
            Self::Exists => "edit.exists",
            Self::NoMatch | Self::WhitespaceDiffers => "edit.no_match",
            Self::Ambiguous { .. } | Self::Alike { .. } => "edit.ambiguous",
            Self::PoorMatch => "edit.poor_match",
            Self::Repeated => "edit.already_there",
            Self::InsideWord => "edit.inside_word",
            Self::LevelLimited { .. } => "edit.level_limited",
            Self::BreaksSyntax { .. } => "edit.breaks_syntax",
            Self::OtherContent => "edit.other_content",
            Self::WrittenTwice => "edit.written_twice",
            Self::UnclearPath => "edit.unclear_path",
            Self::ConflictMarks => "edit.conflict_marks",
            Self::Snippet => "edit.snippet",
            Self::Escaped => "edit.escaped",
            Self::NoContext => "edit.no_context",
            Self::Elided { .. } | Self::DotsDiffer => "edit.elided",
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(reason) => reason.fmt(f),
            Self::Path { reason, .. } => f.write_str(reason),
            Self::Policy(refusal) => write!(f, "the file {refusal}; {}", refusal.help()),
            Self::Name(flaw) => write!(f, "the path {flaw}"),
            Self::Collision => f.write_str("something else of the same plan goes to this path"),
            Self::NotFound => f.write_str("the file does not exist"),
            Self::IsFolder => f.write_str("the path names a folder"),
            Self::NotRegular => f.write_str("the path names a device, a socket or a pipe"),
            Self::IsLink => {
                f.write_str("the path is a symbolic link; name the file that it leads to")
            }
            Self::Unreadable { reason } => write!(f, "the file cannot be read: {reason}"),
            Self::TooLarge { size_bytes, limit_bytes } => {
                write!(f, "the file has {size_bytes} bytes, at most {limit_bytes} are edited")
            }
            Self::NotText => f.write_str(
                "the file is not UTF-8 text: only lines that stand in it byte for byte are \
                 replaced, by ASCII",
            ),
            Self::Exists => {
                f.write_str("the file exists; name the lines to replace instead of creating it")
            }
            Self::NoMatch => f.write_str("the lines to replace are not in the file"),
            Self::WhitespaceDiffers => f.write_str(
                "the lines to replace are in the file, but for white space; \
                 copy them with the white space that they have",
            ),
            Self::Ambiguous { lines } => {
                let shown: Vec<String> = lines.iter().take(5).map(usize::to_string).collect();
                let more = if lines.len() > 5 { ", …" } else { "" };
                write!(
                    f,
                    "the lines to replace occur {} times, at lines {}{more}; \
                     add lines around them until the place is unique",
                    lines.len(),
                    shown.join(", ")
                )
            }
            Self::Alike { lines } => {
                let shown: Vec<String> = lines.iter().take(5).map(usize::to_string).collect();
                write!(
                    f,
                    "the lines to replace are much like those of several places, at lines {}; \
                     copy the lines of the one that is meant, and some around them",
                    shown.join(", ")
                )
            }
            Self::PoorMatch => f.write_str(
                "the lines to replace differ from those of the file where they are to change; \
                 copy them as they stand in the file",
            ),
            Self::Repeated => f.write_str("the lines to add stand there already"),
            Self::LevelLimited { level } => {
                write!(f, "the lines to replace are in the file only when {level} is overlooked")
            }
            Self::BreaksSyntax { before, after } => write!(
                f,
                "the lines to replace do not stand in the file exactly, and the file would have \
                 {after} syntax errors instead of {before}; copy the lines as they stand there",
            ),
            Self::InsideWord => f.write_str(
                "the text to replace stands only inside a longer word; write the whole line",
            ),
            Self::DotsDiffer => f.write_str(
                "a line `...` stands for left out lines in one part and not in the other; \
                 write every line, or the same dots in both parts",
            ),
            Self::OtherContent => f.write_str(
                "the file holds something else than the lines that the diff removes; \
                 show every line of it, or remove it by name",
            ),
            Self::WrittenTwice => f.write_str(
                "an earlier block of the reply gives this file whole and differently; \
                 give it once, as it is to be in the end",
            ),
            Self::UnclearPath => f.write_str(
                "no such file is there, and the words above the block may be prose; \
                 write the path of a new file in backticks",
            ),
            Self::ConflictMarks => f.write_str(
                "the file would hold the marks of a merge conflict; \
                 write `<<<<<<< SEARCH` and `>>>>>>> REPLACE` to change a place",
            ),
            Self::Escaped => f.write_str(
                "the file would hold `&lt;` where it holds `<`; write its characters as they are",
            ),
            Self::Snippet => f.write_str(
                "the block looks like a piece of the file and would replace all of it; \
                 change the place with a SEARCH/REPLACE block, or delete the file and create it anew",
            ),
            Self::NoContext => {
                f.write_str("the hunk holds no line of the file, so its place is unknown")
            }
            Self::Elided { line } => {
                write!(f, "the new content leaves parts out, at `{line}`; give it whole")
            }
        }
    }
}
