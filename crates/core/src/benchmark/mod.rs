//! How fast a model runs on this machine.

mod memory;
mod weights;

use std::time::Instant;

use mlxcode_base::CancelToken;
use mlxcode_inference::{CacheKind, Engine, EngineKind, LoadOptions};
use mlxcode_models::{
    Error as ModelsError, GenerateOptions, GenerationEvent, InstalledModel, LanguageModel,
    ModelInfo,
};

use crate::error::Result;
pub use memory::resident_bytes_of;
pub use weights::WeightType;

/// Tokens of the prompt that is read before anything is measured, and those
/// generated after it: some engines finish their weights when they are first
/// used.
const WARM_UP_TOKENS: (usize, usize) = (128, 2);

/// What is measured.
#[derive(Clone, Debug)]
pub struct BenchmarkOptions {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Steps of one token after it.
    pub generate_tokens: usize,
    /// How often prompt and steps are run.
    pub repeat: usize,
    /// Threads that compute; `None`: as many as this process may use.
    pub threads: Option<usize>,
    /// What computes.
    pub engine: EngineKind,
    /// The kernels to use, by their tier's name; `None`: the best there are.
    pub tier: Option<String>,
    /// How keys and values of past tokens are kept.
    pub cache: CacheKind,
    /// Whether to measure how fast as many threads read memory.
    pub bandwidth: bool,
    /// Ends it within one token, or one prompt, when cancelled.
    pub cancel: CancelToken,
}

