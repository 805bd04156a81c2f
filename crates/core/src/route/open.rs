use std::sync::Arc;

use mlxcode_base::CancelToken;
use mlxcode_models::{LanguageModel, ModelInfo};
use mlxcode_providers::{
    Candidate, Deferred, Ensemble, Fallback, Notice, ProviderError, Route, RouteRule, Routing,
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
    /// The name under which the one that answers first is known; of several that
    /// answer together, all, with commas between.
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
        let voices = self.open_voices(source)?;
        if !voices.models.is_empty() {
            return Ok(Some(self.together(voices, source, workspace)?));
        }
        let choice = self.choice(0);
        let first = match &choice.model {
            Some(model) => Some(model.clone()),
            None => self.only_one(source)?,
        };
        let candidates: Vec<PlannedModel> =
            first.clone().into_iter().chain(self.fallback.iter().cloned()).collect();
        if let Some(next) = candidates.first() {
            tell_of(&voices.tried, &next.name, source);
        }
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
        let model = self.best_of(vec![safe], source, workspace)?;
        let passed_over = [voices.tried, opened.tried].concat();
        Ok(Some(RoutedModel { model: Model::from_shared(model), name, reason, passed_over }))
    }

    /// Puts what the plan wants besides around a model that is there already.
    /// Where several answers are wanted of others, those are asked.
    pub fn around(
        &self,
        model: &Model,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Model> {
        let voices = self.open_voices(source)?;
        if !voices.models.is_empty() {
            return Ok(self.together(voices, source, workspace)?.model);
        }
        tell_of(&voices.tried, &model.info().name, source);
        let safe = fall_back(model.shared(), &self.fallback, source)?;
        Ok(Model::from_shared(self.best_of(vec![safe], source, workspace)?))
    }

    /// The models that [`open`](Self::open) opens first; `None` stands for the
    /// only one that is installed. The others are opened where these cannot be.
    pub fn opened_first(&self) -> Vec<&PlannedModel> {
        if self.has_voices() {
            return self.voices.iter().collect();
        }
        self.choice(0).model.iter().collect()
    }

    fn has_voices(&self) -> bool {
        self.answers > 1 && !self.voices.is_empty()
    }

    /// Opens the models that are asked in turn, where several answers are wanted
    /// of several.
    fn open_voices(&self, source: &ModelSource) -> Result<Voices> {
        let mut voices = Voices::default();
        if !self.has_voices() {
            return Ok(voices);
        }
        for voice in &self.voices {
            match source.open(voice) {
                Ok(model) => {
                    voices.names.push(voice.name.clone());
                    voices.models.push(model);
                }
                Err(error) if another_may_answer(error.kind()) => {
                    voices.tried.push((voice.name.clone(), error.sentence()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(voices)
    }

    /// The model that voices are together. The task's own is not opened.
    fn together(
        &self,
        voices: Voices,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<RoutedModel> {
        let name = voices.names.join(", ");
        tell_of(&voices.tried, &name, source);
        let best = self.best_of(voices.models, source, workspace)?;
        let model = Model::from_shared(fall_back(best, &self.fallback, source)?);
        let reason = "`models.ensemble`".to_owned();
        Ok(RoutedModel { model, name, reason, passed_over: voices.tried })
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
        let model = if self.has_voices() {
            let voices = self.voices.iter().map(|voice| deferred(voice, like, source)).collect();
            let best = self.best_of(voices, source, workspace)?;
            fall_back(best, &self.fallback, source)?
        } else {
            let sized = self.by_length(&deferred(&first, like, source), source)?;
            let safe = fall_back(sized, &self.fallback, source)?;
            self.best_of(vec![safe], source, workspace)?
        };
        Ok(Some(Model::from_shared(model)))
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
        let routing = Routing::new(routes.collect())?;
        Ok(Arc::new(routing.observed_by(source.observer.clone())))
    }

    /// Several answers of models, where several are wanted; else the only model.
    fn best_of(
        &self,
        mut models: Vec<Arc<dyn LanguageModel>>,
        source: &ModelSource,
        workspace: Option<&Workspace>,
    ) -> Result<Arc<dyn LanguageModel>> {
        if self.answers < 2
            && let Some(model) = models.pop()
        {
            return Ok(model);
        }
        let jury = workspace.filter(|_| self.task.is_edit());
        let jury = jury.map(|workspace| Jury::new(workspace, &self.judge));
        let score = move |one: &Candidate, cancel: &CancelToken| {
            jury.as_ref().map_or(0.0, |jury| jury.score(&one.text, cancel))
        };
        let ensemble = Ensemble::new(models, self.answers, score)?;
        Ok(Arc::new(ensemble.at_once(self.at_once).observed_by(source.observer.clone())))
    }
}

/// Models that answer in turn.
#[derive(Default)]
struct Voices {
    models: Vec<Arc<dyn LanguageModel>>,
    names: Vec<String>,
    /// Those that could not be opened, each with the reason.
    tried: Vec<(String, String)>,
}

/// Lets somebody hear who is asked in place of models that could not be opened.
fn tell_of(tried: &[(String, String)], to: &str, source: &ModelSource) {
    for (from, reason) in tried {
        let (from, to, reason) = (from.clone(), to.to_owned(), reason.clone());
        source.observer.tell(&Notice::FellBack { from, to, reason });
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
    let open = move |cancel: &CancelToken| source.open_until(&model, cancel).map_err(passed_on);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ModelTask};
    use crate::dirs::Dirs;
    use crate::library::ModelLibrary;
    use crate::remote::RemoteModels;
    use crate::route::RouteRequest;

    /// Models of a server that is asked nothing before they answer.
    const CONFIG: &str = r#"{
        "model": "not-installed",
        "providers": {"far": {"kind": "openai", "url": "https://name.invalid/v1", "models": {
            "a": {"context_length": 9000}, "b": {"context_length": 8000}}}},
        "models": {"ensemble": {"answers": 2, "models": ["far/a", "gone", "far/b"]}}
    }"#;

    fn opened(task: ModelTask, ensemble: &str) -> Result<Option<RoutedModel>> {
        let temp = tempfile::tempdir().unwrap();
        let config: Config =
            serde_json::from_str(&CONFIG.replace(r#""far/a", "gone", "far/b""#, ensemble)).unwrap();
        let library = ModelLibrary::open(&Dirs::under(temp.path())).unwrap();
        let source =
            ModelSource::new(library).with_remote(RemoteModels::new(&config), |_| Ok(None));
        RoutePlan::new(&config, task, &[], &RouteRequest::default()).open(&source, None)
    }

    #[test]
    fn models_that_answer_together_need_no_other() {
        let routed = opened(ModelTask::Edit, r#""far/a", "gone", "far/b""#).unwrap().unwrap();
        // The task's own model is not installed, and nobody misses it.
        assert_eq!((&*routed.name, &*routed.reason), ("far/a, far/b", "`models.ensemble`"));
        assert_eq!(routed.model.info().context_length, 8000);
        assert_eq!(routed.passed_over.len(), 1);
        assert_eq!(routed.passed_over[0].0, "gone");
        // Where none of them is there, it is asked.
        let error = opened(ModelTask::Edit, r#""gone""#).unwrap_err();
        assert!(error.to_string().contains("not-installed"), "{error}");
        assert!(opened(ModelTask::Ask, r#""far/a""#).is_err());
    }

    #[test]
    fn what_is_opened_first_is_known_before() {
        let config: Config = serde_json::from_str(CONFIG).unwrap();
        let first = |task| {
            let plan = RoutePlan::new(&config, task, &[], &RouteRequest::default());
            plan.opened_first().iter().map(|one| one.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(first(ModelTask::Edit), ["far/a", "gone", "far/b"]);
        assert_eq!(first(ModelTask::Ask), ["not-installed"]);
    }
}
