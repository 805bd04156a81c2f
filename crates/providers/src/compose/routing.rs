use std::sync::Arc;

use mlxcode_models::{
    Error, GenerateRequest, Generation, LanguageModel, ModelInfo, Prompt, Result,
};

use crate::error::ProviderError;
use crate::notice::{Notice, Observer};

/// What a model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// Text at a cursor.
    Completion,
    /// The message of a commit.
    CommitMessage,
    /// A summary of what was said, or a title.
    Summary,
    /// An answer to a question.
    Question,
    /// A change of files.
    Edit,
}

impl Task {
    /// Whether a small model does it as well, and sooner.
    pub fn is_small(self) -> bool {
        matches!(self, Self::Completion | Self::CommitMessage | Self::Summary)
    }
}

/// Which requests go to a model. All that it says has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteRule {
    /// The tasks; none means all.
    pub tasks: Vec<Task>,
    /// The most tokens that the prompt may have.
    pub most_tokens: Option<usize>,
    /// The fewest tokens that it has.
    pub fewest_tokens: Option<usize>,
}

impl RouteRule {
    /// A rule for some tasks.
    pub fn tasks(tasks: impl Into<Vec<Task>>) -> Self {
        Self { tasks: tasks.into(), ..Self::default() }
    }

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

    fn holds(&self, task: Task, tokens: usize) -> bool {
        (self.tasks.is_empty() || self.tasks.contains(&task))
            && self.most_tokens.is_none_or(|most| tokens <= most)
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

/// Chooses a model for each request, by its task and its length.
///
/// The first rule that holds decides, among the models whose context the
/// prompt fits into; where none holds, the model with the longest context
/// answers. [`for_task`](Self::for_task) gives a model that asks for one task.
#[derive(Clone, Debug)]
pub struct Routing {
    routes: Arc<[Route]>,
    task: Task,
    info: ModelInfo,
    observer: Observer,
}

impl Routing {
    /// Rules in their order.
    ///
    /// # Errors
    /// Without any.
    pub fn new(routes: Vec<Route>) -> Result<Self, ProviderError> {
        let longest = |route: &&Route| route.model.info().context_length;
        let Some(longest) = routes.iter().max_by_key(longest) else {
            return Err(ProviderError::NoModel { what: "the routing" });
        };
        let mut info = longest.model.info().clone();
        info.name = names(routes.iter().map(|route| &*route.model));
        let observer = Observer::default();
        Ok(Self { routes: routes.into(), task: Task::Question, info, observer })
    }

    /// A small model for what needs none larger, and a large one for the rest.
    pub fn small_and_large(
        small: Arc<dyn LanguageModel>,
        large: Arc<dyn LanguageModel>,
    ) -> Result<Self, ProviderError> {
        let easy = RouteRule::tasks([Task::Completion, Task::CommitMessage, Task::Summary]);
        Self::new(vec![
            Route { rule: easy, model: small },
            Route { rule: RouteRule::default(), model: large },
        ])
    }

    /// The same, asked for another task; what it says of itself is what the
    /// model says that would answer a short request.
    pub fn for_task(&self, task: Task) -> Self {
        let mut info = self.choose(task, 0).info().clone();
        // More may go to another.
        let length = |route: &Route| route.model.info().context_length;
        info.context_length = self.routes.iter().map(length).max().unwrap_or(info.context_length);
        Self { routes: Arc::clone(&self.routes), task, info, observer: self.observer.clone() }
    }

    /// Lets somebody hear when the length of a prompt chooses another model than
    /// a short one has.
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = observer;
        self
    }

    /// The model that a prompt of so many tokens goes to.
    pub fn choose(&self, task: Task, tokens: usize) -> &dyn LanguageModel {
        let fits = |route: &&Route| {
            route.rule.holds(task, tokens) && tokens <= route.model.info().context_length
        };
        let length = |route: &&Route| route.model.info().context_length;
        let found = self.routes.iter().find(fits);
        let found = found.or_else(|| self.routes.iter().max_by_key(length));
        // There is one: `new` saw to it.
        &*found.unwrap_or(&self.routes[0]).model
    }
}

impl LanguageModel for Routing {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<usize> {
        self.choose(self.task, 0).count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> Result<usize> {
        self.choose(self.task, 0).count_text(text)
    }

    fn generate(&self, request: GenerateRequest) -> Result<Generation> {
        // How long an answer gets, nobody knows; a model ends it where its
        // context does.
        let tokens = self.count_tokens(&request.prompt)?;
        let model = self.choose(self.task, tokens);
        if model.info().name != self.choose(self.task, 0).info().name {
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
    for other in models.iter().skip(1).map(|model| model.info()) {
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
