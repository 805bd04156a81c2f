//! Text that is written while its terminal takes another width.

use mlxcode_terminal::{
    CursorPlace, Renderer, RendererOptions, Screen, Size, Surroundings, display_width,
};
use proptest::prelude::*;

use crate::screens::{plain, screen, terminal};

const ROWS: usize = 40;

/// A terminal, by the rows that it shows. One kind wraps anew what no longer
/// fits; the other keeps its rows and cuts them off.
struct Paper {
    rewraps: bool,
    columns: usize,
    /// Lines up to where somebody ended them, or rows where those are kept.
    lines: Vec<String>,
    /// Rows that left the screen.
    history: usize,
}

impl Paper {
    fn write(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((up, after)) = wiping(rest) {
                self.wipe(up);
                rest = after;
                continue;
            }
            if let Some(style) = rest.strip_prefix("\x1b[") {
                rest = style.split_once('m').unwrap().1;
                continue;
            }
            if first == '\n' {
                self.lines.push(String::new());
            } else {
                let line = self.lines.last_mut().unwrap();
                line.push(first);
                if !self.rewraps && display_width(line) > self.columns {
                    line.pop();
                    self.lines.push(first.to_string());
                }
            }
            rest = &rest[first.len_utf8()..];
            self.history = self.history.max(self.rows().saturating_sub(ROWS));
        }
    }

    fn new(rewraps: bool, columns: usize) -> Self {
        Self { rewraps, columns, lines: vec![String::new()], history: 0 }
    }

    fn rows(&self) -> usize {
        self.lines.iter().map(|line| self.rows_of(line)).sum()
    }

    /// Takes another width. Rows that come of wrapping push others out, as in
    /// tmux.
    fn resize(&mut self, columns: usize) {
        let rows = self.rows();
        self.columns = columns;
        self.history = (self.history + self.rows()).saturating_sub(rows);
    }

    fn cursor(&self) -> Option<CursorPlace> {
        let last = self.lines.last()?.chars().count();
        let column = if self.rewraps { last % self.columns } else { last.min(self.columns - 1) };
        Some(CursorPlace { column, row: self.rows() - 1 - self.history })
    }

    fn rows_of(&self, line: &str) -> usize {
        let rows = line.chars().count().div_ceil(self.columns).max(1);
        if self.rewraps { rows } else { 1 }
    }

    /// Goes up from the last row, to its beginning, and wipes what is below.
    fn wipe(&mut self, up: usize) {
        assert!(up < self.rows() - self.history, "the cursor does not leave the screen");
        let mut above = up + 1;
        while above > 0 {
            let line = self.lines.pop().unwrap();
            let rows = self.rows_of(&line);
            if above < rows {
                let kept = (rows - above) * self.columns;
                self.lines.push(line.chars().take(kept).collect());
                panic!("a line is cut in the middle: {:?}", self.lines);
            }
            above -= rows;
        }
        self.lines.push(String::new());
    }

    fn words(&self) -> Vec<&str> {
        let words = self.lines.iter().flat_map(|line| line.split_whitespace());
        // A quotation has a bar in each of its lines.
        words.filter(|word| *word != "│").collect()
    }
}

/// The sequence that wipes, and how many rows it goes up.
fn wiping(text: &str) -> Option<(usize, &str)> {
    let after = text.strip_prefix('\r')?;
    if let Some(after) = after.strip_prefix("\x1b[J") {
        return Some((0, after));
    }
    let (up, after) = after.strip_prefix("\x1b[")?.split_once('A')?;
    Some((up.parse().unwrap(), after.strip_prefix("\x1b[J")?))
}

fn shown_by(rewraps: bool, columns: usize) -> Screen {
    let term = if rewraps { "tmux-256color" } else { "xterm-256color" };
    screen(&Surroundings { term: Some(term.to_owned()), ..terminal() }, columns)
}

/// Writes pieces, each with the width that the terminal takes before it.
fn streamed(pieces: &[(usize, &str)], rewraps: bool) -> Paper {
    let first = pieces[0].0;
    let mut paper = Paper::new(rewraps, first);
    let mut renderer = Renderer::new(shown_by(rewraps, first), RendererOptions::default());
    for (columns, piece) in pieces {
        paper.resize(*columns);
        let anew = renderer.resize(Size { columns: *columns, rows: ROWS }, || paper.cursor());
        paper.write(&anew);
        paper.write(&renderer.push(piece));
    }
    paper.write(&renderer.finish());
    paper
}

fn at_once(text: &str, columns: usize, rewraps: bool) -> Vec<String> {
    streamed(&[(columns, text)], rewraps).lines
}

const LIST: &str = "# Before\n\nA first paragraph, which ends before anything happens, and which \
                    is long enough for more than a line of eighty columns.\n\n- an item of one \
                    line\n- an item with **strong words** and `code` in it that goes on for so \
                    long that it is broken into several lines, on any terminal that has fewer \
                    than three hundred columns, and that ends here at last\n";

/// The text, cut after the words.
fn cut<'t>(text: &'t str, after: &str) -> (&'t str, &'t str) {
    text.split_at(text.find(after).unwrap() + after.len())
}

