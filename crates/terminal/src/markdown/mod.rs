//! Markdown for a terminal, while it arrives.
//!
//! What is shown stays as it is: nothing is erased or painted again, so that
//! scrolling back, copying and pipes work. The one exception is a paragraph
//! that is being written when the terminal takes another width. A word is shown when it is certain
//! what it means, a line of code when it is complete, a table when it ends.
//!
//! Text is taken in steps that do not depend on how it arrives: up to a space,
//! a line end or a place where a line may be broken. So any way of cutting a
//! text into pieces gives the same output. The price is a dialect a little
//! smaller than `CommonMark`: what a later line would change in one that is
//! shown already is not done. Lines of `=` or `-` below a paragraph are rules,
//! links refer to no definition, and the rows of a table begin with a bar.

mod block;
mod code;
mod container;
mod flow;
mod inline;
mod kept;
mod line_start;
mod link;
mod paragraph;
mod table;

use crate::screen::LEAST_COLUMNS;
use crate::width::TAB_COLUMNS;
use crate::{CursorPlace, Role, Screen, Size, Style};
use code::Code;
use container::{Container, Kind};
use line_start::{LineStart, Place, line_start};
use paragraph::Paragraph;
use table::Table;

/// A word without an end is shown in parts of this size.
const LONGEST_WORD_BYTES: usize = 2048;
/// A line of code without an end is shown in parts of this size.
const LONGEST_CODE_BYTES: usize = 4096;
/// What stands deeper is text: nobody nests so deep.
const MOST_CONTAINERS: usize = 50;

/// How a text is rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RendererOptions {
    /// Whether it is what a model thinks, which is shown faintly.
    pub thinking: bool,
}

/// Renders one Markdown text that arrives in pieces.
///
/// ```
/// use mlxcode_terminal::{Renderer, RendererOptions, Screen};
///
/// let mut renderer = Renderer::new(Screen::pipe(), RendererOptions::default());
/// assert_eq!(renderer.push("- one\n- tw"), "• one");
/// assert_eq!(renderer.push("o three\n"), "\n• two three");
/// assert_eq!(renderer.finish(), "\n");
/// ```
pub struct Renderer {
    screen: Screen,
    base: Style,
    out: String,
    /// The line that is being read, as far as it came.
    line: String,
    /// How much of it was understood.
    at: usize,
    phase: Phase,
    containers: Vec<Container>,
    /// How many containers the line was found to stand in.
    matched: usize,
    leaf: Leaf,
    /// A line that heads a table if the next one says so.
    held_row: Option<String>,
    before: char,
    last: Option<Shown>,
    /// Whether an empty line came since something was shown.
    blank: bool,
}

/// What is known of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Containers,
    Start,
    /// Its words are shown as they come.
    Words,
    /// It is understood when it is complete.
    Whole(Whole),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Heading(usize),
    Code,
    IndentedCode,
    Row,
    TableRow,
}

/// The block that the text is in.
enum Leaf {
    None,
    Paragraph(Paragraph),
    Code(Code),
    Table(Table),
}

/// What was shown last, which decides about an empty line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Text,
    Heading,
    Table,
    Code,
}

impl Renderer {
    /// A renderer for one text.
    pub fn new(screen: Screen, options: RendererOptions) -> Self {
        let base =
            if options.thinking { screen.theme.style(Role::Thinking) } else { Style::plain() };
        Self {
            screen,
            base,
            out: String::new(),
            line: String::new(),
            at: 0,
            phase: Phase::Containers,
            containers: Vec::new(),
            matched: 0,
            leaf: Leaf::None,
            held_row: None,
            before: ' ',
            last: None,
            blank: false,
        }
    }

    /// Takes the next piece and gives what has become certain, to be written
    /// as it is.
    pub fn push(&mut self, text: &str) -> String {
        for character in text.chars() {
            self.character(character);
        }
        std::mem::take(&mut self.out)
    }

