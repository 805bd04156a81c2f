//! A model in another format: GGUF and MLX from safetensors, safetensors from
//! GGUF.
//!
//! A [`Plan`] knows every byte of the result but the weights' before the first
//! is written. The weights are then made in chunks of some rows, each by itself,
//! so memory hangs on no weight's size; what is done is noted with its hash,
//! and a run that was cut off goes on there.

mod options;
mod parameters;
mod plan;
mod quantise;
mod run;
mod source;

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

use mlxcode_base::{CancelToken, Progress};
use mlxcode_models::{InstalledModel, VerifyOptions, verify_path};

use crate::error::{Error, Result};
pub use options::{ConvertOptions, ConvertTarget, Converted, GgufKind, TARGETS};
use plan::Plan;
use run::{Run, Staging};
use source::Source;

/// Texts that a tokenizer must cut as the source's does.
const SAMPLES: [&str; 6] = [
    "",
    "Hello, world! It's 12345 o'clock, isn't it?",
    "fn main() {\n\tlet x: Vec<u8> = vec![0; 1 << 20];  // see #42\n}\n\n\n",
    "  two spaces, then\r\na new line \u{a0} and more...   ",
    "Grüße, naïve café, дом, 日本語のテキスト, 한국어, 🙂👩‍💻",
    "<|im_start|>user\nhi<|im_end|>\n",
];

/// Converts a model that was checked to `output`, a GGUF file or a folder that
/// is not there yet.
///
/// The result grows in a folder beside it that ends in `.converting`, and is
/// put in its place when it is whole and has passed the checks that every model
/// passes. When the run is cancelled or cut off, the folder stays, and the next
/// one with the same source and target goes on with it. Memory is that of the
/// tokenizer and, for each thread, a few megabytes.
///
/// # Errors
/// [`Error::OutputExists`], [`Error::ConvertSpace`], [`Error::Convert`] for what
/// the target cannot say or the source has in a type that is not read,
/// [`Error::ConvertStopped`] when cancelled.
pub fn convert(
    model: &InstalledModel,
    output: &Path,
    options: &ConvertOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Converted> {
    if output.symlink_metadata().is_ok() {
        return Err(Error::OutputExists { path: output.to_owned() });
    }
    let source = Source::open(model)?;
    let plan = Plan::new(model, &source, options.target)?;
    let identity = plan.identity(options.target, &source)?;
    let (staging, known) = Staging::open(output, &plan, identity)?;
    if let Err(error) = check_tokens(model, &staging, &plan) {
        staging.discard();
        return Err(error);
    }
    let threads = options.threads.or_else(|| available_parallelism().ok());
    let run = Run {
        source: &source,
        plan: &plan,
        staging: &staging,
        threads: threads.map_or(1, NonZeroUsize::get),
        progress,
        cancel,
    };
    let resumed = run.all(known)?;
    if let Err(error) = check_result(&staging, &plan, output, cancel) {
        if !cancel.is_cancelled() {
            staging.discard();
        }
        return Err(error);
    }
    staging.publish(&plan, output)?;
    Ok(Converted {
        path: output.to_owned(),
        size_bytes: plan.files.iter().map(|file| file.size_bytes).sum(),
        tensors: plan.jobs.len(),
        resumed,
        lost: plan.lost,
    })
}

/// Checks the whole result as `models verify` does: headers, shapes, tokenizer,
/// template, and a sample of the values.
fn check_result(staging: &Staging, plan: &Plan, output: &Path, cancel: &CancelToken) -> Result<()> {
    let options = VerifyOptions::default();
    let report = match verify_path(&staging.result(plan), &options, &(), cancel) {
        Err(_) if cancel.is_cancelled() => return Err(Error::ConvertStopped),
        report => report?,
    };
    match report.failures().next() {
        None => Ok(()),
        Some(failed) => {
            let reason = failed.detail.clone().unwrap_or_else(|| failed.name.clone());
            Err(Error::ConvertUnsound { path: output.to_owned(), reason })
        }
    }
}

/// Checks the result as any model, which reads nothing of the weights, and that
/// its tokenizer does what the source's does.
fn check_tokens(model: &InstalledModel, staging: &Staging, plan: &Plan) -> Result<()> {
    let result = InstalledModel::check_in_place(&staging.result(plan))?;
    let (ours, theirs) = (result.tokenizer()?, model.tokenizer()?);
    for text in SAMPLES {
        if ours.encode(text, true)? != theirs.encode(text, true)? {
            let what = "a tokenizer that cuts texts in another way there".to_owned();
            return Err(Error::Convert { path: model.path().to_owned(), what });
        }
    }
    Ok(())
}