#[test]
fn an_unfinished_paragraph_is_laid_out_anew() {
    let (before, after) = cut(LIST, "broken into several lines, ");
    for (columns, then) in [(80, 60), (80, 120), (120, 60), (60, 120), (120, 80), (60, 33)] {
        let paper = streamed(&[(columns, before), (then, after)], true);
        let finished = at_once(cut(LIST, "columns.\n").0, columns, true);
        let anew = at_once(LIST, then, true);
        let begin = paper.lines.iter().position(|line| line.starts_with('•')).unwrap();
        let expect = anew.iter().position(|line| line.starts_with('•')).unwrap();
        assert_eq!(paper.lines[begin..], anew[expect..], "{columns} to {then}");
        // What was finished stays as it was.
        assert_eq!(paper.lines[..finished.len() - 1], finished[..finished.len() - 1]);
    }
}

#[test]
fn where_nobody_knows_what_the_terminal_does_it_goes_on_below() {
    let (before, after) = cut(LIST, "broken into several lines, ");
    // Wider lines are neither wrapped nor cut off by anybody.
    let wider = streamed(&[(60, before), (120, after)], false);
    let anew = at_once(LIST, 120, false);
    assert_eq!(wider.lines[wider.lines.len() - 3..], anew[anew.len() - 3..]);
    let narrower = streamed(&[(120, before), (60, after)], false);
    assert_eq!(narrower.words(), streamed(&[(60, LIST)], false).words());
    let begun = narrower.lines.iter().position(|line| line.contains("broken")).unwrap();
    assert!(narrower.lines[begun + 1..].iter().all(|line| display_width(line) <= 60));
    assert!(narrower.lines.len() > begun + 2, "{:?}", narrower.lines);
}

#[test]
fn line_ends_that_are_asked_for_stay() {
    let text = "One line that ends by itself.  \nAnd another one that does so.\\\nThen a third \
                one, which is longer than the terminal is.";
    let (before, after) = cut(text, "which is ");
    let paper = streamed(&[(70, before), (40, after)], true);
    assert_eq!(paper.lines, at_once(text, 40, true));
}

#[test]
fn a_table_has_the_width_of_its_end() {
    let cell = "some words that fill a cell of a table";
    let table = format!("| one | two |\n|---|---|\n| {cell} | {cell} |\n");
    let (before, after) = cut(&table, "|---|---|\n");
    for (columns, then) in [(120, 60), (60, 120)] {
        let paper = streamed(&[(columns, before), (then, after)], true);
        assert_eq!(paper.lines, at_once(&table, then, true), "{columns} to {then}");
    }
    // One that is shown in parts gets its header again.
    let rows = format!("| {cell} | {cell} |\n").repeat(501);
    let head = "| one | two |\n|---|---|\n";
    let paper = streamed(&[(120, &format!("{head}{rows}")), (60, "| last | row |\n")], true);
    assert_eq!(paper.words().iter().filter(|word| **word == "one").count(), 2);
    assert!(paper.lines[paper.lines.len() - 5..].iter().all(|line| display_width(line) <= 60));
}

#[test]
fn code_stays_as_it_is() {
    let line = "let line = \"of more than sixty columns\"; // which is not broken by anybody";
    let code = format!("```rust\n{line}\n{line}\n```\n");
    let (before, after) = cut(&code, "anybody\n");
    let paper = streamed(&[(80, before), (60, after)], true);
    assert_eq!(paper.lines, at_once(&code, 80, true));
}

#[test]
fn what_begins_above_the_screen_goes_on_below() {
    let words: String = (0..1000).map(|number| format!("word{number} ")).collect();
    let paper = streamed(&[(60, &words), (120, "and the end")], true);
    let expect: Vec<String> =
        words.split_whitespace().chain(["and", "the", "end"]).map(str::to_owned).collect();
    assert_eq!(paper.words(), expect);
}

#[test]
fn who_hears_it_or_has_no_cursor_is_not_wiped() {
    let dumb = Surroundings { term: Some("dumb".to_owned()), ..terminal() };
    for screen in [plain(80), screen(&dumb, 80), Screen::pipe()] {
        let mut renderer = Renderer::new(screen, RendererOptions::default());
        renderer.push(cut(LIST, "broken into several lines, ").0);
        assert_eq!(renderer.resize(Size { columns: 120, rows: ROWS }, || panic!("asked")), "");
    }
}

fn texts() -> impl Strategy<Value = String> {
    let words = prop::collection::vec("[a-z]{1,12}", 1..60);
    let block = (words, 0..6_usize).prop_map(|(words, kind)| {
        let text = words.join(" ");
        match kind {
            0 => format!("- {text}\n"),
            1 => format!("> {text}\n\n"),
            2 => format!("1. {text}\n   - {text}\n\n"),
            3 => format!("## {}\n\n", words[0]),
            4 => format!("{text}  \n{text}\n\n"),
            _ => format!("{text}\n\n"),
        }
    });
    prop::collection::vec(block, 1..5).prop_map(|blocks| blocks.concat())
}

proptest! {
    /// Whatever widths a terminal takes, each word stands there once.
    #[test]
    fn nothing_is_lost_or_doubled(
        text in texts(),
        cuts in prop::collection::vec((0..2000_usize, 21..130_usize), 1..8),
        first in 21..130_usize,
        rewraps: bool,
    ) {
        let mut cuts: Vec<(usize, usize)> =
            cuts.into_iter().map(|(at, columns)| (at.min(text.len()), columns)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let (mut begin, mut width) = (0, first);
        for (at, columns) in cuts {
            pieces.push((width, &text[begin..at]));
            (begin, width) = (at, columns);
        }
        pieces.push((width, &text[begin..]));
        let paper = streamed(&pieces, rewraps);
        let expect = streamed(&[(first, &text)], rewraps);
        prop_assert_eq!(paper.words(), expect.words());
    }
}
