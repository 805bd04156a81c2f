//! The edits in a model's reply, in whatever format it wrote them.
//!
//! The reply is read line by line, so that it can be parsed while it streams:
//! however it is cut into pieces, the same items come out.

mod above;
mod apply_patch;
mod call_block;
mod fence;
mod git_name;
mod held_file;
mod hunk;
mod json;
mod patch_lines;
mod path_line;
mod quiet;
mod reader;
mod search_replace;
mod thought;
mod tool_call;
mod unified_diff;
mod whole_file;

use std::fmt;

use mlxcode_base::TextRange;

pub use patch_lines::{PatchLine, PatchLines, PatchLinesIter};
pub use reader::ReplyParser;

/// An item of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsedItem {
    /// An edit.
    Edit(EditBlock),
    /// Something that began like an edit and is none.
    Broken(BrokenBlock),
    /// A command that the reply says to run. Nothing here runs it.
    Command(ShellCommand),
}

impl ParsedItem {
    /// Where in the reply it stands, in bytes.
    pub fn range(&self) -> TextRange {
        match self {
            Self::Edit(edit) => edit.range,
            Self::Broken(broken) => broken.range,
            Self::Command(command) => command.range,
        }
    }

    /// The line of the reply that it begins on, from one.
    pub fn line(&self) -> usize {
        match self {
            Self::Edit(edit) => edit.line,
            Self::Broken(broken) => broken.line,
            Self::Command(command) => command.line,
        }
    }
}

/// A command in a reply: a fence in the language of a shell, or the call of a
/// tool that runs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// The text, prompts such as `$ ` included.
    pub text: String,
    /// The language that the fence names, such as `bash`; empty for a call.
    pub language: String,
    /// Where in the reply it stands, in bytes.
    pub range: TextRange,
    /// The line of the reply that it begins on, from one.
    pub line: usize,
}

/// One edit of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditBlock {
    /// The file, as the reply names it.
    pub path: String,
    /// What to do with it.
    pub action: EditAction,
    /// Whether the file is to be a program (Unix's `x` bits), where the reply
    /// says so.
    pub executable: Option<bool>,
    /// Where in the reply it stands, in bytes.
    pub range: TextRange,
    /// The line of the reply that it begins on, from one.
    pub line: usize,
}

/// What an edit does to its file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditAction {
    /// Puts `replace` in place of `search`, whole lines both.
    Replace {
        /// The lines as they stand now.
        search: String,
        /// The lines that take their place; empty to remove them.
        replace: String,
    },
    /// Puts `new` in place of `old`, which need not be whole lines.
    Substitute {
        /// The text as it stands now; empty for a file that is not there yet.
        old: String,
        /// The text that takes its place.
        new: String,
        /// Whether every such text is meant, not the only one.
        all: bool,
    },
    /// Makes the file hold this, whether it exists or not.
    Write {
        /// The whole content.
        content: String,
        /// How the reply names the file.
        naming: Naming,
    },
    /// Makes a new file.
    Create {
        /// The whole content.
        content: String,
    },
    /// Changes the places that hunks name.
    Patch {
        /// The hunks, in the order of the file.
        hunks: Vec<PatchHunk>,
    },
    /// Removes the file.
    Delete {
        /// All that it holds, where the reply shows it: any other file stays.
        content: Option<String>,
    },
    /// Makes a new file of this one, and changes it on the way.
    Copy {
        /// The path of the new file.
        to: String,
        /// The hunks, in the order of the file; may be empty.
        hunks: Vec<PatchHunk>,
    },
    /// Moves the file, and changes it on the way.
    Rename {
        /// The new path.
        to: String,
        /// The hunks, in the order of the file; may be empty.
        hunks: Vec<PatchHunk>,
    },
}

/// How sure it is that the words above a fence name a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// They do.
    Clear,
    /// They do if there is such a file: `main.py`, without any mark.
    Unclear,
    /// They do if there is such a file, and are prose otherwise: `### Node.js`.
    Guess,
    /// They stand in a comment on the first line of the fence, as above a whole
    /// file and as above an excerpt.
    Comment,
}

/// One hunk of a patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchHunk {
    /// The first line before the change, as the patch claims; often wrong.
    pub first_line: Option<usize>,
    /// How many lines the hunk covers before the change, as the patch claims.
    /// None at all means that its lines come after `first_line`.
    pub old_count: Option<usize>,
    /// Lines above the hunk that tell where it is, outermost first, such as the
    /// heads of a class and of its method.
    pub labels: Vec<String>,
    /// Whether the patch says that the hunk stands at the end of the file.
    pub at_end: bool,
    /// The context lines, by their place in `lines`, that lack the space in
    /// front. With any, the hunk counts only where it fits exactly.
    pub unspaced: Vec<usize>,
    /// Whether the patch says that the file's last line had no line end.
    pub old_open: bool,
    /// Whether the patch says that the file's last line gets none.
    pub new_open: bool,
    /// The lines in order.
    pub lines: PatchLines,
}

