//! What the schema cannot say of a configuration.

use std::path::Path;

use mlxcode_agent::OcrLanguages;

use super::error::{ConfigError, ConfigProblem};
use super::load::ConfigSource;
use super::text::{Node, NodeKind};
use super::{Config, ModelTask, key};
use crate::remote::check_provider_name;

/// A slash names a provider's model: a project must not choose where text goes.
pub fn models(path: &Path, config: &Config, source: ConfigSource) -> Result<(), ConfigError> {
    for name in config.providers.iter().flat_map(|providers| providers.keys()) {
        check_provider_name(name)
            .map_err(|source| ConfigError::Provider { path: path.to_owned(), source })?;
    }
    for (name, forge) in &config.forges {
        forge.host(name).map_err(|source| {
            let source = Box::new(source);
            ConfigError::Forge { path: path.to_owned(), source }
        })?;
    }
    let is_elsewhere = |model: &String| model.contains('/');
    let not_here = |key: &str| ConfigError::NotHere { path: path.to_owned(), key: key.to_owned() };
    match source {
        ConfigSource::Project if config.model.iter().any(is_elsewhere) => Err(not_here("model")),
        ConfigSource::Project if config.models.named().any(is_elsewhere) => Err(not_here("models")),
        _ => Ok(()),
    }
}

/// Names of tasks and of languages.
pub fn names(node: &Node, config: &Config) -> Result<(), (usize, ConfigProblem)> {
    tasks(node)?;
    languages(node, config)
}

/// The languages of texts in pictures are names, and no options of a program.
fn languages(node: &Node, config: &Config) -> Result<(), (usize, ConfigProblem)> {
    let names = &config.attachments.ocr_languages;
    let bad = |name: &&String| OcrLanguages::of(std::slice::from_ref(*name)).is_err();
    let Some(name) = names.iter().find(bad) else { return Ok(()) };
    let path = ["attachments".to_owned(), "ocr_languages".to_owned()];
    let at = node.at(&path).map_or(node.start, |node| node.start);
    let wanted = "names of languages such as `eng`".to_owned();
    let (key, found) = (key::join(&path), format!("{name:?}"));
    Err((at, ConfigProblem::WrongType { key, wanted, found }))
}

/// The keys of `models.tasks` are names of tasks.
fn tasks(node: &Node) -> Result<(), (usize, ConfigProblem)> {
    let path = ["models".to_owned(), "tasks".to_owned()];
    let Some(NodeKind::Object(members)) = node.at(&path).map(|tasks| &tasks.kind) else {
        return Ok(());
    };
    let unknown = members.iter().find(|member| ModelTask::named(&member.key).is_none());
    let Some(member) = unknown else { return Ok(()) };
    let names = ModelTask::ALL.iter().map(|task| task.as_str().to_owned());
    let key = |name: &str| key::join(&[&path[..], &[name.to_owned()]].concat());
    let near = mlxcode_base::nearest(&member.key, names, 2).iter().map(|name| key(name)).collect();
    Err((member.start, ConfigProblem::UnknownKey { key: key(&member.key), near }))
}
