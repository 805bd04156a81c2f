//! Finds what a query's patterns match.

use super::{Item, Kind, Pattern, Patterns, Shape, Test};
use crate::syntax::nodes::{ERROR, Nodes, RawNode};

/// What of a list of items is still to be found, and what comes after that.
#[derive(Clone, Copy)]
struct Goal<'a> {
    items: &'a [Item],
    /// Nodes that may be next, and where they end.
    from: u32,
    end: u32,
    /// Whether no named node may be left.
    is_closed: bool,
    after: Option<&'a Goal<'a>>,
}

/// What is called with a match.
type Take<'s> = dyn FnMut(usize, &[(u16, u32)]) + 's;

/// Calls `take` with each match: the number of its pattern, and its captures
/// in the order of the pattern, by their numbers and the places of their
/// nodes. Ends early after looking at `most_steps` candidates.
pub fn search(
    patterns: &Patterns,
    nodes: &Nodes,
    text: &[u8],
    most_steps: u64,
    mut take: impl FnMut(usize, &[(u16, u32)]),
) {
    let captures = Vec::new();
    let mut search = Search { nodes, text, left: most_steps, captures, take: &mut take };
    for (place, node) in nodes.all.iter().enumerate() {
        let Some(numbers) = patterns.by_kind.get(usize::from(node.kind)) else { continue };
        if numbers.is_empty() || node.is_deep() {
            continue;
        }
        for number in numbers {
            let pattern = &patterns.all[usize::from(*number)];
            search.begin(usize::from(*number), pattern, place as u32, *node);
        }
        if search.left == 0 {
            return;
        }
    }
}

struct Search<'s> {
    nodes: &'s Nodes,
    text: &'s [u8],
    left: u64,
    captures: Vec<(u16, u32)>,
    take: &'s mut Take<'s>,
}

impl Search<'_> {
    /// Tries a pattern at the node that it begins with.
    fn begin(&mut self, number: usize, pattern: &Pattern, place: u32, node: RawNode) {
        let Some((first, beside)) = pattern.items.split_first() else { return };
        let end = match beside {
            [] => node.next,
            _ if node.parent == place => node.next,
            _ => self.nodes.all[node.parent as usize].next,
        };
        let goal = Goal { items: beside, from: node.next, end, is_closed: false, after: None };
        for shape in &first.shapes {
            if self.fits(shape, place, node) {
                self.inside((number, pattern), shape, place, node, &goal);
            }
        }
    }

    /// Goes on with the children of a node that fits, then with `after`.
    fn inside(
        &mut self,
        pattern: (usize, &Pattern),
        shape: &Shape,
        place: u32,
        node: RawNode,
        after: &Goal<'_>,
    ) -> bool {
        let kept = self.captures.len();
        self.captures.extend(shape.captures.iter().map(|capture| (*capture, place)));
        let found = if shape.children.is_empty() && !shape.is_closed {
            self.find(pattern, *after)
        } else {
            let goal = Goal {
                items: &shape.children,
                from: place + 1,
                end: node.next,
                is_closed: shape.is_closed,
                after: Some(after),
            };
            self.find(pattern, goal)
        };
        self.captures.truncate(kept);
        found
    }

    /// Finds all ways to reach a goal; whether there is one.
    fn find(&mut self, pattern: (usize, &Pattern), goal: Goal<'_>) -> bool {
        let Some((item, others)) = goal.items.split_first() else {
            if goal.is_closed && self.has_named(goal.from, goal.end) {
                return false;
            }
            if let Some(after) = goal.after {
                return self.find(pattern, *after);
            }
            if self.holds(pattern.1) {
                (self.take)(pattern.0, &self.captures);
            }
            return true;
        };
        if item.repeats {
            return self.find_behind_any(pattern, item, others, goal);
        }
        let next_is_immediate = others.first().map_or(goal.is_closed, |next| next.is_immediate);
        let first_is_all = !next_is_immediate && item.is_plain();
        let mut found = false;
        let mut place = goal.from;
        while place < goal.end {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return found;
            }
            let node = self.nodes.all[place as usize];
            if item.field == 0 || item.field == node.field() {
                let after = Goal { items: others, from: node.next, ..goal };
                for shape in &item.shapes {
                    if self.fits(shape, place, node) {
                        found |= self.inside(pattern, shape, place, node, &after);
                    }
                }
            }
            if (found && first_is_all) || (item.is_immediate && self.is_named(node)) {
                break;
            }
            place = node.next;
        }
        found
    }

    /// Goes on behind none, one, two and more nodes of a kind.
    fn find_behind_any(
        &mut self,
        pattern: (usize, &Pattern),
        item: &Item,
        others: &[Item],
        goal: Goal<'_>,
    ) -> bool {
        let mut found = false;
        let mut from = goal.from;
        loop {
            found |= self.find(pattern, Goal { items: others, from, ..goal });
            let mut place = from;
            from = loop {
                self.left = self.left.saturating_sub(1);
                if place >= goal.end || self.left == 0 {
                    return found;
                }
                let node = self.nodes.all[place as usize];
                place = node.next;
                if item.shapes.iter().any(|shape| self.fits(shape, place, node)) {
                    break node.next;
                }
                if item.is_immediate && self.is_named(node) {
                    return found;
                }
            };
        }
    }

    fn is_named(&self, node: RawNode) -> bool {
        self.nodes.grammar.is_named(node.kind)
    }

    fn has_named(&self, from: u32, end: u32) -> bool {
        let mut place = from;
        while place < end {
            let node = self.nodes.all[place as usize];
            if self.is_named(node) {
                return true;
            }
            place = node.next;
        }
        false
    }

    fn fits(&self, shape: &Shape, place: u32, node: RawNode) -> bool {
        let is_kind = match shape.kind {
            Kind::Id(kind) => kind == node.kind,
            Kind::Named => node.kind != ERROR && self.is_named(node),
            Kind::Every => node.kind != ERROR,
        };
        is_kind && (shape.absent.is_empty() || !self.has_field(place, node, &shape.absent))
    }

    fn has_field(&self, place: u32, node: RawNode, fields: &[u16]) -> bool {
        let mut child = place + 1;
        while child < node.next {
            let one = self.nodes.all[child as usize];
            if fields.contains(&one.field()) {
                return true;
            }
            child = one.next;
        }
        false
    }

    /// Whether the text is what the pattern's conditions say.
    fn holds(&self, pattern: &Pattern) -> bool {
        pattern.checks.iter().all(|check| {
            let of_check = self.captures.iter().filter(|(capture, _)| *capture == check.capture);
            of_check.map(|(_, place)| self.nodes.all[*place as usize]).all(|node| {
                let range = node.start as usize..node.end as usize;
                let text = self.text.get(range).unwrap_or_default();
                let holds = match &check.test {
                    Test::OneOf(words) => words.iter().any(|word| word.as_bytes() == text),
                    Test::Match(expression) => expression.is_match(text),
                };
                holds != check.is_negated
            })
        })
    }
}
