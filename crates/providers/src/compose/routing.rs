use std::sync::Arc;

use mlxcode_models::{
    Error, GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result,
};

use crate::error::ProviderError;
use crate::notice::{Notice, Observer};

/// Which requests go to a model. All that it says has to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteRule {
    /// The most tokens that the prompt may have.
    pub most_tokens: Option<usize>,
    /// The fewest tokens that it has.
    pub fewest_tokens: Option<usize>,
}

impl RouteRule {
    /// Sets the most tokens.
    pub fn at_most(mut self, tokens: usize) -> Self {
        self.most_tokens = Some(tokens);
        self
    }

    /// Sets the fewest tokens.
    pub fn at_least(mut self, tokens: usize) -> Self {
        self.fewest_tokens = Some(tokens);
        self
    }

    fn holds(&self, tokens: usize) -> bool {
        self.most_tokens.is_none_or(|most| tokens <= most)
            && self.fewest_tokens.is_none_or(|fewest| tokens >= fewest)
    }
}

/// A rule and the model that it leads to.
#[derive(Clone)]
pub struct Route {
    /// When.
    pub rule: RouteRule,
    /// Whereto.
    pub model: Arc<dyn LanguageModel>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route")
            .field("rule", &self.rule)
            .field("model", &self.model.info().name)
            .finish()
    }
}

/// Chooses a model for each request, by its length.
///
/// The first rule that holds decides, among the models whose context the
/// prompt fits into; where none holds, the model with the longest context
/// answers. What it says of itself is what the model says that would answer a
/// short request, with the longest context of all.
#[derive(Clone, Debug)]
pub struct Routing {
    routes: Arc<[Route]>,
    info: ModelInfo,
    observer: Observer,
}

impl Routing {
    /// Rules in their order.
    ///
    /// # Errors
    /// Without any.
    pub fn new(routes: Vec<Route>) -> Result<Self, ProviderError> {
        let Some(first) = chosen(&routes, 0) else {
            return Err(ProviderError::NoModel { what: "the routing" });
        };
        let mut info = first.info().clone();
        // More may go to another.
        let length = |route: &Route| route.model.info().context_length;
        info.context_length = routes.iter().map(length).max().unwrap_or(info.context_length);
        Ok(Self { routes: routes.into(), info, observer: Observer::default() })
    }

    /// Lets somebody hear when the length of a prompt chooses another model than
    /// a short one has.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// The model that a prompt of so many tokens goes to.
    pub fn choose(&self, tokens: usize) -> &dyn LanguageModel {
        // There is one: `new` saw to it.
        chosen(&self.routes, tokens).unwrap_or(&*self.routes[0].model)
    }
}

fn chosen(routes: &[Route], tokens: usize) -> Option<&dyn LanguageModel> {
    let length = |route: &&Route| route.model.info().context_length;
    let fits = |route: &&Route| route.rule.holds(tokens) && tokens <= length(route);
    let found = routes.iter().find(fits);
    let found = found.or_else(|| routes.iter().max_by_key(length));
    found.map(|route| &*route.model)
}

impl LanguageModel for Routing {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.choose(0).count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.choose(0).count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        // How long an answer gets, nobody knows; a model ends it where its
        // context does.
        let tokens = self.count_tokens(&request.prompt)?;
        let model = self.choose(tokens);
        if model.info().name != self.choose(0).info().name {
            let model = model.info().name.clone();
            self.observer.tell(&Notice::Chosen { model, tokens });
        }
        model.generate(request)
    }
}

/// The names of models, for the one that is made of them.
pub fn names<'a>(models: impl Iterator<Item = &'a dyn LanguageModel>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for model in models {
        let name = &*model.info().name;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// The shortest context, and abilities that all have.
pub fn common(models: &[Arc<dyn LanguageModel>], what: &'static str) -> Result<ModelInfo, Error> {
    let Some(first) = models.first() else { return Err(ProviderError::NoModel { what }.into()) };
    let mut info = first.info().clone();
    info.name = names(models.iter().map(|model| &**model));
    for other in models.iter().skip(1).map(LanguageModel::info) {
        info.context_length = info.context_length.min(other.context_length);
        info.chat &= other.chat;
        info.tools &= other.tools;
        info.good_at_tools = match (info.good_at_tools, other.good_at_tools) {
            (Some(one), Some(other)) => Some(one && other),
            _ => None,
        };
        info.thinking &= other.thinking;
        info.images &= other.images;
    }
    Ok(info)
}
