//! `mlx-code models`: what is installed.

mod add;
mod convert;
mod list;
mod rm;
mod show;
mod verify;

use mlxcode_core::ModelLibrary;

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
        Models::Verify { name } => verify::run(&library, &name, common, host),
        Models::Convert { source, to, output, threads } => {
            convert::run(&library, &source, &to, output, threads, common, host)
        }
        Models::Rm { name } => rm::run(&mut library, name, common, host),
    }
}
