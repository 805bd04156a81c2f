//! The tokens of a conversation.
//!
//! A special token that stands written out in a message, such as
//! `<|im_end|>`, is text like any other: whoever wrote a file that is quoted
//! there must not end the turn. The template's own special tokens, which lie
//! around the messages, are what they mean.
//!
//! A mark is set into each such spelling before the template is rendered, so
//! that it survives whatever the template does with the message. Afterwards
//! the stretches between special tokens that hold a mark are encoded again,
//! without it and without any special token. All others stay as they are.

use std::collections::BTreeSet;

use tokenizers::{AddedToken, Tokenizer as Inner};

use super::{Tokenizer, guarded};
use crate::chat::{Message, Role};
use crate::error::{Error, Result};
use crate::template::ChatTemplate;

/// For private use: no text that people share has a meaning for them.
const MARKS: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';

impl Tokenizer {
    /// The token numbers of a conversation as the model was trained to read
    /// it, up to where its answer begins. A model without a template gets the
    /// messages one below the other. Special tokens in a message are text.
    pub fn encode_messages(
        &self,
        template: Option<&ChatTemplate>,
        messages: &[Message],
    ) -> Result<Vec<u32>> {
        let lay_out = |messages: &[Message]| {
            if let Some(template) = template {
                return template.render(messages, true);
            }
            let parts: Vec<&str> = messages.iter().map(|one| one.content.trim()).collect();
            Ok(parts.join("\n\n") + "\n\nAnswer:")
        };
        // A template writes the special tokens around a text itself.
        let special = template.is_none();
        let Some((marked, mark)) = self.mark(template, messages) else {
            return self.encode(&lay_out(messages)?, special);
        };
        self.encode_marked(&lay_out(&marked)?, mark, special)
    }

    /// The number of tokens of a text that stands in a message of somebody else:
    /// special tokens that are written out in it are text.
    pub fn count_text(&self, template: Option<&ChatTemplate>, text: &str) -> Result<usize> {
        let message = [Message::user(text)];
        Ok(match self.mark(template, &message) {
            None => self.encode(text, false)?.len(),
            Some((marked, mark)) => {
                let text = marked.first().map_or("", |message| message.content.as_str());
                self.encode_marked(text, mark, false)?.len()
            }
        })
    }

    /// The messages with a mark in each spelling of a special token; `None`
    /// where there is none.
    fn mark(
        &self,
        template: Option<&ChatTemplate>,
        messages: &[Message],
    ) -> Option<(Vec<Message>, char)> {
        let source = template.map_or("", ChatTemplate::source);
        let spellings: Vec<(&str, bool)> = self
            .added()
            .filter(|token| token.special || says(source, &token.content))
            .map(|token| (token.content.as_str(), token.special))
            // Nothing can be set into a single character.
            .filter(|(spelling, _)| spelling.chars().nth(1).is_some())
            .collect();
        let forged = |message: &Message| {
            // What a model wrote itself holds the tokens of its own reasoning,
            // which the template looks for.
            let own = message.role == Role::Assistant;
            let mut cuts = BTreeSet::new();
            for (spelling, _) in spellings.iter().filter(|(_, special)| *special || !own) {
                let first = spelling.chars().next().map_or(1, char::len_utf8);
                let found = message.content.match_indices(spelling);
                cuts.extend(found.map(|(at, _)| at + first));
            }
            cuts
        };
        let cuts: Vec<BTreeSet<usize>> = messages.iter().map(forged).collect();
        if cuts.iter().all(BTreeSet::is_empty) {
            return None;
        }
        let free = |mark: &char| {
            !source.contains(*mark) && !messages.iter().any(|one| one.content.contains(*mark))
        };
        // Six thousand different ones in a conversation are noise; a mark that
        // goes astray loses a character of it.
        let mark = MARKS.into_iter().find(free).unwrap_or('\u{f8ff}');
        let marked = messages.iter().zip(cuts).map(|(message, cuts)| {
            let mut content = String::with_capacity(message.content.len() + 3 * cuts.len());
            let mut from = 0;
            for cut in cuts {
                content.push_str(&message.content[from..cut]);
                content.push(mark);
                from = cut;
            }
            content.push_str(&message.content[from..]);
            Message { content, ..message.clone() }
        });
        Some((marked.collect(), mark))
    }

