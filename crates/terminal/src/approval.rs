//! What is asked before files change.

mod view;

pub use view::ApprovalView;

use crate::FileView;

/// A change that waits for a yes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingFile {
    /// The change, as it is shown.
    pub view: FileView,
    /// The parts that can be taken or left each for itself; the whole file
    /// where there are fewer than two.
    pub hunks: Vec<PendingHunk>,
}

/// A part of a file's change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingHunk {
    /// Which hunk of the view it is.
    pub index: usize,
}

/// What a person typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, to what is asked about.
    Yes,
    /// No, to what is asked about.
    No,
    /// Ask about each file, or about each part of one.
    Each,
    /// Yes to this and all that come.
    All,
    /// No to this and all that come.
    Rest,
    /// Open it in an editor.
    Edit,
    /// Ask why the change was made.
    Why,
    /// Show the change again.
    Show,
    /// Show what can be typed.
    Help,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All files.
    All,
    /// One file, counted from zero.
    File(usize),
    /// One part of a file.
    Hunk(usize, usize),
}

/// What is asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// What it is about.
    pub scope: Scope,
    /// Whether [`Answer::Each`] divides it further.
    pub can_divide: bool,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Everything is applied.
    All,
    /// Nothing is.
    None,
    /// For each file, whether each of its hunks is applied.
    Some(Vec<Vec<bool>>),
    /// The person wants to change it first.
    Edit(Scope),
    /// The person wants to know why; the question stands.
    Why(Scope),
}

/// The questions about a change, apart from how they are shown: answers go in,
/// the next question or the decision comes out.
#[derive(Clone, Debug)]
pub struct Approval {
    /// For each file, how many parts can be decided.
    parts: Vec<usize>,
    taken: Vec<Vec<Option<bool>>>,
    scope: Scope,
}

impl Approval {
    /// Begins with a question about all of it.
    pub fn new(files: &[PendingFile]) -> Self {
        let parts: Vec<usize> = files.iter().map(|file| file.hunks.len().max(1)).collect();
        let taken = parts.iter().map(|count| vec![None; *count]).collect();
        let scope = if parts.len() == 1 { Scope::File(0) } else { Scope::All };
        Self { parts, taken, scope }
    }

    /// Whether its questions are about these files, in these parts.
    pub(crate) fn is_about(&self, files: &[PendingFile]) -> bool {
        let counts = files.iter().map(|file| file.hunks.len().max(1));
        self.parts.iter().copied().eq(counts)
    }

    /// What is asked now.
    pub fn question(&self) -> Question {
        let can_divide = match self.scope {
            Scope::All => true,
            Scope::File(file) => self.parts.get(file).is_some_and(|count| *count > 1),
            Scope::Hunk(..) => false,
        };
        Question { scope: self.scope, can_divide }
    }

    /// Takes an answer. Gives the decision when there is one; `None` means
    /// that [`question`](Self::question) is to be asked.
    pub fn answer(&mut self, answer: Answer) -> Option<Decision> {
        match answer {
            Answer::Yes => self.decide(true),
            Answer::No => self.decide(false),
            Answer::All => Some(self.decide_rest(true)),
            Answer::Rest => Some(self.decide_rest(false)),
            Answer::Edit => Some(Decision::Edit(self.scope)),
            Answer::Why => Some(Decision::Why(self.scope)),
            Answer::Each => {
                if self.question().can_divide {
                    self.scope = match self.scope {
                        Scope::All => Scope::File(0),
                        Scope::File(file) | Scope::Hunk(file, _) => Scope::Hunk(file, 0),
                    };
                }
                None
            }
            Answer::Show | Answer::Help => None,
        }
    }

