//! What was said, in few words of a model.

use minijinja::context;
use mlxcode_base::Diagnostic as _;
use mlxcode_models::{
    GenerateOptions, GenerateRequest, GenerationEvent, LanguageModel, Message, ReplyOptions,
    ReplyPiece, ReplyReader,
};

use super::event::Event;
use super::worker::Worker;
use crate::error::Result;

/// The most tokens of a summary.
const SUMMARY_TOKENS: usize = 512;

/// A summary, and who made it.
pub(super) struct Summary {
    pub text: String,
    /// The model's name.
    pub model: String,
}

impl Worker<'_> {
    /// Sums up what was said: by the model for it, where there is one, and by
    /// that of the conversation where there is none or it cannot. `None` where
    /// nobody can.
    pub(super) fn summary<'m>(
        &mut self,
        said: impl Iterator<Item = &'m Message>,
    ) -> Option<Summary> {
        let text: String = said.map(line).collect();
        let own = &self.parts.model;
        if let Some(other) = self.parts.summaries.clone() {
            let why = match self.summary_by(&*other, &text) {
                Ok(Some(summary)) => return Some(summary),
                Ok(None) if self.cancel.is_cancelled() => return None,
                Ok(None) => "it said nothing".to_owned(),
                Err(error) => match error.help() {
                    Some(help) => format!("{error}; {help}"),
                    None => error.to_string(),
                },
            };
            let (other, own) = (&other.info().name, &own.info().name);
            let text = format!("{own} sums up what was said, since {other} could not: {why}");
            self.emit(Event::Notice { text });
        }
        let own = self.parts.model.clone();
        self.summary_by(&*own, &text).ok().flatten()
    }

    /// `None` where the model says nothing.
    fn summary_by(&self, model: &dyn LanguageModel, text: &str) -> Result<Option<Summary>> {
        // Its own model counts: the other one would have to be opened for it,
        // and it knows best what it has no room for.
        let counter = &self.parts.model;
        let context_length = model.info().context_length;
        // As much again for what is said around it, and for another way to count.
        let most = context_length - (SUMMARY_TOKENS * 2).min(context_length / 2);
        let mut text = text;
        while counter.count_text(text)? > most {
            // The newest matters most.
            let mut middle = text.len() / 4 + 1;
            while !text.is_char_boundary(middle) {
                middle += 1;
            }
            text = &text[middle..];
        }
        let prompt = self.options.prompts.render("summarise", context! { text })?;
        let options =
            GenerateOptions { max_tokens: Some(SUMMARY_TOKENS), ..self.options.generate.clone() };
        // Dropping a generation cancels it, and it alone.
        let cancel = self.cancel.child();
        let request = GenerateRequest::new(prompt).with_options(options).with_cancel(cancel);
        let mut reader = ReplyReader::new(ReplyOptions::default());
        let mut said = String::new();
        let mut take = |pieces: Vec<ReplyPiece>| {
            for piece in pieces {
                if let ReplyPiece::Text(more) = piece {
                    said.push_str(&more);
                }
            }
        };
        for event in model.generate(request)? {
            if let GenerationEvent::Token(token) = event? {
                take(reader.push(&token.text));
            }
        }
        take(reader.finish());
        let model = model.info().name.clone();
        let text = said.trim().to_owned();
        Ok((!text.is_empty()).then_some(Summary { text, model }))
    }
}

/// A message, as it is summed up.
fn line(message: &Message) -> String {
    let calls = message.tool_calls.iter();
    let calls: String = calls.map(|call| format!(" [{} {}]", call.name, call.arguments)).collect();
    format!("{}: {}{calls}\n\n", message.role, message.content.trim())
}
