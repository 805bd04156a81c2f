//! `mlx-code models`: what is installed.

mod add;
mod disk;
mod fit;
mod gc;
mod list;
mod ps;
mod repair;
mod rm;
mod show;
mod verify;

use mlxcode_core::{ModelLibrary, VerifyOptions};

use crate::args::Models;
use crate::command::{Common, dirs};
use crate::exit::Outcome;
use crate::host::Host;

/// Runs the verb.
pub fn run(args: Models, common: &Common, host: &mut Host<'_>) -> Outcome {
    let mut library = ModelLibrary::open(&dirs(host)?)?;
    match args {
        Models::Add { path, name } => add::run(&mut library, &path, name.as_deref(), common, host),
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
            verify::run(&library, model.as_deref(), options, common, host)
        }
        Models::Repair { name } => repair::run(&mut library, &name, common, host),
        Models::Gc { yes, older_than, cache } => {
            gc::run(&mut library, yes, older_than, &cache, common, host)
        }
        Models::Disk { unused, cache } => disk::run(&library, unused, &cache, common, host),
        Models::Rm { name } => rm::run(&mut library, name, common, host),
    }
}
