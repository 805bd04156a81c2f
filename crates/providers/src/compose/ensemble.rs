use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::{Duration, Instant};

use mlxcode_base::{CancelToken, Diagnostic, ErrorKind};
use mlxcode_models::{
    Error, FinishReason, Finished, GenerateRequest, Generation, GenerationEvent, GenerationSender,
    Kept, LanguageModel, ModelInfo, Prompt, Result, Timings, Token, ToolCall, Usage,
};

use super::relay::{Part, relay};
use super::routing::common;
use crate::notice::{Notice, Observer};

/// The most answers of an ensemble; each takes a thread, and its own memory.
const MOST_ANSWERS: usize = 16;

/// How long a cancel may go unnoticed.
const POLL: Duration = Duration::from_millis(20);

/// One answer of several.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Candidate {
    /// Which one it is, from nought.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// What was thought before it.
    pub thinking: String,
    /// The tools that it calls.
    pub calls: Vec<ToolCall>,
    /// Why it ended.
    pub reason: Option<FinishReason>,
    /// What its provider wants back with the next request.
    pub kept: Option<Box<Kept>>,
}

/// Judges an answer: the more the better. For edits a caller counts what
/// holds: it parses, it applies, the checks pass. An answer that the score
/// cannot tell from another is judged by the vote. One that takes its time ends
/// once this is cancelled; what it says then counts for nothing.
pub type Score = Arc<dyn Fn(&Candidate, &CancelToken) -> f64 + Send + Sync>;

/// Asks several times, and gives the best answer.
///
/// The best have the highest score; of these, those that say the same are
/// counted together, and the most common one wins, the earliest of them where
/// two are as common. Nothing can be shown before all answers are there: the
/// text comes in one piece. The usage is the sum of all.
#[derive(Clone)]
pub struct Ensemble {
    models: Arc<[Arc<dyn LanguageModel>]>,
    answers: usize,
    at_once: usize,
    score: Score,
    info: ModelInfo,
    observer: Observer,
}

impl fmt::Debug for Ensemble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ensemble")
            .field("models", &self.info.name)
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}

impl Ensemble {
    /// Asks the models in turn, `answers` times together, from 1 to 16. Each
    /// further answer of the same model has another seed, and a temperature
    /// above nought, without which it would say the same again.
    ///
    /// # Errors
    /// Without a model.
    pub fn new(
        models: Vec<Arc<dyn LanguageModel>>,
        answers: usize,
        score: impl Fn(&Candidate, &CancelToken) -> f64 + Send + Sync + 'static,
    ) -> Result<Self> {
        let info = common(&models, "the ensemble")?;
        let answers = answers.clamp(1, MOST_ANSWERS);
        let (score, observer) = (Arc::new(score), Observer::default());
        Ok(Self { models: models.into(), answers, at_once: answers, score, info, observer })
    }

    /// How many answers are made at the same time: 1 for a model that has no
    /// room for more.
    pub fn at_once(mut self, at_once: usize) -> Self {
        self.at_once = at_once.clamp(1, MOST_ANSWERS);
        self
    }

    /// Lets somebody hear how it was judged.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }
}

impl LanguageModel for Ensemble {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.models[0].count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.models[0].count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        let ensemble = self.clone();
        relay(request.cancel.clone(), move |sender| ensemble.answer(&request, &sender))
    }
}

/// An answer and what it took.
type Made = (Candidate, Usage, usize);

