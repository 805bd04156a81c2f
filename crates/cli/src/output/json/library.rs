//! What the verbs print that say something of models.

use std::collections::BTreeMap;

use mlxcode_core::{
    BenchmarkRecord, CatalogueEntry, CatalogueFile, Comparison, EditScore, ModelRecord,
    Recommendation, UsageTotals,
};
use schemars::JsonSchema;
use serde::Serialize;

/// `models search --json`.
#[derive(Serialize, JsonSchema)]
pub struct SearchOutput {
    /// Memory that is free here, in bytes; null where the system does not tell.
    pub free_memory_bytes: Option<u64>,
    /// The models that were found, the best first.
    pub models: Vec<CatalogueOutput>,
}

/// A model of the catalogue, in one size.
#[derive(Serialize, JsonSchema)]
pub struct CatalogueOutput {
    /// The name to ask for it, such as `qwen2.5-coder:7b`.
    pub name: String,
    /// The family, such as `qwen2`.
    pub family: String,
    /// The number of weights.
    pub parameters: u64,
    /// The number of weights that one token takes.
    pub active_parameters: u64,
    /// The context, in tokens.
    pub context_length: usize,
    /// The licence.
    pub licence: String,
    /// What it is good at.
    pub good_at: String,
    /// How it is best asked for changes of files.
    pub edit_format: String,
    /// Whether it calls tools well.
    pub tools: bool,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// The formats that pass.
    pub files: Vec<CatalogueFileOutput>,
}

/// A model in one format.
#[derive(Serialize, JsonSchema)]
pub struct CatalogueFileOutput {
    /// The format, such as `Q4_K_M`.
    pub format: String,
    /// About how large it is.
    pub size_bytes: u64,
    /// About the memory that it takes.
    pub memory_bytes: u64,
    /// Where it is.
    pub source: String,
}

impl CatalogueOutput {
    /// Describes an entry with some of its files.
    pub fn new(entry: &CatalogueEntry, files: &[&CatalogueFile], context_tokens: usize) -> Self {
        let file = |file: &&CatalogueFile| CatalogueFileOutput {
            format: file.format.clone(),
            size_bytes: file.size_bytes,
            memory_bytes: entry.memory_needed(file, context_tokens),
            source: file.source.clone(),
        };
        Self {
            name: entry.name(),
            family: entry.family.clone(),
            parameters: entry.parameters,
            active_parameters: entry.active_parameters,
            context_length: entry.context_length,
            licence: entry.licence.clone(),
            good_at: entry.good_at.clone(),
            edit_format: entry.edit_format.as_str().to_owned(),
            tools: entry.tools,
            tags: entry.tags.clone(),
            files: files.iter().map(file).collect(),
        }
    }
}

/// `models recommend --json`.
#[derive(Serialize, JsonSchema)]
pub struct RecommendOutput {
    /// The memory that was chosen for; null where nobody knows it.
    pub memory_bytes: Option<u64>,
    /// The models, the best first.
    pub models: Vec<RecommendationOutput>,
}

/// A model, and why.
#[derive(Serialize, JsonSchema)]
pub struct RecommendationOutput {
    /// Its name.
    pub name: String,
    /// Whether it is installed.
    pub installed: bool,
    /// Where to get it; null where it is installed.
    pub source: Option<String>,
    /// About the memory that it takes; null where that is not known.
    pub memory_bytes: Option<u64>,
    /// The points that put it in its place.
    pub points: i64,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
}

impl From<&Recommendation> for RecommendationOutput {
    fn from(one: &Recommendation) -> Self {
        Self {
            name: one.name.clone(),
            installed: one.installed,
            source: one.source.clone(),
            memory_bytes: one.memory_bytes,
            points: one.points,
            reasons: one.reasons.clone(),
        }
    }
}

/// `models compare --json`.
#[derive(Serialize, JsonSchema)]
pub struct CompareOutput {
    /// The models, in the order of the arguments.
    pub models: Vec<ComparisonOutput>,
}

/// One model of a comparison.
#[derive(Serialize, JsonSchema)]
pub struct ComparisonOutput {
    /// What it was asked for by.
    pub name: String,
    /// The architecture.
    pub architecture: String,
    /// How most of the weights are stored.
    pub weights: String,
    /// The number of weights.
    pub parameters: u64,
    /// All files together.
    pub size_bytes: u64,
    /// The context, in tokens.
    pub context_length: usize,
    /// About the memory that it takes.
    pub memory_bytes: u64,
    /// The context that the memory was counted for, in tokens.
    pub memory_context_tokens: usize,
    /// Tokens of a prompt a second; null where not known.
    pub prefill_tokens_per_second: Option<f64>,
    /// Steps of one token a second; null where not known.
    pub decode_tokens_per_second: Option<f64>,
    /// When the speeds were measured, in milliseconds since 1970; null where
    /// just now, or not known.
    pub measured_at_ms: Option<u64>,
    /// e to the mean negative log-likelihood of the text's scored tokens; null
    /// without `--text`.
    pub perplexity: Option<f64>,
    /// Bits for each byte of the text; null without `--text`.
    pub bits_per_byte: Option<f64>,
    /// Tokens of the text that were scored; null without `--text`.
    pub scored_tokens: Option<usize>,
    /// How it did with edits, by format; empty without `--edits`.
    pub edits: Vec<EditScoreOutput>,
}

/// How a model did in one reply format.
#[derive(Serialize, JsonSchema)]
pub struct EditScoreOutput {
    /// The format.
    pub format: String,
    /// Tasks whose files ended as they should.
    pub passed: usize,
    /// All tasks.
    pub tasks: usize,
    /// Why the others failed, by the task's name.
    pub failures: BTreeMap<String, String>,
}

