//! The tree of a `use` declaration.

use super::{Import, ImportKind, ImportedName};
use crate::syntax::{Node, ParsedFile};

/// A tree nests no deeper than this; what does is made to.
const MOST_LEVELS: usize = 32;

/// Adds what `whole` takes by its `tree`: for each path that stands before
/// names, one import.
pub fn imports(file: &ParsedFile, whole: Node<'_>, tree: Node<'_>, found: &mut Vec<Import>) {
    let is_public = whole.children().any(|child| child.kind() == "visibility_modifier");
    let kind = if is_public { ImportKind::Export } else { ImportKind::Import };
    let mut walk = Walk { file, whole, kind, first: found.len(), found };
    walk.tree(tree, "", 0);
}

struct Walk<'f, 't> {
    file: &'f ParsedFile,
    whole: Node<'t>,
    kind: ImportKind,
    /// Where the imports of this declaration begin.
    first: usize,
    found: &'f mut Vec<Import>,
}

impl Walk<'_, '_> {
    fn tree(&mut self, node: Node<'_>, before: &str, level: usize) {
        if level == MOST_LEVELS {
            return;
        }
        let path = |node: Option<Node<'_>>| {
            let written = node.map(|node| self.file.text_of(node)).unwrap_or_default();
            joined(before, &written.split_whitespace().collect::<String>())
        };
        match node.kind() {
            "scoped_use_list" => {
                let path = path(node.child_by_field_name("path"));
                if let Some(list) = node.child_by_field_name("list") {
                    self.tree(list, &path, level + 1);
                }
            }
            "use_list" => {
                for child in node.named_children() {
                    self.tree(child, before, level + 1);
                }
            }
            "use_wildcard" => {
                let source = path(node.named_children().next());
                self.import(source).is_wildcard = true;
            }
            "use_as_clause" => {
                let whole = path(node.child_by_field_name("path"));
                let alias = node.child_by_field_name("alias");
                let alias = alias.map(|alias| self.file.text_of(alias).to_owned());
                self.name(&whole, alias);
            }
            // The list names the path itself.
            "self" => self.name(before, None),
            "identifier" | "scoped_identifier" | "crate" | "super" => {
                let whole = path(Some(node));
                self.name(&whole, None);
            }
            _ => {}
        }
    }

    fn name(&mut self, whole: &str, alias: Option<String>) {
        match whole.strip_suffix("::self").unwrap_or(whole).rsplit_once("::") {
            Some((source, name)) => {
                let name = ImportedName { name: name.to_owned(), alias };
                self.import(source.to_owned()).names.push(name);
            }
            None => self.import(whole.to_owned()).alias = alias,
        }
    }

    fn import(&mut self, source: String) -> &mut Import {
        let same = self.found[self.first..].iter().position(|one| one.source == source);
        let place = same.map_or(self.found.len(), |place| self.first + place);
        if same.is_none() {
            self.found.push(Import {
                source,
                names: Vec::new(),
                alias: None,
                is_wildcard: false,
                kind: self.kind,
                range: self.whole.range(),
            });
        }
        &mut self.found[place]
    }
}

fn joined(before: &str, path: &str) -> String {
    match (before, path) {
        ("", path) => path.to_owned(),
        (before, "") => before.to_owned(),
        (before, path) => format!("{before}::{path}"),
    }
}
