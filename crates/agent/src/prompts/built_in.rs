//! The prompts that come with the program.

/// A prompt of the program, which a file can replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuiltInPrompt {
    /// Its name, which is that of the file that replaces it, without `.md`.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The values that its template is given, beside `edit_rules`.
    pub values: &'static [&'static str],
    /// Its template.
    pub text: &'static str,
}

impl BuiltInPrompt {
    /// Whether conversations use it, as `about` says.
    pub(crate) fn is_of_conversations(&self) -> bool {
        self.about.starts_with("conversation: ")
    }
}

macro_rules! prompt {
    ($name:literal, $about:literal, [$($value:literal),*]) => {
        BuiltInPrompt {
            name: $name,
            about: $about,
            values: &[$($value),*],
            text: include_str!(concat!("../../prompts/", $name, ".md")),
        }
    };
}

/// All prompts of the program, by name.
pub const BUILT_IN: &[BuiltInPrompt] = &[
    prompt!("ask", "answers a question: `ask`, workflows", ["passages", "question"]),
    prompt!("batch", "changes one file of many", ["path", "text", "instruction", "problem"]),
    prompt!(
        "commit",
        "writes a commit's message",
        ["rules", "with_body", "examples", "change", "hint"]
    ),
    prompt!(
        "commit_again",
        "corrects a commit's message",
        ["rules", "examples", "message", "faults"]
    ),
    prompt!("declined", "conversation: edits were declined for a reason", ["why"]),
    prompt!(
        "document",
        "writes the comment of a symbol",
        ["conventions", "with_parts", "kind", "name", "code"]
    ),
    prompt!("edit", "changes code: `edit`, workflows", ["passages", "instruction", "problem"]),
    prompt!("edit_rules", "how edits are written, for other prompts", []),
    prompt!(
        "explain",
        "explains a symbol, a file or an error",
        ["kind", "name", "piece", "passages"]
    ),
    prompt!(
        "fix",
        "mends what a command complains about",
        ["passages", "command", "output", "tried", "hint", "problem"]
    ),
    prompt!("plan", "conversation: a plan is wanted first", ["words"]),
    prompt!("plan_accepted", "conversation: the plan is agreed to", []),
    prompt!("repair_call", "conversation: a call of a tool could not be read", ["reason"]),
    prompt!("repair_checks", "conversation: a check failed after edits", ["checks"]),
    prompt!("repair_edits", "conversation: edits fit nowhere", ["reasons", "fitting"]),
    prompt!("repair_length", "conversation: an answer was cut off", []),
    prompt!("review", "reviews a part of a change or of a file", ["part", "focus", "is_change"]),
    prompt!("session", "conversation: what comes before all else", ["tools", "instructions"]),
    prompt!("summarise", "conversation: old turns become a summary", ["text"]),
    prompt!("summary", "sums up the change of one file", ["path", "diff"]),
    prompt!("taken", "conversation: a part of the edits was applied", ["taken", "left", "why"]),
    prompt!(
        "test",
        "writes tests of a file",
        [
            "conventions",
            "inline",
            "test_path",
            "property",
            "mock",
            "path",
            "module",
            "code",
            "existing",
            "symbols",
            "hint",
            "problem",
            "draft"
        ]
    ),
    prompt!("why", "conversation: why something is to be done", ["what", "question"]),
];

/// The prompt of the program that has a name.
pub(super) fn built_in(name: &str) -> Option<&'static BuiltInPrompt> {
    BUILT_IN.iter().find(|prompt| prompt.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_values_that_are_told_are_those_that_templates_use() {
        for prompt in BUILT_IN {
            let environment = minijinja::Environment::new();
            let template = environment.template_from_str(prompt.text).unwrap();
            let used: BTreeSet<String> = template.undeclared_variables(false).into_iter().collect();
            let mut told: BTreeSet<String> =
                prompt.values.iter().map(ToString::to_string).collect();
            if prompt.text.contains("{{ edit_rules }}") {
                told.insert("edit_rules".to_owned());
            }
            assert_eq!(used, told, "{}", prompt.name);
        }
    }
}
