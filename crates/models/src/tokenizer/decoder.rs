use std::sync::Arc;

use super::Tokenizer;
use super::pieces::Pieces;
use crate::error::Result;

/// Tokens that may be waited for before a text that ends in a replacement
/// character is taken as final: a character takes four bytes at most.
const MOST_WAITING: usize = 4;

/// Turns a stream of tokens into text, whole characters only.
///
/// Bytes that are no UTF-8 become `\u{fffd}`, as in
/// [`String::from_utf8_lossy`]. All texts together are the text of all tokens
/// together. Special tokens have no text.
#[derive(Clone, Debug)]
pub struct TokenDecoder {
    tokenizer: Tokenizer,
    /// Bytes of a character that is not finished.
    pending: Vec<u8>,
    /// Whether a token with text was seen.
    started: bool,
    window: Window,
    /// Special tokens whose text is given all the same.
    shown: Arc<[u32]>,
}

/// What is decoded again with each token, where a token's text depends on its
/// neighbours.
#[derive(Clone, Debug, Default)]
struct Window {
    ids: Vec<u32>,
    /// Where the tokens begin whose text was not given out yet.
    fresh: usize,
}

impl TokenDecoder {
    /// A decoder before the first token.
    pub fn new(tokenizer: Tokenizer) -> Self {
        let (window, shown) = (Window::default(), Arc::default());
        Self { tokenizer, pending: Vec::new(), started: false, window, shown }
    }

    /// Gives the texts of these special tokens as well: the marks that
    /// [`Tokenizer::reply_marks`] tells.
    pub fn showing(mut self, marks: Arc<[u32]>) -> Self {
        self.shown = marks;
        self
    }

    /// Takes a token and gives the text that became certain with it; empty
    /// while a character may be unfinished.
    pub fn push(&mut self, id: u32) -> Result<String> {
        if self.shown.contains(&id) {
            let before = self.finish()?;
            // Text begins anew behind a mark, but not a space that a whole text
            // lacks.
            self.started = true;
            return Ok(before + &self.tokenizer.token(id).unwrap_or_default());
        }
        let strip = match self.tokenizer.pieces() {
            Pieces::ByteLevel => false,
            Pieces::SentencePiece { strip_first_space } => strip_first_space,
            Pieces::Other => {
                self.window.ids.push(id);
                return self.advance(false);
            }
        };
        let before = self.pending.len();
        self.tokenizer.append_piece(id, &mut self.pending);
        if !self.started && self.pending.len() > before {
            self.started = true;
            if strip && self.pending[before] == b' ' {
                self.pending.remove(before);
            }
        }
        Ok(take_whole(&mut self.pending))
    }

    /// Gives what is left, an unfinished character as `\u{fffd}`. The decoder
    /// is then as before the first token.
    pub fn finish(&mut self) -> Result<String> {
        let mut rest = self.advance(true)?;
        if !self.pending.is_empty() {
            rest.push('\u{fffd}');
        }
        self.pending.clear();
        self.started = false;
        self.window = Window::default();
        Ok(rest)
    }

    /// Decodes the tokens that are new together with those before them, as the
    /// text-generation-inference server does.
    fn advance(&mut self, end: bool) -> Result<String> {
        let Window { ids, fresh } = &mut self.window;
        if ids.len() == *fresh {
            return Ok(String::new());
        }
        let known = self.tokenizer.decode_together(&ids[..*fresh])?;
        let whole = self.tokenizer.decode_together(ids)?;
        let waiting = ids.len() - *fresh < MOST_WAITING;
        if !end && waiting && whole.ends_with('\u{fffd}') {
            return Ok(String::new());
        }
        // What was given out cannot be taken back, so where the new tokens
        // changed the text before them, only the rest is given.
        let same = known.chars().zip(whole.chars()).take_while(|(a, b)| a == b);
        let same: usize = same.map(|(a, _)| a.len_utf8()).sum();
        let text = whole[same..].to_owned();
        ids.drain(..*fresh);
        *fresh = ids.len();
        Ok(text)
    }
}

/// Takes all but an unfinished character from the front of `bytes`.
fn take_whole(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        at += chunk.valid().len();
        let invalid = chunk.invalid();
        let last = at + invalid.len() == bytes.len();
        let unfinished =
            last && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if unfinished {
            break;
        }
        if !invalid.is_empty() {
            text.push('\u{fffd}');
            at += invalid.len();
        }
    }
    bytes.drain(..at);
    text
}
