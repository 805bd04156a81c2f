//! The list, as it is drawn below the cursor and wiped.

use std::io::{self, Write};

use super::PickerOptions;
use super::list::List;
use crate::visible::visible;
use crate::width::{expand_tabs, shortened};
use crate::{Role, Screen, Style, display_width};

/// Lines of a preview: the list matters more.
const PREVIEW_LINES: usize = 8;

/// What stands on the terminal.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// The widths of the lines that were drawn.
    widths: Vec<usize>,
    columns: Option<usize>,
}

impl Drawn {
    /// Draws the list anew where it stood.
    pub fn draw(
        &mut self,
        out: &mut dyn Write,
        list: &List<'_>,
        options: &PickerOptions,
        screen: &Screen,
    ) -> io::Result<()> {
        let lines = lines(list, options, screen);
        let mut text = self.wiping();
        for (index, (line, _)) in lines.iter().enumerate() {
            if index > 0 {
                text.push_str("\r\n");
            }
            text.push_str(line);
        }
        // The cursor stays below, so that a resize moves nothing of ours.
        out.write_all(text.as_bytes())?;
        out.flush()?;
        self.widths = lines.iter().map(|(_, width)| *width).collect();
        Ok(())
    }

    /// Tells that lines may have been wrapped by the terminal.
    pub fn resized(&mut self, columns: usize) {
        self.columns = Some(columns.max(1));
    }

    /// Wipes what was drawn.
    pub fn wipe(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let text = self.wiping();
        self.widths.clear();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Goes to where the drawing began, and wipes from there.
    fn wiping(&mut self) -> String {
        let columns = self.columns.take();
        let rows = |width: &usize| columns.map_or(1, |columns| width.div_ceil(columns).max(1));
        let above = self.widths.iter().map(rows).sum::<usize>().saturating_sub(1);
        if above > 0 { format!("\r\x1b[{above}A\x1b[J") } else { "\r\x1b[J".to_owned() }
    }
}

/// The lines with their widths. Each leaves a column free, so that no terminal
/// wraps it.
fn lines(list: &List<'_>, options: &PickerOptions, screen: &Screen) -> Vec<(String, usize)> {
    let columns = screen.columns().saturating_sub(1);
    let mut lines = Vec::new();
    let question = shortened(&visible(&options.question).replace('\n', " "), columns / 2);
    let query =
        shortened(&visible(&list.query), columns.saturating_sub(display_width(&question) + 4));
    let sign = screen.glyph("›", ">");
    let width = display_width(&question) + display_width(&query) + 3;
    lines.push((
        format!(
            "{} {} {query}",
            screen.paint(Role::Strong, &question),
            screen.paint(Role::Prompt, sign)
        ),
        width,
    ));
    for (at, (index, letters)) in list.shown() {
        lines.push(item(list, (at, *index, letters), options.several, screen, columns));
    }
    let mut note = format!("{}/{}", list.found.len(), list.len());
    if options.several {
        note.push_str("  Tab marks");
    }
    note.push_str("  Enter takes  Esc leaves");
    let note = shortened(&note, columns);
    lines.push((screen.paint(Role::Faint, &note), display_width(&note)));
    let chosen = list.found.get(list.chosen).map(|(index, _)| list.item(*index));
    for line in chosen.map_or("", |item| &item.preview).lines().take(PREVIEW_LINES) {
        let line = shortened(&visible(&expand_tabs(line, 0)), columns.saturating_sub(2));
        let width = display_width(&line) + 2;
        lines.push((format!("  {}", screen.paint(Role::Faint, &line)), width));
    }
    lines
}

fn item(
    list: &List<'_>,
    (at, index, letters): (usize, usize, &[usize]),
    several: bool,
    screen: &Screen,
    columns: usize,
) -> (String, usize) {
    let item = list.item(index);
    let chosen = at == list.chosen;
    let mut mark = if chosen { screen.glyph("❯ ", "> ") } else { "  " }.to_owned();
    if several {
        mark.push_str(if list.marked[index] {
            screen.glyph("◉ ", "[x] ")
        } else {
            screen.glyph("○ ", "[ ] ")
        });
    }
    let room = columns.saturating_sub(display_width(&mark));
    let base = if chosen { screen.theme.style(Role::Selected) } else { Style::plain() };
    let matching = screen.theme.style(Role::Match).over(base);
    let label = visible(&item.label).replace(['\n', '\t'], " ");
    let shown = shortened(&label, room);
    let mut line = screen.paint_style(base, &mark);
    // Where a name was changed to be shown, its letters stand elsewhere.
    let exact = label == item.label;
    for (offset, character) in shown.char_indices() {
        let found = exact && letters.contains(&offset);
        let style = if found { matching } else { base };
        line.push_str(&screen.paint_style(style, character.encode_utf8(&mut [0; 4])));
    }
    let mut width = display_width(&mark) + display_width(&shown);
    let left = columns.saturating_sub(width + 2);
    if !item.detail.is_empty() && left >= 4 {
        let detail = shortened(&visible(&item.detail).replace(['\n', '\t'], " "), left);
        line.push_str(&format!("  {}", screen.paint(Role::Faint, &detail)));
        width += 2 + display_width(&detail);
    }
    (line, width)
}
