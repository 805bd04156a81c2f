//! Skills, shown to the model by name.

use mlxcode_core::Input;
use mlxcode_terminal::{Role, shortened};

use super::Next;
use crate::exit::Outcome;
use crate::repl::Repl;

/// `/skill`
pub(super) fn skill(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let (name, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if name.is_empty() {
        return list(repl);
    }
    let words = match words.trim() {
        "" => format!("Use the skill {name}."),
        words => words.to_owned(),
    };
    let mut input = Input::from(words);
    input.skills = vec![name.to_owned()];
    repl.converse(input)?;
    Ok(Next::Stay)
}

fn list(repl: &mut Repl<'_, '_>) -> Outcome<Next> {
    let lines: Vec<String> = repl
        .session
        .skills()
        .iter()
        .map(|one| {
            let description = one.skill.description.replace('\n', " ");
            format!("{}  {description}", one.name())
        })
        .collect();
    if lines.is_empty() {
        repl.say(Role::Faint, "there is no skill; docs/plugins.md tells where they lie")?;
    }
    let columns = repl.screen.columns();
    for line in lines {
        repl.say(Role::Emphasis, &shortened(&line, columns))?;
    }
    Ok(Next::Stay)
}
