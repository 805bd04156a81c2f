//! Blocks of edits in an answer, left out where the change itself is shown.

const BEGIN: &str = "<<<<<<< SEARCH";
const END: &str = ">>>>>>> ";
const FENCE: &str = "```";

/// Takes an answer as it comes and leaves out its search-and-replace blocks,
/// with the fences around them.
#[derive(Debug, Default)]
pub(super) struct EditBlocks {
    line: String,
    /// Whether the beginning of the line was given already.
    given: bool,
    state: State,
    /// A fence that may stand around an edit.
    fence: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// In other code.
    Code,
    /// In an edit; with or without a fence around it.
    Edit { fenced: bool },
    /// Behind an edit, where its fence or the next edit comes.
    Behind,
}

impl EditBlocks {
    /// What of it is shown.
    pub fn push(&mut self, text: &str) -> String {
        let mut shown = String::new();
        for part in text.split_inclusive('\n') {
            self.line.push_str(part);
            if part.ends_with('\n') {
                self.end_line(&mut shown);
            } else if self.given || !self.may_matter() {
                self.give(&mut shown);
            }
        }
        shown
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        let mut shown = String::new();
        if !self.line.is_empty() {
            self.end_line(&mut shown);
        }
        shown.extend(self.fence.take());
        *self = Self::default();
        shown
    }

    /// Whether the block of an edit is being written now.
    pub fn is_hiding(&self) -> bool {
        matches!(self.state, State::Edit { .. })
    }

    /// Whether the line, as far as it came, can be one that decides.
    fn may_matter(&self) -> bool {
        let line = self.line.as_str();
        let begins = |mark: &str| line.starts_with(mark) || mark.starts_with(line);
        match self.state {
            State::Edit { .. } | State::Behind => true,
            State::Text | State::Code => self.fence.is_some() || begins(FENCE) || begins(BEGIN),
        }
    }

    fn give(&mut self, shown: &mut String) {
        shown.push_str(&std::mem::take(&mut self.line));
        self.given = true;
    }

    fn end_line(&mut self, shown: &mut String) {
        let given = std::mem::take(&mut self.given);
        if given {
            shown.push_str(&std::mem::take(&mut self.line));
            return;
        }
        let line = std::mem::take(&mut self.line);
        let is_fence = line.starts_with(FENCE);
        let begins = line.starts_with(BEGIN);
        match self.state {
            State::Text if begins => {
                let fenced = self.fence.take().is_some();
                self.state = State::Edit { fenced };
            }
            State::Text if is_fence && self.fence.is_none() => self.fence = Some(line),
            State::Text => {
                if let Some(fence) = self.fence.take() {
                    shown.push_str(&fence);
                    // Code without a line between its fences.
                    self.state = if is_fence { State::Text } else { State::Code };
                }
                shown.push_str(&line);
            }
            State::Code => {
                if is_fence {
                    self.state = State::Text;
                }
                shown.push_str(&line);
            }
            State::Edit { fenced } => {
                if line.starts_with(END) {
                    self.state = if fenced { State::Behind } else { State::Text };
                }
            }
            State::Behind if begins => self.state = State::Edit { fenced: true },
            State::Behind => {
                self.state = State::Text;
                if !is_fence {
                    shown.push_str(&line);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDIT: &str = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";

    #[test]
    fn edits_are_left_out_and_nothing_else() {
        let check = |answer: &str, expect: &str| {
            let mut whole = EditBlocks::default();
            assert_eq!(whole.push(answer) + &whole.finish(), expect, "{answer:?}");
            let mut pieces = EditBlocks::default();
            let mut shown: String =
                answer.chars().map(|letter| pieces.push(&letter.to_string())).collect();
            shown += &pieces.finish();
            assert_eq!(shown, expect, "{answer:?}, letter by letter");
        };
        check("Hello.\n`a` < b\n", "Hello.\n`a` < b\n");
        check(&format!("a.py\n```python\n{EDIT}```\nDone.\n"), "a.py\nDone.\n");
        check(&format!("a.py\n```python\n{EDIT}{EDIT}```\nDone.\n"), "a.py\nDone.\n");
        check(&format!("x\n{EDIT}y"), "x\ny");
        check("```sh\nls\n```\nend", "```sh\nls\n```\nend");
        check("```\n```\nend", "```\n```\nend");
        check("```python\n<<<<<<< SEARCH\ncut off", "");
        check("```python", "```python");
        // In other code it is text.
        check(&format!("```\nx\n{EDIT}```\n"), &format!("```\nx\n{EDIT}```\n"));
    }
}
