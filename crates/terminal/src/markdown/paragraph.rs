//! Text that is shown word by word.

use super::container::{self, Container};
use super::flow::{Flow, Word};
use super::inline;
use super::kept::{Kept, Part};
use crate::{CursorPlace, Screen, Size, Style};

/// A mark that is not closed within so many bytes is a character like others:
/// text that comes must be seen.
const MOST_HELD_BYTES: usize = 400;

/// A paragraph that is being read.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    /// What is not shown yet, prepared for `inline`.
    held: String,
    flow: Flow,
    /// Whether a space stands before what comes next.
    spaced: bool,
    kept: Kept,
}

/// Where a paragraph is shown.
pub(super) struct Sheet<'a> {
    pub out: &'a mut String,
    pub containers: &'a mut Vec<Container>,
    pub screen: &'a Screen,
    pub base: Style,
    /// The style of the words.
    pub style: Style,
}

impl Paragraph {
    /// Takes text that ends where a line may end, and shows what is certain.
    pub fn push(&mut self, text: &str, sheet: &mut Sheet<'_>) {
        inline::prepare(text, &mut self.held);
        self.show(false, sheet);
    }

    /// Takes the rest of a line of the source, without its end; `hard` where
    /// spaces break it.
    pub fn push_end(&mut self, text: &str, hard: bool, sheet: &mut Sheet<'_>) {
        let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
        let (text, hard) = match backslashes % 2 {
            1 => (&text[..text.len() - 1], true),
            _ => (text, hard),
        };
        inline::prepare(text, &mut self.held);
        if hard {
            self.finish(sheet);
        } else {
            self.held.push(' ');
            self.show(false, sheet);
        }
    }

    /// Shows the rest and ends the line.
    pub fn finish(&mut self, sheet: &mut Sheet<'_>) {
        self.show(true, sheet);
        self.end_line(sheet);
        self.spaced = false;
    }

    /// Lays out what was shown for the width that the screen has now, in place
    /// of what stands there, as far as it is certain which rows that takes.
    pub fn resize(
        &mut self,
        size: Size,
        cursor: impl FnOnce() -> Option<CursorPlace>,
        sheet: &mut Sheet<'_>,
    ) {
        let capabilities = sheet.screen.capabilities;
        if !capabilities.cursor {
            return;
        }
        let Some(again) = self.kept.take_lines(size, capabilities.rewraps, cursor) else { return };
        let (begin, kept) = (sheet.out.len(), self.kept.len());
        self.flow = Flow::default();
        for part in again.parts {
            match part {
                Part::Word(word) => self.word(word, sheet),
                Part::Break => self.end_line(sheet),
            }
        }
        if self.kept.written_from(kept) == again.written {
            sheet.out.truncate(begin);
            return;
        }
        let up = match again.above {
            0 => String::new(),
            rows => format!("\x1b[{rows}A"),
        };
        sheet.out.insert_str(begin, &format!("\r{up}\x1b[J"));
    }

    fn word(&mut self, word: Word, sheet: &mut Sheet<'_>) {
        let begin = sheet.out.len();
        let size = (sheet.screen, sheet.screen.columns());
        let containers = &mut *sheet.containers;
        let mut is_begun = self.kept.is_begun();
        let first = &mut self.kept.first;
        self.flow.word(sheet.out, &word, size, || {
            match first {
                Some(first) if !is_begun => {
                    is_begun = true;
                    return first.clone();
                }
                _ => is_begun = true,
            }
            let prefix = container::prefix(containers, sheet.screen, sheet.base);
            first.get_or_insert_with(|| prefix.clone());
            prefix
        });
        self.kept.push(Part::Word(word), &sheet.out[begin..], size.1);
    }

    fn end_line(&mut self, sheet: &mut Sheet<'_>) {
        let begin = sheet.out.len();
        self.flow.end(sheet.out);
        if sheet.out.len() > begin {
            self.kept.push(Part::Break, "\n", sheet.screen.columns());
        }
    }

    fn show(&mut self, all: bool, sheet: &mut Sheet<'_>) {
        while !self.held.is_empty() {
            let mut end = if all { self.held.len() } else { inline::settled(&self.held) };
            if end == 0 {
                if self.held.len() <= MOST_HELD_BYTES {
                    return;
                }
                end = first_word(&self.held);
            }
            let text: String = self.held.drain(..end).collect();
            for word in inline::words(&text, sheet.style, self.spaced, sheet.screen) {
                self.word(word, sheet);
            }
            let blank = text.trim_matches(' ').is_empty();
            self.spaced = text.ends_with(' ') || (blank && self.spaced);
        }
    }
}

/// Where the first word of a text ends, with the spaces after it.
fn first_word(text: &str) -> usize {
    let begin = text.len() - text.trim_start_matches(' ').len();
    let Some(end) = text[begin..].find(' ').map(|end| begin + end) else { return text.len() };
    end + text[end..].len() - text[end..].trim_start_matches(' ').len()
}
