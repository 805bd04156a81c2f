//! Words into lines.

use std::borrow::Cow;

use crate::style::RESET;
use crate::width::{display_width, split_at_width};
use crate::{Screen, Style};

/// A piece of a word that looks the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub style: Style,
    /// Where it leads, if the terminal can hide that.
    pub address: Option<String>,
}

/// What is never broken, unless it is wider than a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Whether a space stands before it, which may become a line end.
    pub spaced: bool,
    pub pieces: Vec<Piece>,
    /// An address stays whole, so that it can be opened from where it stands.
    pub is_address: bool,
}

/// Where the next word goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    /// Columns of the line that are taken; `None` before a line is begun.
    column: Option<usize>,
}

impl Word {
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|piece| display_width(&piece.text)).sum()
    }
}

impl Flow {
    /// Goes on in a line that somebody else began.
    pub fn begun(column: usize) -> Self {
        Self { column: Some(column) }
    }

    /// Writes a word after what stands there. `prefix` gives what a new line
    /// begins with; `columns` is the width of all.
    pub fn word(
        &mut self,
        out: &mut String,
        word: &Word,
        (screen, columns): (&Screen, usize),
        mut prefix: impl FnMut() -> String,
    ) {
        let width = word.width();
        if width == 0 {
            return;
        }
        let mut begun = false;
        let column = self.column.unwrap_or_else(|| {
            begun = true;
            begin(out, prefix())
        });
        let space = usize::from(word.spaced && !begun);
        if !begun && column + space + width > columns {
            out.push('\n');
            self.column = Some(begin(out, prefix()));
        } else {
            if space > 0 {
                out.push(' ');
            }
            self.column = Some(column + space);
        }
        for piece in &word.pieces {
            self.piece(out, piece, word.is_address, (screen, columns), &mut prefix);
        }
    }

    fn piece(
        &mut self,
        out: &mut String,
        piece: &Piece,
        whole: bool,
        (screen, columns): (&Screen, usize),
        prefix: &mut impl FnMut() -> String,
    ) {
        let mut rest = piece.text.as_str();
        let mut column = self.column.unwrap_or(0);
        while !rest.is_empty() {
            let room = columns.saturating_sub(column);
            let (now, later) = if whole { (rest, "") } else { split_at_width(rest, room) };
            if now.is_empty() {
                let fresh = out.ends_with('\n') || column == 0;
                // A prefix as wide as the line leaves room for one character.
                let first = rest.chars().next().map_or(0, char::len_utf8);
                if fresh || room >= columns {
                    let (now, later) = rest.split_at(first);
                    out.push_str(&painted(piece, now, screen));
                    column += display_width(now);
                    rest = later;
                    continue;
                }
                out.push('\n');
                column = begin(out, prefix()).min(columns.saturating_sub(2));
                continue;
            }
            out.push_str(&painted(piece, now, screen));
            column += display_width(now);
            rest = later;
        }
        self.column = Some(column);
    }

    /// Ends the line, if one is begun.
    pub fn end(&mut self, out: &mut String) {
        if self.column.take().is_some() {
            out.push('\n');
        }
    }
}

/// Writes what a line begins with and tells how wide it is.
fn begin(out: &mut String, prefix: String) -> usize {
    let width = shown_width(&prefix);
    out.push_str(&prefix);
    width
}

/// The width of a text with styles and links in it.
pub(super) fn shown_width(text: &str) -> usize {
    display_width(&plain(text))
}

/// A text without the styles and links in it.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\x1b') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\x1b') {
        plain.push_str(before);
        let end = if after.starts_with(']') { "\x1b\\" } else { "m" };
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// A piece in its style, as a link where it is one.
pub(super) fn painted(piece: &Piece, text: &str, screen: &Screen) -> String {
    let begin = piece.style.begin(screen.depth());
    let end = if begin.is_empty() { "" } else { RESET };
    match &piece.address {
        Some(address) if screen.capabilities.hyperlinks => {
            format!("\x1b]8;;{address}\x1b\\{begin}{text}{end}\x1b]8;;\x1b\\")
        }
        _ => format!("{begin}{text}{end}"),
    }
}
