use std::fmt;

use mlxcode_providers::CacheOptions;

use crate::config::{Config, Judge, ModelSize, ModelTask, project_types};
use crate::remote::RemoteModels;
use crate::workspace::Workspace;

/// The least and the most answers of an ensemble; each takes as long as one.
const ANSWERS: std::ops::RangeInclusive<usize> = 1..=16;

/// What a caller asks for beside a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteRequest {
    /// The model, a path too: no rule of a configuration counts then.
    pub model: Option<String>,
    /// Models that are asked where one cannot be; before those of the
    /// configuration.
    pub fallback: Vec<String>,
    /// How many answers are asked for, of which the best is taken.
    pub answers: Option<usize>,
    /// Whether the cache of answers stays out of it.
    pub no_cache: bool,
}

/// A model that a plan names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedModel {
    /// Its name.
    pub name: String,
    /// Whether it may be a path: a configuration names installed models, since
    /// a repository that was cloned must not choose what is loaded from it.
    pub may_be_path: bool,
}

/// A model, and for which prompts it is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteChoice {
    /// The model; `None`: the only one that is installed.
    pub model: Option<PlannedModel>,
    /// Why.
    pub reason: RouteReason,
    /// The fewest tokens of a prompt, where that matters.
    pub fewest_tokens: Option<usize>,
    /// The most tokens of a prompt, where that matters.
    pub most_tokens: Option<usize>,
}

impl RouteChoice {
    fn always(model: Option<PlannedModel>, reason: RouteReason) -> Self {
        Self { model, reason, fewest_tokens: None, most_tokens: None }
    }

    /// Whether it holds for a prompt of so many tokens.
    pub fn holds(&self, tokens: usize) -> bool {
        self.fewest_tokens.is_none_or(|fewest| tokens >= fewest)
            && self.most_tokens.is_none_or(|most| tokens <= most)
    }
}

/// Why a model is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteReason {
    /// Somebody named it.
    Named,
    /// A rule of `models.rules`.
    Rule {
        /// Which one, from one.
        number: usize,
    },
    /// `models.tasks`.
    Task(ModelTask),
    /// `models.small` or `models.large`.
    Size(ModelSize),
    /// `models.projects`.
    Project(String),
    /// `model`.
    Usual,
    /// No other is installed.
    OnlyOne,
}

impl fmt::Display for RouteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named => f.write_str("it was named"),
            Self::Rule { number } => write!(f, "rule {number} of `models.rules`"),
            Self::Task(task) => write!(f, "`models.tasks.{task}`"),
            Self::Size(size) => write!(f, "`models.{}`", size.as_str()),
            Self::Project(kind) => write!(f, "`models.projects.{kind}`"),
            Self::Usual => f.write_str("`model`"),
            Self::OnlyOne => f.write_str("no other is installed"),
        }
    }
}

/// Which models answer a task, before any of them is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoutePlan {
    /// The task.
    pub task: ModelTask,
    /// The models; the first that holds for a prompt's length answers, and the
    /// last one holds for all.
    pub choices: Vec<RouteChoice>,
    /// Who is asked, in this order, where that one cannot be.
    pub fallback: Vec<PlannedModel>,
    /// How many answers are asked for; of several the best is taken.
    pub answers: usize,
    /// The models that are asked in turn for several answers; without any, those
    /// above.
    pub voices: Vec<PlannedModel>,
    /// How many answers are made at the same time.
    pub at_once: usize,
    /// What the best is told by; the vote decides between those that are alike.
    pub judge: Vec<Judge>,
    /// The most bytes of answers that are kept; `None`: none is kept.
    pub cache_bytes: Option<u64>,
    /// Whether answers are kept that may come out otherwise the next time.
    pub keeps_drawn: bool,
}

impl RoutePlan {
    /// The plan for a task, in a project of some kinds.
    pub fn new(config: &Config, task: ModelTask, kinds: &[&str], request: &RouteRequest) -> Self {
        let by_hand = |name: &String| planned(config, name, true);
        let mut fallback: Vec<_> = request.fallback.iter().map(by_hand).collect();
        // Who names a model means that one.
        if request.model.is_none() {
            fallback.extend(config.models.fallback.iter().map(|name| planned(config, name, false)));
        }
        let choices = match &request.model {
            Some(name) => vec![RouteChoice::always(Some(by_hand(name)), RouteReason::Named)],
            None => choices(config, task, kinds),
        };
        let ensemble = &config.models.ensemble;
        let is_meant = match &ensemble.tasks[..] {
            [] => task == ModelTask::Edit,
            tasks => tasks.contains(&task),
        };
        let is_meant = is_meant && request.model.is_none();
        let configured = ensemble.answers.filter(|_| is_meant);
        let answers = request.answers.or(configured).unwrap_or(1);
        let voices = if is_meant { &ensemble.models[..] } else { &[] };
        let keeps = config.cache.answers == Some(true) && !request.no_cache;
        let cache_bytes = config.cache.most_bytes.unwrap_or(CacheOptions::MOST_BYTES);
        Self {
            task,
            choices,
            fallback,
            answers: answers.clamp(*ANSWERS.start(), *ANSWERS.end()),
            voices: voices.iter().map(|name| planned(config, name, false)).collect(),
            at_once: ensemble.at_once.unwrap_or(1),
            judge: if ensemble.judge.is_empty() {
                Judge::USUAL.into()
            } else {
                ensemble.judge.clone()
            },
            cache_bytes: keeps.then_some(cache_bytes),
            keeps_drawn: config.cache.drawn == Some(true),
        }
    }

