//! Quotes and items: what a line stands in.

use super::line_start::Marker;
use crate::{Role, Screen, Style};

/// Deeper ones are shown at this depth: the rest of the line is for text.
const DEEPEST: usize = 12;

/// A quote or an item.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub kind: Kind,
    /// Whether its mark was not shown yet.
    fresh: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Quote,
    /// Lines that are indented so far belong to it.
    Item {
        marker: Marker,
        indent: usize,
    },
}

impl Container {
    pub fn new(kind: Kind) -> Self {
        Self { kind, fresh: true }
    }
}

/// What the next line begins with.
pub(super) fn prefix(containers: &mut [Container], screen: &Screen, base: Style) -> String {
    let mut prefix = String::new();
    for (depth, container) in containers.iter_mut().enumerate() {
        let fresh = std::mem::replace(&mut container.fresh, false);
        if depth < DEEPEST {
            prefix.push_str(&part(&container.kind, fresh, screen, base));
        }
    }
    prefix
}

/// What an empty line between two blocks shows: the quotes that both are in.
pub(super) fn between(containers: &[Container], screen: &Screen, base: Style) -> String {
    let mut prefix = String::new();
    for container in containers.iter().take(DEEPEST).take_while(|container| !container.fresh) {
        prefix.push_str(&part(&container.kind, false, screen, base));
    }
    prefix.trim_end().to_owned()
}

/// Whether an item's mark is still to be shown.
pub(super) fn is_fresh(containers: &[Container]) -> bool {
    containers.last().is_some_and(|container| container.fresh)
}

fn part(kind: &Kind, fresh: bool, screen: &Screen, base: Style) -> String {
    let style = screen.theme.style(Role::Mark).over(base);
    let plain = screen.capabilities.plain;
    match kind {
        Kind::Quote if plain => if fresh { "Quote: " } else { "" }.to_owned(),
        Kind::Quote => screen.paint_style(style, screen.glyph("│", "|")) + " ",
        Kind::Item { marker, .. } => {
            let mark = match marker {
                Marker::Bullet if plain => "-",
                Marker::Bullet => screen.glyph("•", "*"),
                Marker::Task { done: true } if plain => "- done:",
                Marker::Task { done: false } if plain => "- to do:",
                Marker::Task { done: true } => screen.glyph("☑", "[x]"),
                Marker::Task { done: false } => screen.glyph("☐", "[ ]"),
                Marker::Number(number) => number,
            };
            if fresh {
                screen.paint_style(style, mark) + " "
            } else {
                " ".repeat(if plain { 2 } else { crate::display_width(mark) + 1 })
            }
        }
    }
}
