//! The words around a question: what a model is told before it answers.

use minijinja::context;
use mlxcode_models::Prompt;

use crate::prompts::{PromptError, Prompts};

/// What the model is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Answer a question.
    Ask,
    /// Change files.
    Edit,
}

/// Lays out instructions, passages and the user's words, in this order: what
/// stays the same between questions comes first, so that a prefix cache holds.
pub fn lay_out(
    prompts: &Prompts,
    task: Task,
    passages: &str,
    words: &str,
) -> Result<Prompt, PromptError> {
    let (passages, words) = (passages.trim_end(), words.trim());
    match task {
        Task::Ask => prompts.render("ask", context! { passages, question => words }),
        Task::Edit => {
            prompts.render("edit", context! { passages, instruction => words, problem => "" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_come_after_the_passages() {
        let passages = "a.rs:1-2\n```\nx\n```\n";
        for (task, word) in [(Task::Ask, "Question"), (Task::Edit, "Change")] {
            let prompt = lay_out(&Prompts::default(), task, passages, " why? ").unwrap();
            let messages = prompt.as_messages();
            assert!(messages[0].content.starts_with("You are a careful programmer"));
            assert_eq!(messages[1].content, format!("a.rs:1-2\n```\nx\n```\n\n{word}: why?"));
        }
    }
}
