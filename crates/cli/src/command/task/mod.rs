//! Named work: each verb reads its arguments, lets the library work, and shows.

pub mod batch;
pub mod commit;
pub mod document;
pub mod explain;
pub mod fix;
pub mod review;
pub mod scaffold;
pub mod test;
pub mod workflow;

use std::sync::Mutex;

use mlxcode_core::{InputError, Model, PromptPlace, Prompts, RunSurroundings, TaskModel};

use crate::args::Running;
use crate::exit::{Outcome, written};
use crate::host::Host;
use crate::output::{Style, progress, visible};

/// A line that tells what a task is at, where a terminal shows it.
pub struct Telling {
    live: bool,
    drawn: Mutex<bool>,
}

impl Telling {
    /// Makes one; nobody is told anything where documents are printed.
    pub fn new(live: bool) -> Self {
        Self { live, drawn: Mutex::new(false) }
    }

    /// Tells.
    pub fn tell(&self, what: &str) {
        if self.live {
            if let Ok(mut drawn) = self.drawn.lock() {
                *drawn = true;
            }
            progress::draw(visible(format!("{what} …")));
        }
    }

    /// Wipes the line.
    pub fn clear(&self) {
        if self.drawn.lock().is_ok_and(|mut drawn| std::mem::take(&mut *drawn)) {
            progress::draw("");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"\r");
        }
    }
}

/// The model at the task, with the host's interrupt key.
pub fn task_model<'m>(
    model: &'m Model,
    told: &'m (dyn Fn(&str) + Sync),
    host: &Host<'_>,
) -> TaskModel<'m> {
    let mut task = TaskModel::new(model);
    task.told = told;
    task.cancel = host.cancel.clone();
    task
}

/// Says which prompts files replace: a project's are used without asking, but
/// not in silence.
pub fn show_replaced(prompts: &Prompts, names: &[&str], host: &mut Host<'_>) -> Outcome<()> {
    for name in names {
        if let PromptPlace::File(file) = prompts.place(name) {
            let line = format!("the prompt `{name}` is that of {}", file.display());
            written(writeln!(host.messages, "{}", visible(line)))?;
        }
    }
    Ok(())
}

/// Asks for a yes or a no. The end of input is a no.
pub fn yes_or_no(host: &mut Host<'_>, words: &str) -> Outcome<bool> {
    let answer =
        crate::command::apply::question(host, &format!("{words} [y]es, [n]o: "), &["y", "n"])?;
    Ok(answer == Some("y"))
}

/// `NAME=VALUE` as a pair.
pub fn pair(text: &str) -> Outcome<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err(InputError::NoPair { text: text.to_owned() }.into()),
    }
}

/// What commands are given of the process's surroundings.
#[allow(clippy::disallowed_methods, reason = "the face reads the environment, the library never")]
pub fn surroundings(running: &Running, host: &Host<'_>) -> RunSurroundings {
    let mut given = usual_surroundings();
    given.network = running.network;
    given.unconfined = running.unconfined;
    given.writable = running.writable.iter().map(|one| host.current_dir.join(one)).collect();
    given
}

/// What commands find around them where nothing else was said.
#[allow(clippy::disallowed_methods, reason = "a face reads what the library is given")]
pub fn usual_surroundings() -> RunSurroundings {
    let mut given = RunSurroundings::default();
    given.environment = std::env::vars_os().collect();
    given.temp = std::env::temp_dir();
    given.home = std::env::home_dir();
    given
}

/// Warns of what looks like a secret.
pub fn show_leaks(leaks: &[mlxcode_core::task::Leak], host: &mut Host<'_>) -> Outcome<()> {
    let style = Style::for_messages(host);
    for leak in leaks {
        let line = visible(format!("{}:{} looks like {}", leak.path, leak.line, leak.kind));
        written(writeln!(host.messages, "{} {line}", style.error("warning:")))?;
    }
    Ok(())
}
