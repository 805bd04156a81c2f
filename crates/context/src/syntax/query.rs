//! Puts a query to a file's trees.

use mlxcode_base::TextRange;
use streaming_iterator::StreamingIterator;
use tree_sitter::{Node, Query, QueryCursor, QueryCursorOptions};

use super::languages::Topic;
use super::parsed_file::{ParsedFile, ScopePart};

/// More matches under way at once are the mark of a hostile file, and take
/// time by their number.
const MOST_OPEN_MATCHES: u32 = 4_096;

/// What lies deeper is not looked at: each step there takes time by its depth,
/// and only chains of thousands of operators, or hostile files, are so deep.
const MOST_DEPTH: u32 = 1_000;

/// One match: the number of its pattern, later ones being more special, and
/// its captures by name.
pub struct Match<'m, 't> {
    pub pattern: usize,
    query: &'m Query,
    captures: &'m [tree_sitter::QueryCapture<'t>],
}

impl<'m, 't> Match<'m, 't> {
    /// All captures, in the order of the pattern.
    pub fn captures(&self) -> impl Iterator<Item = (&'m str, Node<'t>)> + use<'m, 't> {
        let names = self.query.capture_names();
        self.captures.iter().map(move |one| (names[one.index as usize], one.node))
    }

    /// The first capture of that name.
    pub fn node(&self, name: &str) -> Option<Node<'t>> {
        self.captures().find(|(found, _)| *found == name).map(|(_, node)| node)
    }
}

impl ParsedFile {
    /// Calls `take` with each match of the language's query. A file that takes
    /// too long is left in the middle: what was found until then stands.
    pub(crate) fn matches<'t>(&'t self, topic: Topic, mut take: impl FnMut(&Match<'_, 't>)) {
        let Some(query) = self.grammar.query(topic) else { return };
        for tree in self.trees() {
            let mut cursor = QueryCursor::new();
            cursor.set_match_limit(MOST_OPEN_MATCHES);
            cursor.set_max_start_depth(Some(MOST_DEPTH));
            let mut watch = self.limits().watch();
            let mut step = |_: &tree_sitter::QueryCursorState| watch.step();
            let options = QueryCursorOptions::new().progress_callback(&mut step);
            let text = self.text().as_bytes();
            let mut matches = cursor.matches_with_options(query, tree.root_node(), text, options);
            while let Some(one) = matches.next() {
                take(&Match { pattern: one.pattern_index, query, captures: one.captures() });
            }
        }
    }

    /// The scopes of the file and the names that are born in them.
    pub(crate) fn scopes(&self) -> &[(ScopePart, TextRange)] {
        self.scopes.get_or_init(|| {
            let mut found = Vec::new();
            self.matches(Topic::Scopes, |one| {
                for (name, node) in one.captures() {
                    let part = match name {
                        "scope" => ScopePart::Function,
                        "members" => ScopePart::Members,
                        "local" => ScopePart::Local,
                        _ => continue,
                    };
                    found.push((part, range_of(node)));
                }
            });
            found
        })
    }

    /// The text of a node.
    pub(crate) fn text_of(&self, node: Node<'_>) -> &str {
        self.slice(range_of(node))
    }

    pub(crate) fn slice(&self, range: TextRange) -> &str {
        self.text().get(range.start..range.end).unwrap_or_default()
    }
}

/// Where a node stands.
pub fn range_of(node: Node<'_>) -> TextRange {
    TextRange::new(node.start_byte(), node.end_byte())
}
