//! What a model says to itself before it answers.

use super::Line;

/// The tags that models put around it.
const TAGS: [(&str, &str); 7] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("[THINK]", "[/THINK]"),
];

/// A thought that is being read over.
#[derive(Clone, Debug)]
pub struct Thought {
    closing: &'static str,
}

impl Thought {
    /// Begins at a line such as `<think>`, with or without words behind it.
    pub fn open(line: &str) -> Option<Self> {
        let line = line.trim_start();
        if !line.starts_with(['<', '[']) {
            return None;
        }
        let known = TAGS.iter().find(|(opening, _)| line.starts_with(opening))?;
        Some(Self { closing: known.1 })
    }

    /// Whether `line` ends a thought. Where none is open, the prompt opened it,
    /// as the chat templates of some models do.
    pub fn closes(line: &str) -> bool {
        let line = line.trim_start();
        line.starts_with(['<', '[']) && TAGS.iter().any(|(_, closing)| line.starts_with(closing))
    }

    /// What stands on `line` behind the end of the thought.
    pub fn end<'l>(&self, line: Line<'l>) -> Option<Line<'l>> {
        let at = line.text.find(self.closing)? + self.closing.len();
        Some(Line { text: &line.text[at..], start: line.start + at, ..line })
    }
}
