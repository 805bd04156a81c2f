//! What somebody has to decide.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

use mlxcode_core::{Access, Approval, Decision, FilePart, PartOfFile};
use mlxcode_terminal::{
    Approval as Answers, ApprovalView, Choice, Decision as Decided, DiffView, FileView,
    PendingFile, PendingHunk, Role, Scope, Screen, choose, visible,
};

use crate::exit::{Outcome, written};

/// Nobody writes a longer reason.
const LONGEST_REASON_BYTES: u64 = 16 << 10;

const CHOICES: [Choice; 4] = [
    Choice { name: "yes", meaning: "do it" },
    Choice { name: "no", meaning: "do not; a reason may be given" },
    Choice { name: "always", meaning: "do it, and do not ask for its like again" },
    Choice { name: "why", meaning: "ask the model why" },
];

/// A change that is asked about: what is shown of it, and what was answered so
/// far.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The files, as they are shown.
    pub files: Vec<FileView>,
    /// What somebody wrote in place of a file's new content, by its path.
    pub edited: BTreeMap<String, String>,
    /// The answers, while the question is left for a while.
    pub answers: Option<Answers>,
}

/// What came of a question.
#[derive(Debug)]
pub(super) enum Asked {
    /// It was decided.
    Decided(Decision),
    /// These files are to be edited first.
    Edit(Vec<usize>),
}

/// Asks. The change was shown already.
pub(super) fn ask(
    approval: &Approval,
    change: &mut Pending,
    can_edit: bool,
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Outcome<Asked> {
    if matches!(approval.access, Access::Write { .. }) && !change.files.is_empty() {
        return ask_files(approval, change, can_edit, screen, keyboard, out);
    }
    let question = format!("{}?", capitalised(&approval.what));
    Ok(Asked::Decided(match choose(&question, &CHOICES, screen, keyboard, out)? {
        Some(0) => Decision::Yes,
        Some(1) => reason(screen, keyboard, out)?,
        Some(2) => Decision::Always,
        Some(_) => why(approval, screen, out)?,
        None => Decision::No,
    }))
}

fn ask_files(
    approval: &Approval,
    change: &mut Pending,
    can_edit: bool,
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Outcome<Asked> {
    let files: Vec<PendingFile> = change.files.iter().map(|view| change.file(view)).collect();
    let mut view = ApprovalView::new(&files, DiffView::default(), screen);
    if let Some(answers) = change.answers.take() {
        view = view.with_answers(answers);
    }
    if !can_edit {
        view = view.without_editor();
    }
    let decided = view.ask(keyboard, out)?;
    let answers = view.into_answers();
    Ok(match decided {
        Decided::All => Asked::Decided(change.taken(None)),
        Decided::Some(taken) => Asked::Decided(change.taken(Some(&taken))),
        Decided::None => Asked::Decided(reason(screen, keyboard, out)?),
        Decided::Why(_) => {
            change.answers = Some(answers);
            Asked::Decided(why(approval, screen, out)?)
        }
        Decided::Edit(scope) => {
            change.answers = Some(answers);
            Asked::Edit(match scope {
                Scope::All => (0..change.files.len()).collect(),
                Scope::File(file) | Scope::Hunk(file, _) => vec![file],
            })
        }
    })
}

impl Pending {
    /// A file with the parts that can be taken each for itself. What somebody
    /// wrote is taken whole.
    fn file(&self, view: &FileView) -> PendingFile {
        let count = if self.edited.contains_key(&view.path) { 0 } else { view.hunks.len() };
        let hunks = (0..count).map(|index| PendingHunk { index }).collect();
        PendingFile { view: view.clone(), hunks }
    }

    /// The decision for what was taken of each file; `None` for all of it.
    fn taken(&self, taken: Option<&[Vec<bool>]>) -> Decision {
        if taken.is_none() && self.edited.is_empty() {
            return Decision::Yes;
        }
        let mut parts = Vec::new();
        for (at, view) in self.files.iter().enumerate() {
            let of_file = taken.and_then(|taken| taken.get(at)).map_or(&[][..], Vec::as_slice);
            if !of_file.is_empty() && !of_file.contains(&true) {
                continue;
            }
            let part = match self.edited.get(&view.path) {
                Some(text) => FilePart::Text(text.clone()),
                None if of_file.contains(&false) => FilePart::Hunks(of_file.to_vec()),
                None => FilePart::Whole,
            };
            parts.push(PartOfFile { path: view.path.clone(), part });
        }
        Decision::Parts(parts)
    }
}

/// Tells by which rule it is asked, and has the model say what it is for.
fn why(approval: &Approval, screen: &Screen, out: &mut dyn Write) -> Outcome<Decision> {
    let text = format!("It is asked because {}.", approval.why);
    written(writeln!(out, "{}", screen.paint(Role::Faint, &visible(&text))))?;
    written(out.flush())?;
    Ok(Decision::Why(None))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_becomes_parts() {
        let view = |path: &str| FileView { path: path.to_owned(), ..FileView::default() };
        let mut change =
            Pending { files: vec![view("a"), view("b"), view("c")], ..Pending::default() };
        assert_eq!(change.taken(None), Decision::Yes);
        let part = |path: &str, part| PartOfFile { path: path.to_owned(), part };
        let taken = [vec![true, false], vec![false], vec![true]];
        let expect = [part("a", FilePart::Hunks(vec![true, false])), part("c", FilePart::Whole)];
        assert_eq!(change.taken(Some(&taken)), Decision::Parts(expect.to_vec()));
        change.edited.insert("b".to_owned(), "mine".to_owned());
        let Decision::Parts(parts) = change.taken(None) else { panic!() };
        assert_eq!(parts[1], part("b", FilePart::Text("mine".to_owned())));
        assert_eq!(parts.len(), 3);
    }
}
