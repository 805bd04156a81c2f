//! Inputs where no cursor moves: whole lines.

use std::io::{BufRead, Read, Write};

use super::Typed;
use super::look::{Sign, is_open};
use crate::Result;

/// A longer input is none that a person types.
const LONGEST_BYTES: u64 = 16 << 20;

/// Reads an input: a line, and more while it ends with a backslash or a fence
/// is open.
pub(super) fn read(keyboard: &mut dyn BufRead, out: &mut dyn Write, sign: &Sign) -> Result<Typed> {
    let mut text = String::new();
    let mut goes_on = false;
    loop {
        let mark = if goes_on { "... " } else { "> " };
        let words = if sign.words.is_empty() || goes_on { "" } else { sign.words.as_str() };
        let space = if words.is_empty() { "" } else { " " };
        write!(out, "{words}{space}{mark}")?;
        out.flush()?;
        let mut line = Vec::new();
        let read = Read::take(&mut *keyboard, LONGEST_BYTES).read_until(b'\n', &mut line)?;
        if read == 0 {
            writeln!(out)?;
            return Ok(if text.trim().is_empty() { Typed::Leave } else { Typed::Input(text) });
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\n', '\r']);
        let backslash = !is_open(&text) && line.ends_with('\\');
        text.push_str(if backslash { &line[..line.len() - 1] } else { line });
        goes_on = backslash || is_open(&text);
        if goes_on && (text.len() as u64) < LONGEST_BYTES {
            text.push('\n');
        } else if !text.trim().is_empty() {
            return Ok(Typed::Input(text.trim_end().to_owned()));
        } else {
            text.clear();
            goes_on = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Screen;

    #[test]
    fn lines_go_on_after_a_backslash_and_in_a_fence() {
        let sign = Sign { screen: Screen::pipe(), words: "plan".to_owned() };
        let mut keyboard = "one\r\n\n two\\\nthree\n```\ncode \\\n```\nlast".as_bytes();
        let mut out = Vec::new();
        let mut next = || read(&mut keyboard, &mut out, &sign).unwrap();
        for expect in ["one", " two\nthree", "```\ncode \\\n```", "last"] {
            assert_eq!(next(), Typed::Input(expect.to_owned()));
        }
        assert_eq!(next(), Typed::Leave);
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with("plan > plan > plan > ... plan > ... ... "), "{out}");
    }
}
