//! What `models fit` and `models ps` print.

use mlxcode_core::{FitReport, ModelUse};
use schemars::JsonSchema;
use serde::Serialize;

/// `models fit --json`. Bytes of memory.
#[derive(Serialize, JsonSchema)]
pub struct FitOutput {
    /// The model, as it was asked for.
    pub model: String,
    /// `fits`, `tight`, `too_large`, or `unknown` where nobody knows how much
    /// is free.
    pub verdict: String,
    /// The most that is in memory at any time.
    pub total_bytes: u64,
    /// What is free.
    pub available_bytes: Option<u64>,
    /// Weights as the engine lays them out.
    pub weights_bytes: u64,
    /// Keys and values of the wished contexts.
    pub cache_bytes: u64,
    /// States on their way through the layers, logits and scratch.
    pub activations_bytes: u64,
    /// The program and the tokenizer.
    pub program_bytes: u64,
    /// The most while the weights are laid out.
    pub loading_bytes: u64,
    /// What past prompts may fill beyond that, where there is room.
    pub kept_prompts_bytes: u64,
    /// The context that was computed with.
    pub context_tokens: usize,
    /// Answers at once.
    pub answers: usize,
    /// The longest context that fits; null where none does, or nobody knows.
    pub longest_context: Option<usize>,
    /// What could be done where it does not fit.
    pub remedies: Vec<String>,
}

impl FitOutput {
    /// Describes what was computed.
    pub fn new(model: &str, report: &FitReport) -> Self {
        Self {
            model: model.to_owned(),
            verdict: report.verdict().as_str().to_owned(),
            total_bytes: report.total_bytes(),
            available_bytes: report.available_bytes,
            weights_bytes: report.weights_bytes,
            cache_bytes: report.cache_bytes,
            activations_bytes: report.activations_bytes,
            program_bytes: report.program_bytes,
            loading_bytes: report.loading_bytes,
            kept_prompts_bytes: report.kept_prompts_bytes,
            context_tokens: report.context_tokens,
            answers: report.sequences,
            longest_context: report.longest_context(),
            remedies: report.remedies(),
        }
    }
}

/// `models ps --json`.
#[derive(Serialize, JsonSchema)]
pub struct PsOutput {
    /// The models that processes use now.
    pub uses: Vec<ModelUseOutput>,
}

/// A model that a process uses.
#[derive(Serialize, JsonSchema)]
pub struct ModelUseOutput {
    /// The model.
    pub model: String,
    /// The number of the process.
    pub process: u32,
    /// Its program's name; empty where the system does not tell.
    pub program: String,
    /// Since when, in seconds since 1970, UTC.
    pub since_s: u64,
    /// What the process has in memory, all told; null where the system does
    /// not tell.
    pub resident_bytes: Option<u64>,
}

impl From<&ModelUse> for ModelUseOutput {
    fn from(one: &ModelUse) -> Self {
        Self {
            model: one.model.clone(),
            process: one.process,
            program: one.program.clone(),
            since_s: one.since_s,
            resident_bytes: one.resident_bytes,
        }
    }
}