impl Ensemble {
    fn answer(&self, request: &GenerateRequest, sender: &GenerationSender) {
        let since = Instant::now();
        // Cancels all that run, also where the others fail.
        let inner = CancelToken::new();
        let (to, from) = channel();
        let mut next = 0;
        let mut running = 0;
        let mut made: Vec<Made> = Vec::new();
        let mut failed: Option<Error> = None;
        loop {
            while running < self.at_once && next < self.answers {
                let model = Arc::clone(&self.models[next % self.models.len()]);
                let mut one = request.clone();
                one.cancel = inner.clone();
                self.vary(&mut one, next);
                let to = to.clone();
                let number = next;
                let thread = Builder::new().name("mlx-code answer".to_owned());
                let spawned = thread.spawn(move || {
                    // Somebody else's model may panic: nobody should wait then.
                    let work = AssertUnwindSafe(|| whole(&*model, &one, number));
                    let result = catch_unwind(work).unwrap_or(Err(Error::EngineStopped));
                    let _ = to.send(result);
                });
                next += 1;
                match spawned {
                    Ok(_) => running += 1,
                    Err(_) => failed = failed.or(Some(Error::EngineStopped)),
                }
            }
            if running == 0 {
                break;
            }
            if sender.is_cancelled() {
                inner.cancel();
            }
            match from.recv_timeout(POLL) {
                Ok(Ok(one)) => {
                    running -= 1;
                    made.push(one);
                }
                Ok(Err(error)) => {
                    running -= 1;
                    let grave = error.kind() == ErrorKind::InvalidInput;
                    failed = failed.or(Some(error));
                    if grave {
                        // All would say so.
                        next = self.answers;
                    }
                }
                Err(_) => {}
            }
            if sender.is_cancelled() {
                inner.cancel();
                break;
            }
        }
        made.sort_by_key(|(candidate, ..)| candidate.number);
        let usage = made.iter().fold(Usage::default(), |sum, (_, usage, _)| Usage {
            prompt_tokens: sum.prompt_tokens + usage.prompt_tokens,
            completion_tokens: sum.completion_tokens + usage.completion_tokens,
        });
        let timings =
            Timings { prefill_ms: since.elapsed().as_secs_f64() * 1000.0, decode_ms: 0.0 };
        let finish = |reason| {
            sender.send(Ok(GenerationEvent::Finished(Finished { reason, usage, timings })));
        };
        if sender.is_cancelled() {
            return finish(FinishReason::Cancelled);
        }
        let best = self.best(&made, &request.cancel);
        if sender.is_cancelled() {
            return finish(FinishReason::Cancelled);
        }
        let Some((best, notice)) = best else {
            sender.send(Err(failed.unwrap_or(Error::EngineStopped)));
            return;
        };
        self.observer.tell(&notice);
        let (candidate, _, prompt_tokens) = &made[best];
        sender.send(Ok(GenerationEvent::Started { prompt_tokens: *prompt_tokens }));
        if !candidate.thinking.is_empty() {
            sender.send(Ok(GenerationEvent::Thinking(candidate.thinking.clone())));
        }
        if !candidate.text.is_empty() {
            let token = Token::new(0, candidate.text.clone());
            sender.send(Ok(GenerationEvent::Token(token)));
        }
        for call in &candidate.calls {
            sender.send(Ok(GenerationEvent::ToolCall(call.clone())));
        }
        if let Some(kept) = &candidate.kept {
            sender.send(Ok(GenerationEvent::Kept(kept.clone())));
        }
        finish(candidate.reason.unwrap_or(FinishReason::Stop));
    }

    /// Makes a request differ from the ones before to the same model.
    fn vary(&self, request: &mut GenerateRequest, number: usize) {
        let round = number / self.models.len();
        if round == 0 {
            return;
        }
        let sampling = &mut request.options.sampling;
        sampling.seed = sampling.seed.wrapping_add(round as u64);
        if sampling.temperature <= 0.0 {
            // Enough to differ, too little to wander off.
            sampling.temperature = 0.6;
        }
    }

    /// Which answer is the best, and why; none once this is cancelled.
    fn best(&self, made: &[Made], cancel: &CancelToken) -> Option<(usize, Notice)> {
        let mut scores = Vec::with_capacity(made.len());
        for (candidate, ..) in made {
            if cancel.is_cancelled() {
                return None;
            }
            let score = (self.score)(candidate, cancel);
            scores.push(if score.is_nan() { f64::NEG_INFINITY } else { score });
        }
        let highest = scores.iter().copied().max_by(f64::total_cmp)?;
        let mut votes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (at, (candidate, ..)) in made.iter().enumerate() {
            if scores[at].total_cmp(&highest).is_eq() {
                votes.entry(essence(candidate)).or_insert((0, at)).0 += 1;
            }
        }
        let most = votes.into_values().max_by_key(|(votes, at)| (*votes, std::cmp::Reverse(*at)));
        let (alike, at) = most?;
        let (answers, asked) = (made.len(), self.answers);
        Some((at, Notice::Judged { answers, asked, alike, score: highest }))
    }
}

/// What two answers share that say the same: their words and calls, whatever
/// the blanks between them and the names of the calls.
fn essence(candidate: &Candidate) -> String {
    let words: Vec<&str> = candidate.text.split_whitespace().collect();
    let calls = candidate.calls.iter().map(|call| format!("\n{} {}", call.name, call.arguments));
    words.join(" ") + &calls.collect::<String>()
}

/// Reads an answer to its end.
fn whole(model: &dyn LanguageModel, request: &GenerateRequest, number: usize) -> Result<Made> {
    let mut candidate = Candidate { number, ..Candidate::default() };
    let mut prompt = 0;
    for event in Part::of(model, request)? {
        match event? {
            GenerationEvent::Started { prompt_tokens } => prompt = prompt_tokens,
            GenerationEvent::Token(token) => candidate.text.push_str(&token.text),
            GenerationEvent::Thinking(text) => candidate.thinking.push_str(&text),
            GenerationEvent::ToolCall(call) => candidate.calls.push(call),
            GenerationEvent::Kept(kept) => candidate.kept = Some(kept),
            GenerationEvent::Finished(finished) => {
                candidate.reason = Some(finished.reason);
                return Ok((candidate, finished.usage, prompt));
            }
            _ => {}
        }
    }
    Err(Error::EngineStopped)
}
