//! Everything that decides how something is shown.

use crate::{Capabilities, ColorDepth, Role, Style, Theme, ThemeChoice};

/// Columns of a terminal that does not tell.
const DEFAULT_COLUMNS: usize = 80;
/// Nothing is laid out for less: the rest is left to the terminal.
pub(crate) const LEAST_COLUMNS: usize = 20;

/// How many characters a terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In a row.
    pub columns: usize,
    /// Rows that are on the screen at once.
    pub rows: usize,
}

/// Where a terminal's cursor is, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorPlace {
    /// Its column.
    pub column: usize,
    /// Its row on the screen.
    pub row: usize,
}

/// What a terminal can do, how wide it is, and how things look on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// What may be sent to it.
    pub capabilities: Capabilities,
    /// What each kind of text looks like.
    pub theme: Theme,
    columns: usize,
}

impl Screen {
    /// Joins them; `columns` is `None` where the terminal does not tell, or
    /// where there is none.
    pub fn new(capabilities: Capabilities, theme: Theme, columns: Option<usize>) -> Self {
        let mut screen = Self { capabilities, theme, columns: DEFAULT_COLUMNS };
        screen.set_columns(columns);
        screen
    }

    /// A pipe: no colour, no cursor, eighty columns.
    pub fn pipe() -> Self {
        let capabilities = Capabilities { unicode: true, ..Capabilities::default() };
        Self::new(capabilities, Theme::new(&ThemeChoice::None, &capabilities), None)
    }

    /// How many columns are laid out.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Tells that the terminal has another width now.
    pub fn set_columns(&mut self, columns: Option<usize>) {
        self.columns = columns.unwrap_or(DEFAULT_COLUMNS).max(LEAST_COLUMNS);
    }

    /// A text in the style of a role. The caller has made it visible.
    pub fn paint(&self, role: Role, text: &str) -> String {
        self.paint_style(self.theme.style(role), text)
    }

    /// The depth of its colours.
    pub(crate) fn depth(&self) -> ColorDepth {
        self.capabilities.colors
    }

    pub(crate) fn paint_style(&self, style: Style, text: &str) -> String {
        style.paint(text, self.depth()).into_owned()
    }

    /// The first where the terminal shows it, the second in ASCII.
    pub(crate) fn glyph(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.capabilities.unicode { unicode } else { ascii }
    }
}