/// Something that began like an edit and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenBlock {
    /// The file, where it is known.
    pub path: Option<String>,
    /// Where in the reply it stands, in bytes.
    pub range: TextRange,
    /// The line of the reply that it begins on, from one.
    pub line: usize,
    /// What is wrong.
    pub reason: BrokenReason,
}

/// Why a block of a reply is no edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenReason {
    /// The reply ends, or the next block begins, before this one is complete.
    Unterminated,
    /// No path stands above the block.
    NoPath,
    /// No line stands between the two parts.
    NoDivider,
    /// The line between the two parts occurs more than once.
    AmbiguousDivider,
    /// A line of a patch has no meaning where it stands.
    BadPatchLine,
    /// A patch without any hunk.
    EmptyPatch,
    /// A patch of a binary file.
    BinaryPatch,
    /// A patch that makes a symbolic link or a submodule.
    SpecialFile,
    /// The edits above stand in a thought that the reply does not open.
    Draft,
    /// A fence inside the file's content may have ended the file too early.
    FenceInContent,
    /// A diff that marks words, not lines.
    WordDiff,
    /// A diff of a merge, against several parents.
    CombinedDiff,
    /// A diff that changes nothing but how lines end.
    LineEndDiff,
    /// The call of a tool that cannot be read.
    BadCall,
    /// Bytes that are no UTF-8.
    NotUtf8,
}

impl fmt::Display for BrokenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unterminated => {
                "the block is not complete: the reply was cut in the middle of it"
            }
            Self::NoPath => "no path stands on the line above the block",
            Self::NoDivider => "no line ======= stands between what goes and what comes",
            Self::AmbiguousDivider => {
                "the divider ======= occurs more than once; make all three markers longer than \
                 any such line of the file"
            }
            Self::BadPatchLine => {
                "a line of the patch begins with none of space, `-`, `+`, `@@` and `***`"
            }
            Self::EmptyPatch => "the patch holds no hunk",
            Self::Draft => {
                "the edits above this line are the model's thoughts, not its answer; give the \
                 answer alone"
            }
            Self::FenceInContent => {
                "a fence inside the file cannot be told from the one around it; put a longer \
                 fence around the file, such as ````"
            }
            Self::SpecialFile => "the patch makes a symbolic link or a submodule, not a file",
            Self::BinaryPatch => "a patch of a binary file cannot be applied",
            Self::WordDiff => {
                "the diff marks words, `[-old-]{+new+}`; write whole lines that begin with `-` \
                 and `+`"
            }
            Self::CombinedDiff => {
                "the diff compares with several parents, `@@@`; write one against the file as it is"
            }
            Self::LineEndDiff => {
                "the patch changes nothing but how lines end, which a reply does not show for sure"
            }
            Self::BadCall => {
                "the call cannot be read: check its JSON, its escapes and the names of its arguments"
            }
            Self::NotUtf8 => "the block holds bytes that are no UTF-8",
        })
    }
}

/// Finds all edits of a complete reply.
pub fn parse_reply(reply: &str) -> Vec<ParsedItem> {
    let mut parser = ReplyParser::new();
    let mut items = parser.push(reply);
    items.extend(parser.finish());
    items
}

/// One line of a reply.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    /// Without its ending.
    text: &'a str,
    /// Where it begins in the reply, in bytes.
    start: usize,
    /// Where the next one begins.
    end: usize,
    /// Its number, from one.
    number: usize,
    /// Whether it ends with CRLF.
    crlf: bool,
}

/// Where a block began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    start: usize,
    line: usize,
}

impl Origin {
    fn of(line: Line<'_>) -> Self {
        Self { start: line.start, line: line.number }
    }

    fn edit(self, path: String, action: EditAction, end: usize) -> ParsedItem {
        let range = TextRange::new(self.start, end);
        ParsedItem::Edit(EditBlock { path, action, executable: None, range, line: self.line })
    }

    fn command(self, text: String, language: String, end: usize) -> ParsedItem {
        let range = TextRange::new(self.start, end);
        ParsedItem::Command(ShellCommand { text, language, range, line: self.line })
    }

    fn broken(self, path: Option<String>, reason: BrokenReason, end: usize) -> ParsedItem {
        let range = TextRange::new(self.start, end);
        ParsedItem::Broken(BrokenBlock { path, range, line: self.line, reason })
    }
}

/// What a block says of the line it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Taken; the block goes on.
    More,
    /// Taken; the block is complete.
    Done,
    /// Not taken: the block ended above it.
    NotMine,
}
