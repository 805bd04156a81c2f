//! Models side by side.

use std::fs;
use std::path::Path;

use mlxcode_base::{CancelToken, Progress, ProgressEvent};
use mlxcode_inference::{Likelihood, LoadOptions, fit, likelihood};
use mlxcode_models::{EditFormat, FitRequest, InstalledModel};

use super::edit_tasks::{self, EditScore};
use super::{ModelLibrary, is_path};
use crate::benchmark::{Benchmark, BenchmarkOptions};
use crate::error::Result;
use crate::model::Model;

/// Tokens of a window of the text by which models are compared, as llama.cpp
/// has it.
const WINDOW: usize = 512;
/// The most windows of the text that are read.
const MOST_WINDOWS: usize = 128;
/// The context that memory is counted for.
const CONTEXT_TOKENS: usize = 8192;

/// What is compared beside what the files say.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CompareOptions {
    /// Where speeds come from.
    pub speed: SpeedSource,
    /// How speeds are measured, where they are.
    pub benchmark: BenchmarkOptions,
    /// A text, by which perplexity is measured.
    pub text: Option<String>,
    /// The reply formats in which the edits are tried.
    pub edit_formats: Vec<EditFormat>,
    /// Stops it within one token, or one part of a prompt.
    pub cancel: CancelToken,
}

/// Where the speeds of a comparison come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpeedSource {
    /// The newest measurement of this machine, where there is one, else they
    /// are measured.
    #[default]
    RecordsElseMeasure,
    /// They are measured now.
    Measure,
    /// The newest measurement of this machine, where there is one.
    Records,
}

/// One model of a comparison.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// The name, or the path, that it was asked for by.
    pub name: String,
    /// The architecture, such as `qwen2`.
    pub architecture: String,
    /// How most of the weights are stored, such as `Q4_K`.
    pub weights: String,
    /// The number of weights.
    pub parameters: u64,
    /// All files together.
    pub size_bytes: u64,
    /// The context, in tokens.
    pub context_length: usize,
    /// The memory that it takes with a context of `memory_context_tokens`, as
    /// it is computed before a load.
    pub memory_bytes: u64,
    /// The context that the memory was counted for.
    pub memory_context_tokens: usize,
    /// How fast it is here, where that is known.
    pub speed: Option<ComparedSpeed>,
    /// How well it foretells the text, where there is one.
    pub perplexity: Option<ComparedText>,
    /// How it did with edits, by format.
    pub edits: Vec<EditScore>,
}

/// How fast a model is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ComparedSpeed {
    /// Tokens of a prompt a second.
    pub prefill_tokens_per_second: f64,
    /// Steps of one token a second.
    pub decode_tokens_per_second: f64,
    /// Tokens of the prompt it was measured with.
    pub prompt_tokens: usize,
    /// When it was measured, in milliseconds since 1970; `None`: just now.
    pub measured_at_ms: Option<u64>,
}

/// How well a model foretells a text. Only models with the same tokens can be
/// compared by it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ComparedText {
    /// e to the mean of the negative log-likelihoods of the scored tokens.
    pub perplexity: f64,
    /// Bits that the scored tokens take, for each byte of text that they stand
    /// for; models with other tokens can be compared by it.
    pub bits_per_byte: f64,
    /// Tokens that were scored.
    pub scored_tokens: usize,
    /// Tokens of the whole text.
    pub text_tokens: usize,
}

