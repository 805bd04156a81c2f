//! How a run ends early, and how an error is shown.

use std::io;

use clap::error::ErrorKind as ClapKind;
use mlxcode_core::{Error, io_error_kind};

use crate::exit_code::{SUCCESS, USAGE, of_error, of_kind};
use crate::host::Host;
use crate::output::{Style, json, visible};

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// The library refused or failed.
    Error(Error),
    /// Nobody reads the output any more.
    OutputClosed,
    /// The output cannot be written.
    Output(io::Error),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// A command's result: the exit code.
pub type Outcome<T = u8> = Result<T, Failure>;

/// Treats a closed pipe as the reader's wish to stop.
pub fn written(result: io::Result<()>) -> Outcome<()> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Output(error),
    })
}

/// Tells that the output could not be written, where that can still be told.
pub fn show_lost_output(error: &io::Error, host: &mut Host<'_>) -> u8 {
    let style = Style::for_messages(host);
    let _ = writeln!(
        host.messages,
        "{} cannot write the output: {error}\n{} free some space, or write it elsewhere",
        style.error("error:"),
        style.strong("help:")
    );
    of_kind(io_error_kind(error))
}

/// Shows an error of the library: one line, its causes, its remedy.
pub fn show_error(error: &Error, json: bool, host: &mut Host<'_>) -> u8 {
    // Nothing is left to tell somebody who closed both streams.
    let _ = if json {
        json::write(host, &json::ErrorOutput::new(error))
    } else {
        let style = Style::for_messages(host);
        let mut text = format!("{} {}\n", style.error("error:"), visible(error));
        for cause in error.causes() {
            text.push_str(&format!("  because: {}\n", visible(cause)));
        }
        if let Some(help) = error.help() {
            text.push_str(&format!("{} {}\n", style.strong("help:"), visible(help)));
        }
        written(host.messages.write_all(text.as_bytes()))
    };
    of_error(error)
}

/// Tells of something that is broken beside what can be shown, such as one
/// model among others: a line and its remedy. `what` begins the sentence.
pub fn show_broken(what: &str, error: &Error, host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_messages(host);
    let line = visible(format!("{what}: {}", error.sentence()));
    written(writeln!(host.messages, "{} {line}", style.error("error:")))?;
    match error.help() {
        Some(help) => written(writeln!(host.messages, "{} {help}", style.strong("help:"))),
        None => Ok(()),
    }
}

/// Shows what clap says: help and version on the output, the rest as an error.
pub fn show_usage(error: &clap::Error, json: bool, host: &mut Host<'_>) -> u8 {
    let wanted = matches!(error.kind(), ClapKind::DisplayHelp | ClapKind::DisplayVersion);
    if json && !wanted {
        let _ = json::write(host, &json::ErrorOutput::usage(&error.to_string()));
        return USAGE;
    }
    let text = error.render();
    let text = if host.color { text.ansi().to_string() } else { text.to_string() };
    let stream = if wanted { &mut host.output } else { &mut host.messages };
    let _ = stream.write_all(text.as_bytes());
    if wanted { SUCCESS } else { USAGE }
}
