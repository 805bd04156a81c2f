use super::Tokenizer;
use crate::error::Result;

/// Turns a stream of tokens into text, whole characters only.
///
/// The text of a token depends on its neighbours, so a few tokens before it
/// are decoded again with each new one (as the text-generation-inference
/// server does).
#[derive(Clone, Debug)]
pub struct TokenDecoder {
    tokenizer: Tokenizer,
    ids: Vec<u32>,
    /// Where the tokens begin that are decoded again.
    context: usize,
    /// Where the tokens begin whose text was not given out yet.
    fresh: usize,
}

impl TokenDecoder {
    /// A decoder before the first token.
    pub fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer, ids: Vec::new(), context: 0, fresh: 0 }
    }

    /// Takes a token and gives the text that became certain with it; empty
    /// while a character may be unfinished.
    pub fn push(&mut self, id: u32) -> Result<String> {
        self.ids.push(id);
        self.advance(false)
    }

    /// Gives what is left, unfinished characters as `\u{fffd}`.
    pub fn finish(&mut self) -> Result<String> {
        self.advance(true)
    }

    fn advance(&mut self, end: bool) -> Result<String> {
        let known = self.tokenizer.decode(&self.ids[self.context..self.fresh])?;
        let whole = self.tokenizer.decode(&self.ids[self.context..])?;
        if !end && whole.ends_with('\u{fffd}') {
            return Ok(String::new());
        }
        let Some(text) = whole.strip_prefix(&known).filter(|text| !text.is_empty()) else {
            return Ok(String::new());
        };
        let text = text.to_owned();
        self.context = self.fresh;
        self.fresh = self.ids.len();
        // What lies before is never looked at again.
        self.ids.drain(..self.context);
        self.fresh -= self.context;
        self.context = 0;
        Ok(text)
    }
}