impl Default for BenchmarkOptions {
    fn default() -> Self {
        Self {
            prompt_tokens: 512,
            generate_tokens: 128,
            repeat: 5,
            threads: None,
            engine: EngineKind::default(),
            tier: None,
            cache: CacheKind::default(),
            bandwidth: false,
            cancel: CancelToken::new(),
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Benchmark {
    /// What is known of the model.
    pub model: ModelInfo,
    /// What computed.
    pub engine: EngineKind,
    /// The kernels that computed, by their tier's name.
    pub tier: String,
    /// Threads that computed.
    pub threads: usize,
    /// The types of the weights, the one with the most bytes first.
    pub weight_types: Vec<WeightType>,
    /// Bytes of weights that each token takes to read, without keys and
    /// values: all, but for an embedding that is not the output layer too.
    pub weight_bytes_per_token: u64,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Steps of one token after it.
    pub generated_tokens: usize,
    /// Milliseconds from checked files to a model that takes requests.
    pub load_ms: f64,
    /// Memory in use after loading, where the system tells.
    pub loaded_resident_bytes: Option<u64>,
    /// The most memory that was in use, where the system tells.
    pub peak_resident_bytes: Option<u64>,
    /// Bytes a second that the threads read from memory; `None`: not measured.
    pub read_bandwidth_bytes_per_second: Option<f64>,
    /// The runs, in order; at least one.
    pub runs: Vec<BenchmarkRun>,
}

/// One prompt and the steps after it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BenchmarkRun {
    /// Milliseconds from the request until the logits of the first token were
    /// there, as the caller sees it.
    pub time_to_first_token_ms: f64,
    /// Milliseconds in which the engine read the prompt.
    pub prefill_ms: f64,
    /// Milliseconds of all steps.
    pub decode_ms: f64,
}

impl Benchmark {
    /// Tokens of the prompt a second, the median of the runs.
    pub fn prefill_tokens_per_second(&self) -> f64 {
        self.median(|run| per_second(self.prompt_tokens, run.prefill_ms))
    }

    /// Steps a second, the median of the runs.
    pub fn decode_tokens_per_second(&self) -> f64 {
        self.median(|run| per_second(self.generated_tokens, run.decode_ms))
    }

    /// Milliseconds from a request to its first token, the median of the runs.
    pub fn time_to_first_token_ms(&self) -> f64 {
        self.median(|run| run.time_to_first_token_ms)
    }

    /// The part of the read bandwidth that the weights take in decoding, where
    /// it was measured: 1 is what no engine passes that reads every weight for
    /// every token.
    pub fn bandwidth_share(&self) -> Option<f64> {
        let bandwidth = self.read_bandwidth_bytes_per_second?;
        Some(self.decode_tokens_per_second() * self.weight_bytes_per_token as f64 / bandwidth)
    }

    fn median(&self, of: impl Fn(&BenchmarkRun) -> f64) -> f64 {
        let mut values: Vec<f64> = self.runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        match values.len() {
            0 => f64::NAN,
            count if count % 2 == 1 => values[count / 2],
            count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
        }
    }

    pub(crate) fn of(model: &InstalledModel, options: &BenchmarkOptions) -> Result<Self> {
        check(model, options)?;
        let weights = weights::read(model)?;
        let engine_options = load_options(options);
        let start = Instant::now();
        let engine = Engine::load(model, &engine_options)?;
        let load_ms = milliseconds(start);
        let loaded_resident_bytes = memory::resident_bytes();

        let bench = Bench { engine: &engine, vocabulary: model.config().vocab_size, options };
        let (prompt, steps) = WARM_UP_TOKENS;
        bench.run(0, prompt.min(options.prompt_tokens), steps.min(options.generate_tokens))?;
        let runs = (1..=options.repeat)
            .map(|round| bench.run(round, options.prompt_tokens, options.generate_tokens))
            .collect::<Result<Vec<_>>>()?;
        let peak_resident_bytes = memory::peak_resident_bytes();
        let threads = engine.threads();
        // Last, so that the memory that it reads is in none of the figures.
        let bandwidth =
            if options.bandwidth { mlxcode_inference::read_bandwidth(threads) } else { None };
        Ok(Self {
            model: engine.info().clone(),
            engine: options.engine,
            tier: engine.tier().to_owned(),
            threads,
            weight_types: weights.types,
            weight_bytes_per_token: weights.bytes_per_token,
            prompt_tokens: options.prompt_tokens,
            generated_tokens: options.generate_tokens,
            load_ms,
            loaded_resident_bytes,
            peak_resident_bytes,
            read_bandwidth_bytes_per_second: bandwidth,
            runs,
        })
    }
}

fn load_options(options: &BenchmarkOptions) -> LoadOptions {
    let mut load = LoadOptions::default();
    load.engine = options.engine;
    load.threads = options.threads;
    load.tier.clone_from(&options.tier);
    load.cache = options.cache;
    // Random weights may choose such a token at any step.
    load.ignore_eos = true;
    load.cancel = options.cancel.clone();
    load
}

fn check(model: &InstalledModel, options: &BenchmarkOptions) -> Result<(), ModelsError> {
    let counts = [
        ("prompt_tokens", options.prompt_tokens),
        ("generate_tokens", options.generate_tokens),
        ("repeat", options.repeat),
        ("threads", options.threads.unwrap_or(1)),
    ];
    for (option, value) in counts {
        if value == 0 {
            let value = "0".to_owned();
            return Err(ModelsError::InvalidOption { option, value, range: "1 or more" });
        }
    }
    // The first token comes from the prompt, each step adds one.
    let all = options.prompt_tokens.saturating_add(options.generate_tokens).saturating_add(1);
    let context_length = model.config().context_length;
    if all > context_length {
        return Err(ModelsError::PromptTooLong { prompt_tokens: all, context_length });
    }
    Ok(())
}

/// A model that is measured.
struct Bench<'b> {
    engine: &'b Engine,
    vocabulary: usize,
    options: &'b BenchmarkOptions,
}

impl Bench<'_> {
    fn run(&self, round: usize, prompt_tokens: usize, steps: usize) -> Result<BenchmarkRun> {
        let prompt = synthetic_prompt(round, prompt_tokens, self.vocabulary);
        let options = GenerateOptions { max_tokens: Some(steps + 1), ..GenerateOptions::default() };
        let start = Instant::now();
        let mut first = 0.0;
        // One of its own: a generation that is dropped cancels its token.
        let cancel = CancelToken::new();
        for event in self.engine.generate_tokens(prompt, &options, cancel)? {
            if self.options.cancel.is_cancelled() {
                break;
            }
            match event? {
                GenerationEvent::Started { .. } => first = milliseconds(start),
                GenerationEvent::Finished(finished)
                    if finished.usage.completion_tokens == steps + 1 =>
                {
                    return Ok(BenchmarkRun {
                        time_to_first_token_ms: first,
                        prefill_ms: finished.timings.prefill_ms,
                        decode_ms: finished.timings.decode_ms,
                    });
                }
                _ => {}
            }
        }
        // The length was checked, so that nothing else ends an answer early.
        Err(ModelsError::Cancelled.into())
    }
}

/// Token numbers without a pattern, other ones from the first on each round:
/// an engine that keeps what it read before gains nothing by it.
fn synthetic_prompt(round: usize, tokens: usize, vocabulary: usize) -> Vec<u32> {
    // The steps of Knuth's MMIX generator; the high bits are the random ones.
    let mut state = (round as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % vocabulary.max(1) as u64) as u32
    };
    (0..tokens).map(|_| next()).collect()
}