    fn encode_marked(&self, text: &str, mark: char, special: bool) -> Result<Vec<u32>> {
        let reason = |reason| Error::Tokenizer { reason };
        let encoding = guarded(|| self.0.inner.encode(text, special)).map_err(reason)?;
        let around = encoding.get_special_tokens_mask();
        let tokens = encoding.get_ids().iter().zip(encoding.get_offsets()).zip(around);
        let mut ids = Vec::with_capacity(encoding.len());
        let mut stretch = Vec::new();
        let mut from = 0;
        for ((id, (start, end)), around) in tokens {
            // Those that the tokenizer puts around the text have no place in it.
            let (start, end) = if *around == 1 { (None, from) } else { (Some(*start), *end) };
            if start.is_some() && !self.is_added(*id) {
                stretch.push(*id);
                continue;
            }
            let until = start.or((!stretch.is_empty()).then_some(text.len())).unwrap_or(from);
            let between = text.get(from..until).unwrap_or_default();
            self.close(between, mark, &mut stretch, &mut ids)?;
            ids.push(*id);
            from = end.max(until);
        }
        self.close(text.get(from..).unwrap_or_default(), mark, &mut stretch, &mut ids)?;
        if let Some(first) = self.0.first.filter(|first| special && ids.first() != Some(first)) {
            ids.insert(0, first);
        }
        Ok(ids)
    }

    /// Adds the tokens of the text between two special ones.
    fn close(
        &self,
        between: &str,
        mark: char,
        stretch: &mut Vec<u32>,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let found = std::mem::take(stretch);
        if !between.contains(mark) {
            ids.extend(found);
            return Ok(());
        }
        let plain = self.plain(&between.replace(mark, ""))?;
        if plain.iter().any(|id| self.is_special(*id)) {
            // A vocabulary that has the spelling as a word as well.
            for part in between.split(mark) {
                ids.extend(self.plain(part)?);
            }
        } else {
            ids.extend(plain);
        }
        Ok(())
    }

    /// The tokens of a text in which nothing is special.
    pub(super) fn plain(&self, text: &str) -> Result<Vec<u32>> {
        let plain = self.0.plain.get_or_init(|| {
            let inner = &self.0.inner;
            let mut plain = Inner::new(inner.get_model().clone());
            // They were taken once and so are again.
            let _ = plain.with_normalizer(inner.get_normalizer().cloned());
            plain.with_pre_tokenizer(inner.get_pre_tokenizer().cloned());
            plain
        });
        let encoding = guarded(|| plain.encode_fast(text, false));
        let encoding = encoding.map_err(|reason| Error::Tokenizer { reason })?;
        Ok(encoding.get_ids().to_vec())
    }

    fn added(&self) -> impl Iterator<Item = &AddedToken> {
        self.0.inner.get_added_vocabulary().get_added_tokens_decoder().values()
    }

    fn is_added(&self, id: u32) -> bool {
        self.0.inner.get_added_vocabulary().get_added_tokens_decoder().contains_key(&id)
    }

    pub(super) fn is_special(&self, id: u32) -> bool {
        let added = self.0.inner.get_added_vocabulary().get_added_tokens_decoder();
        added.get(&id).is_some_and(|token| token.special)
    }
}

/// Whether a template writes a token. Some files do not say of the tokens that
/// separate turns that they are special; runs of spaces are no such tokens.
fn says(template: &str, token: &str) -> bool {
    token.contains(|c: char| c.is_ascii_punctuation()) && template.contains(token)
}