    /// The choice for a prompt of so many tokens.
    pub fn choice(&self, tokens: usize) -> &RouteChoice {
        let held = self.choices.iter().find(|choice| choice.holds(tokens));
        held.unwrap_or(&self.choices[self.choices.len() - 1])
    }

    /// Whether a model of the plan may run elsewhere.
    pub fn is_remote(&self, remote: &RemoteModels) -> bool {
        let chosen = self.choices.iter().filter_map(|choice| choice.model.as_ref());
        let mut all = chosen.chain(&self.fallback).chain(&self.voices);
        all.any(|model| remote.names(&model.name))
    }
}

impl Workspace {
    /// Which models answer a task here. Nothing is opened, and nobody is asked.
    pub fn route(&self, task: ModelTask, request: &RouteRequest) -> RoutePlan {
        RoutePlan::new(self.config(), task, &project_types(self.root()), request)
    }
}

fn planned(config: &Config, name: &str, may_be_path: bool) -> PlannedModel {
    let meant = match name {
        "small" => config.models.small.as_deref(),
        "large" => config.models.large.as_deref(),
        _ => None,
    };
    let is_word = meant.is_some();
    PlannedModel {
        name: meant.unwrap_or(name).to_owned(),
        // What a word stands for was written in a configuration.
        may_be_path: may_be_path && !is_word,
    }
}

/// The rules in their order, up to the first that holds for every length.
fn choices(config: &Config, task: ModelTask, kinds: &[&str]) -> Vec<RouteChoice> {
    let models = &config.models;
    let mut choices = Vec::new();
    for (at, rule) in models.rules.iter().enumerate() {
        if !rule.tasks.is_empty() && !rule.tasks.contains(&task) {
            continue;
        }
        choices.push(RouteChoice {
            model: Some(planned(config, &rule.model, false)),
            reason: RouteReason::Rule { number: at + 1 },
            fewest_tokens: rule.fewest_tokens,
            most_tokens: rule.most_tokens,
        });
        if rule.fewest_tokens.is_none() && rule.most_tokens.is_none() {
            return choices;
        }
    }
    let (name, reason) = usual(config, task, kinds);
    let model = name.map(|name| planned(config, name, false));
    choices.push(RouteChoice::always(model, reason));
    choices
}

