//! `--precise`: the language's own server, where one is installed.

use mlxcode_core::{Navigation, Precise, PreciseAnswer, Result, Workspace};

use crate::args::PreciseAt;
use crate::exit::{Outcome, written};
use crate::host::Host;

/// Who answers where no server does.
pub const INDEX: &str = "index";

/// Asks a server, if that is wished and one is installed.
pub fn ask<T>(
    args: &PreciseAt,
    workspace: &Workspace,
    navigation: &Navigation,
    host: &mut Host<'_>,
    question: impl FnOnce(&mut Precise<'_>) -> Result<PreciseAnswer<T>>,
) -> Outcome<Option<PreciseAnswer<T>>> {
    if !args.precise {
        return Ok(None);
    }
    let mut servers = workspace.precise(navigation, &host.servers, &host.cancel);
    match question(&mut servers) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == "context.server_missing" => {
            written(writeln!(host.messages, "{error}; the index answers"))?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Says who answered, where that was the question.
pub fn say_by(args: &PreciseAt, by: &str, host: &mut Host<'_>) -> Outcome<()> {
    if args.precise && by != INDEX {
        written(writeln!(host.messages, "by {by}"))?;
    }
    Ok(())
}
