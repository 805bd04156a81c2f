use mlxcode_base::{Language, TextRange};

use super::{Import, ImportKind, ImportedName, rust_tree};
use crate::syntax::{Node, ParsedFile, Topic};

impl ParsedFile {
    /// Where statements that take something from other files stand, in order.
    pub(crate) fn import_ranges(&self) -> Vec<TextRange> {
        let mut ranges = Vec::new();
        self.matches(Topic::Imports, Part::of_capture, |one, parts| {
            let is_whole = |name: usize| matches!(parts[name], Part::Whole(_));
            let whole = one.captures().find(|(name, _)| is_whole(*name));
            ranges.extend(whole.map(|(_, node)| node.range()));
        });
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    }

    /// What the file takes from others, in its order.
    pub fn imports(&self) -> Vec<Import> {
        let mut found: Vec<Import> = Vec::new();
        // Where the names of each stand: patterns give them in another order.
        let mut starts: Vec<Vec<usize>> = Vec::new();
        self.matches(Topic::Imports, Part::of_capture, |one, parts| {
            let mut new = Parts::default();
            for (name, node) in one.captures() {
                match parts[name] {
                    Part::Whole(kind) => new.whole = Some((kind, node)),
                    Part::Source => new.source = Some(node),
                    Part::Name => new.name = Some(node),
                    Part::Alias => new.alias = Some(node),
                    Part::Wildcard => new.is_wildcard = true,
                    Part::Tree => new.tree = Some(node),
                    Part::Other => {}
                }
            }
            let Some((kind, whole)) = new.whole else { return };
            if let Some(tree) = new.tree {
                rust_tree::imports(self, whole, tree, &mut found);
                return;
            }
            self.add_import(&new, kind, whole.range(), &mut found, &mut starts);
        });
        // A module with a path of its own is found with that and without.
        let placed: Vec<TextRange> = found
            .iter()
            .filter(|one| one.kind == ImportKind::Module && one.alias.is_some())
            .map(|one| one.range)
            .collect();
        found.retain(|one| {
            one.kind != ImportKind::Module || one.alias.is_some() || !placed.contains(&one.range)
        });
        found.sort_by_key(|one| one.range.start);
        found
    }

    /// Each name of a statement is a match of its own; they are put together.
    fn add_import(
        &self,
        new: &Parts<'_>,
        kind: ImportKind,
        range: TextRange,
        found: &mut Vec<Import>,
        starts: &mut Vec<Vec<usize>>,
    ) {
        let Some(source) = new.source.map(|source| self.source(source)) else { return };
        let alias = new.alias.map(|alias| self.text_of(alias).to_owned());
        // Matches come in the order of the text, so that the others of this
        // statement are the last.
        let near = found.iter().rev().take_while(|old| old.range.end >= range.start).count();
        let first = found.len() - near;
        let same = |old: &Import| old.range == range && old.source == source;
        let place = found[first..].iter().position(same).map(|place| first + place);
        let place = place.unwrap_or_else(|| {
            let (names, alias, is_wildcard) = (Vec::new(), None, false);
            found.push(Import { source, names, alias, is_wildcard, kind, range });
            found.len() - 1
        });
        let import = &mut found[place];
        import.is_wildcard |= new.is_wildcard;
        // An export of names is more than the import that it also looks like.
        if kind != ImportKind::Import {
            import.kind = kind;
        }
        match new.name {
            Some(name) => {
                starts.resize_with(found.len(), Vec::new);
                let (start, starts) = (name.start_byte(), &mut starts[place]);
                let at = starts.partition_point(|other| *other < start);
                let names = &mut found[place].names;
                if starts.get(at) == Some(&start) {
                    names[at].alias = alias.or(names[at].alias.take());
                } else {
                    starts.insert(at, start);
                    names.insert(at, ImportedName { name: self.text_of(name).to_owned(), alias });
                }
            }
            None => import.alias = alias.or(import.alias.take()),
        }
    }

    fn source(&self, node: Node<'_>) -> String {
        let written = self.text_of(node).trim();
        // What stands in `<vector>` is looked for elsewhere than `"vector"`.
        let quotes: &[char] = match self.language() {
            Language::C | Language::Cpp => &['"'],
            _ => &['"', '\'', '`'],
        };
        let inner = written.trim_matches(quotes);
        inner.split_whitespace().collect::<Vec<_>>().join("")
    }
}

/// What a capture marks.
#[derive(Clone, Copy)]
enum Part {
    Whole(ImportKind),
    Source,
    Name,
    Alias,
    Wildcard,
    Tree,
    Other,
}

impl Part {
    fn of_capture(name: &str) -> Self {
        match name {
            "import" => Self::Whole(ImportKind::Import),
            "export" => Self::Whole(ImportKind::Export),
            "include" => Self::Whole(ImportKind::Include),
            "module" => Self::Whole(ImportKind::Module),
            "source" => Self::Source,
            "name" => Self::Name,
            "alias" => Self::Alias,
            "wildcard" => Self::Wildcard,
            "tree" => Self::Tree,
            _ => Self::Other,
        }
    }
}

/// The captures of one match.
#[derive(Default)]
struct Parts<'t> {
    whole: Option<(ImportKind, Node<'t>)>,
    source: Option<Node<'t>>,
    name: Option<Node<'t>>,
    alias: Option<Node<'t>>,
    is_wildcard: bool,
    tree: Option<Node<'t>>,
}