    fn decide(&mut self, taken: bool) -> Option<Decision> {
        match self.scope {
            Scope::All => return Some(self.decide_rest(taken)),
            Scope::File(file) => {
                for part in self.taken.get_mut(file).into_iter().flatten() {
                    *part = Some(taken);
                }
                self.scope = Scope::File(file + 1);
            }
            Scope::Hunk(file, hunk) => {
                if let Some(part) = self.taken.get_mut(file).and_then(|parts| parts.get_mut(hunk)) {
                    *part = Some(taken);
                }
                self.scope = if hunk + 1 < self.parts.get(file).copied().unwrap_or(0) {
                    Scope::Hunk(file, hunk + 1)
                } else {
                    Scope::File(file + 1)
                };
            }
        }
        match self.scope {
            Scope::File(file) if file >= self.parts.len() => Some(self.decision()),
            _ => None,
        }
    }

    fn decide_rest(&mut self, taken: bool) -> Decision {
        for part in self.taken.iter_mut().flatten() {
            part.get_or_insert(taken);
        }
        self.decision()
    }

    fn decision(&self) -> Decision {
        let taken: Vec<Vec<bool>> = self
            .taken
            .iter()
            .map(|parts| parts.iter().map(|part| part.unwrap_or(false)).collect())
            .collect();
        let mut all = taken.iter().flatten();
        if all.clone().all(|part| *part) {
            Decision::All
        } else if all.any(|part| *part) {
            Decision::Some(taken)
        } else {
            Decision::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(parts: &[usize]) -> Vec<PendingFile> {
        let file = |count: &usize| PendingFile {
            hunks: (0..*count).map(|index| PendingHunk { index }).collect(),
            ..PendingFile::default()
        };
        parts.iter().map(file).collect()
    }

    /// The decision after these keys, and the question before each of them.
    fn run(parts: &[usize], keys: &str) -> (Option<Decision>, Vec<Scope>) {
        let mut approval = Approval::new(&files(parts));
        let mut scopes = Vec::new();
        for key in keys.chars() {
            scopes.push(approval.question().scope);
            let answer = match key {
                'y' => Answer::Yes,
                'n' => Answer::No,
                'e' => Answer::Each,
                'a' => Answer::All,
                'q' => Answer::Rest,
                'o' => Answer::Edit,
                'w' => Answer::Why,
                _ => Answer::Help,
            };
            if let Some(decision) = approval.answer(answer) {
                return (Some(decision), scopes);
            }
        }
        (None, scopes)
    }

    #[test]
    fn answers_lead_to_a_decision() {
        use Scope::{All, File, Hunk};
        for (parts, keys, decision, scopes) in [
            (&[1, 1][..], "y", Some(Decision::All), vec![All]),
            (&[1, 1], "n", Some(Decision::None), vec![All]),
            (&[2], "y", Some(Decision::All), vec![File(0)]),
            (
                &[1, 2],
                "eyeny",
                Some(Decision::Some(vec![vec![true], vec![false, true]])),
                vec![All, File(0), File(1), Hunk(1, 0), Hunk(1, 1)],
            ),
            (
                &[1, 1, 1],
                "ena",
                Some(Decision::Some(vec![vec![false], vec![true], vec![true]])),
                vec![All, File(0), File(1)],
            ),
            (&[1, 1], "eyy", Some(Decision::All), vec![All, File(0), File(1)]),
            (&[3], "enq", None, vec![]),
            (&[1, 1], "ew", Some(Decision::Why(File(0))), vec![All, File(0)]),
            (&[1], "o", Some(Decision::Edit(File(0))), vec![File(0)]),
            // One part alone cannot be divided, and help decides nothing.
            (&[1], "e?y", Some(Decision::All), vec![File(0), File(0), File(0)]),
        ] {
            let (found, asked) = run(parts, keys);
            if let Some(decision) = decision {
                assert_eq!(found, Some(decision), "{parts:?} {keys}");
                assert_eq!(asked, scopes, "{parts:?} {keys}");
            } else {
                assert_eq!(found, Some(Decision::None), "{parts:?} {keys}");
            }
        }
    }
}
