//! Text to token numbers and back.

mod decoder;
mod from_gguf;

use std::path::Path;
use std::sync::Arc;

use tokenizers::Tokenizer as Inner;

use crate::error::{Error, Result};
use crate::gguf::GgufHeader;

pub use decoder::TokenDecoder;

/// A model's tokenizer. Clones share it.
#[derive(Clone, Debug)]
pub struct Tokenizer(Arc<Inner>);

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub(crate) fn from_file(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let inner = Inner::from_bytes(bytes)
            .map_err(|error| Error::Damaged { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self::new(inner))
    }

    /// Builds the tokenizer that a GGUF file describes.
    pub(crate) fn from_gguf(header: &GgufHeader, path: &Path) -> Result<Self> {
        from_gguf::build(header, path).map(Self::new)
    }

    fn new(mut inner: Inner) -> Self {
        // Training settings that would cut or fill a prompt.
        let _ = inner.with_truncation(None);
        inner.with_padding(None);
        Self(Arc::new(inner))
    }

    /// The token numbers of `text`. With `special`, the tokens that the
    /// tokenizer puts around a text are added. Special tokens written out in
    /// the text, such as `<|im_end|>`, become their numbers either way.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let encoding = self.0.encode_fast(text, special);
        let encoding = encoding.map_err(|error| Error::Tokenizer { reason: error.to_string() })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of some tokens; special ones are left out.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.0.decode(ids, true).map_err(|error| Error::Tokenizer { reason: error.to_string() })
    }

    /// One more than the highest token number.
    pub fn vocab_size(&self) -> usize {
        let highest = self.0.get_vocab(true).into_values().max();
        highest.map_or(0, |id| id as usize + 1)
    }

    /// The number of a token, by its text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.0.token_to_id(token)
    }

    /// The text of a token, by its number.
    pub fn token(&self, id: u32) -> Option<String> {
        self.0.id_to_token(id)
    }
}
