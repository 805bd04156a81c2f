//! What the command may touch: streams, folders, the interrupt key.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mlxcode_core::{
    CancelToken, Dirs, DocumentCommand, Environment, HubSettings, Model, ProbeCommand,
    SecretSurroundings, ServerFolders,
};
use mlxcode_terminal::{Size, Surroundings, Theme};

use crate::editor::Editor;
use crate::output::visible;
use crate::typing::{Hidden, show_again};

/// The program's surroundings.
#[expect(clippy::struct_excessive_bools, reason = "every stream is shown or not for itself")]
pub struct Host<'a> {
    /// Where a reply or a prompt given as `-` is read from.
    pub input: &'a mut dyn BufRead,
    /// Where answers go.
    pub output: &'a mut dyn Write,
    /// Where progress, questions and errors go.
    pub messages: &'a mut dyn Write,
    /// Where a person's answers come from; `None` where nobody is there.
    pub keyboard: Option<&'a mut dyn BufRead>,
    /// Whether a person would type what `input` reads.
    pub input_is_typed: bool,
    /// Whether a terminal shows `output`.
    pub output_is_shown: bool,
    /// How many characters a line of that terminal has, where it tells.
    pub output_columns: Option<usize>,
    /// How large that terminal is now: terminals change their size.
    pub size: fn() -> Option<Size>,
    /// Whether `output` shows colours.
    pub color: bool,
    /// What the colours are; the usual ones without.
    pub theme: Option<Theme>,
    /// Whether `messages` is a terminal, so that a line can be redrawn.
    pub live: bool,
    /// The folder that relative paths start from.
    pub current_dir: PathBuf,
    /// The user's folders; `None` where the environment names no home.
    pub dirs: Option<Dirs>,
    /// How to start this program again, to ask the drivers; `None` where this
    /// process is no program of ours.
    pub probe: Option<ProbeCommand>,
    /// Where models are pulled from, and where they are kept meanwhile.
    pub hub: HubSettings,
    /// A model to use where none is named, in place of an installed one.
    pub model: Option<Model>,
    /// Cancelled by Ctrl-C.
    pub cancel: CancelToken,
    /// What Ctrl-C cancels.
    pub interrupt: Interrupt,
    /// What the environment says of the terminal.
    pub terminal: Surroundings,
    /// Set while a person is asked.
    pub waiting: Waiting,
    /// Secrets of the environment, and the way to the keychain.
    pub secrets: SecretSurroundings,
    /// The variables that servers of tools inherit, but for secrets.
    pub environment: Environment,
    /// Where language servers are looked for.
    pub servers: ServerFolders,
    /// What texts are edited with; `None` where nothing is named.
    pub editor: Option<Editor>,
    /// Hides what is typed on the keyboard; `None` where it cannot.
    pub hide: fn() -> Option<Hidden>,
}

/// Whether the program waits for a person to type: nothing is half done then,
/// so that an interrupt may end it at once. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Waiting(Arc<AtomicBool>);

/// What an interrupt stops. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Mutex<Pending>>);

#[derive(Debug, Default)]
struct Pending {
    cancel: CancelToken,
    /// Whether somebody interrupted already, and it has not ended yet.
    asked: bool,
}

impl Interrupt {
    /// What the next interrupt cancels from here on: each turn of a
    /// conversation is stopped for itself.
    pub fn renew(&self) -> CancelToken {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *pending = Pending::default();
        pending.cancel.clone()
    }

    /// Somebody interrupts. False where that happened before.
    fn interrupt(&self) -> bool {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.cancel.cancel();
        !std::mem::replace(&mut pending.asked, true)
    }
}

impl Host<'_> {
    /// A token that the next interrupt cancels.
    pub(crate) fn renew_cancel(&mut self) -> CancelToken {
        self.cancel = self.interrupt.renew();
        self.cancel.clone()
    }

    /// Shows a piece of a model's text at once: as it is, but for what a
    /// terminal would obey.
    pub(crate) fn stream(&mut self, text: &str) -> io::Result<()> {
        if self.output_is_shown {
            self.output.write_all(visible(text).as_bytes())?;
        } else {
            self.output.write_all(text.as_bytes())?;
        }
        self.output.flush()
    }
}

impl Waiting {
    /// Reads what a person types.
    pub fn during<T>(&self, read: impl FnOnce() -> T) -> T {
        self.0.store(true, Ordering::SeqCst);
        let typed = read();
        self.0.store(false, Ordering::SeqCst);
        typed
    }
}

