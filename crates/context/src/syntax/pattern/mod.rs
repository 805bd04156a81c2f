//! Queries, put to a flat tree.
//!
//! They are written in the parser's own query language, so that its tools read
//! them too; its tests here compare with its engine. That engine follows every
//! pattern that may still match from node to node, which takes several times
//! as long as parsing. This one looks at each node once, tries the patterns
//! that begin with its kind, and goes on from child to child.

mod read;
mod search;
#[cfg(test)]
mod tests;

use regex::bytes::Regex;

pub use search::search;

/// A query of one language: its patterns, in the order of its text.
pub struct Patterns {
    /// The names of captures, by their numbers.
    pub names: Vec<String>,
    all: Vec<Pattern>,
    /// Patterns by the kind of node that they begin with.
    by_kind: Vec<Vec<u16>>,
}

/// A node, or a node and what stands beside it, with conditions on the text.
struct Pattern {
    items: Vec<Item>,
    checks: Vec<Check>,
}

/// A child, or the beginning of a pattern.
#[derive(Clone, Debug)]
struct Item {
    /// What it may be.
    shapes: Vec<Shape>,
    /// The field that it must be, or 0.
    field: u16,
    /// Whether no named node may stand between it and what comes before.
    is_immediate: bool,
    /// Whether it stands for none, one and more nodes in a row.
    repeats: bool,
}

#[derive(Clone, Debug)]
struct Shape {
    kind: Kind,
    captures: Vec<u16>,
    children: Vec<Item>,
    /// Whether no named node may stand behind its last child.
    is_closed: bool,
    /// Fields that it must not have.
    absent: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The node of that kind.
    Id(u16),
    /// `(_)`
    Named,
    /// `_`
    Every,
}

/// A condition on the text of all that a capture holds.
struct Check {
    capture: u16,
    test: Test,
    is_negated: bool,
}

enum Test {
    OneOf(Vec<String>),
    Match(Regex),
}

impl Item {
    /// Whether all that it finds looks the same from outside, so that the
    /// first finding stands for all.
    fn is_plain(&self) -> bool {
        let plain =
            |shape: &Shape| shape.captures.is_empty() && shape.children.iter().all(Self::is_plain);
        self.shapes.iter().all(plain)
    }
}
