//! The `mlx-code` command as a library: arguments in, text and an exit code out.
//!
//! The principal function is [`run`]; everything that it may touch, streams
//! and folders, comes in through [`Host`], so that tests and the Python
//! package run the very same command. [`main`] is the real program's host.

#![forbid(unsafe_code)]

mod alias;
mod args;
mod command;
mod editor;
mod exit;
mod exit_code;
mod host;
mod look;
mod output;
mod repl;
mod typing;
mod words;

pub use editor::Editor;
pub use host::{Host, Interrupt, Waiting, document_command, main, main_with};
pub use typing::Hidden;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::args::{Args, Command, Conversation};
use crate::exit::{Failure, Outcome};

/// Runs the command that `args` names, the program's own name first, and
/// gives the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, host: &mut Host<'_>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let json = args.iter().any(|arg| arg == "--json");
    let args = match alias::expanded(args, host) {
        Ok(args) => args,
        Err(failure) => return ended(Err(failure), json, host),
    };
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => return exit::show_usage(&error, json, host),
    };
    if let Err(error) = usable(&args, host) {
        return exit::show_usage(&error, args.json, host);
    }
    let json = args.json;
    let done = command::run(args, host);
    ended(done, json, host)
}

/// The exit code of what was done; an error is shown.
fn ended(done: Outcome, json: bool, host: &mut Host<'_>) -> u8 {
    // A file on a full disk often fails no earlier than here.
    let done = done.and_then(|code| exit::written(host.output.flush()).map(|()| code));
    if done.is_err() {
        // What was said before the error stands above it.
        let _ = host.output.flush();
    }
    match done {
        Ok(code) => code,
        Err(Failure::Output(error)) => exit::show_lost_output(&error, host),
        Err(Failure::OutputClosed) => exit_code::OUTPUT_CLOSED,
        Err(Failure::Error(error)) => exit::show_error(&error, json, host),
    }
}

/// A conversation needs somebody who converses, and its options a conversation.
fn usable(args: &Args, host: &Host<'_>) -> Result<(), clap::Error> {
    let wrong = |kind, text: &str| Err(Args::command().error(kind, text));
    match &args.command {
        Some(_) if args.conversation != Conversation::default() => wrong(
            ErrorKind::ArgumentConflict,
            "the options of the conversation cannot be used with a command",
        ),
        Some(Command::Search(search)) if search.embedder.is_some() && !search.takes_vectors() => {
            wrong(ErrorKind::ArgumentConflict, "`--embedder` goes with `--kind semantic` alone")
        }
        None if args.conversation.print.is_none()
            && !(host.input_is_typed && host.output_is_shown) =>
        {
            wrong(
                ErrorKind::MissingSubcommand,
                "a conversation needs a terminal; give a command, or --print with what to say",
            )
        }
        _ => Ok(()),
    }
}
