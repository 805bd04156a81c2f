//! The conversation itself: its model, its mode, its memory, its look.

use mlxcode_core::{Mode, Usage};
use mlxcode_terminal::{Role, display_width};

use super::{COMMANDS, Next};
use crate::exit::Outcome;
use crate::repl::Repl;

/// `/help`
pub(super) fn help(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    let head = |name: &str, arguments: &str| format!("/{name} {arguments}").trim_end().to_owned();
    let width = COMMANDS
        .iter()
        .map(|command| head(command.name, command.arguments).chars().count())
        .max()
        .unwrap_or(0);
    for command in COMMANDS {
        let head = head(command.name, command.arguments);
        say_beside(repl, Role::Emphasis, &format!("{head:width$}  "), command.help)?;
    }
    let named: Vec<(String, String)> = repl
        .commands
        .commands
        .iter()
        .map(|command| {
            let head = head(&command.name, command.arguments.as_deref().unwrap_or_default());
            let about = command.description.lines().next().unwrap_or_default();
            (head, format!("{about} ({})", command.origin))
        })
        .collect();
    for (head, about) in named {
        say_beside(repl, Role::Emphasis, &format!("{head:width$}  "), &about)?;
    }
    for line in [
        "",
        "@ names a file or a symbol. Tab completes, Ctrl-R searches what you typed before.",
        "Alt-Enter or a backslash before Enter begins a line, Ctrl-X Ctrl-E opens the editor.",
        "Ctrl-C stops an answer.",
    ] {
        say_beside(repl, Role::Faint, "", line)?;
    }
    Ok(Next::Stay)
}

/// Says a text beside a head; the lines that it takes stand below each other.
fn say_beside(repl: &mut Repl<'_, '_>, role: Role, head: &str, text: &str) -> Outcome<()> {
    for line in beside(head, text, repl.screen.columns()) {
        repl.say(role, &line)?;
    }
    Ok(())
}

fn beside(head: &str, text: &str, columns: usize) -> Vec<String> {
    let indent = display_width(head).min(columns / 2);
    let mut lines = Vec::new();
    let mut line = head.to_owned();
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && display_width(&line) + 1 + display_width(word) > columns {
            let next = " ".repeat(indent);
            lines.push(std::mem::replace(&mut line, next));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

/// `/quit`
#[allow(clippy::unnecessary_wraps, reason = "as all commands do")]
pub(super) fn quit(_: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    Ok(Next::Leave)
}

/// `/plan`
pub(super) fn plan(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    if rest.is_empty() {
        repl.say(Role::Warning, "say what is to be planned: /plan TEXT")?;
    } else {
        repl.turn(rest, true)?;
    }
    Ok(Next::Stay)
}

/// `/mode`
pub(super) fn mode(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    let names: Vec<&str> = Mode::ALL.into_iter().map(Mode::as_str).collect();
    match Mode::ALL.into_iter().find(|mode| mode.as_str() == rest) {
        Some(mode) => repl.session.set_mode(mode)?,
        None if rest.is_empty() => {}
        None => {
            let text = format!("there is no mode {rest}; there are {}", names.join(", "));
            repl.say(Role::Warning, &text)?;
        }
    }
    let mode = repl.session.mode()?;
    repl.say(Role::Faint, &format!("the mode is {}", mode.as_str()))?;
    Ok(Next::Stay)
}

/// `/thinking`
pub(super) fn thinking(repl: &mut Repl<'_, '_>, rest: &str) -> Outcome<Next> {
    match rest {
        "on" | "off" => {
            repl.shows_thinking = rest == "on";
            repl.session.set_thinking(Some(repl.shows_thinking));
        }
        "" => {}
        _ => repl.say(Role::Warning, "say /thinking on or /thinking off")?,
    }
    let what = if repl.shows_thinking { "shown" } else { "off" };
    repl.say(Role::Faint, &format!("thinking is {what}"))?;
    Ok(Next::Stay)
}

/// `/compact`
pub(super) fn compact(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    let cancel = repl.host.renew_cancel();
    let done = repl.session.compact(&cancel)?;
    let text = format!("{} tokens became {}", done.before_tokens, done.after_tokens);
    repl.say(Role::Success, &text)?;
    Ok(Next::Stay)
}

/// `/clear`
pub(super) fn clear(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    repl.session.clear()?;
    repl.say(Role::Faint, "what was said is forgotten; pinned files stay")?;
    Ok(Next::Stay)
}

/// `/stats`
pub(super) fn stats(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    let totals = repl.totals;
    let Usage { prompt_tokens, completion_tokens } = totals.usage;
    let mut lines = vec![
        format!("turns            {}", totals.turns),
        format!("tokens read      {prompt_tokens}"),
        format!("tokens written   {completion_tokens}"),
    ];
    if let Some(speed) = totals.speed() {
        lines.push(format!("speed            {speed:.1} tokens a second"));
    }
    lines.push(format!("time             {:.1} s", totals.time.as_secs_f64()));
    lines.push(format!("changes          {} applied, {} not", totals.applied, totals.declined));
    for line in lines {
        repl.say(Role::Faint, &line)?;
    }
    Ok(Next::Stay)
}

/// `/config`
pub(super) fn config(repl: &mut Repl<'_, '_>, _: &str) -> Outcome<Next> {
    let text = serde_json::to_string_pretty(repl.workspace.config()).unwrap_or_default();
    for line in text.lines() {
        repl.say(Role::Faint, line)?;
    }
    Ok(Next::Stay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_beside_its_head_is_broken_between_words() {
        let check = |text: &str, columns, expect: &[&str]| {
            assert_eq!(beside("/mode [MODE]  ", text, columns), expect, "{columns}");
        };
        let text = "show or set how much may be done";
        check(text, 80, &["/mode [MODE]  show or set how much may be done"]);
        check(text, 30, &["/mode [MODE]  show or set how", "              much may be done"]);
        check("", 30, &["/mode [MODE]  "]);
        check(
            "averylongwordthatisbroken by",
            20,
            &["/mode [MODE]  averylongwordthatisbroken", "          by"],
        );
    }
}
