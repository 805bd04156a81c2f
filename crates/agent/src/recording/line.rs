//! The lines of a recording.

use mlxcode_base::ContentHash;
use mlxcode_models::{GenerateOptions, GenerationEvent, Message, ModelInfo, Prompt};
use serde::{Deserialize, Serialize};

/// The version of the lines.
pub const RECORDING_VERSION: u32 = 1;

/// The most bytes of a recording that are read: some hundred long turns.
pub const MOST_RECORDING_BYTES: usize = 256 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first: what was recorded.
    Recording {
        /// [`RECORDING_VERSION`].
        version: u32,
        /// The model.
        model: RecordedModel,
    },
    /// How many tokens a prompt takes, by the hash of the prompt.
    Count {
        /// Of [`prompt_key`].
        key: String,
        /// The tokens.
        tokens: usize,
    },
    /// The model was asked.
    Request {
        /// Of [`request_key`].
        key: String,
        /// What it was to continue, to tell where another one differs.
        prompt: Prompt,
        /// How, in words.
        options: String,
    },
    /// Something that the answer to the last request is made of.
    Event(GenerationEvent),
    /// Something that came of an earlier request, whose reader had left.
    EarlierEvent {
        /// Which request, from one.
        request: usize,
        /// What came.
        event: GenerationEvent,
    },
    /// The request, or its answer, failed.
    Failed {
        /// Which request, from one, where it is not the last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<usize>,
        /// The kind of the error.
        kind: String,
        /// Its sentence.
        message: String,
    },
}

/// What is known of a model.
#[expect(clippy::struct_excessive_bools, reason = "as the model's own record has them")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedModel {
    name: String,
    architecture: String,
    context_length: usize,
    parameters: Option<u64>,
    weights: String,
    chat: bool,
    tools: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    good_at_tools: Option<bool>,
    thinking: bool,
    images: bool,
}

impl From<&ModelInfo> for RecordedModel {
    fn from(info: &ModelInfo) -> Self {
        Self {
            name: info.name.clone(),
            architecture: info.architecture.clone(),
            context_length: info.context_length,
            parameters: info.parameters,
            weights: info.weights.clone(),
            chat: info.chat,
            tools: info.tools,
            good_at_tools: info.good_at_tools,
            thinking: info.thinking,
            images: info.images,
        }
    }
}

impl From<RecordedModel> for ModelInfo {
    fn from(model: RecordedModel) -> Self {
        let mut info = Self::new(model.name, model.context_length);
        info.architecture = model.architecture;
        info.parameters = model.parameters;
        info.weights = model.weights;
        info.chat = model.chat;
        info.tools = model.tools;
        info.good_at_tools = model.good_at_tools;
        info.thinking = model.thinking;
        info.images = model.images;
        info
    }
}

/// Names a prompt, or a text in one.
pub fn prompt_key(what: &str, prompt: &Prompt) -> String {
    let text = serde_json::to_string(prompt).unwrap_or_default();
    ContentHash::of(format!("{what}\n{text}").as_bytes()).short()
}

/// Names a request: its prompt and how it is continued.
pub fn request_key(prompt: &Prompt, options: &GenerateOptions) -> String {
    let text = serde_json::to_string(prompt).unwrap_or_default();
    ContentHash::of(format!("{}\n{text}", options_in_words(options)).as_bytes()).to_string()
}

/// The options as text in which equal ones are equal and others differ.
pub fn options_in_words(options: &GenerateOptions) -> String {
    let sampling = &options.sampling;
    let dry = &sampling.dry;
    let bias: Vec<String> =
        sampling.logit_bias.iter().map(|(token, bias)| format!("{token}:{bias:?}")).collect();
    format!(
        "max_tokens={:?} stop={:?} temperature={:?} top_k={} top_p={:?} min_p={:?} typical_p={:?} \
         repeat_penalty={:?} presence_penalty={:?} frequency_penalty={:?} penalty_window={:?} \
         dry_multiplier={:?} dry_base={:?} dry_allowed_length={} dry_window={:?} \
         dry_breakers={:?} logit_bias=[{}] log_probabilities={:?} seed={}",
        options.max_tokens,
        options.stop,
        sampling.temperature,
        sampling.top_k,
        sampling.top_p,
        sampling.min_p,
        sampling.typical_p,
        sampling.repeat_penalty,
        sampling.presence_penalty,
        sampling.frequency_penalty,
        sampling.penalty_window,
        dry.multiplier,
        dry.base,
        dry.allowed_length,
        dry.window,
        dry.breakers,
        bias.join(","),
        sampling.log_probabilities,
        sampling.seed,
    )
}

/// Where two prompts differ first, and what stands there in each.
pub fn difference(recorded: &Prompt, asked: &Prompt) -> (String, String, String) {
    match (recorded, asked) {
        (Prompt::Text(recorded), Prompt::Text(asked)) => {
            let (line, recorded, asked) = first_line(recorded, asked);
            (format!("the text, line {line},"), recorded, asked)
        }
        (Prompt::Chat(one), Prompt::Chat(other)) => {
            let pairs = one.messages.iter().zip(&other.messages);
            for (number, (recorded, asked)) in pairs.enumerate() {
                if recorded != asked {
                    return message_difference(number + 1, recorded, asked);
                }
            }
            if one.messages.len() != other.messages.len() {
                let count = |chat: &[Message]| format!("{} messages", chat.len());
                let place = "the number of messages".to_owned();
                return (place, count(&one.messages), count(&other.messages));
            }
            let rest = |chat: &mlxcode_models::Chat| {
                let tools: Vec<&str> = chat.tools.iter().map(|tool| &*tool.name).collect();
                cut(&format!("{tools:?}, thinking {:?}", chat.thinking))
            };
            ("what goes with the messages".to_owned(), rest(one), rest(other))
        }
        _ => ("the kind of the prompt".to_owned(), kind_word(recorded), kind_word(asked)),
    }
}

fn kind_word(prompt: &Prompt) -> String {
    if matches!(prompt, Prompt::Text(_)) { "a text" } else { "a conversation" }.to_owned()
}

fn message_difference(
    number: usize,
    recorded: &Message,
    asked: &Message,
) -> (String, String, String) {
    if recorded.role == asked.role && recorded.content != asked.content {
        let (line, one, other) = first_line(&recorded.content, &asked.content);
        return (format!("message {number} of {}, line {line},", recorded.role), one, other);
    }
    let whole = |message: &Message| cut(&serde_json::to_string(message).unwrap_or_default());
    (format!("message {number}"), whole(recorded), whole(asked))
}

/// The first line that differs, from one, and what it is in both.
fn first_line(recorded: &str, asked: &str) -> (usize, String, String) {
    let (mut one, mut other) = (recorded.lines(), asked.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (one.next(), other.next()) {
            (None, None) => return (number, "its end".to_owned(), "its end".to_owned()),
            (one, other) if one == other => {}
            (one, other) => {
                let word = |line: Option<&str>| line.map_or("the end".to_owned(), cut);
                return (number, word(one), word(other));
            }
        }
    }
}

/// The beginning of a line: what fits into a message.
pub fn cut(text: &str) -> String {
    const MOST_CHARS: usize = 120;
    let short: String = text.chars().take(MOST_CHARS).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
