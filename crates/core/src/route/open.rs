use std::sync::Arc;

use mlxcode_models::{LanguageModel, ModelInfo};
use mlxcode_providers::{
    Deferred, Ensemble, Fallback, Notice, ProviderError, Route, RouteRule, Routing, Task,
    another_may_answer,
};

use super::judge::Jury;
use super::plan::{PlannedModel, RoutePlan};
use super::source::ModelSource;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::workspace::Workspace;

/// A model that a plan gave.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RoutedModel {
    /// The model, with all that stands behind it.
    pub model: Model,
    /// The name under which the one that answers first is known.
    pub name: String,
    /// Why it was chosen, in words.
    pub reason: String,
    /// Models that could not be opened before it, each with the reason.
    pub passed_over: Vec<(String, String)>,
}

impl RoutePlan {
    /// Opens the model that answers, and prepares the others; those are opened
    /// when they are needed. `None` where no model is named or installed.
    /// `workspace` is where answers with edits are judged.
    ///
    /// # Errors
    /// What the first model says, where there is no other;
    /// `providers.none_answered` where none can be opened.
    pub fn open(
        &self,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Option<RoutedModel>> {
        let choice = self.choice(0);
        let first = match &choice.model {
            Some(model) => Some(model.clone()),
            None => self.only_one(source)?,
        };
        let candidates: Vec<PlannedModel> =
            first.clone().into_iter().chain(self.fallback.iter().cloned()).collect();
        let Some(opened) = open_first(&candidates, source)? else { return Ok(None) };
        let name = candidates[opened.at].name.clone();
        let reason = match (opened.at, &first) {
            (0, Some(_)) => choice.reason.to_string(),
            (0, None) => "nothing else is named".to_owned(),
            _ => format!("{} could not be opened", candidates[0].name),
        };
        let sized = self.by_length(&opened.model, source)?;
        let rest = &candidates[opened.at + 1..];
        let safe = fall_back(sized, rest, source)?;
        let model = self.judged(safe, source, workspace)?;
        let passed_over = opened.tried;
        Ok(Some(RoutedModel { model: Model::from_shared(model), name, reason, passed_over }))
    }

    /// Puts what the plan wants besides around a model that is there already.
    pub fn around(
        &self,
        model: &Model,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Model> {
        let safe = fall_back(model.shared(), &self.fallback, source)?;
        Ok(Model::from_shared(self.judged(safe, source, workspace)?))
    }

    /// The model of the plan where another one than that of the conversation
    /// `like` is planned for it; `None` where it is the same. It is opened when
    /// it is asked: until then it takes no memory, and its server hears of
    /// nothing.
    pub fn open_later(
        &self,
        conversation: &Self,
        like: &Model,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Option<Model>> {
        let models = |plan: &Self| -> Vec<Option<PlannedModel>> {
            plan.choices.iter().map(|choice| choice.model.clone()).collect()
        };
        let Some(first) = self.choice(0).model.clone() else { return Ok(None) };
        if models(self) == models(conversation) && self.answers == conversation.answers {
            return Ok(None);
        }
        let like = like.info();
        let usual = deferred(&first, like, source);
        let sized = self.by_length(&usual, source)?;
        let safe = fall_back(sized, &self.fallback, source)?;
        let voices = self.voices.iter().map(|voice| deferred(voice, like, source)).collect();
        Ok(Some(Model::from_shared(self.best_of(safe, voices, source, workspace)?)))
    }

    fn only_one(&self, source: &ModelSource) -> Result<Option<PlannedModel>> {
        let only = match source.only_installed() {
            // Several are installed: that is only told where nobody else answers.
            Err(_) if !self.fallback.is_empty() => None,
            only => only?,
        };
        Ok(only.map(|name| PlannedModel { name, may_be_path: false }))
    }

    /// The model of short prompts, and those of longer ones.
    fn by_length(
        &self,
        model: &Arc<dyn LanguageModel>,
        source: &ModelSource,
    ) -> Result<Arc<dyn LanguageModel>> {
        if self.choices.len() == 1 {
            return Ok(Arc::clone(model));
        }
        let usual = self.choice(0).model.as_ref();
        let routes = self.choices.iter().map(|choice| {
            let rule = rule(choice);
            let model = match &choice.model {
                Some(other) if Some(other) != usual => deferred(other, model.info(), source),
                _ => Arc::clone(model),
            };
            Route { rule, model }
        });
        let routing = Routing::new(routes.collect())?.for_task(Task::Question);
        Ok(Arc::new(routing.observed_by(source.observer.clone())))
    }

    /// Several answers, where several are wanted.
    fn judged(
        &self,
        model: Arc<dyn LanguageModel>,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Arc<dyn LanguageModel>> {
        if self.answers < 2 {
            return Ok(model);
        }
        let mut voices = Vec::new();
        for voice in &self.voices {
            match source.open(voice) {
                Ok(voice) => voices.push(voice),
                Err(error) if another_may_answer(error.kind()) => {
                    let (from, to) = (voice.name.clone(), model.info().name.clone());
                    let reason = error.sentence();
                    source.observer.tell(&Notice::FellBack { from, to, reason });
                }
                Err(error) => return Err(error),
            }
        }
        self.best_of(model, voices, source, workspace)
    }

    /// The best of several answers of these, or of the model where there are
    /// none.
    fn best_of(
        &self,
        model: Arc<dyn LanguageModel>,
        mut voices: Vec<Arc<dyn LanguageModel>>,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Arc<dyn LanguageModel>> {
        if self.answers < 2 {
            return Ok(model);
        }
        if voices.is_empty() {
            voices.push(model);
        }
        let jury = workspace.filter(|_| self.task.is_edit());
        let jury = jury.map(|workspace| Jury::new(workspace, &self.judge));
        let score = move |one: &mlxcode_providers::Candidate| {
            jury.as_ref().map_or(0.0, |jury| jury.score(&one.text))
        };
        let ensemble = Ensemble::new(voices, self.answers, score)?;
        Ok(Arc::new(ensemble.at_once(self.at_once).observed_by(source.observer.clone())))
    }
}

/// A model that was opened, after others that could not be.
struct Opened {
    at: usize,
    model: Arc<dyn LanguageModel>,
    tried: Vec<(String, String)>,
}

fn open_first(candidates: &[PlannedModel], source: &ModelSource) -> Result<Option<Opened>> {
    let mut tried = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let error = match source.open(candidate) {
            Ok(model) => return Ok(Some(Opened { at, model, tried })),
            Err(error) if another_may_answer(error.kind()) => error,
            Err(error) => return Err(error),
        };
        tried.push((candidate.name.clone(), error.sentence()));
        let Some(next) = candidates.get(at + 1) else {
            let none = || ProviderError::NoneAnswered { tried };
            return Err(if candidates.len() > 1 { none().into() } else { error });
        };
        let (from, to) = (candidate.name.clone(), next.name.clone());
        let reason = error.sentence();
        source.observer.tell(&Notice::FellBack { from, to, reason });
    }
    Ok(None)
}

/// A model, and who answers where it cannot.
fn fall_back(
    first: Arc<dyn LanguageModel>,
    rest: &[PlannedModel],
    source: &ModelSource,
) -> Result<Arc<dyn LanguageModel>> {
    if rest.is_empty() {
        return Ok(first);
    }
    let others: Vec<_> = rest.iter().map(|one| deferred(one, first.info(), source)).collect();
    let models = [vec![first], others].concat();
    Ok(Arc::new(Fallback::new(models, source.observer.clone())?))
}

/// A model that is opened when it is asked. What it can do is not known before;
/// `like` stands for it.
fn deferred(
    model: &PlannedModel,
    like: &ModelInfo,
    source: &ModelSource,
) -> Arc<dyn LanguageModel> {
    let mut info = like.clone();
    info.name.clone_from(&model.name);
    info.context_length = source.context_length(model).unwrap_or(info.context_length);
    let (model, source) = (model.clone(), source.clone());
    let open = move || source.open(&model).map_err(passed_on);
    Arc::new(Deferred::new(info, Arc::new(open)))
}

/// The library's error in the words of a model's.
fn passed_on(error: Error) -> mlxcode_models::Error {
    mlxcode_models::Error::Engine { source: error.into_diagnostic() }
}

fn rule(choice: &super::plan::RouteChoice) -> RouteRule {
    let mut rule = RouteRule::default();
    (rule.fewest_tokens, rule.most_tokens) = (choice.fewest_tokens, choice.most_tokens);
    rule
}
