//! `mlx-code generate`: the bare model.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use mlxcode_core::{
    FinishReason, GenerateOptions, GenerateRequest, GenerationEvent, InputError, LoadedConfig,
    Message, ModelTask, Prompt,
};

use crate::args::Generate;
use crate::command::{Common, dirs, model_for};
use crate::exit::{Outcome, written};
use crate::exit_code::{CANCELLED, SUCCESS};
use crate::host::Host;
use crate::output::json::{self, FinishedOutput, GenerateOutput, TokenOutput};

/// Runs the verb.
pub fn run(args: Generate, common: &Common, host: &mut Host<'_>) -> Outcome {
    let prompt = match (&args.prompt, &args.messages) {
        (Some(text), _) => Prompt::text(text),
        (None, Some(path)) => Prompt::messages(read_messages(path, host)?),
        (None, None) => Prompt::text(""),
    };
    let dirs = dirs(host)?;
    let config = LoadedConfig::read(&dirs, None)?.config;
    let model = model_for(ModelTask::Generate, &args.computing, common, host, &config)?;
    let request =
        GenerateRequest::new(prompt).with_options(options(args)).with_cancel(host.cancel.clone());

    let mut text = String::new();
    let mut tokens = Vec::new();
    let mut cancelled = false;
    for event in model.generate(request)? {
        match event? {
            GenerationEvent::Token(token) => {
                if !common.json {
                    written(host.stream(&token.text))?;
                }
                text.push_str(&token.text);
                tokens.push(TokenOutput::from(token));
            }
            GenerationEvent::Finished(end) => {
                cancelled = end.reason == FinishReason::Cancelled;
                let finished = FinishedOutput::new(&end);
                let model = model.info().name.clone();
                if common.json {
                    let text = std::mem::take(&mut text);
                    let tokens = std::mem::take(&mut tokens);
                    let document = GenerateOutput { model, text, tokens, finished };
                    json::write(host, &common.routed(document))?;
                } else {
                    written(writeln!(host.output))?;
                }
            }
            _ => {}
        }
    }
    Ok(if cancelled { CANCELLED } else { SUCCESS })
}

fn options(args: Generate) -> GenerateOptions {
    GenerateOptions {
        max_tokens: Some(args.max_tokens),
        sampling: args.sampling.options(),
        stop: args.stop,
    }
}

fn read_messages(path: &Path, host: &mut Host<'_>) -> Outcome<Vec<Message>> {
    let text = read_text(path, host)?;
    let messages = serde_json::from_str(&text)
        .map_err(|source| InputError::Messages { path: path.to_owned(), source })?;
    Ok(messages)
}

/// A reply or a conversation is text that a model wrote or reads: more than
/// this is something else.
const MOST_TEXT_BYTES: u64 = 64 << 20;

/// Reads a whole file, or the standard input for `-`.
pub fn read_text(path: &Path, host: &mut Host<'_>) -> Outcome<String> {
    let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let most = MOST_TEXT_BYTES + 1;
    if path == Path::new("-") {
        if host.input_is_typed {
            written(writeln!(host.messages, "reading from the terminal; Ctrl-D ends the text"))?;
        }
        let input = (&mut *host.input).take(most);
        host.waiting.during(|| { input }.read_to_end(&mut bytes)).map_err(unreadable)?;
    } else {
        let path = host.current_dir.join(path);
        // Opening a pipe waits until somebody writes into it.
        let read = || File::open(path)?.take(most).read_to_end(&mut bytes);
        host.waiting.during(read).map_err(unreadable)?;
    }
    if bytes.len() as u64 == most {
        return Err(InputError::TextTooLong { path: path.to_owned(), most: MOST_TEXT_BYTES }.into());
    }
    Ok(String::from_utf8(bytes).map_err(|_| InputError::NotUtf8 { path: path.to_owned() })?)
}
