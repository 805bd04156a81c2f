//! The skills as a model is told of them before it uses one.

use mlxcode_models::ModelInfo;

use crate::tool::SkillFile;

/// Of a model's context, in tokens, the part that the list may take: for one
/// that reads skills itself, and for one that can only name them.
const SHARE: usize = 16;
const SHARE_TO_NAME: usize = 48;

/// The most bytes of the list, in contexts of any length.
const MOST_BYTES: usize = 12 << 10;

/// The bytes of a token, in prose.
const TOKEN_BYTES: usize = 4;

/// What of a description stays where all of them do not fit.
const SHORT_CHARS: usize = 160;

/// The list, to stand at the end of the instructions; nothing where there is
/// no skill that a model may use.
pub fn listed(skills: &[SkillFile], reads: bool, model: &ModelInfo) -> String {
    let skills: Vec<&SkillFile> = skills.iter().filter(|one| !one.skill.for_user_only).collect();
    if skills.is_empty() {
        return String::new();
    }
    let (head, share) = if reads { (READS, SHARE) } else { (NAMES, SHARE_TO_NAME) };
    let room = (model.context_length / share * TOKEN_BYTES).min(MOST_BYTES);
    let whole: usize = skills.iter().map(|one| line(one, usize::MAX).len()).sum();
    let chars = if whole <= room { usize::MAX } else { SHORT_CHARS };
    let mut text = format!("\n\n{head}\n");
    let mut left = room;
    let mut left_out = 0;
    for one in skills {
        let line = line(one, chars);
        match left.checked_sub(line.len()) {
            Some(rest) => {
                left = rest;
                text.push_str(&line);
            }
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        text.push_str(&format!("- and {left_out} more, which are not named here\n"));
    }
    text.truncate(text.trim_end().len());
    text
}

const READS: &str = "Skills are instructions for one kind of work. Where a request is of such a \
    kind, read the skill with the tool `skill` before you begin:";

const NAMES: &str = "There are instructions for these kinds of work. Where one would help, say so: \
    the person shows it to you with `/skill NAME`.";

fn line(one: &SkillFile, chars: usize) -> String {
    let words: Vec<&str> = one.skill.description.split_whitespace().collect();
    let words = words.join(" ");
    let mut description: String = words.chars().take(chars).collect();
    if description.len() < words.len() {
        description.push('…');
    }
    format!("- {}: {description}\n", one.name())
}