    /// Gives what is left. The next text begins anew.
    pub fn finish(&mut self) -> String {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.close_leaf();
        self.containers.clear();
        self.last = None;
        self.blank = false;
        std::mem::take(&mut self.out)
    }

    /// Tells that the terminal has another size from here on, and gives what is
    /// to be written now.
    ///
    /// A paragraph that is being written is laid out anew, as far as it is on
    /// the screen and it is certain which rows it takes; else it goes on below.
    /// What is finished stays as it is, and what is not shown yet, such as a
    /// table, is laid out for the new width. `cursor` is asked where the cursor
    /// is, if that matters.
    pub fn resize(&mut self, size: Size, cursor: impl FnOnce() -> Option<CursorPlace>) -> String {
        if size.columns.max(LEAST_COLUMNS) == self.screen.columns() {
            return String::new();
        }
        self.screen.set_columns(Some(size.columns));
        if let Leaf::Table(table) = &mut self.leaf {
            table.forget_widths();
        }
        self.with_paragraph(|paragraph, sheet| paragraph.resize(size, cursor, sheet));
        std::mem::take(&mut self.out)
    }

    fn character(&mut self, character: char) {
        match character {
            '\n' => return self.end_line(),
            '\t' if self.line.trim_start_matches(' ').is_empty() => {
                let spaces = TAB_COLUMNS - self.line.len() % TAB_COLUMNS;
                self.line.extend(std::iter::repeat_n(' ', spaces));
                return;
            }
            _ => {}
        }
        if (!character.is_ascii() || !self.before.is_ascii())
            && self.line.len() > self.at
            && inline::may_break(self.before, character)
        {
            self.advance(false);
        }
        self.line.push(character);
        self.before = character;
        if character == ' ' || character == '\t' || self.line.len() - self.at > LONGEST_WORD_BYTES {
            self.advance(false);
        }
    }

    fn end_line(&mut self) {
        if self.line.ends_with('\r') {
            self.line.pop();
        }
        self.at = self.at.min(self.line.len());
        self.advance(true);
        self.line.clear();
        self.at = 0;
        self.matched = 0;
        self.phase = Phase::Containers;
        self.before = ' ';
    }

