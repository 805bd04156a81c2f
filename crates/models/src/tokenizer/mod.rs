//! Text to token numbers and back.

mod decoder;
mod export;
mod fim;
mod from_gguf;
mod messages;
mod pieces;
mod split;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokenizers::{Model as _, Tokenizer as Inner};

use crate::error::{Error, Result};
use crate::files::read_optional;
use crate::gguf::GgufHeader;
use crate::template::ChatTemplate;
use pieces::Pieces;

pub use decoder::TokenDecoder;
pub use fim::{FimOrder, FimTokens};
pub use messages::EncodedChat;

/// The largest in use take some thirty megabytes.
const MOST_FILE_BYTES: u64 = 256 << 20;

/// A model's tokenizer. Clones share it.
#[derive(Clone, Debug)]
pub struct Tokenizer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inner: Inner,
    /// The same without special tokens, made when first needed.
    plain: OnceLock<Inner>,
    /// The same for a text that goes on in the middle of another.
    continued: OnceLock<Inner>,
    fim: Option<FimTokens>,
    pieces: Pieces,
    /// The token in front of every text, where `inner` does not put it there.
    first: Option<u32>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub(crate) fn from_file(path: &Path) -> Result<Self> {
        let bytes = read_optional(path, MOST_FILE_BYTES)?
            .ok_or_else(|| Error::MissingFile { path: path.to_owned() })?;
        let inner = guarded(|| Inner::from_bytes(bytes))
            .map_err(|reason| Error::Damaged { path: path.to_owned(), reason })?;
        let fim = FimTokens::of_vocabulary(&inner);
        Ok(Self::new(inner, None, fim))
    }

    /// Builds the tokenizer that a GGUF file describes.
    pub(crate) fn from_gguf(header: &GgufHeader, path: &Path) -> Result<Self> {
        let (inner, first) = from_gguf::build(header, path)?;
        let fim = FimTokens::of_gguf(header, &inner);
        Ok(Self::new(inner, first, fim))
    }

    fn new(mut inner: Inner, first: Option<u32>, fim: Option<FimTokens>) -> Self {
        // Training settings that would cut or fill a prompt.
        let _ = inner.with_truncation(None);
        inner.with_padding(None);
        let pieces = Pieces::of(inner.get_decoder());
        let (plain, continued) = Default::default();
        Self(Arc::new(Shared { inner, plain, continued, fim, pieces, first }))
    }

    /// The token numbers of `text`. With `special`, the tokens that the
    /// tokenizer puts around a text are added. Special tokens written out in
    /// the text, such as `<|im_end|>`, become their numbers either way; for a
    /// conversation there is [`encode_messages`](Self::encode_messages).
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let encoding = guarded(|| self.0.inner.encode_fast(text, special));
        let encoding = encoding.map_err(|reason| Error::Tokenizer { reason })?;
        let mut ids = encoding.get_ids().to_vec();
        if let Some(first) = self.0.first.filter(|first| special && ids.first() != Some(first)) {
            ids.insert(0, first);
        }
        Ok(ids)
    }

    /// The text of some tokens; special ones are left out. Bytes that are no
    /// UTF-8 become `\u{fffd}`.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        if self.0.pieces == Pieces::Other {
            return self.decode_together(ids);
        }
        let mut decoder = TokenDecoder::new(self.clone());
        let texts: Result<Vec<String>> = ids.iter().map(|id| decoder.push(*id)).collect();
        Ok(texts?.concat() + &decoder.finish()?)
    }

    /// One more than the highest token number.
    pub fn vocab_size(&self) -> usize {
        let highest = self.0.inner.get_vocab(true).into_values().max();
        highest.map_or(0, |id| id as usize + 1)
    }

    /// The number of a token, by its text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.0.inner.token_to_id(token)
    }

    /// The text of a token, by its number.
    pub fn token(&self, id: u32) -> Option<String> {
        self.0.inner.id_to_token(id)
    }

    /// The special tokens that a [`crate::ReplyReader`] has to see in a reply
    /// to a conversation: its marks of which the template speaks.
    pub fn reply_marks(&self, template: &ChatTemplate) -> Vec<u32> {
        let added = self.0.inner.get_added_vocabulary().get_added_tokens_decoder();
        let mut ids: Vec<u32> = added
            .iter()
            .filter(|(_, token)| {
                token.special && crate::reply::shown(&token.content, template.source())
            })
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        ids
    }

    /// The tokens that end a turn in which a tool is called, where the
    /// template speaks of them: the model stops behind them as behind its end.
    pub fn call_ends(&self, template: &ChatTemplate) -> Vec<u32> {
        let source = template.source();
        let is_harmony = source.contains("<|channel|>") && source.contains("<|message|>");
        let ends = [("<|call|>", is_harmony), ("<|return|>", is_harmony)];
        let llama = ("<|eom_id|>", source.contains("<|python_tag|>"));
        let spoken = ends.into_iter().chain([llama]).filter(|(_, is_spoken)| *is_spoken);
        spoken
            .filter_map(|(token, _)| self.id_of(token))
            .filter(|id| self.is_special(*id))
            .collect()
    }

    fn pieces(&self) -> Pieces {
        self.0.pieces
    }

    /// Adds the bytes of a token; none for a special or an unknown one.
    fn append_piece(&self, id: u32, bytes: &mut Vec<u8>) {
        let inner = &self.0.inner;
        match inner.get_added_vocabulary().get_added_tokens_decoder().get(&id) {
            Some(token) if token.special => {}
            Some(token) => self.0.pieces.append(&token.content, bytes),
            None => {
                if let Some(token) = inner.get_model().id_to_token(id) {
                    self.0.pieces.append(&token, bytes);
                }
            }
        }
    }

    /// The text of tokens as the tokenizer's own decoder gives it.
    fn decode_together(&self, ids: &[u32]) -> Result<String> {
        guarded(|| self.0.inner.decode(ids, true)).map_err(|reason| Error::Tokenizer { reason })
    }
}

/// Runs the tokenizers library. It indexes by numbers that a `tokenizer.json`
/// gives, so a damaged one can make it panic.
fn guarded<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("it contradicts itself".to_owned()),
    }
}
