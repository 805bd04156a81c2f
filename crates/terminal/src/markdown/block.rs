//! What is written of each block.

use super::container;
use super::flow::{Flow, Piece, Word, shown_width};
use super::paragraph::{Paragraph, Sheet};
use super::table::Page;
use super::{Leaf, Renderer, Shown, Whole, inline};
use crate::Role;
use crate::visible::visible;

impl Renderer {
    pub(super) fn words(&mut self, complete: bool) {
        let text = self.line[self.at..].to_owned();
        self.at = self.line.len();
        let hard = self.line.ends_with("  ");
        self.open_paragraph();
        self.with_paragraph(|paragraph, sheet| {
            if complete {
                paragraph.push_end(&text, hard, sheet);
            } else {
                paragraph.push(&text, sheet);
            }
        });
    }

    /// A complete line that turned out to be text.
    pub(super) fn text_line(&mut self, line: &str) {
        self.open_paragraph();
        let hard = line.ends_with("  ");
        self.with_paragraph(|paragraph, sheet| paragraph.push_end(line.trim_start(), hard, sheet));
    }

    pub(super) fn with_paragraph(&mut self, work: impl FnOnce(&mut Paragraph, &mut Sheet<'_>)) {
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

    pub(super) fn whole(&mut self, whole: Whole) {
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

    pub(super) fn heading(&mut self, level: usize, line: &str) {
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
        let mut flow = Flow::begun(shown_width(&prefix) + shown_width(&mark));
        for word in &inline::words(&prepared, style, false, &self.screen) {
            let size = (&self.screen, self.screen.columns());
            let (containers, screen, base) = (&mut self.containers, &self.screen, self.base);
            flow.word(&mut self.out, word, size, || container::prefix(containers, screen, base));
        }
        flow.end(&mut self.out);
    }

    pub(super) fn code_line(&mut self, line: &str) {
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
    pub(super) fn part_of_code(&mut self) {
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

    pub(super) fn rule(&mut self) {
        self.begin_block(Shown::Text);
        let line = if self.screen.capabilities.plain {
            "(rule)".to_owned()
        } else {
            let prefix =
                shown_width(&container::between(&self.containers, &self.screen, self.base));
            let count = self.screen.columns().saturating_sub(prefix + 4).min(76);
            let style = self.screen.theme.style(Role::Mark).over(self.base);
            self.screen.paint_style(style, &self.screen.glyph("─", "-").repeat(count))
        };
        self.print(&line);
    }

    /// A line of HTML or a definition, as it is.
    pub(super) fn verbatim(&mut self) {
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
    pub(super) fn print(&mut self, line: &str) {
        let prefix = self.prefix();
        let prefix = if line.is_empty() { prefix.trim_end_matches(' ') } else { &prefix };
        self.out.push_str(prefix);
        self.out.push_str(line);
        self.out.push('\n');
    }

    pub(super) fn prefix(&mut self) -> String {
        container::prefix(&mut self.containers, &self.screen, self.base)
    }

    /// Decides about an empty line before a block.
    pub(super) fn begin_block(&mut self, shown: Shown) {
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

    pub(super) fn close_leaf(&mut self) {
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
