//! One turn: question, passages, answer.

use std::collections::VecDeque;

use mlxcode_base::{CancelToken, RelPath};
use mlxcode_context::{Budget, CodeSource, PackRequest, PackedContext};
use mlxcode_edit::{ParsedItem, ReplyParser};
use mlxcode_models::{
    Finished, GenerateOptions, GenerateRequest, Generation, GenerationEvent, LanguageModel, Prompt,
};

use crate::error::{Error, Result};
use crate::prompt::{Task, lay_out};
use crate::prompts::Prompts;

/// The most of a context that an answer may reserve: half, so that there is
/// always something to answer from.
const ANSWER_SHARE: usize = 2;

/// The most tokens of passages where nobody says: a processor without an
/// accelerator reads a prompt at some tens of tokens a second, and what ranks
/// lower seldom changes an answer.
pub const CONTEXT_TOKENS: usize = 4_096;

/// What a person asks for.
#[derive(Clone, Debug)]
pub struct TurnRequest {
    /// Answer or change.
    pub task: Task,
    /// The question or the instruction.
    pub words: String,
    /// Files to show whole, before anything that is searched for.
    pub files: Vec<RelPath>,
    /// The most tokens of passages that are searched for.
    pub context_tokens: usize,
    /// How to generate; `max_tokens` is what the answer reserves of the context.
    pub options: GenerateOptions,
    /// What the model was shown in the turn before: what of it still holds
    /// stays in front, so that a prompt cache holds.
    pub earlier: Option<PackedContext>,
    /// The words around the question.
    pub prompts: Prompts,
    /// Stops the turn within one token.
    pub cancel: CancelToken,
}

impl TurnRequest {
    /// A request with default options.
    pub fn new(task: Task, words: impl Into<String>) -> Self {
        Self {
            task,
            words: words.into(),
            files: Vec::new(),
            context_tokens: CONTEXT_TOKENS,
            options: GenerateOptions::default(),
            earlier: None,
            prompts: Prompts::default(),
            cancel: CancelToken::new(),
        }
    }
}

/// What happens in a turn, in order.
#[derive(Debug)]
#[non_exhaustive]
pub enum TurnEvent {
    /// More of the answer.
    Text(String),
    /// An edit, or a broken one, was read in full from the reply.
    Edit(ParsedItem),
    /// The end of the answer.
    Finished(Finished),
}

/// A running turn: an iterator over its events. Dropping it cancels.
#[derive(Debug)]
pub struct Turn {
    context: PackedContext,
    generation: Generation,
    reply: String,
    parser: Option<ReplyParser>,
    pending: VecDeque<TurnEvent>,
    finished: Option<Finished>,
}

impl Turn {
    /// Packs the passages that matter into the model's context and starts it.
    pub fn start<'a>(
        code: impl Into<CodeSource<'a>>,
        model: &dyn LanguageModel,
        request: TurnRequest,
    ) -> Result<Self> {
        let (context, prompt) = prepare(code.into(), model, &request)?;
        let parser = (request.task == Task::Edit).then(ReplyParser::new);
        let generate =
            GenerateRequest::new(prompt).with_options(request.options).with_cancel(request.cancel);
        let generation = model.generate(generate)?;
        Ok(Self {
            context,
            generation,
            reply: String::new(),
            parser,
            pending: VecDeque::new(),
            finished: None,
        })
    }

    /// The passages that the model was shown.
    pub fn context(&self) -> &PackedContext {
        &self.context
    }

    /// The answer as far as it has come.
    pub fn reply(&self) -> &str {
        &self.reply
    }

    /// How the answer ended; `None` while it runs.
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// The next piece of the answer's text, for callers that want nothing else;
    /// `None` at the end.
    pub fn next_text(&mut self) -> Option<Result<String>> {
        self.find_map(|event| match event {
            Ok(TurnEvent::Text(text)) => Some(Ok(text)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// Reads the answer to its end and gives it whole.
    pub fn read_to_end(&mut self) -> Result<&str> {
        self.by_ref().try_for_each(|event| event.map(drop))?;
        Ok(&self.reply)
    }

    fn take_text(&mut self, text: String) {
        self.reply.push_str(&text);
        if let Some(parser) = &mut self.parser {
            self.pending.extend(parser.push(&text).into_iter().map(TurnEvent::Edit));
        }
        if !text.is_empty() {
            self.pending.push_front(TurnEvent::Text(text));
        }
    }

    fn take_end(&mut self, finished: Finished) {
        if let Some(mut parser) = self.parser.take() {
            self.pending.extend(parser.finish().into_iter().map(TurnEvent::Edit));
        }
        self.finished = Some(finished.clone());
        self.pending.push_back(TurnEvent::Finished(finished));
    }
}

impl Iterator for Turn {
    type Item = Result<TurnEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(Ok(event));
            }
            match self.generation.next()? {
                Ok(GenerationEvent::Token(token)) => self.take_text(token.text),
                Ok(GenerationEvent::Finished(finished)) => self.take_end(finished),
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}

/// Finds the largest set of passages with which the whole prompt fits.
///
/// Tokens may join across the border between passages and question, so the
/// sum of parts is only a first guess: the rendered prompt is what counts.
fn prepare(
    code: CodeSource<'_>,
    model: &dyn LanguageModel,
    request: &TurnRequest,
) -> Result<(PackedContext, Prompt)> {
    let words = request.words.trim();
    if words.is_empty() {
        let what = if request.task == Task::Ask { "question" } else { "instruction" };
        return Err(Error::EmptyInput { what });
    }
    let context_length = model.info().context_length;
    let most = context_length / ANSWER_SHARE;
    let answer = request.options.max_tokens.unwrap_or(most).clamp(1, most.max(1));
    let frame = model.count_tokens(&lay_out(&request.prompts, request.task, "", words)?)?;
    let Some(mut room) = context_length.checked_sub(frame + answer).filter(|room| *room > 0) else {
        return Err(Error::QuestionTooLong { needed_tokens: frame, context_length });
    };
    // A tokenizer that fails on a passage would fail on the prompt below, and
    // is reported there.
    let counter = |text: &str| model.count_text(text).unwrap_or(usize::MAX);
    let mut pack = PackRequest::new(words);
    pack.files = &request.files;
    pack.earlier = request.earlier.as_ref();
    loop {
        let search_tokens = request.context_tokens;
        let budget = Budget { tokens: room, search_tokens, counter: &counter };
        let context = code.pack(&pack, &budget)?;
        let prompt = lay_out(&request.prompts, request.task, &context.render(), words)?;
        let over = (model.count_tokens(&prompt)? + answer).saturating_sub(context_length);
        if over == 0 {
            return Ok((context, prompt));
        }
        let Some(less) = room.checked_sub(over) else {
            return Err(Error::QuestionTooLong { needed_tokens: frame, context_length });
        };
        room = less;
    }
}
