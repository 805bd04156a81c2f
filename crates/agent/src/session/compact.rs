//! What is done when a conversation does not fit into the model's context:
//! what costs most and tells least goes first, and it is said.

use mlxcode_models::{Message, Role};

use super::event::{Compaction, Event};
use super::summary::Summary;
use super::worker::Worker;
use crate::error::{Error, Result};

/// What a conversation takes of the room afterwards, in percent, so that it is
/// not made shorter again in the very next turn.
const TARGET_PERCENT: usize = 60;

/// The newest turns whose words stay as they are.
const TURNS_KEPT: u64 = 2;

impl Worker<'_> {
    /// Makes the conversation shorter where the next answer would not fit, and
    /// gives the tokens of the prompt.
    ///
    /// # Errors
    /// What does not fit however short the rest is.
    pub fn fit(&mut self) -> Result<usize> {
        let room = self.room();
        let tokens = self.prompt_tokens(None)?;
        if tokens <= room {
            return Ok(tokens);
        }
        let mut done = self.shorten(tokens, room * TARGET_PERCENT / 100, self.state.turn, "")?;
        // A turn that has begun goes on with shorter answers before it loses
        // what it works on, and with that lost before it fails.
        let most = room.max(self.parts.model.info().context_length - self.later_tokens());
        for place in 0..self.state.entries.len() {
            if done.after_tokens <= most {
                break;
            }
            if self.drop_passages(place) {
                done.passages += 1;
                done.after_tokens = self.prompt_tokens(None)?;
                self.state.context = None;
                self.state.instructed.clear();
            }
        }
        let after = done.after_tokens;
        if after > most {
            return Err(self.too_long(after));
        }
        if after < tokens {
            self.told(done);
        }
        Ok(after)
    }

    /// Makes room for a new question, and gives the tokens that are free for
    /// passages.
    pub fn make_room(&mut self, words: &str) -> Result<usize> {
        let room = self.room();
        let tokens = self.prompt_tokens(Some(words))?;
        let before = self.state.turn;
        let done = self.shorten(tokens, room * TARGET_PERCENT / 100, before, words)?;
        let after = done.after_tokens;
        if after > room {
            return Err(self.too_long(after));
        }
        if done.after_tokens < done.before_tokens {
            self.told(done);
        }
        Ok((room - after).saturating_sub(self.later_tokens()))
    }

    /// Makes the conversation as short as it gets without losing the newest
    /// turns.
    pub fn compact_all(mut self) -> Result<Compaction> {
        let tokens = self.prompt_tokens(None)?;
        let newest = self.state.turn + 1;
        let done = self.shorten(tokens, 0, newest, "")?;
        if let Some(log) = &self.parts.log {
            log.history(&self.state.entries);
        }
        Ok(done)
    }

    fn told(&mut self, done: Compaction) {
        if let Some(log) = &self.parts.log {
            log.history(&self.state.entries);
        }
        self.emit(Event::Compacted(done));
    }

    /// The tokens that a prompt may take.
    fn room(&self) -> usize {
        self.parts.model.info().context_length.saturating_sub(self.answer_tokens())
    }

    fn too_long(&self, needed_tokens: usize) -> Error {
        let context_length = self.parts.model.info().context_length;
        Error::QuestionTooLong { needed_tokens, context_length }
    }

    /// Takes away until `target` is reached: answers of tools, passages of
    /// code, turns; the oldest first, and of the turn `newest` only what is not
    /// its last.
    fn shorten(
        &mut self,
        tokens: usize,
        target: usize,
        newest: u64,
        words: &str,
    ) -> Result<Compaction> {
        let mut done = Compaction { before_tokens: tokens, ..Compaction::default() };
        let mut now = tokens;
        let count = |worker: &Self| worker.prompt_tokens(Some(words).filter(|it| !it.is_empty()));
        let last = self.state.entries.len().saturating_sub(1);
        for place in 0..last {
            if now <= target {
                break;
            }
            if self.drop_result(place) {
                done.tool_results += 1;
                now = count(self)?;
            }
        }
        for place in 0..self.state.entries.len() {
            if now <= target {
                break;
            }
            if self.state.entries[place].turn < newest && self.drop_passages(place) {
                done.passages += 1;
                now = count(self)?;
            }
        }
        if done.passages > 0 {
            // What is not told any more has to be packed again where it matters.
            self.state.context = None;
            self.state.instructed.clear();
        }
        if now > target {
            let before = newest.saturating_sub(TURNS_KEPT);
            self.summarise(before, &mut done);
            now = count(self)?;
        }
        if now > self.room() && target > 0 {
            self.summarise(newest.saturating_sub(1), &mut done);
            now = count(self)?;
        }
        done.after_tokens = now;
        Ok(done)
    }

    fn drop_result(&mut self, place: usize) -> bool {
        let message = &mut self.state.entries[place].message;
        if message.role != Role::Tool || message.content.len() <= DROPPED.len() {
            return false;
        }
        DROPPED.clone_into(&mut message.content);
        true
    }

    fn drop_passages(&mut self, place: usize) -> bool {
        let Some(words) = &self.state.entries[place].words else { return false };
        let told = self.state.noted(place, words);
        let entry = &mut self.state.entries[place];
        if told.len() >= entry.message.content.len() {
            return false;
        }
        entry.message.content = told;
        entry.message.images.clear();
        true
    }

    /// Puts a summary in place of all turns up to one.
    fn summarise(&mut self, until: u64, done: &mut Compaction) {
        let old = self.state.entries.iter().take_while(|entry| entry.turn <= until).count();
        if old == 0 {
            return;
        }
        let said: Vec<_> = self.state.entries.drain(..old).collect();
        let turns = said.iter().map(|entry| entry.turn).collect::<std::collections::BTreeSet<_>>();
        self.state.context = None;
        self.state.instructed.clear();
        let summary = self.summary(said.iter().map(|entry| &entry.message));
        done.turns += turns.len();
        let note = match summary {
            Some(Summary { text, model }) => {
                done.summarised_by = Some(model);
                format!("What was said before, in short:\n{text}\n\n")
            }
            None => "What was said before is not told any more.\n\n".to_owned(),
        };
        match self.state.entries.first_mut() {
            Some(first) if first.message.role == Role::User => {
                if let Some(words) = &mut first.words {
                    words.insert_str(0, &note);
                }
                first.message.content.insert_str(0, &note);
            }
            _ => {
                let turn = until;
                let note = note.trim_end().to_owned();
                let user = Message::user(note.clone());
                let entry = super::Entry { turn, message: user, words: Some(note), note: None };
                let answer = Message::assistant("I go on from there.");
                let answer = super::Entry { turn, message: answer, words: None, note: None };
                self.state.entries.splice(..0, [entry, answer]);
            }
        }
    }
}

/// What stands in place of a tool's answer.
const DROPPED: &str = "(this answer was dropped to make room)";
