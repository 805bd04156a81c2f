//! How the line looks while it is typed.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nu_ansi_term::Style as NuStyle;
use reedline::{
    Highlighter, Hinter, History, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus,
    PromptViMode, SearchQuery, StyledText, ValidationResult, Validator,
};

use super::paste::Pastes;
use crate::{Color, ColorDepth, Role, Screen, Style};

/// The sign before the line.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    pub screen: Screen,
    /// Words before the sign, such as a mode.
    pub words: String,
}

impl reedline::Prompt for Sign {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        match self.words.as_str() {
            "" => Cow::Borrowed(""),
            words => Cow::Owned(self.screen.paint(Role::Faint, words) + " "),
        }
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, mode: PromptEditMode) -> Cow<'_, str> {
        let sign = match mode {
            PromptEditMode::Vi(PromptViMode::Normal) => ":",
            PromptEditMode::Vi(PromptViMode::Visual) => "v",
            _ => self.screen.glyph("›", ">"),
        };
        Cow::Owned(self.screen.paint(Role::Prompt, sign) + " ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("  ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let nothing = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "nothing found ",
        };
        let text = format!("({nothing}search: {}) ", crate::visible(&search.term));
        Cow::Owned(self.screen.paint(Role::Faint, &text))
    }

    fn get_prompt_color(&self) -> reedline::Color {
        reedline::Color::Default
    }

    fn get_prompt_multiline_color(&self) -> reedline::Color {
        reedline::Color::Default
    }

    fn get_indicator_color(&self) -> reedline::Color {
        reedline::Color::Default
    }
}

/// Colours commands, mentions and marks of pastes, and notes whether there is
/// anything: Ctrl-C means another thing on an empty line.
pub(super) struct Colors {
    pub screen: Screen,
    pub pastes: Pastes,
    pub is_empty: Arc<AtomicBool>,
}

impl Highlighter for Colors {
    fn highlight(&self, line: &str, _: usize) -> StyledText {
        self.is_empty.store(line.is_empty(), Ordering::SeqCst);
        let mut parts: Vec<(std::ops::Range<usize>, Role)> =
            self.pastes.marks(line).into_iter().map(|mark| (mark, Role::Faint)).collect();
        if line.starts_with('/') {
            let end = line.find(char::is_whitespace).unwrap_or(line.len());
            parts.push((0..end, Role::Keyword));
        }
        let mut from = 0;
        for word in line.split_inclusive(char::is_whitespace) {
            let length = word.trim_end().len();
            if word.starts_with('@') && length > 1 {
                parts.push((from..from + length, Role::Link));
            }
            from += word.len();
        }
        parts.sort_by_key(|(range, _)| range.start);
        let mut text = StyledText::new();
        let mut at = 0;
        for (range, role) in parts {
            if range.start < at {
                continue;
            }
            text.push((NuStyle::new(), line[at..range.start].to_owned()));
            text.push((look(&self.screen, role), line[range.clone()].to_owned()));
            at = range.end;
        }
        text.push((NuStyle::new(), line[at..].to_owned()));
        text
    }
}

/// Proposes the newest input that begins like the line.
pub(super) struct Hints {
    pub style: NuStyle,
    hint: String,
}

impl Hints {
    pub fn new(screen: &Screen) -> Self {
        Self { style: look(screen, Role::Hint), hint: String::new() }
    }
}

impl Hinter for Hints {
    fn handle(
        &mut self,
        line: &str,
        at: usize,
        history: &dyn History,
        color: bool,
        _: &str,
    ) -> String {
        self.hint.clear();
        if line.is_empty() || at < line.len() || line.contains('\n') {
            return String::new();
        }
        let found = history.search(SearchQuery::last_with_prefix(line.to_owned(), None));
        if let Some(item) = found.unwrap_or_default().into_iter().next() {
            let rest = item.command_line.get(line.len()..).unwrap_or_default();
            // The first line tells which it is.
            rest.lines().next().unwrap_or_default().clone_into(&mut self.hint);
        }
        if color && !self.hint.is_empty() {
            self.style.paint(&self.hint).to_string()
        } else {
            self.hint.clone()
        }
    }

    fn complete_hint(&self) -> String {
        self.hint.clone()
    }

    fn next_hint_token(&self) -> String {
        let word = self.hint.trim_start();
        let end = word.find(' ').unwrap_or(word.len());
        self.hint[..self.hint.len() - word.len() + end].to_owned()
    }
}

/// Code between fences goes on until its fence.
pub(super) struct Fences;

impl Validator for Fences {
    fn validate(&self, line: &str) -> ValidationResult {
        if is_open(line) { ValidationResult::Incomplete } else { ValidationResult::Complete }
    }
}

/// Whether a fence is not closed.
pub(super) fn is_open(text: &str) -> bool {
    text.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1
}

/// A role as the line editor wants it.
pub(super) fn look(screen: &Screen, role: Role) -> NuStyle {
    let depth = screen.depth();
    if depth == ColorDepth::None {
        return NuStyle::new();
    }
    let Style { color, background, bold, dim, italic, underline, strikethrough } =
        screen.theme.style(role);
    let color_of = |color: Option<Color>| {
        color.and_then(|color| color.at_depth(depth)).map(|color| match color {
            Color::Indexed(index) => reedline::Color::Fixed(index),
            Color::Rgb(red, green, blue) => reedline::Color::Rgb(red, green, blue),
        })
    };
    NuStyle {
        foreground: color_of(color),
        background: color_of(background),
        is_bold: bold,
        is_dimmed: dim,
        is_italic: italic,
        is_underline: underline,
        is_strikethrough: strikethrough,
        ..NuStyle::new()
    }
}
