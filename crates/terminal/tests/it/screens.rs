//! Screens to show things on, and what they show.

use mlxcode_terminal::{Screen, Surroundings, Theme, ThemeChoice};

/// A terminal with true colour that hides links.
pub fn colorful(columns: usize) -> Screen {
    screen(&Surroundings { term: Some("xterm-kitty".to_owned()), ..terminal() }, columns)
}

/// A terminal without colour.
pub fn colorless(columns: usize) -> Screen {
    let surroundings = Surroundings { no_color: Some("1".to_owned()), ..terminal() };
    screen(&surroundings, columns)
}

/// What is read to somebody.
pub fn plain(columns: usize) -> Screen {
    screen(&Surroundings { plain: true, ..terminal() }, columns)
}

/// A terminal of long ago.
pub fn ascii(columns: usize) -> Screen {
    let surroundings =
        Surroundings { locale: Some("C".to_owned()), no_color: Some("1".to_owned()), ..terminal() };
    screen(&surroundings, columns)
}

pub fn terminal() -> Surroundings {
    Surroundings {
        is_terminal: true,
        term: Some("xterm-256color".to_owned()),
        locale: Some("en_GB.UTF-8".to_owned()),
        ..Surroundings::default()
    }
}

pub fn screen(surroundings: &Surroundings, columns: usize) -> Screen {
    let capabilities = surroundings.capabilities();
    let theme = Theme::new(&ThemeChoice::Dark, &capabilities);
    Screen::new(capabilities, theme, Some(columns))
}

/// A text as a terminal of this width shows it, without styles.
pub fn shown(text: &str, columns: usize) -> Vec<String> {
    let rows = text.lines().count() * 4 + 10;
    let mut terminal = vt100::Parser::new(size(rows.min(60_000)), size(columns), 0);
    terminal.process(text.replace('\n', "\r\n").as_bytes());
    let mut lines: Vec<String> =
        terminal.screen().rows(0, columns as u16).map(|row| row.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

fn size(count: usize) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count as u16).unwrap()
}
