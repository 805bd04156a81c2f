//! A list with numbers and a question, where no cursor moves.

use std::io::{BufRead, Read, Write};

use super::{PickItem, Picked, PickerOptions};
use crate::visible::visible;
use crate::{Result, Screen, fuzzy_match};

/// More are not read to anybody; letters make the list shorter.
const MOST_SHOWN: usize = 30;
/// No answer is longer.
const LONGEST_BYTES: u64 = 4096;

pub(super) fn pick(
    items: &[PickItem],
    options: &PickerOptions,
    _screen: &Screen,
    keyboard: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<Picked> {
    let mut found: Vec<usize> = (0..items.len()).collect();
    loop {
        for (number, index) in found.iter().take(MOST_SHOWN).enumerate() {
            let item = &items[*index];
            let detail = if item.detail.is_empty() { "" } else { ", " };
            let line = format!("{}. {}{detail}{}", number + 1, item.label, item.detail);
            writeln!(out, "{}", visible(&line).replace(['\n', '\t'], " "))?;
        }
        if found.len() > MOST_SHOWN {
            writeln!(out, "and {} more", found.len() - MOST_SHOWN)?;
        }
        let numbers = if options.several { "numbers" } else { "a number" };
        let question = visible(&options.question).into_owned();
        write!(out, "{question} Type {numbers}, letters to find, or nothing to leave: ")?;
        out.flush()?;
        let mut line = Vec::new();
        Read::take(&mut *keyboard, LONGEST_BYTES).read_until(b'\n', &mut line)?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            return Ok(Picked::Nothing);
        }
        if let Some(picked) = chosen(line, &found, options.several) {
            return Ok(Picked::Items(picked));
        }
        let mut fitting: Vec<(i32, usize)> = items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| Some((fuzzy_match(line, &item.label)?.score, index)))
            .collect();
        fitting.sort_by_key(|(score, index)| (-score, *index));
        if fitting.is_empty() {
            writeln!(out, "nothing fits {}", visible(line))?;
        } else {
            found = fitting.into_iter().map(|(_, index)| index).collect();
        }
    }
}

/// The items that the numbers of an answer mean; `None` where it has others.
fn chosen(line: &str, found: &[usize], several: bool) -> Option<Vec<usize>> {
    let numbers: Option<Vec<usize>> = line
        .split([' ', ','])
        .filter(|part| !part.is_empty())
        .map(|part| found.get(part.parse::<usize>().ok()?.checked_sub(1)?).copied())
        .collect();
    numbers.filter(|numbers| several || numbers.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_letters_choose() {
        let items = ["alpha", "beta", "gamma"]
            .map(|label| PickItem { label: label.to_owned(), ..PickItem::default() });
        for (typed, several, expect) in [
            ("2\n", false, Picked::Items(vec![1])),
            ("ga\n1\n", false, Picked::Items(vec![2])),
            ("zz\n7\n1 2\n3\n", false, Picked::Items(vec![2])),
            ("3, 1\n", true, Picked::Items(vec![2, 0])),
            ("\n", false, Picked::Nothing),
            ("", false, Picked::Nothing),
        ] {
            let options = PickerOptions { several, ..PickerOptions::default() };
            let mut out = Vec::new();
            let picked =
                pick(&items, &options, &Screen::pipe(), &mut typed.as_bytes(), &mut out).unwrap();
            assert_eq!(picked, expect, "{typed:?}");
        }
    }
}