/// The model of a task, whatever the length of the prompt.
fn usual<'c>(
    config: &'c Config,
    task: ModelTask,
    kinds: &[&str],
) -> (Option<&'c str>, RouteReason) {
    let models = &config.models;
    if let Some(name) = models.tasks.get(task.as_str()) {
        return (Some(name), RouteReason::Task(task));
    }
    let of_size = |size: ModelSize| match size {
        ModelSize::Small => models.small.as_deref(),
        ModelSize::Large => models.large.as_deref(),
    };
    let size = task.size().and_then(|size| Some((of_size(size)?, size)));
    if let Some((name, size)) = size {
        return (Some(name), RouteReason::Size(size));
    }
    let kind = kinds.iter().find_map(|kind| Some((models.projects.get(*kind)?, *kind)));
    if let Some((name, kind)) = kind {
        return (Some(name), RouteReason::Project(kind.to_owned()));
    }
    if let Some(name) = &config.model {
        return (Some(name), RouteReason::Usual);
    }
    // Where only the two are named, the good one does what is left.
    for size in [ModelSize::Large, ModelSize::Small] {
        if let Some(name) = of_size(size) {
            return (Some(name), RouteReason::Size(size));
        }
    }
    (None, RouteReason::OnlyOne)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    fn told(plan: &RoutePlan, tokens: usize) -> String {
        let choice = plan.choice(tokens);
        let name = choice.model.as_ref().map_or("-", |model| &model.name);
        format!("{name}: {}", choice.reason)
    }

    #[test]
    fn the_nearest_rule_decides() {
        let config = config(
            r#"{"model": "m", "models": {
                "small": "s", "large": "far/l",
                "tasks": {"review": "small", "explain": "x"},
                "projects": {"go": "g"},
                "rules": [
                    {"model": "long", "fewest_tokens": 30000},
                    {"model": "tiny", "tasks": ["commit"], "most_tokens": 500}
                ]}}"#,
        );
        let check = |task, kinds: &[&str], tokens, expect: &str| {
            let plan = RoutePlan::new(&config, task, kinds, &RouteRequest::default());
            assert_eq!(told(&plan, tokens), expect, "{task} {tokens}");
        };
        check(ModelTask::Edit, &["go"], 9, "far/l: `models.large`");
        check(ModelTask::Edit, &[], 30000, "long: rule 1 of `models.rules`");
        check(ModelTask::Commit, &[], 500, "tiny: rule 2 of `models.rules`");
        check(ModelTask::Commit, &[], 501, "s: `models.small`");
        check(ModelTask::Review, &[], 9, "s: `models.tasks.review`");
        check(ModelTask::Explain, &["go"], 9, "x: `models.tasks.explain`");
        check(ModelTask::Ask, &["go"], 9, "g: `models.projects.go`");
        check(ModelTask::Ask, &["rust"], 9, "m: `model`");
    }

    #[test]
    fn with_little_said_something_still_answers() {
        let told = |text: &str, task| {
            told(&RoutePlan::new(&config(text), task, &[], &RouteRequest::default()), 0)
        };
        assert_eq!(told("{}", ModelTask::Edit), "-: no other is installed");
        let small = r#"{"models": {"small": "s"}}"#;
        assert_eq!(told(small, ModelTask::Edit), "s: `models.small`");
        let both = r#"{"models": {"small": "s", "large": "l"}}"#;
        assert_eq!(told(both, ModelTask::Ask), "l: `models.large`");
        let unbound = r#"{"models": {"rules": [{"model": "r"}, {"model": "q"}]}}"#;
        assert_eq!(told(unbound, ModelTask::Ask), "r: rule 1 of `models.rules`");
    }

    #[test]
    fn who_names_a_model_means_that_one() {
        let config = config(
            r#"{"models": {"large": "l", "fallback": ["small", "far/m"],
                "ensemble": {"answers": 3, "models": ["a", "b"]}}}"#,
        );
        let plan = |request: RouteRequest| RoutePlan::new(&config, ModelTask::Edit, &[], &request);
        let names = |models: &[PlannedModel]| -> Vec<String> {
            models.iter().map(|model| model.name.clone()).collect()
        };
        let usual = plan(RouteRequest::default());
        // Nothing is called `small` in the configuration: it is a name like others.
        assert_eq!(names(&usual.fallback), ["small", "far/m"]);
        assert_eq!((usual.answers, names(&usual.voices)), (3, vec!["a".into(), "b".into()]));
        let named = plan(RouteRequest { model: Some("./x.gguf".into()), ..Default::default() });
        assert_eq!((told(&named, 0), named.answers), ("./x.gguf: it was named".into(), 1));
        assert!(named.fallback.is_empty() && named.voices.is_empty());
        assert!(named.choices[0].model.as_ref().unwrap().may_be_path);
        let more = RouteRequest {
            model: Some("large".into()),
            fallback: vec!["f".into()],
            answers: Some(99),
            no_cache: false,
        };
        let more = plan(more);
        assert_eq!((told(&more, 0), more.answers), ("l: it was named".into(), 16));
        assert!(!more.choices[0].model.as_ref().unwrap().may_be_path);
        assert_eq!(names(&more.fallback), ["f"]);
    }

    #[test]
    fn an_ensemble_is_for_its_tasks_and_a_cache_for_who_wants_it() {
        let config = config(
            r#"{"cache": {"answers": true},
                "models": {"ensemble": {"answers": 2, "tasks": ["commit"], "judge": ["vote"]}}}"#,
        );
        let plan = |task, request: &RouteRequest| RoutePlan::new(&config, task, &[], request);
        let usual = RouteRequest::default();
        assert_eq!(plan(ModelTask::Commit, &usual).answers, 2);
        assert_eq!(plan(ModelTask::Commit, &usual).judge, [Judge::Vote]);
        assert_eq!(plan(ModelTask::Edit, &usual).answers, 1);
        assert_eq!(plan(ModelTask::Edit, &usual).cache_bytes, Some(64 << 20));
        let none = RouteRequest { no_cache: true, ..RouteRequest::default() };
        assert_eq!(plan(ModelTask::Edit, &none).cache_bytes, None);
        let nothing = RoutePlan::new(&Config::default(), ModelTask::Ask, &[], &usual);
        assert_eq!(nothing.cache_bytes, None);
    }
}
