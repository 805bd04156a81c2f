//! What the command may touch: streams, folders, the interrupt key.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use mlxcode_core::{CancelToken, Dirs, Model};

/// The program's surroundings.
pub struct Host<'a> {
    /// Where a reply or a prompt given as `-` is read from.
    pub input: &'a mut dyn BufRead,
    /// Where answers go.
    pub output: &'a mut dyn Write,
    /// Where progress, questions and errors go.
    pub messages: &'a mut dyn Write,
    /// Where a person's answers come from; `None` where nobody is there.
    pub keyboard: Option<&'a mut dyn BufRead>,
    /// Whether `output` shows colours.
    pub color: bool,
    /// Whether `messages` is a terminal, so that a line can be redrawn.
    pub live: bool,
    /// The folder that relative paths start from.
    pub current_dir: PathBuf,
    /// The user's folders; `None` where the environment names no home.
    pub dirs: Option<Dirs>,
    /// A model to use where none is named, in place of an installed one.
    pub model: Option<Model>,
    /// Cancelled by Ctrl-C.
    pub cancel: CancelToken,
}

/// Runs the command on the process's own streams.
#[allow(clippy::disallowed_methods, reason = "the face reads the environment, the library never")]
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cancel = CancelToken::new();
    stop_on_interrupt(&cancel);
    let stdin_is_terminal = io::stdin().is_terminal();
    let color = io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
    let live = io::stderr().is_terminal();
    let mut input = BufReader::new(io::stdin());
    let mut terminal = if stdin_is_terminal || !live { None } else { controlling_terminal() };
    let mut typed = BufReader::new(io::stdin());
    let keyboard: Option<&mut dyn BufRead> = match &mut terminal {
        Some(terminal) => Some(terminal),
        None if stdin_is_terminal && live => Some(&mut typed),
        None => None,
    };
    let mut output = BufWriter::new(io::stdout());
    let mut messages = io::stderr();
    let mut host = Host {
        input: &mut input,
        output: &mut output,
        messages: &mut messages,
        keyboard,
        color,
        live,
        current_dir: std::env::current_dir().unwrap_or_default(),
        dirs: Dirs::from_env(),
        model: None,
        cancel,
    };
    let code = crate::run(args, &mut host);
    // A closed pipe is the reader's choice, not an error.
    let _ = output.flush();
    code
}

/// The first interrupt asks the work to stop, which takes at most a token;
/// the second one ends the process.
fn stop_on_interrupt(cancel: &CancelToken) {
    let cancel = cancel.clone();
    let asked = AtomicBool::new(false);
    // Without a handler, an interrupt ends the process at once: still safe,
    // since files are only ever replaced whole.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            #[allow(
                clippy::exit,
                clippy::disallowed_methods,
                reason = "a second interrupt means now"
            )]
            std::process::exit(i32::from(crate::exit::CANCELLED));
        }
        cancel.cancel();
    });
}

#[cfg(unix)]
fn controlling_terminal() -> Option<BufReader<File>> {
    File::open("/dev/tty").ok().map(BufReader::new)
}

#[cfg(not(unix))]
fn controlling_terminal() -> Option<BufReader<File>> {
    File::open("CONIN$").ok().map(BufReader::new)
}