impl From<&EditScore> for EditScoreOutput {
    fn from(score: &EditScore) -> Self {
        let failures =
            score.tasks.iter().filter_map(|(task, why)| Some((task.clone(), why.clone()?)));
        Self {
            format: score.format.as_str().to_owned(),
            passed: score.passed(),
            tasks: score.tasks.len(),
            failures: failures.collect(),
        }
    }
}

impl From<&Comparison> for ComparisonOutput {
    fn from(one: &Comparison) -> Self {
        Self {
            name: one.name.clone(),
            architecture: one.architecture.clone(),
            weights: one.weights.clone(),
            parameters: one.parameters,
            size_bytes: one.size_bytes,
            context_length: one.context_length,
            memory_bytes: one.memory_bytes,
            memory_context_tokens: one.memory_context_tokens,
            prefill_tokens_per_second: one.speed.map(|speed| speed.prefill_tokens_per_second),
            decode_tokens_per_second: one.speed.map(|speed| speed.decode_tokens_per_second),
            measured_at_ms: one.speed.and_then(|speed| speed.measured_at_ms),
            perplexity: one.perplexity.map(|text| text.perplexity),
            bits_per_byte: one.perplexity.map(|text| text.bits_per_byte),
            scored_tokens: one.perplexity.map(|text| text.scored_tokens),
            edits: one.edits.iter().map(Into::into).collect(),
        }
    }
}

/// `models tag --json`, `models favourite --json` and `models note --json`.
#[derive(Serialize, JsonSchema)]
pub struct RecordOutput {
    /// The model.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its category.
    pub category: Option<String>,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// The note.
    pub note: Option<String>,
    /// The names that stand for it.
    pub aliases: Vec<String>,
}

impl RecordOutput {
    /// Describes what is said of a model.
    pub fn new(name: &str, record: &ModelRecord) -> Self {
        Self {
            name: name.to_owned(),
            tags: record.tags.clone(),
            category: record.category.clone(),
            favourite: record.favourite,
            note: record.note.clone(),
            aliases: record.aliases.clone(),
        }
    }
}

/// `models alias --json`.
#[derive(Serialize, JsonSchema)]
pub struct AliasesOutput {
    /// The aliases, and the model that each stands for.
    pub aliases: BTreeMap<String, String>,
}

/// `models stats --json`.
#[derive(Serialize, JsonSchema)]
pub struct StatsOutput {
    /// The models, the one used last first.
    pub models: Vec<ModelStatsOutput>,
}

/// How much a model was used, on all machines together.
#[derive(Serialize, JsonSchema)]
pub struct ModelStatsOutput {
    /// The model.
    pub name: String,
    /// How often it was loaded.
    pub loads: u64,
    /// Answers that came to their end.
    pub answers: u64,
    /// Tokens of all prompts.
    pub prompt_tokens: u64,
    /// Tokens generated.
    pub completion_tokens: u64,
    /// Tokens generated a second; null where too few were.
    pub decode_tokens_per_second: Option<f64>,
    /// When it was last used, in milliseconds since 1970; 0: never.
    pub last_used_ms: u64,
    /// What was measured, the newest first.
    pub benchmarks: Vec<BenchmarkRecordOutput>,
}

/// One measurement.
#[derive(Serialize, JsonSchema)]
pub struct BenchmarkRecordOutput {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The machine's name in exported libraries.
    pub machine: String,
    /// The processor, where it was known.
    pub processor: Option<String>,
    /// The program's version.
    pub version: String,
    /// Threads that computed.
    pub threads: usize,
    /// The kernels that computed.
    pub tier: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the prompt a second.
    pub prefill_tokens_per_second: f64,
    /// Steps of one token a second.
    pub decode_tokens_per_second: f64,
}

impl ModelStatsOutput {
    /// Describes one model's counts and measurements.
    pub fn new(
        name: &str,
        usage: &UsageTotals,
        measured: &[(u64, &str, &BenchmarkRecord)],
    ) -> Self {
        let benchmark =
            |(at_ms, machine, found): &(u64, &str, &BenchmarkRecord)| BenchmarkRecordOutput {
                at_ms: *at_ms,
                machine: (*machine).to_owned(),
                processor: found.processor.clone(),
                version: found.version.clone(),
                threads: found.threads,
                tier: found.tier.clone(),
                prompt_tokens: found.prompt_tokens,
                prefill_tokens_per_second: found.prefill_tokens_per_second,
                decode_tokens_per_second: found.decode_tokens_per_second,
            };
        Self {
            name: name.to_owned(),
            loads: usage.loads,
            answers: usage.answers,
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            decode_tokens_per_second: usage.decode_tokens_per_second(),
            last_used_ms: usage.last_used_ms,
            benchmarks: measured.iter().map(benchmark).collect(),
        }
    }
}

/// `models export FILE --json`. Without a file, the exported document itself
/// is printed.
#[derive(Serialize, JsonSchema)]
pub struct ExportedOutput {
    /// The file that was written.
    pub file: String,
    /// Its size.
    pub size_bytes: usize,
}

/// `models import --json`.
#[derive(Serialize, JsonSchema)]
pub struct ImportedOutput {
    /// Fields that are other ones now: tags, notes, aliases and the like.
    pub fields: usize,
    /// Counts that are other ones now.
    pub counts: usize,
    /// Measurements that came.
    pub benchmarks: usize,
    /// Models that another machine has and this one lacks.
    pub elsewhere: Vec<String>,
}
