//! `mlx-code models`: what is installed.

mod add;
mod alias;
mod compare;
mod convert;
mod disk;
mod export;
mod favourite;
mod fit;
mod gc;
mod import;
mod list;
mod note;
mod ps;
mod pull;
mod queue;
mod recommend;
mod record;
mod repair;
mod rm;
mod search;
mod show;
mod stats;
mod tag;
mod verify;

use std::path::PathBuf;

use mlxcode_core::{
    Catalogue, HubOptions, LoadedConfig, ModelLibrary, Pulls, VerifyOptions, Workspace,
    with_plugin_catalogues,
};

use crate::args::Models;
use crate::command::{Common, bench, dirs, secret};
use crate::exit::{Outcome, written};
use crate::host::Host;
use crate::output::{Style, visible};

/// Runs the verb.
pub fn run(args: Models, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut library = ModelLibrary::open(&dirs(host)?)?;
    match args {
        Models::Add { path, name } => add::run(&mut library, &path, name.as_deref(), common, host),
        Models::Pull(args) => pull::run(&library, &args, common, host),
        Models::Queue { what } => queue::run(&library, what, common, host),
        Models::List => list::run(&library, common, host),
        Models::Show { name } => show::run(&library, &name, common, host),
        Models::Fit { model, context, answers, cache } => {
            let wish = fit::Wish { context, answers, cache };
            fit::run(&library, &model, &wish, common, host)
        }
        Models::Ps => ps::run(&library, common, host),
        Models::Verify { model, offline, deep } => {
            let mut options = VerifyOptions::default();
            (options.offline, options.deep) = (offline, deep);
            // Nobody is asked for a password by what only looks.
            let library = if offline { library } else { with_hub(library, false, host)? };
            verify::run(&library, model.as_deref(), options, common, host)
        }
        Models::Repair { name } => {
            repair::run(&mut with_hub(library, true, host)?, &name, common, host)
        }
        Models::Gc { yes, older_than, cache } => {
            let caches = caches(&cache, host);
            gc::run(&mut library, yes, older_than, caches, common, host)
        }
        Models::Disk { unused, cache } => {
            disk::run(&library, unused, caches(&cache, host), common, host)
        }
        Models::Rm { name, forget } => rm::run(&mut library, name, forget, common, host),
        Models::Search(args) => search::run(&library, &args, common, host),
        Models::Recommend(args) => recommend::run(&library, &args, common, host),
        Models::Bench(args) => bench::run(args, common, host),
        Models::Compare(args) => compare::run(&library, args, common, host),
        Models::Tag(args) => tag::run(&library, args, common, host),
        Models::Favourite(args) => favourite::run(&library, &args, common, host),
        Models::Note(args) => note::run(&library, args, common, host),
        Models::Alias(args) => alias::run(&library, &args, common, host),
        Models::Stats(args) => stats::run(&library, &args, common, host),
        Models::Export(args) => export::run(&library, &args, common, host),
        Models::Import(args) => import::run(&library, &args, common, host),
        Models::Convert { source, to, output, threads } => {
            convert::run(&library, &source, &to, output, threads, common, host)
        }
    }
}

/// The download caches that are named, else the hub's own, where it is there.
fn caches(named: &[PathBuf], host: &Host<'_>) -> Vec<PathBuf> {
    if named.is_empty() {
        return host.hub.cache_dir.clone().filter(|cache| cache.is_dir()).into_iter().collect();
    }
    named.iter().map(|cache| host.current_dir.join(cache)).collect()
}

/// The library and the hub that its files come from.
fn with_hub(library: ModelLibrary, ask: bool, host: &mut Host<'_>) -> Outcome<ModelLibrary> {
    Ok(library.with_hub(hub_options(ask, host)?)?)
}

/// The hub, with the token that the environment gives, else with one that the
/// user keeps; `ask` tells whether a password may be asked for to read it.
fn hub_options(ask: bool, host: &mut Host<'_>) -> Outcome<HubOptions> {
    let mut settings = host.hub.clone();
    if settings.token.is_none() && !settings.offline {
        settings.token = secret::hub_token(ask, host)?;
    }
    Ok(settings.options()?)
}

/// The library's pulls, by references and by names of the catalogue. What
/// `reference` names may be in a catalogue that lies at an address; `fetches`
/// tells whether anything is fetched, for which a token may be needed.
fn pulls(
    library: &ModelLibrary,
    reference: Option<&str>,
    fetches: bool,
    host: &mut Host<'_>,
) -> Outcome<Pulls> {
    let is_name = |text: &str| !text.starts_with("hf:") && !text.contains('/');
    let catalogue = catalogue(library, reference.is_some_and(is_name), host)?;
    let options = if fetches { hub_options(true, host)? } else { host.hub.options()? };
    Ok(library.pulls(options, catalogue)?)
}

/// All models that are known by name; with `ask`, what lies at addresses is
/// fetched where its copy is old. What is amiss with that is told.
fn catalogue(library: &ModelLibrary, ask: bool, host: &mut Host<'_>) -> Outcome<Catalogue> {
    let dirs = dirs(host)?;
    let config = LoadedConfig::read(&dirs, None)?.config;
    let root = Workspace::root_of(&host.current_dir).ok();
    let config = with_plugin_catalogues(config, &dirs, root.as_deref())?;
    let mut remarks = Vec::new();
    // Who names no address needs no place for copies either.
    let catalogue = if config.catalogues.is_none() {
        library.catalogue(&config, None)?
    } else {
        library.catalogue_with(&config, host.hub.options()?, ask, &mut |text| remarks.push(text))?
    };
    for remark in remarks {
        let style = Style::for_messages(host);
        let word = style.strong("note:");
        written(writeln!(host.messages, "{word} {}", visible(remark)))?;
    }
    Ok(catalogue)
}
