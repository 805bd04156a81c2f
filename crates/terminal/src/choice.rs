//! A question that one key answers.

use std::io::{BufRead, Read, Write};

use crate::keys::{Key, RawLines, RawMode, next_key};
use crate::visible::visible;
use crate::{Result, Role, Screen};

/// No answer is longer.
const LONGEST_BYTES: u64 = 4096;

/// One of the answers: its key, which is the first letter of its name, and
/// what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is shown in the question, such as `always`.
    pub name: &'static str,
    /// What it means, for the help.
    pub meaning: &'static str,
}

/// Asks until one of the choices is made; gives its number. `None` is Esc,
/// Ctrl-C or the end of input.
///
/// Where no cursor moves, a line is read from `keyboard`.
pub fn choose(
    question: &str,
    choices: &[Choice],
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<Option<usize>> {
    loop {
        let mut asked = Vec::new();
        write_question(question, choices, screen, &mut asked)?;
        let answer = read_answer(&asked, screen, keyboard, out)?;
        let Some(letter) = answer else { return Ok(None) };
        let found = choices.iter().position(|choice| choice.name.starts_with(letter));
        if found.is_some() {
            return Ok(found);
        }
        for Choice { name, meaning } in choices {
            let key = name.get(..1).unwrap_or_default();
            writeln!(out, "  {}  {meaning}", screen.paint(Role::Strong, key))?;
        }
    }
}

fn write_question(
    question: &str,
    choices: &[Choice],
    screen: &Screen,
    out: &mut dyn Write,
) -> Result<()> {
    let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
    let names = screen.paint(Role::Faint, &format!("[{}]", names.join("/")));
    let question = screen.paint(Role::Strong, &visible(question).replace(['\n', '\t'], " "));
    Ok(write!(out, "{question} {names} ")?)
}

/// Asks, and gives the letter that was typed, `?` for what is none; `None` where somebody
/// leaves. Ends the line.
pub(crate) fn read_answer(
    question: &[u8],
    screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<Option<char>> {
    if !screen.capabilities.cursor {
        out.write_all(question)?;
        out.flush()?;
        let mut line = Vec::new();
        let read = Read::take(keyboard, LONGEST_BYTES).read_until(b'\n', &mut line)?;
        if read == 0 {
            writeln!(out)?;
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        return Ok(Some(
            line.trim().chars().next().map_or('?', |letter| letter.to_ascii_lowercase()),
        ));
    }
    // What waits to be written has lines as a terminal has them otherwise.
    out.flush()?;
    // Who sees the question may answer at once.
    let _raw = RawMode::enter()?;
    RawLines(out).write_all(question)?;
    let letter = match next_key(out)? {
        Key::Char(letter) => Some(letter.to_ascii_lowercase()),
        Key::Escape | Key::Interrupt | Key::End => None,
        _ => Some('?'),
    };
    let shown = letter.filter(char::is_ascii_graphic).map(String::from);
    writeln!(RawLines(out), "{}", shown.unwrap_or_default())?;
    // Progress is drawn on another stream, below the answer.
    out.flush()?;
    Ok(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICES: [Choice; 2] =
        [Choice { name: "yes", meaning: "do it" }, Choice { name: "always", meaning: "and on" }];

    #[test]
    fn a_line_chooses_by_its_first_letter() {
        for (typed, expect) in [
            ("y\n", Some(0)),
            ("Always\n", Some(1)),
            ("what?\n\na\n", Some(1)),
            ("", None),
            ("x\n", None),
        ] {
            let mut out = Vec::new();
            let (screen, mut keyboard) = (Screen::pipe(), typed.as_bytes());
            let chosen = choose("Go?", &CHOICES, &screen, &mut keyboard, &mut out).unwrap();
            assert_eq!(chosen, expect, "{typed:?}");
            assert!(String::from_utf8(out).unwrap().starts_with("Go? [yes/always] "));
        }
    }
}
