//! The questions about a change, as they are shown and answered.

use std::io::{self, BufRead, Write};

use super::{Answer, Approval, Decision, PendingFile, Scope};
use crate::choice::read_answer;
use crate::visible::visible;
use crate::{DiffView, Result, Role, Screen};

/// Shows a change and asks about it.
pub struct ApprovalView<'a> {
    files: &'a [PendingFile],
    diff: DiffView,
    screen: &'a Screen,
    approval: Approval,
    can_edit: bool,
}

impl<'a> ApprovalView<'a> {
    /// A view of these files.
    pub fn new(files: &'a [PendingFile], diff: DiffView, screen: &'a Screen) -> Self {
        Self { files, diff, screen, approval: Approval::new(files), can_edit: true }
    }

    /// Shows the whole change.
    pub fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        for (index, file) in self.files.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            self.diff.file(out, &file.view, self.screen)?;
        }
        Ok(())
    }

    /// Leaves out the answer that opens an editor, for a caller who has none.
    pub fn without_editor(mut self) -> Self {
        self.can_edit = false;
        self
    }

    /// Goes on from earlier answers to questions about the same files.
    pub fn with_answers(mut self, answers: Approval) -> Self {
        if answers.is_about(self.files) {
            self.approval = answers;
        }
        self
    }

    /// The answers so far.
    pub fn into_answers(self) -> Approval {
        self.approval
    }

    /// Asks until there is a decision: by single keys, or by lines of
    /// `keyboard` where no cursor moves. After [`Decision::Why`] it can be
    /// asked again: what was decided stays.
    ///
    /// Ctrl-C, Esc and the end of input mean no, to what was agreed before too.
    pub fn ask(&mut self, keyboard: &mut dyn BufRead, out: &mut dyn Write) -> Result<Decision> {
        loop {
            let mut asked = Vec::new();
            self.write_question(&mut asked)?;
            let answer = match read_answer(&asked, self.screen, keyboard, out)? {
                Some(letter) => answer(letter).unwrap_or(Answer::Help),
                None => return Ok(Decision::None),
            };
            if answer == Answer::Edit && !self.can_edit {
                self.write_help(out)?;
            } else if let Some(decision) = self.take(answer, out)? {
                return Ok(decision);
            }
        }
    }

    /// Takes one answer and shows what belongs to it.
    fn take(&mut self, answer: Answer, out: &mut dyn Write) -> Result<Option<Decision>> {
        match answer {
            Answer::Help => self.write_help(out)?,
            Answer::Show => self.show_scope(out)?,
            _ => {}
        }
        let before = self.approval.question().scope;
        let decision = self.approval.answer(answer);
        if decision.is_none() && self.approval.question().scope != before {
            // What was shown for all stands far above by now.
            self.show_scope(out)?;
        }
        Ok(decision)
    }

    fn write_question(&self, out: &mut dyn Write) -> io::Result<()> {
        let question = self.approval.question();
        let text = match question.scope {
            Scope::All => format!("Apply the changes to {} files?", self.files.len()),
            Scope::File(file) => format!("Apply the change to {}?", self.path(file)),
            Scope::Hunk(file, hunk) => {
                let count = self.files.get(file).map_or(0, |file| file.hunks.len());
                format!("Apply part {} of {count} of {}?", hunk + 1, self.path(file))
            }
        };
        let mut keys = vec!["y", "n"];
        if question.can_divide {
            keys.push("each");
        }
        if self.can_edit {
            keys.push("open");
        }
        keys.extend(["why", "?"]);
        let keys = self.screen.paint(Role::Faint, &format!("[{}]", keys.join("/")));
        write!(out, "{} {keys} ", self.screen.paint(Role::Strong, &text))?;
        out.flush()
    }

    fn path(&self, file: usize) -> String {
        let path = self.files.get(file).map_or("", |file| file.view.path.as_str());
        visible(path).replace(['\n', '\t'], " ")
    }

    /// Shows what the question is about.
    fn show_scope(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.approval.question().scope {
            Scope::All => self.show(out),
            Scope::File(file) => match self.files.get(file) {
                Some(file) => self.diff.file(out, &file.view, self.screen),
                None => Ok(()),
            },
            Scope::Hunk(file, hunk) => {
                let Some(file) = self.files.get(file) else { return Ok(()) };
                let hunk = file.hunks.get(hunk).and_then(|hunk| file.view.hunks.get(hunk.index));
                let hunks = hunk.map(std::slice::from_ref).unwrap_or_default();
                self.diff.hunks(out, &file.view.path, hunks, self.screen)
            }
        }
    }

    fn write_help(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = vec![("y", "yes, apply it"), ("n", "no, leave it")];
        if self.approval.question().can_divide {
            lines.push(("e", "each: ask about every file, or every part of a file"));
        }
        if self.can_edit {
            lines.push(("o", "open it in the editor first"));
        }
        lines.extend([
            ("a", "yes to this and all that come"),
            ("q", "no to this and all that come"),
            ("w", "ask why it is changed so"),
            ("s", "show it again"),
        ]);
        for (key, text) in lines {
            writeln!(out, "  {}  {text}", self.screen.paint(Role::Strong, key))?;
        }
        Ok(())
    }
}

fn answer(letter: char) -> Option<Answer> {
    Some(match letter.to_ascii_lowercase() {
        'y' => Answer::Yes,
        'n' => Answer::No,
        'e' => Answer::Each,
        'a' => Answer::All,
        'q' => Answer::Rest,
        'o' => Answer::Edit,
        'w' => Answer::Why,
        's' | 'd' => Answer::Show,
        '?' | 'h' => Answer::Help,
        _ => return None,
    })
}
