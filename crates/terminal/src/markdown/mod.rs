//! Markdown for a terminal, while it arrives.
//!
//! What is shown stays as it is: nothing is erased or painted again, so that
//! scrolling back, copying and pipes work. A word is shown when it is certain
//! what it means, a line of code when it is complete, a table when it ends.
//!
//! Text is taken in steps that do not depend on how it arrives: up to a space,
//! a line end or a place where a line may be broken. So any way of cutting a
//! text into pieces gives the same output. The price is a dialect a little
//! smaller than `CommonMark`: what a later line would change in one that is
//! shown already is not done. Lines of `=` or `-` below a paragraph are rules,
//! links refer to no definition, and the rows of a table begin with a bar.

mod code;
mod container;
mod flow;
mod inline;
mod line_start;
mod link;
mod paragraph;
mod table;

use crate::visible::visible;
use crate::width::TAB_COLUMNS;
use crate::{Role, Screen, Style};
use code::Code;
use container::{Container, Kind};
use flow::{Flow, Piece, Word};
use line_start::{LineStart, Place, line_start};
use paragraph::{Paragraph, Sheet};
use table::{Page, Table};

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

    /// Tells that the terminal has another width from here on.
    pub fn set_columns(&mut self, columns: usize) {
        self.screen.set_columns(Some(columns));
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
        if !character.is_ascii() || !self.before.is_ascii() {
            if self.line.len() > self.at && inline::may_break(self.before, character) {
                self.advance(false);
            }
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
                let (code, line) =
                    Code::new((byte, count, indent), &info, &self.screen, self.base);
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

    fn words(&mut self, complete: bool) {
        let text = self.line[self.at..].to_owned();
        self.at = self.line.len();
        let hard = self.line.ends_with("  ");
        self.open_paragraph();
        self.with_paragraph(|paragraph, sheet| match complete {
            true => paragraph.push_end(&text, hard, sheet),
            false => paragraph.push(&text, sheet),
        });
    }

    /// A complete line that turned out to be text.
    fn text_line(&mut self, line: &str) {
        self.open_paragraph();
        let hard = line.ends_with("  ");
        self.with_paragraph(|paragraph, sheet| paragraph.push_end(line.trim_start(), hard, sheet));
    }

    fn with_paragraph(&mut self, work: impl FnOnce(&mut Paragraph, &mut Sheet<'_>)) {
        if let Leaf::Paragraph(paragraph) = &mut self.leaf {
            let mut sheet = Sheet {
                out: &mut self.out,
                containers: &mut self.containers,
                screen: &self.screen,
                base: self.base,
                style: self.base,
            };
            work(paragraph, &mut sheet);
        }
    }

    fn whole(&mut self, whole: Whole) {
        let line = self.line[self.at..].to_owned();
        match whole {
            Whole::Heading(level) => self.heading(level, &line),
            Whole::Code => self.code_line(&line),
            Whole::IndentedCode => {
                self.begin_block(Shown::Code);
                let line = visible(line.get(4..).unwrap_or_default()).into_owned();
                let style = self.screen.theme.style(Role::InlineCode).over(self.base);
                self.print(&format!("    {}", self.screen.paint_style(style, &line)));
            }
            Whole::Row => self.held_row = Some(line),
            Whole::TableRow => {
                let prefix = self.prefix();
                let page = Page { screen: &self.screen, base: self.base, prefix };
                if let Leaf::Table(table) = &mut self.leaf {
                    table.row(&line, &mut self.out, &page);
                }
            }
        }
    }

    fn heading(&mut self, level: usize, line: &str) {
        self.begin_block(Shown::Heading);
        let text = line.trim();
        let open = text.trim_end_matches('#');
        let text = if open.is_empty() || open.ends_with(' ') { open.trim_end() } else { text };
        let style = self.screen.theme.style(Role::Heading).over(self.base);
        let mark = if self.screen.capabilities.plain {
            format!("Heading {level}: ")
        } else {
            self.screen.paint_style(style, &"#".repeat(level)) + " "
        };
        let prefix = self.prefix();
        self.out.push_str(&prefix);
        self.out.push_str(&mark);
        let mut prepared = String::new();
        inline::prepare(text, &mut prepared);
        let mut flow = Flow::begun(flow::shown_width(&prefix) + flow::shown_width(&mark));
        for word in &inline::words(&prepared, style, false, &self.screen) {
            let size = (&self.screen, self.screen.columns());
            let (containers, screen, base) = (&mut self.containers, &self.screen, self.base);
            flow.word(&mut self.out, word, size, || container::prefix(containers, screen, base));
        }
        flow.end(&mut self.out);
    }

    fn code_line(&mut self, line: &str) {
        let Leaf::Code(code) = &mut self.leaf else { return };
        if !code.begun && code.is_closed_by(line) {
            return self.close_leaf();
        }
        let shown = code.line(line, &self.screen, self.base);
        let begun = std::mem::take(&mut code.begun);
        if begun {
            self.out.push_str(&shown);
            self.out.push('\n');
        } else {
            self.print(&shown);
        }
    }

    /// Shows what came of a very long line of code.
    fn part_of_code(&mut self) {
        let line = self.line[self.at..].to_owned();
        self.at = self.line.len();
        let Leaf::Code(code) = &mut self.leaf else { return };
        let shown = code.line(&line, &self.screen, self.base);
        let begun = std::mem::replace(&mut code.begun, true);
        if !begun {
            let prefix = self.prefix();
            self.out.push_str(&prefix);
        }
        self.out.push_str(&shown);
    }

    fn rule(&mut self) {
        self.begin_block(Shown::Text);
        let line = if self.screen.capabilities.plain {
            "(rule)".to_owned()
        } else {
            let prefix = flow::shown_width(&container::between(
                &self.containers,
                &self.screen,
                self.base,
            ));
            let count = self.screen.columns().saturating_sub(prefix + 4).min(76);
            let style = self.screen.theme.style(Role::Mark).over(self.base);
            self.screen.paint_style(style, &self.screen.glyph("─", "-").repeat(count))
        };
        self.print(&line);
    }

    /// A line of HTML or a definition, as it is.
    fn verbatim(&mut self) {
        self.begin_block(Shown::Text);
        let style = self.screen.theme.style(Role::Html).over(self.base);
        let mut flow = Flow::default();
        let line = self.line[self.at..].trim().replace('\t', " ");
        for word in line.split_inclusive(' ') {
            let text = visible(word).into_owned();
            let is_address = text.contains("://");
            let pieces = vec![Piece { text, style, address: None }];
            let size = (&self.screen, self.screen.columns());
            let (containers, screen, base) = (&mut self.containers, &self.screen, self.base);
            let word = Word { spaced: false, pieces, is_address };
            flow.word(&mut self.out, &word, size, || container::prefix(containers, screen, base));
        }
        flow.end(&mut self.out);
    }

    /// Writes a line in its containers.
    fn print(&mut self, line: &str) {
        let prefix = self.prefix();
        let prefix = if line.is_empty() { prefix.trim_end_matches(' ') } else { &prefix };
        self.out.push_str(prefix);
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn prefix(&mut self) -> String {
        container::prefix(&mut self.containers, &self.screen, self.base)
    }

    /// Decides about an empty line before a block.
    fn begin_block(&mut self, shown: Shown) {
        let apart = |kind| matches!(kind, Shown::Heading | Shown::Table);
        if let Some(last) = self.last {
            let item = container::is_fresh(&self.containers);
            if self.blank || (!item && (apart(shown) || apart(last))) {
                let line = container::between(&self.containers, &self.screen, self.base);
                self.out.push_str(&line);
                self.out.push('\n');
            }
        }
        self.last = Some(shown);
        self.blank = false;
    }

    fn close_leaf(&mut self) {
        if let Some(row) = self.held_row.take() {
            self.text_line(&row);
        }
        match std::mem::replace(&mut self.leaf, Leaf::None) {
            Leaf::None => {}
            Leaf::Paragraph(mut paragraph) => {
                let mut sheet = Sheet {
                    out: &mut self.out,
                    containers: &mut self.containers,
                    screen: &self.screen,
                    base: self.base,
                    style: self.base,
                };
                paragraph.finish(&mut sheet);
            }
            Leaf::Code(code) => {
                if code.begun {
                    self.out.push('\n');
                }
                let line = code.end(&self.screen, self.base);
                self.print(&line);
            }
            Leaf::Table(mut table) => {
                let prefix = self.prefix();
                let page = Page { screen: &self.screen, base: self.base, prefix };
                table.show(&mut self.out, &page);
            }
        }
    }
}
