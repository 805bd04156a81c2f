//! A tree laid out flat: nodes in the order of the text, each with the place
//! behind all that lies in it. Walking so needs no call into the parser, and
//! asking for children, siblings and fields is arithmetic.

use mlxcode_base::TextRange;
use tree_sitter::Tree;

use super::languages::Grammar;

/// What lies deeper is not looked at: only chains of thousands of operators,
/// or hostile files, are so deep.
const MOST_DEPTH: usize = 1_000;

/// Patterns that begin at the greatest depth still see this much below it.
const DEPTH_BELOW: usize = 16;

/// The bit of `field` that says that no pattern begins here.
const DEEP: u16 = 1 << 15;

/// The kind that the parser gives to what it could not read.
pub const ERROR: u16 = u16::MAX;

/// A node. Texts of four gigabytes and more have none.
#[derive(Clone, Copy)]
pub struct RawNode {
    pub start: u32,
    pub end: u32,
    /// The place behind all that lies in it: its next sibling, or what comes
    /// behind the node around it.
    pub next: u32,
    /// The place of the node around it, or its own at the root.
    pub parent: u32,
    pub kind: u16,
    field: u16,
}

impl RawNode {
    /// The number of the field that it is in its parent, or 0.
    pub fn field(self) -> u16 {
        self.field & !DEEP
    }

    pub fn is_deep(self) -> bool {
        self.field & DEEP != 0
    }
}

/// The nodes of a file's trees, one tree after another.
#[derive(Clone)]
pub struct Nodes {
    pub grammar: &'static Grammar,
    pub all: Vec<RawNode>,
}

impl Nodes {
    /// Lays out trees of one grammar over one text.
    pub fn of<'t>(grammar: &'static Grammar, trees: impl Iterator<Item = &'t Tree>) -> Self {
        let mut nodes = Self { grammar, all: Vec::new() };
        trees.for_each(|tree| nodes.add(tree));
        nodes
    }

    fn add(&mut self, tree: &Tree) {
        let root = tree.root_node();
        if u32::try_from(root.end_byte()).is_err() {
            return;
        }
        self.all.reserve(root.descendant_count());
        let mut cursor = tree.walk();
        // The nodes around the present one, the innermost last.
        let mut open: Vec<u32> = Vec::new();
        loop {
            let node = cursor.node();
            let place = self.all.len() as u32;
            let parent = open.last().copied();
            let field = cursor.field_id().map_or(0, std::num::NonZeroU16::get);
            let deep = if open.len() > MOST_DEPTH { DEEP } else { 0 };
            self.all.push(RawNode {
                start: node.start_byte() as u32,
                end: node.end_byte() as u32,
                next: place + 1,
                parent: parent.unwrap_or(place),
                kind: node.kind_id(),
                field: field | deep,
            });
            if open.len() < MOST_DEPTH + DEPTH_BELOW && cursor.goto_first_child() {
                open.push(place);
                continue;
            }
            while !cursor.goto_next_sibling() {
                let Some(parent) = open.pop() else { return };
                cursor.goto_parent();
                self.all[parent as usize].next = self.all.len() as u32;
            }
        }
    }

    pub fn node(&self, place: u32) -> Node<'_> {
        Node { nodes: self, place }
    }
}

/// A node of a flat tree.
#[derive(Clone, Copy)]
pub struct Node<'n> {
    nodes: &'n Nodes,
    place: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl<'n> Node<'n> {
    fn raw(self) -> RawNode {
        self.nodes.all[self.place as usize]
    }

    /// The name of its kind.
    pub fn kind(self) -> &'static str {
        self.nodes.grammar.kind_name(self.raw().kind)
    }

    /// Where it stands.
    pub fn range(self) -> TextRange {
        let raw = self.raw();
        TextRange::new(raw.start as usize, raw.end as usize)
    }

    /// Its first byte.
    pub fn start_byte(self) -> usize {
        self.raw().start as usize
    }

    /// The nodes right in it.
    pub fn children(self) -> impl Iterator<Item = Node<'n>> + use<'n> {
        let end = self.raw().next;
        let mut next = self.place + 1;
        std::iter::from_fn(move || {
            let child = Node { nodes: self.nodes, place: next };
            (next < end).then(|| {
                next = child.raw().next;
                child
            })
        })
    }

    /// Those that are more than a sign or a word of the language.
    pub fn named_children(self) -> impl Iterator<Item = Node<'n>> + use<'n> {
        self.children().filter(|child| child.nodes.grammar.is_named(child.raw().kind))
    }

    /// The first that is the field of that name.
    pub fn child_by_field_name(self, name: &str) -> Option<Node<'n>> {
        let field = self.nodes.grammar.field(name)?;
        self.children().find(|child| child.raw().field() == field)
    }
}