/// Runs the command on the process's own streams.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    main_with(args, None)
}

/// As [`main`], with a model to use where none is named.
#[allow(clippy::disallowed_methods, reason = "the face reads the environment, the library never")]
pub fn main_with(args: impl IntoIterator<Item = OsString>, model: Option<Model>) -> u8 {
    let interrupt = Interrupt::default();
    let cancel = interrupt.renew();
    let waiting = Waiting::default();
    stop_on_interrupt(&interrupt, &waiting);
    let stdin_is_terminal = io::stdin().is_terminal();
    let output_is_shown = io::stdout().is_terminal();
    let color = output_is_shown
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
        input_is_typed: stdin_is_terminal,
        output_is_shown,
        output_columns: size().filter(|_| output_is_shown).map(|size| size.columns),
        size,
        color,
        theme: None,
        live,
        current_dir: std::env::current_dir().unwrap_or_default(),
        dirs: Dirs::from_env(),
        probe: probe(),
        hub: HubSettings::from_env(),
        model,
        cancel,
        interrupt,
        terminal: surroundings(output_is_shown),
        waiting,
        secrets: SecretSurroundings::from_env(),
        environment: Environment::from_env(),
        servers: ServerFolders::from_env(),
        editor: Editor::from_env(),
        hide: Hidden::on_terminal,
    };
    crate::run(args, &mut host)
}

/// What the environment says of the terminal.
#[allow(clippy::disallowed_methods, reason = "the face reads the environment, the library never")]
fn surroundings(is_terminal: bool) -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"];
    Surroundings {
        is_terminal,
        term: variable("TERM"),
        term_program: variable("TERM_PROGRAM"),
        colorterm: variable("COLORTERM"),
        is_vte_or_konsole: ["VTE_VERSION", "KONSOLE_VERSION"]
            .iter()
            .any(|name| std::env::var_os(name).is_some()),
        no_color: variable("NO_COLOR"),
        clicolor_force: variable("CLICOLOR_FORCE"),
        colorfgbg: variable("COLORFGBG"),
        locale: locale.into_iter().filter_map(variable).find(|value| !value.is_empty()),
        plain: false,
    }
}

/// This very program, with the verb that asks the drivers.
fn probe() -> Option<ProbeCommand> {
    Some(ProbeCommand::new(own_program()?, [OsString::from("__probe")]))
}

/// This very program, with the verb that reads documents.
pub fn document_command() -> Option<DocumentCommand> {
    Some(DocumentCommand::new(own_program()?, [OsString::from("__document")]))
}

/// This very program. In an interpreter that has loaded the library, there is
/// none.
fn own_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    // A program that was replaced while it runs has another ending on Linux.
    let is_ours = program.file_stem()?.to_str()? == "mlx-code";
    is_ours.then_some(program)
}

/// The first interrupt asks the work to stop, which takes at most a token;
/// the second one ends the process, and so does one while a person is asked.
fn stop_on_interrupt(interrupt: &Interrupt, waiting: &Waiting) {
    let interrupt = interrupt.clone();
    let waiting = waiting.clone();
    // Without a handler, an interrupt ends the process at once: still safe,
    // since files are only ever replaced whole.
    let _ = ctrlc::set_handler(move || {
        if !interrupt.interrupt() || waiting.0.load(Ordering::SeqCst) {
            show_again();
            // The shell's prompt begins on a line of its own.
            let _ = writeln!(io::stderr());
            #[allow(clippy::exit, clippy::disallowed_methods, reason = "it means now")]
            std::process::exit(i32::from(crate::exit_code::CANCELLED));
        }
    });
}

/// The size of the terminal that shows the output.
#[cfg(unix)]
fn size() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    let size = Size { columns: size.ws_col.into(), rows: size.ws_row.into() };
    Some(size).filter(|size| size.columns > 0)
}

#[cfg(not(unix))]
fn size() -> Option<Size> {
    None
}

#[cfg(unix)]
fn controlling_terminal() -> Option<BufReader<File>> {
    File::open("/dev/tty").ok().map(BufReader::new)
}

#[cfg(not(unix))]
fn controlling_terminal() -> Option<BufReader<File>> {
    File::open("CONIN$").ok().map(BufReader::new)
}
