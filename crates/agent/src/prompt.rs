//! The words around a question: what a model is told before it answers.

use mlxcode_models::{Message, Prompt};

const ASK: &str = include_str!("../prompts/ask.md");
const EDIT: &str = include_str!("../prompts/edit.md");

/// What the model is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Answer a question.
    Ask,
    /// Change files.
    Edit,
}

impl Task {
    fn instructions(self) -> &'static str {
        match self {
            Self::Ask => ASK,
            Self::Edit => EDIT,
        }
    }
}

/// Lays out instructions, passages and the user's words, in this order: what
/// stays the same between questions comes first, so that a prefix cache holds.
pub fn lay_out(task: Task, passages: &str, words: &str) -> Prompt {
    let mut user = String::with_capacity(passages.len() + words.len() + 32);
    if !passages.is_empty() {
        user.push_str(passages.trim_end());
        user.push_str("\n\n");
    }
    user.push_str(match task {
        Task::Ask => "Question: ",
        Task::Edit => "Change: ",
    });
    user.push_str(words.trim());
    Prompt::messages([Message::system(task.instructions().trim_end()), Message::user(user)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_come_after_the_passages() {
        let prompt = lay_out(Task::Ask, "a.rs:1-2\n```\nx\n```\n", " why? ");
        let messages = prompt.as_messages();
        assert_eq!(messages[0].content, ASK.trim_end());
        assert_eq!(messages[1].content, "a.rs:1-2\n```\nx\n```\n\nQuestion: why?");
    }
}
