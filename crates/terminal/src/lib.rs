//! What a terminal shows and asks.
//!
//! The principal types are [`Renderer`], which turns Markdown into text for a
//! terminal while it arrives, and [`Prompt`], the line that a person types
//! into. Around them: themes and what a terminal can do, diffs, a picker, a
//! line of progress and the questions about a pending edit.
//!
//! Nothing here reads the environment: the caller passes what it says as
//! [`Surroundings`]. Everything but the line editor, which owns the terminal
//! while it asks, writes to the writer that it is given. Text from outside, a
//! model's or a file's, never reaches the terminal as a control sequence.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files they need"))]

mod approval;
mod capability;
mod choice;
mod cursor;
mod diff;
mod error;
mod fuzzy;
mod highlight;
mod keys;
mod markdown;
mod pick;
mod progress;
mod prompt;
mod screen;
mod style;
mod theme;
mod themes;
mod visible;
mod width;

pub use approval::{
    Answer, Approval, ApprovalView, Decision, PendingFile, PendingHunk, Question, Scope,
};
pub use capability::{Capabilities, ColorDepth, Surroundings};
pub use choice::{Choice, choose};
pub use cursor::cursor_place;
pub use diff::{DiffView, FileView, HunkView, LineView};
pub use error::{Error, Result};
pub use fuzzy::{FuzzyMatch, fuzzy_match};
pub use highlight::Highlighter;
pub use keys::forget_typed;
pub use markdown::{Renderer, RendererOptions};
pub use pick::{PickItem, Picked, Picker, PickerOptions};
pub use progress::{Activity, Bar};
pub use prompt::{
    Completer, Completion, Completions, KeyMap, Prompt, PromptOptions, TextEditor, Typed,
};
pub use screen::{CursorPlace, Screen, Size};
pub use style::{Color, Style};
pub use theme::{CustomTheme, ROLES, Role, Theme, ThemeChoice};
pub use themes::{ThemeError, Themes};
pub use visible::visible;
pub use width::{display_width, shortened};