    /// Understands as much of the line as can be.
    fn advance(&mut self, complete: bool) {
        loop {
            let goes_on = match self.phase {
                Phase::Containers => self.enter(complete),
                Phase::Start => self.start(complete),
                Phase::Words => {
                    self.words(complete);
                    false
                }
                Phase::Whole(whole) => {
                    if complete {
                        self.whole(whole);
                    } else if whole == Whole::Code && self.line.len() - self.at > LONGEST_CODE_BYTES
                    {
                        self.part_of_code();
                    }
                    false
                }
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Finds the next container that the line stands in. Gives `false` where
    /// more of the line has to come.
    fn enter(&mut self, complete: bool) -> bool {
        let rest = &self.line[self.at..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let next = rest.as_bytes().get(spaces).copied();
        if next.is_none() && !complete {
            return false;
        }
        let length = match self.containers.get(self.matched).map(|container| &container.kind) {
            Some(Kind::Quote) if next == Some(b'>') && spaces < 4 => {
                match rest.as_bytes().get(spaces + 1) {
                    None if !complete => return false,
                    Some(b' ') => Some(spaces + 2),
                    _ => Some(spaces + 1),
                }
            }
            // Code in an item often loses its indentation; it ends at its
            // fence all the same.
            Some(Kind::Item { indent, .. })
                if spaces >= *indent || next.is_none() || matches!(self.leaf, Leaf::Code(_)) =>
            {
                Some(spaces.min(*indent))
            }
            _ => None,
        };
        match length {
            Some(length) => {
                self.at += length;
                self.matched += 1;
            }
            None => self.phase = Phase::Start,
        }
        true
    }

    fn start(&mut self, complete: bool) -> bool {
        let inside = self.matched >= self.containers.len();
        if matches!(self.leaf, Leaf::Code(_)) {
            if inside {
                self.phase = Phase::Whole(Whole::Code);
            } else {
                self.close_leaf();
                self.containers.truncate(self.matched);
            }
            return true;
        }
        let rest = &self.line[self.at..];
        let place = Place {
            complete,
            paragraph: matches!(self.leaf, Leaf::Paragraph(_)) || self.held_row.is_some(),
            inside,
        };
        let start = line_start(rest, place);
        if start == LineStart::Unknown {
            return false;
        }
        if self.held_row.is_some() {
            let may_head = inside && start == LineStart::Row;
            if may_head && !complete {
                return false;
            }
            let row = self.held_row.take().unwrap_or_default();
            if let Some(table) = Table::new(&row, rest).filter(|_| may_head) {
                self.close_leaf();
                self.begin_block(Shown::Table);
                self.leaf = Leaf::Table(table);
                return false;
            }
            self.text_line(&row);
            return true;
        }
        if matches!(self.leaf, Leaf::Table(_)) {
            if inside && start == LineStart::Row {
                self.phase = Phase::Whole(Whole::TableRow);
                return true;
            }
            self.close_leaf();
        }
        self.begin(start)
    }

    /// Begins what the line begins.
    fn begin(&mut self, start: LineStart) -> bool {
        let paragraph = matches!(self.leaf, Leaf::Paragraph(_));
        let deep = self.matched >= MOST_CONTAINERS;
        match start {
            LineStart::Unknown => return false,
            LineStart::Quote { .. } | LineStart::Item { .. } if deep => {
                self.phase = Phase::Words;
                return true;
            }
            LineStart::Text { indent } if paragraph => {
                // A line that goes on with a paragraph may lack its marks.
                self.at += indent;
                self.phase = Phase::Words;
                return true;
            }
            LineStart::Row => {
                if self.matched < self.containers.len() {
                    self.leave();
                }
                self.phase = Phase::Whole(Whole::Row);
                return true;
            }
            _ => self.leave(),
        }
        match start {
            LineStart::Blank => {
                if container::is_fresh(&self.containers) {
                    // An item without text.
                    self.begin_block(Shown::Text);
                    let prefix = self.prefix();
                    self.out.push_str(prefix.trim_end_matches(' '));
                    self.out.push('\n');
                } else {
                    self.blank = true;
                }
            }
            LineStart::Quote { mark } => return self.contain(Kind::Quote, mark),
            LineStart::Item { mark, marker, indent } => {
                return self.contain(Kind::Item { marker, indent }, mark);
            }
            LineStart::Heading { level, mark } => {
                self.at += mark;
                self.phase = Phase::Whole(Whole::Heading(level));
                return true;
            }
            LineStart::Fence { byte, count, indent } => {
                let info = self.line[self.at + indent + count..].to_owned();
                let (code, line) = Code::new((byte, count, indent), &info, &self.screen, self.base);
                self.begin_block(Shown::Code);
                self.print(&line);
                self.leaf = Leaf::Code(code);
            }
            LineStart::Rule => self.rule(),
            LineStart::Verbatim => self.verbatim(),
            LineStart::IndentedCode => {
                self.phase = Phase::Whole(Whole::IndentedCode);
                return true;
            }
            LineStart::Text { indent } => {
                self.at += indent;
                self.open_paragraph();
                self.phase = Phase::Words;
                return true;
            }
            LineStart::Unknown | LineStart::Row => {}
        }
        false
    }

    /// Leaves the block and the containers that the line does not stand in.
    fn leave(&mut self) {
        self.close_leaf();
        self.containers.truncate(self.matched);
    }

    fn contain(&mut self, kind: Kind, mark: usize) -> bool {
        self.at = (self.at + mark).min(self.line.len());
        self.containers.push(Container::new(kind));
        self.matched = self.containers.len();
        true
    }

    fn open_paragraph(&mut self) {
        if !matches!(self.leaf, Leaf::Paragraph(_)) {
            self.begin_block(Shown::Text);
            self.leaf = Leaf::Paragraph(Paragraph::default());
        }
    }
}
