//! Text that is shown word by word.

use super::container::{self, Container};
use super::flow::Flow;
use super::inline;
use crate::{Screen, Style};

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
        self.flow.end(sheet.out);
        self.spaced = false;
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
            let text = &self.held[..end];
            for word in &inline::words(text, sheet.style, self.spaced, sheet.screen) {
                let size = (sheet.screen, sheet.screen.columns());
                let containers = &mut *sheet.containers;
                self.flow.word(sheet.out, word, size, || {
                    container::prefix(containers, sheet.screen, sheet.base)
                });
            }
            let blank = text.trim_matches(' ').is_empty();
            self.spaced = text.ends_with(' ') || (blank && self.spaced);
            self.held.drain(..end);
        }
    }
}

/// Where the first word of a text ends, with the spaces after it.
fn first_word(text: &str) -> usize {
    let begin = text.len() - text.trim_start_matches(' ').len();
    let Some(end) = text[begin..].find(' ').map(|end| begin + end) else { return text.len() };
    end + text[end..].len() - text[end..].trim_start_matches(' ').len()
}
