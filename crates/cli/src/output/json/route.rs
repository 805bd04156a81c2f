use mlxcode_core::{RemoteModels, RoutePlan, RoutedModel};
use schemars::JsonSchema;
use serde::Serialize;

/// A document, and which model it comes from.
#[derive(Serialize, JsonSchema)]
pub struct Routed<T> {
    /// The document.
    #[serde(flatten)]
    pub document: T,
    /// Which model answered, and why; left out where a program or a recording
    /// gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteOutput>,
}

/// Which model answered, and why.
#[derive(Serialize, JsonSchema)]
pub struct RouteOutput {
    /// The name under which it is known here.
    pub model: String,
    /// Why it was chosen.
    pub reason: String,
    /// Models that could not be opened before it.
    pub passed_over: Vec<PassedOverOutput>,
    /// What happened behind the answers, a sentence each: who else was asked,
    /// what came from the cache, how several answers were judged.
    pub notes: Vec<String>,
}

/// A model that could not be opened.
#[derive(Serialize, JsonSchema)]
pub struct PassedOverOutput {
    /// The model.
    pub model: String,
    /// Why.
    pub reason: String,
}

impl RouteOutput {
    /// Describes a model, with what happened.
    pub fn new(routed: &RoutedModel, notes: &[String]) -> Self {
        let passed_over = routed.passed_over.iter().map(|(model, reason)| PassedOverOutput {
            model: model.clone(),
            reason: reason.clone(),
        });
        Self {
            model: routed.name.clone(),
            reason: routed.reason.clone(),
            passed_over: passed_over.collect(),
            notes: notes.to_vec(),
        }
    }
}

/// `route --json`.
#[derive(Serialize, JsonSchema)]
pub struct RoutesOutput {
    /// The tasks.
    pub routes: Vec<TaskRouteOutput>,
}

/// Which models answer a task.
#[derive(Serialize, JsonSchema)]
pub struct TaskRouteOutput {
    /// The task.
    pub task: String,
    /// The model that answers; null for the only one that is installed.
    pub model: Option<String>,
    /// Why.
    pub reason: String,
    /// Whether it runs on a server.
    pub is_remote: bool,
    /// The models by the length of the prompt, the first that holds answers.
    pub by_length: Vec<LengthOutput>,
    /// Who is asked, in this order, where the model cannot be.
    pub fallback: Vec<String>,
    /// How many answers are asked for.
    pub answers: usize,
    /// The models of several answers; without any, those above.
    pub voices: Vec<String>,
    /// What tells the best of several answers.
    pub judge: Vec<String>,
    /// The most bytes of answers that are kept; null: none is kept.
    pub cache_bytes: Option<u64>,
}

/// A model for prompts of some length.
#[derive(Serialize, JsonSchema)]
pub struct LengthOutput {
    /// The model; null for the only one that is installed.
    pub model: Option<String>,
    /// Why.
    pub reason: String,
    /// The fewest tokens; null: none.
    pub fewest_tokens: Option<usize>,
    /// The most tokens; null: as many as fit.
    pub most_tokens: Option<usize>,
}

impl RoutesOutput {
    /// Describes plans, for prompts of so many tokens.
    pub fn new(
        plans: impl Iterator<Item = RoutePlan>,
        tokens: Option<usize>,
        remote: &RemoteModels,
    ) -> Self {
        let routes = plans.map(|plan| TaskRouteOutput::new(&plan, tokens.unwrap_or(0), remote));
        Self { routes: routes.collect() }
    }
}

impl TaskRouteOutput {
    fn new(plan: &RoutePlan, tokens: usize, remote: &RemoteModels) -> Self {
        let choice = plan.choice(tokens);
        let model = choice.model.as_ref().map(|model| model.name.clone());
        let by_length = plan.choices.iter().map(|choice| LengthOutput {
            model: choice.model.as_ref().map(|model| model.name.clone()),
            reason: choice.reason.to_string(),
            fewest_tokens: choice.fewest_tokens,
            most_tokens: choice.most_tokens,
        });
        let judged = plan.answers > 1;
        let judge = plan.judge.iter().filter(|_| judged && plan.task.is_edit());
        Self {
            task: plan.task.to_string(),
            is_remote: model.as_ref().is_some_and(|model| remote.names(model)),
            model,
            reason: choice.reason.to_string(),
            by_length: by_length.collect(),
            fallback: plan.fallback.iter().map(|model| model.name.clone()).collect(),
            answers: plan.answers,
            voices: plan.voices.iter().map(|model| model.name.clone()).collect(),
            judge: judge.map(|judge| judge.as_str().to_owned()).collect(),
            cache_bytes: plan.cache_bytes,
        }
    }

    /// What else there is to say, a line each.
    pub fn details(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.by_length.len() > 1 {
            for one in &self.by_length {
                let model = one.model.as_deref().unwrap_or("the installed one");
                let length = match (one.fewest_tokens, one.most_tokens) {
                    (None, None) => "any length".to_owned(),
                    (Some(fewest), None) => format!("from {fewest} tokens"),
                    (None, Some(most)) => format!("up to {most} tokens"),
                    (Some(fewest), Some(most)) => format!("{fewest} to {most} tokens"),
                };
                lines.push(format!("{length}: {model}, {}", one.reason));
            }
        }
        if !self.fallback.is_empty() {
            lines.push(format!("then {}", self.fallback.join(", ")));
        }
        if self.answers > 1 {
            let of = match &self.voices[..] {
                [] => String::new(),
                voices => format!(" of {}", voices.join(", ")),
            };
            let by = match &self.judge[..] {
                [] => "the vote".to_owned(),
                judge => format!("{}, then the vote", judge.join(", ")),
            };
            lines.push(format!("the best of {} answers{of}, by {by}", self.answers));
        }
        if let Some(bytes) = self.cache_bytes {
            lines.push(format!("answers are kept, up to {bytes} bytes"));
        }
        lines
    }
}
