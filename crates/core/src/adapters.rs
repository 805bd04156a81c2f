//! Models that plugins run: `ADAPTER/MODEL`.

use mlxcode_agent::plugin::{ModelAdapter, RunningAdapter};
use mlxcode_base::CancelToken;
use mlxcode_models::{GenerateRequest, LanguageModel, ModelInfo, Prompt};

use crate::config::Config;
use crate::error::Result;
use crate::mcp::Environment;
use crate::model::Model;
use crate::plugins::plugins;
use crate::remote::RemoteModels;
use crate::workspace::Workspace;

/// The model that a reference names of an adapter of a plugin that is enabled:
/// `mine/mine-7b`, or `plugin:mine/mine-7b` where two plugins have a `mine`.
/// `None` where it names none.
///
/// The adapter is started, and ends with the last clone of the model.
///
/// # Errors
/// Where the adapter cannot be started or does not answer, and where the work
/// was cancelled.
pub fn adapted_model(
    workspace: &Workspace,
    reference: &str,
    environment: &Environment,
    cancel: &CancelToken,
) -> Result<Option<Model>> {
    let Some((named, model)) = reference.split_once('/') else { return Ok(None) };
    if named.is_empty() || model.is_empty() {
        return Ok(None);
    }
    let enabled = plugins(&workspace.dirs, Some(workspace.root())).enabled()?;
    let mut adapters = enabled.iter().flat_map(|plugin| &plugin.adapters);
    let Some(adapter) = adapters.find(|one| is_named(one, named)) else { return Ok(None) };
    let running = adapter.start(environment.variables.clone(), cancel)?;
    // It runs on this machine: no configuration is needed to ask it.
    let address = format!("{}#{model}", running.base_url());
    let asked = RemoteModels::new(&Config::default()).open(&address, None)?;
    let mut info = asked.info().clone();
    reference.clone_into(&mut info.name);
    Ok(Some(Model::new(Adapted { asked, info, _running: running })))
}

fn is_named(adapter: &ModelAdapter, name: &str) -> bool {
    match name.split_once(':') {
        Some((plugin, name)) => adapter.plugin == plugin && adapter.name == name,
        None => adapter.name == name,
    }
}

/// A model of an adapter, which lives as long.
struct Adapted {
    asked: Model,
    info: ModelInfo,
    _running: RunningAdapter,
}

impl LanguageModel for Adapted {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, prompt: &Prompt) -> mlxcode_models::Result<usize> {
        self.asked.language_model().count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> mlxcode_models::Result<usize> {
        self.asked.language_model().count_text(text)
    }

    fn generate(
        &self,
        request: GenerateRequest,
    ) -> mlxcode_models::Result<mlxcode_models::Generation> {
        self.asked.language_model().generate(request)
    }
}