impl ModelLibrary {
    /// Puts models side by side; each is loaded by itself, one after the
    /// other. A reference is an installed model, an alias, or a path seen from
    /// the folder `from`.
    pub fn compare(
        &self,
        from: &Path,
        references: &[String],
        options: &CompareOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<Comparison>> {
        let one = |reference: &String| self.compare_one(from, reference, options, progress);
        references.iter().map(one).collect()
    }

    fn compare_one(
        &self,
        from: &Path,
        reference: &str,
        options: &CompareOptions,
        progress: &dyn Progress,
    ) -> Result<Comparison> {
        let cancel = &options.cancel;
        let model = self.installed(from, reference, progress, cancel)?;
        let speed = self.speed(reference, &model, options, progress)?;
        let perplexity = options
            .text
            .as_deref()
            .map(|text| perplexity(&model, text, cancel, progress))
            .transpose()?;
        let edits = self.edits(reference, &model, options, progress)?;
        let config = model.config();
        let memory_context_tokens = CONTEXT_TOKENS.min(config.context_length);
        let mut request = FitRequest::default();
        request.context_tokens = Some(memory_context_tokens);
        let memory = fit(&model, &self.load, &request)?;
        Ok(Comparison {
            name: reference.to_owned(),
            architecture: config.architecture.to_string(),
            weights: model.weights().to_owned(),
            parameters: model.parameters(),
            size_bytes: model.size_bytes(),
            context_length: config.context_length,
            memory_bytes: memory.total_bytes(),
            memory_context_tokens,
            speed,
            perplexity,
            edits,
        })
    }

    fn speed(
        &self,
        reference: &str,
        model: &InstalledModel,
        options: &CompareOptions,
        progress: &dyn Progress,
    ) -> Result<Option<ComparedSpeed>> {
        if options.speed != SpeedSource::Measure
            && let Some(known) = self.recorded_speed(reference)?
        {
            return Ok(Some(known));
        }
        if options.speed == SpeedSource::Records {
            return Ok(None);
        }
        progress.report(ProgressEvent::new(format!("measuring {reference}"), 0, Some(1)));
        let mut wanted = options.benchmark.clone();
        wanted.cancel = options.cancel.clone();
        let found = Benchmark::of(model, &wanted)?;
        // What was measured is of use next time; a comparison stands without.
        let _ = self.record_benchmark(reference, &found);
        Ok(Some(ComparedSpeed {
            prefill_tokens_per_second: found.prefill_tokens_per_second(),
            decode_tokens_per_second: found.decode_tokens_per_second(),
            prompt_tokens: found.prompt_tokens,
            measured_at_ms: None,
        }))
    }

    /// The newest measurement of a model on this machine.
    fn recorded_speed(&self, reference: &str) -> Result<Option<ComparedSpeed>> {
        let (Some(machine), false) = (self.records.machine()?, is_path(reference)) else {
            return Ok(None);
        };
        let state = self.records.state()?;
        let name = self.resolve(reference)?;
        let newest = state.benchmarks(&name).into_iter().find(|(_, on, _)| *on == machine);
        Ok(newest.map(|(at_ms, _, found)| ComparedSpeed {
            prefill_tokens_per_second: found.prefill_tokens_per_second,
            decode_tokens_per_second: found.decode_tokens_per_second,
            prompt_tokens: found.prompt_tokens,
            measured_at_ms: Some(at_ms),
        }))
    }

    fn edits(
        &self,
        reference: &str,
        model: &InstalledModel,
        options: &CompareOptions,
        progress: &dyn Progress,
    ) -> Result<Vec<EditScore>> {
        if options.edit_formats.is_empty() {
            return Ok(Vec::new());
        }
        let scratch = &self.scratch;
        make_folder(scratch)?;
        let loaded = Model::load_checked(model, &self.load, &options.cancel)?;
        let total = (options.edit_formats.len() * edit_tasks::tasks()?.len()) as u64;
        let mut done = 0;
        let mut scores = Vec::new();
        for format in &options.edit_formats {
            scores.push(edit_tasks::score(&loaded, *format, scratch, &options.cancel, |task| {
                let what = format!("{reference}: {} as {}", task.name, format.as_str());
                progress.report(ProgressEvent::new(what, done, Some(total)));
                done += 1;
            })?);
        }
        Ok(scores)
    }
}

#[allow(clippy::disallowed_methods, reason = "a folder of the program's own state")]
fn make_folder(folder: &Path) -> Result<()> {
    let failed = |source| mlxcode_models::Error::Io { path: folder.to_owned(), source };
    Ok(fs::create_dir_all(folder).map_err(failed)?)
}

fn perplexity(
    model: &InstalledModel,
    text: &str,
    cancel: &CancelToken,
    progress: &dyn Progress,
) -> Result<ComparedText> {
    let tokenizer = model.tokenizer()?;
    let tokens = tokenizer.encode(text, false)?;
    // What the model begins a text with, it has before each window too.
    let begun = tokenizer.encode(text, true)?;
    let bos = (begun.len() > tokens.len()).then(|| begun.first().copied()).flatten();
    let mut load = LoadOptions::default();
    load.cancel = cancel.clone();
    let found = likelihood(model, &load, &tokens, bos, WINDOW, MOST_WINDOWS, progress)?;
    let bytes_per_token = text.len() as f64 / tokens.len() as f64;
    let Likelihood { nats, scored_tokens, .. } = found;
    let scored_bytes = scored_tokens as f64 * bytes_per_token;
    Ok(ComparedText {
        perplexity: found.perplexity().unwrap_or(f64::NAN),
        bits_per_byte: nats / std::f64::consts::LN_2 / scored_bytes,
        scored_tokens,
        text_tokens: tokens.len(),
    })
}