fn per_second(tokens: usize, ms: f64) -> f64 {
    tokens as f64 / ms * 1e3
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn model(name: &str) -> InstalledModel {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/tests/fixtures");
        InstalledModel::check_in_place(&fixtures.join(name)).unwrap()
    }

    fn benchmark(runs: &[(f64, f64, f64)]) -> Benchmark {
        let run = |(time_to_first_token_ms, prefill_ms, decode_ms)| BenchmarkRun {
            time_to_first_token_ms,
            prefill_ms,
            decode_ms,
        };
        Benchmark {
            model: ModelInfo::new("m", 1),
            engine: EngineKind::Cpu,
            tier: "scalar".to_owned(),
            threads: 1,
            weight_types: Vec::new(),
            weight_bytes_per_token: 500,
            prompt_tokens: 100,
            generated_tokens: 10,
            load_ms: 1.0,
            loaded_resident_bytes: None,
            peak_resident_bytes: None,
            read_bandwidth_bytes_per_second: Some(1e4),
            runs: runs.iter().copied().map(run).collect(),
        }
    }

    #[test]
    fn medians_are_of_speeds() {
        let check = |runs: &[(f64, f64, f64)], expected: [f64; 4]| {
            let found = benchmark(runs);
            let numbers = [
                found.prefill_tokens_per_second(),
                found.decode_tokens_per_second(),
                found.time_to_first_token_ms(),
                found.bandwidth_share().unwrap(),
            ];
            for (number, expected) in numbers.into_iter().zip(expected) {
                assert!((number - expected).abs() < 1e-9, "{runs:?}: {numbers:?}");
            }
        };
        // Ten tokens of 500 bytes a second are half of 10,000.
        let three = [(3.0, 1000.0, 1000.0), (1.0, 500.0, 500.0), (9.0, 250.0, 2000.0)];
        check(&three, [200.0, 10.0, 3.0, 0.5]);
        check(&[(1.0, 1000.0, 1000.0), (2.0, 500.0, 1000.0)], [150.0, 10.0, 1.5, 0.5]);
    }

    #[test]
    fn a_model_is_measured_with_exactly_the_tokens_asked_for() {
        for name in ["qwen2-gguf-q4_0/model.gguf", "qwen2-f32"] {
            let options = BenchmarkOptions {
                prompt_tokens: 7,
                generate_tokens: 12,
                repeat: 2,
                ..BenchmarkOptions::default()
            };
            let found = Benchmark::of(&model(name), &options).unwrap();
            assert_eq!(found.runs.len(), 2, "{name}");
            assert_eq!((found.prompt_tokens, found.generated_tokens), (7, 12));
            for run in &found.runs {
                assert!(run.prefill_ms > 0.0 && run.decode_ms > 0.0, "{name}: {run:?}");
                assert!(run.time_to_first_token_ms >= run.prefill_ms, "{name}: {run:?}");
            }
            assert_eq!(found.read_bandwidth_bytes_per_second, None);
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let model = model("qwen2-f32");
        let context = model.config().context_length;
        let good = BenchmarkOptions { generate_tokens: 1, ..BenchmarkOptions::default() };
        let check = |options: BenchmarkOptions, code: &str| {
            assert_eq!(Benchmark::of(&model, &options).unwrap_err().code(), code, "{options:?}");
        };
        for bad in [
            BenchmarkOptions { prompt_tokens: 0, ..good.clone() },
            BenchmarkOptions { generate_tokens: 0, ..good.clone() },
            BenchmarkOptions { repeat: 0, ..good.clone() },
            BenchmarkOptions { threads: Some(0), ..good.clone() },
        ] {
            check(bad, "models.invalid_option");
        }
        let long = BenchmarkOptions { prompt_tokens: context - 1, ..good.clone() };
        check(long, "models.prompt_too_long");
        let huge = BenchmarkOptions { prompt_tokens: usize::MAX, ..good.clone() };
        check(huge, "models.prompt_too_long");
        let cancel = CancelToken::new();
        cancel.cancel();
        check(BenchmarkOptions { cancel, ..good }, "models.cancelled");
    }

    #[test]
    fn prompts_differ_from_round_to_round_and_stay_in_the_vocabulary() {
        let prompts: Vec<_> = (0..20).map(|round| synthetic_prompt(round, 300, 320)).collect();
        for (round, prompt) in prompts.iter().enumerate() {
            assert_eq!(prompt.len(), 300);
            assert!(prompt.iter().all(|id| *id < 320));
            let alike = prompts[..round].iter().filter(|other| other[..4] == prompt[..4]);
            assert_eq!(alike.count(), 0, "{round}");
        }
        assert_eq!(synthetic_prompt(3, 5, 320), synthetic_prompt(3, 5, 320));
    }
}
