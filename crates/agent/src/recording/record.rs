use std::collections::HashSet;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mlxcode_base::{BoxDiagnostic, Diagnostic as _};
use mlxcode_models::{
    Error, GenerateRequest, Generation, GenerationEvent, LanguageModel, ModelInfo, Prompt, Result,
    generation_channel,
};

use super::error::RecordingError;
use super::line::{Line, RECORDING_VERSION, options_in_words, prompt_key, request_key};

/// A model that writes down what it is asked and what it answers.
///
/// Each item is flushed as it comes. An answer goes through a thread of its
/// own, which writes it before it is read. A recording holds what was said,
/// files of the project among it.
pub struct RecordingModel<M> {
    model: M,
    sink: Arc<Sink>,
}

struct Sink(Mutex<Open>);

struct Open {
    writer: Box<dyn Write + Send>,
    counted: HashSet<String>,
    /// How many requests were made.
    requests: usize,
}

impl<M: fmt::Debug> fmt::Debug for RecordingModel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingModel").field("model", &self.model).finish_non_exhaustive()
    }
}

impl<M: LanguageModel> RecordingModel<M> {
    /// Records `model` into `writer`, such as a new file.
    pub fn new(
        model: M,
        writer: impl Write + Send + 'static,
    ) -> std::result::Result<Self, RecordingError> {
        let open = Open { writer: Box::new(writer), counted: HashSet::new(), requests: 0 };
        let sink = Arc::new(Sink(Mutex::new(open)));
        let head = Line::Recording { version: RECORDING_VERSION, model: model.info().into() };
        sink.write(&head).map_err(|source| RecordingError::Unwritable { source })?;
        Ok(Self { model, sink })
    }

    fn count(
        &self,
        what: &str,
        prompt: &Prompt,
        count: impl FnOnce() -> Result<usize>,
    ) -> Result<usize> {
        let tokens = count()?;
        let key = prompt_key(what, prompt);
        self.sink.write_count(key, tokens)?;
        Ok(tokens)
    }
}

impl<M: LanguageModel> LanguageModel for RecordingModel<M> {
    fn info(&self) -> &ModelInfo {
        self.model.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.count("prompt", prompt, || self.model.count_tokens(prompt))
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.count("text", &Prompt::text(text), || self.model.count_text(text))
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let number = self.sink.begin(&Line::Request {
            key: request_key(&request.prompt, &request.options),
            prompt: request.prompt.clone(),
            options: options_in_words(&request.options),
        })?;
        let cancel = request.cancel.clone();
        let answer =
            self.model.generate(request).inspect_err(|error| self.sink.fail(number, error))?;
        let (sender, generation) = generation_channel(cancel);
        let sink = Arc::clone(&self.sink);
        let relay = move || {
            // Who stops reading drops the answer, which stops the model.
            for event in answer {
                let written = match &event {
                    Ok(event) => sink.put(number, event.clone()),
                    Err(error) => {
                        sink.fail(number, error);
                        Ok(())
                    }
                };
                let ends = matches!(event, Err(_) | Ok(GenerationEvent::Finished(_)));
                if let Err(error) = written {
                    sender.send(Err(error));
                    return;
                }
                sender.send(event);
                if ends {
                    return;
                }
            }
        };
        let started = thread::Builder::new().name("recording".to_owned()).spawn(relay);
        started.map_err(|source| engine(RecordingError::Unwritable { source }))?;
        Ok(generation)
    }
}

impl Sink {
    fn write(&self, line: &Line) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line)
    }

    /// Writes a request, and gives its number, from one.
    fn begin(&self, line: &Line) -> Result<usize> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.requests += 1;
        let written = open.write(line);
        written.map_err(|source| engine(RecordingError::Unwritable { source }))?;
        Ok(open.requests)
    }

    /// Writes what came of a request. Who stopped reading may have made another
    /// one meanwhile.
    fn put(&self, request: usize, event: GenerationEvent) -> Result<()> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = if request == open.requests {
            Line::Event(event)
        } else {
            Line::EarlierEvent { request, event }
        };
        open.write(&line).map_err(|source| engine(RecordingError::Unwritable { source }))
    }

    /// Writes how many tokens something takes, once.
    fn write_count(&self, key: String, tokens: usize) -> Result<()> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.counted.insert(key.clone()) {
            return Ok(());
        }
        let written = open.write(&Line::Count { key, tokens });
        written.map_err(|source| engine(RecordingError::Unwritable { source }))
    }

    /// Notes an error, which goes to the caller in any case.
    fn fail(&self, request: usize, error: &Error) {
        let (kind, message) = (error.kind().as_str().to_owned(), error.to_string());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let request = Some(request).filter(|request| *request != open.requests);
        let _ = open.write(&Line::Failed { request, kind, message });
    }
}

impl Open {
    fn write(&mut self, line: &Line) -> std::io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }
}

/// As an error of a model.
pub fn engine(error: RecordingError) -> Error {
    Error::Engine { source: BoxDiagnostic::new(error) }
}
