//! What somebody has to decide.

use std::io::{BufRead, Read, Write};

use mlxcode_core::{Access, Approval, Decision};
use mlxcode_terminal::{
    ApprovalView, Choice, Decision as Decided, DiffView, FileView, PendingFile, Role, Screen,
    choose, visible,
};

use crate::exit::{Outcome, written};

/// Nobody writes a longer reason.
const LONGEST_REASON_BYTES: u64 = 16 << 10;

const CHOICES: [Choice; 4] = [
    Choice { name: "yes", meaning: "do it" },
    Choice { name: "no", meaning: "do not; a reason may be given" },
    Choice { name: "always", meaning: "do it, and do not ask for its like again" },
    Choice { name: "why", meaning: "say why it is asked" },
];

/// Asks. The change was shown already.
pub(super) fn ask(
    approval: &Approval,
    change: &[FileView],
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Outcome<Decision> {
    if matches!(approval.access, Access::Write { .. }) && !change.is_empty() {
        return ask_files(approval, change, screen, keyboard, out);
    }
    let question = format!("{}?", capitalised(&approval.what));
    loop {
        match choose(&question, &CHOICES, screen, keyboard, out)? {
            Some(0) => return Ok(Decision::Yes),
            Some(1) => return reason(screen, keyboard, out),
            Some(2) => return Ok(Decision::Always),
            Some(_) => tell_why(approval, screen, out)?,
            None => return Ok(Decision::No),
        }
    }
}

fn ask_files(
    approval: &Approval,
    change: &[FileView],
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Outcome<Decision> {
    let files: Vec<PendingFile> =
        change.iter().map(|view| PendingFile { view: view.clone(), hunks: Vec::new() }).collect();
    let mut view = ApprovalView::new(&files, DiffView::default(), screen).without_editor();
    loop {
        match view.ask(keyboard, out)? {
            Decided::All => return Ok(Decision::Yes),
            Decided::None => return reason(screen, keyboard, out),
            Decided::Some(taken) => {
                let wanted = change.iter().zip(taken).filter(|(_, taken)| taken.contains(&true));
                return Ok(Decision::Only(wanted.map(|(file, _)| file.path.clone()).collect()));
            }
            Decided::Why(_) => tell_why(approval, screen, out)?,
            // Not among the answers.
            Decided::Edit(_) => {}
        }
    }
}

fn tell_why(approval: &Approval, screen: &Screen, out: &mut dyn Write) -> Outcome<()> {
    let text = format!("It is asked because {}.", approval.why);
    written(writeln!(out, "{}", screen.paint(Role::Faint, &visible(&text))))
}

/// What the model is told after a no; nothing ends the turn.
fn reason(screen: &Screen, keyboard: &mut dyn BufRead, out: &mut dyn Write) -> Outcome<Decision> {
    let question = "What should it do instead? (nothing ends the turn)";
    written(write!(out, "{} ", screen.paint(Role::Faint, question)))?;
    written(out.flush())?;
    let mut line = Vec::new();
    let read = Read::take(keyboard, LONGEST_REASON_BYTES).read_until(b'\n', &mut line);
    let text = String::from_utf8_lossy(&line).trim().to_owned();
    Ok(match read {
        Ok(_) if !text.is_empty() => Decision::Because(text),
        _ => Decision::No,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
