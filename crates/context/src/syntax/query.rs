//! Puts a query to a file's nodes.

use mlxcode_base::TextRange;

use super::languages::Topic;
use super::nodes::{Node, Nodes};
use super::parsed_file::{ParsedFile, ScopePart};
use super::pattern::search;

/// How many candidates a query looks at for each report that the parser may
/// take: two or three times what a file of that size needs, unless it is made
/// to make patterns fail late.
const STEPS_A_REPORT: u64 = 1_000;

/// One match: the number of its pattern, later ones being more special, and
/// its captures, each with the number of its name.
pub struct Match<'m, 'n> {
    pub pattern: usize,
    nodes: &'n Nodes,
    captures: &'m [(u16, u32)],
}

impl<'n> Match<'_, 'n> {
    /// All captures, in the order of the pattern.
    pub fn captures(&self) -> impl Iterator<Item = (usize, Node<'n>)> + use<'_, 'n> {
        let nodes = self.nodes;
        self.captures.iter().map(|(name, place)| (usize::from(*name), nodes.node(*place)))
    }
}

impl ParsedFile {
    /// Calls `take` with each match of the language's query, and what `read`
    /// makes of the names of captures. A file that takes too long is left in
    /// the middle: what was found until then stands.
    pub(crate) fn matches<'n, C>(
        &'n self,
        topic: Topic,
        read: impl Fn(&str) -> C,
        mut take: impl FnMut(&Match<'_, 'n>, &[C]),
    ) {
        let Some(query) = self.grammar.query(topic) else { return };
        let names: Vec<C> = query.names.iter().map(|name| read(name)).collect();
        let nodes = self.nodes();
        let most_steps = u64::from(self.limits().reports) * STEPS_A_REPORT;
        search(query, nodes, self.text().as_bytes(), most_steps, |pattern, captures| {
            take(&Match { pattern, nodes, captures }, &names);
        });
    }

    /// The nodes of the file's trees.
    pub(crate) fn nodes(&self) -> &Nodes {
        self.nodes.get_or_init(|| Nodes::of(self.grammar, self.trees()))
    }

    /// The scopes of the file and the names that are born in them.
    pub(crate) fn scopes(&self) -> &[(ScopePart, TextRange)] {
        self.scopes.get_or_init(|| {
            let mut found = Vec::new();
            let part = |name: &str| match name {
                "scope" => Some(ScopePart::Function),
                "names" => Some(ScopePart::Names),
                "members" => Some(ScopePart::Members),
                "local" => Some(ScopePart::Local),
                _ => None,
            };
            self.matches(Topic::Scopes, part, |one, parts| {
                let known = |(name, node): (usize, Node<'_>)| Some((parts[name]?, node.range()));
                found.extend(one.captures().filter_map(known));
            });
            found
        })
    }

    /// The text of a node.
    pub(crate) fn text_of(&self, node: Node<'_>) -> &str {
        self.slice(node.range())
    }

    pub(crate) fn slice(&self, range: TextRange) -> &str {
        self.text().get(range.start..range.end).unwrap_or_default()
    }
}
