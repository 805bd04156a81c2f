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

use serde_json::Value;
use tokenizers::{AddedToken, Tokenizer as Inner};

use super::{Tokenizer, guarded};
use crate::chat::{Chat, Message, Role};
use crate::error::{Error, Result};
use crate::template::ChatTemplate;

/// For private use: no text that people share has a meaning for them.
const MARKS: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';

/// A conversation as token numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedChat {
    /// The tokens, up to where the answer begins.
    pub ids: Vec<u32>,
    /// The mark of the thought that the prompt opened and the answer goes on
    /// with.
    pub opened_thought: Option<&'static str>,
}

impl Tokenizer {
    /// The token numbers of a conversation as the model was trained to read
    /// it, up to where its answer begins. A model without a template gets the
    /// messages one below the other. Special tokens in what is said, called,
    /// answered or told of a tool are text.
    pub fn encode_chat(&self, template: Option<&ChatTemplate>, chat: &Chat) -> Result<EncodedChat> {
        let lay_out = |chat: &Chat| {
            if let Some(template) = template {
                return template.render(chat, true);
            }
            let chat = crate::template::said(chat);
            let parts: Vec<&str> = chat.messages.iter().map(|one| one.content.trim()).collect();
            Ok(parts.join("\n\n") + "\n\nAnswer:")
        };
        // A template writes the special tokens around a text itself.
        let special = template.is_none();
        let (text, ids) = match self.mark(template, chat) {
            None => {
                let text = lay_out(chat)?;
                let ids = self.encode(&text, special)?;
                (text, ids)
            }
            Some((marked, mark)) => {
                let mut text = lay_out(&marked)?;
                // A template that writes JSON in ASCII.
                let escaped = format!("\\u{:04x}", u32::from(mark));
                if text.contains(&escaped) {
                    text = text.replace(&escaped, &mark.to_string());
                }
                let ids = self.encode_marked(&text, mark, special)?;
                (text, ids)
            }
        };
        let opened_thought = template.and_then(|_| ChatTemplate::opened_thought(&text));
        Ok(EncodedChat { ids, opened_thought })
    }

    /// The token numbers of messages, as [`encode_chat`](Self::encode_chat)
    /// gives them.
    pub fn encode_messages(
        &self,
        template: Option<&ChatTemplate>,
        messages: &[Message],
    ) -> Result<Vec<u32>> {
        Ok(self.encode_chat(template, &Chat::from(messages))?.ids)
    }

    /// The number of tokens of a text that stands in a message of somebody else:
    /// special tokens that are written out in it are text.
    pub fn count_text(&self, template: Option<&ChatTemplate>, text: &str) -> Result<usize> {
        let chat = Chat::from([Message::user(text)]);
        Ok(match self.mark(template, &chat) {
            None => self.encode(text, false)?.len(),
            Some((marked, mark)) => {
                let text = marked.messages.first().map_or("", |message| message.content.as_str());
                self.encode_marked(text, mark, false)?.len()
            }
        })
    }

    /// The conversation with a mark in each spelling of a special token; `None`
    /// where there is none.
    fn mark(&self, template: Option<&ChatTemplate>, chat: &Chat) -> Option<(Chat, char)> {
        let source = template.map_or("", ChatTemplate::source);
        let spellings = Spellings(
            self.added()
                .filter(|token| token.special || says(source, &token.content))
                .map(|token| (token.content.as_str(), token.special))
                // Nothing can be set into a single character.
                .filter(|(spelling, _)| spelling.chars().nth(1).is_some())
                .collect(),
        );
        let mut is_forged = false;
        let mut used = BTreeSet::new();
        let mut look = chat.clone();
        each_text(&mut look, &mut |text, own| {
            is_forged |= !spellings.cuts(text, own).is_empty();
            used.extend(text.chars().filter(|c| MARKS.contains(c)));
        });
        if !is_forged {
            return None;
        }
        let free = |mark: &char| !source.contains(*mark) && !used.contains(mark);
        // Six thousand different ones in a conversation are noise; a mark that
        // goes astray loses a character of it.
        let mark = MARKS.into_iter().find(free).unwrap_or('\u{f8ff}');
        each_text(&mut look, &mut |text, own| {
            let cuts = spellings.cuts(text, own);
            let mut marked = String::with_capacity(text.len() + 3 * cuts.len());
            let mut from = 0;
            for cut in cuts {
                marked.push_str(&text[from..cut]);
                marked.push(mark);
                from = cut;
            }
            marked.push_str(&text[from..]);
            *text = marked;
        });
        Some((look, mark))
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

/// How tokens are written that a text must not hold, and whether they are
/// special.
struct Spellings<'t>(Vec<(&'t str, bool)>);

impl Spellings<'_> {
    /// Behind the first character of each. What a model wrote itself holds the
    /// tokens of its own reasoning, which the template looks for.
    fn cuts(&self, text: &str, own: bool) -> BTreeSet<usize> {
        let mut cuts = BTreeSet::new();
        for (spelling, _) in self.0.iter().filter(|(_, special)| *special || !own) {
            let first = spelling.chars().next().map_or(1, char::len_utf8);
            cuts.extend(text.match_indices(spelling).map(|(at, _)| at + first));
        }
        cuts
    }
}

/// Visits each text of a conversation that somebody wrote, with whether it is
/// what the model said itself.
fn each_text(chat: &mut Chat, visit: &mut dyn FnMut(&mut String, bool)) {
    for message in &mut chat.messages {
        let own = message.role == Role::Assistant;
        visit(&mut message.content, own);
        if let Some(thinking) = &mut message.thinking {
            visit(thinking, own);
        }
        for call in &mut message.tool_calls {
            // No template looks for anything in there.
            visit(&mut call.name, false);
            each_value(&mut call.arguments, visit);
        }
    }
    for tool in &mut chat.tools {
        visit(&mut tool.name, false);
        visit(&mut tool.description, false);
        each_value(&mut tool.parameters, visit);
    }
}

fn each_value(value: &mut Value, visit: &mut dyn FnMut(&mut String, bool)) {
    match value {
        Value::String(text) => visit(text, false),
        Value::Array(values) => values.iter_mut().for_each(|value| each_value(value, visit)),
        Value::Object(map) => {
            let all = std::mem::take(map);
            for (mut key, mut value) in all {
                visit(&mut key, false);
                each_value(&mut value, visit);
                map.insert(key, value);
            }
        }
        _ => {}
    }
}

/// Whether a template writes a token. Some files do not say of the tokens that
/// separate turns that they are special; runs of spaces are no such tokens.
fn says(template: &str, token: &str) -> bool {
    token.contains(|c: char| c.is_ascii_punctuation()) && template.contains(token)
}
