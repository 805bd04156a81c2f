use mlxcode_base::CancelToken;
use mlxcode_models::{
    FinishReason, GenerateOptions, GenerateRequest, GenerationEvent, LanguageModel, Prompt, Usage,
};

use super::error::{TaskError, TaskResult};

/// The most of a context that an answer reserves.
const ANSWER_SHARE: usize = 3;

/// Asks a model for single answers, and counts what that takes.
pub struct Asker<'m> {
    model: &'m dyn LanguageModel,
    options: GenerateOptions,
    cancel: CancelToken,
    told: Option<&'m (dyn Fn(&str) + Sync)>,
    usage: Usage,
    answers: usize,
    cut: bool,
}

impl<'m> Asker<'m> {
    /// An asker with default options: greedy, so that the same question gets
    /// the same answer.
    pub fn new(model: &'m dyn LanguageModel, cancel: &CancelToken) -> Self {
        Self {
            model,
            options: GenerateOptions::default(),
            cancel: cancel.clone(),
            told: None,
            usage: Usage::default(),
            answers: 0,
            cut: false,
        }
    }

    /// Sets how answers are generated; a task sets `max_tokens` itself.
    pub fn with_options(mut self, options: GenerateOptions) -> Self {
        self.options = options;
        self
    }

    /// Tells each step in a few words, for a line of progress.
    pub fn telling(mut self, told: &'m (dyn Fn(&str) + Sync)) -> Self {
        self.told = Some(told);
        self
    }

    /// The model.
    pub fn model(&self) -> &'m dyn LanguageModel {
        self.model
    }

    /// Tokens of all prompts and answers so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// How many answers were asked for.
    pub fn answers(&self) -> usize {
        self.answers
    }

    /// Whether the last answer was cut by its limit.
    pub fn was_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    pub(crate) fn tell(&self, what: &str) {
        if let Some(told) = self.told {
            told(what);
        }
    }

    /// How many tokens a text may have that goes into a prompt beside
    /// `frame`, where the answer takes at most `answer`.
    pub(crate) fn room(&self, frame: &Prompt, answer: usize) -> TaskResult<usize> {
        let context_length = self.model.info().context_length;
        let needed_tokens = self.model.count_tokens(frame)?;
        let answer = answer.min(context_length / ANSWER_SHARE);
        // Tokens join and part at the borders of what is put in.
        let slack = 16;
        context_length
            .checked_sub(needed_tokens + answer + slack)
            .filter(|room| *room > 0)
            .ok_or(TaskError::NoRoom { needed_tokens, context_length })
    }

    pub(crate) fn count(&self, text: &str) -> TaskResult<usize> {
        Ok(self.model.count_text(text)?)
    }

    /// One answer, without what the model thought before it.
    pub fn ask(&mut self, prompt: Prompt, max_tokens: usize) -> TaskResult<String> {
        self.ask_aloud(prompt, max_tokens, &mut |_| {})
    }

    /// As [`ask`](Self::ask); `heard` gets the text as it comes, thoughts
    /// included.
    pub fn ask_aloud(
        &mut self,
        prompt: Prompt,
        max_tokens: usize,
        heard: &mut dyn FnMut(&str),
    ) -> TaskResult<String> {
        let most = self.model.info().context_length / ANSWER_SHARE;
        let max_tokens = Some(max_tokens.min(most.max(1)));
        let options = GenerateOptions { max_tokens, ..self.options.clone() };
        // An answer that was read to its end cancels its own token.
        let request =
            GenerateRequest::new(prompt).with_options(options).with_cancel(self.cancel.child());
        self.answers += 1;
        let mut text = String::new();
        for event in self.model.generate(request)? {
            match event? {
                GenerationEvent::Token(token) => {
                    heard(&token.text);
                    text.push_str(&token.text);
                }
                GenerationEvent::Finished(finished) => {
                    self.usage.prompt_tokens += finished.usage.prompt_tokens;
                    self.usage.completion_tokens += finished.usage.completion_tokens;
                    self.cut = finished.reason == FinishReason::Length;
                    if finished.reason == FinishReason::Cancelled {
                        return Err(TaskError::Cancelled);
                    }
                }
                _ => {}
            }
        }
        Ok(without_thought(&text))
    }
}

/// An answer without the part in which its model thinks. One that is left open
/// is all thought where something stands before it, and all answer where not.
///
/// A conversation's reader has to decide while the text comes, and takes a mark
/// within a line for text; here all of it is known, and no answer of a task
/// writes about these marks.
fn without_thought(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    // Templates that open the thought themselves leave only its end.
    if let (Some(end), start) = (rest.find("</think>"), rest.find("<think>"))
        && start.is_none_or(|start| end < start)
    {
        rest = &rest[end + "</think>".len()..];
    }
    while let Some(start) = rest.find("<think>") {
        kept.push_str(&rest[..start]);
        let inner = &rest[start + "<think>".len()..];
        rest = match inner.find("</think>") {
            Some(end) => &inner[end + "</think>".len()..],
            None if kept.trim().is_empty() => inner,
            None => "",
        };
        if !rest.contains("<think>") {
            break;
        }
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_left_out() {
        for (text, expect) in [
            ("plain", "plain"),
            ("<think>a</think>\n\nb", "b"),
            ("thought</think>b", "b"),
            ("a <think>x</think> b <think>y</think> c", "a  b  c"),
            ("a <think>open", "a"),
            ("<think>open", "open"),
        ] {
            assert_eq!(without_thought(text), expect, "{text}");
        }
    }
}
