//! The paths that a Rust file names.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{File, ItemExternCrate, ItemFn, ItemMod, ItemUse, Macro, Path, UseTree};

use crate::source::is_test;

/// A path that a file names, spelled out from the crate on.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    /// Its parts; `*` at the end for a glob.
    pub path: Vec<String>,
    /// The line, from 1.
    pub line: usize,
    /// Whether the tests alone name it.
    pub in_test: bool,
}

/// All paths with two parts or more, and all that a `use` names. Names that a
/// `use` of the file gives to a path are spelled out; scopes within the file
/// are not told apart.
pub fn of(file: &File) -> Vec<Import> {
    let mut names = Names::default();
    names.visit_file(file);
    let mut scan = Scan { names: &names, found: Vec::new(), in_test: is_test(&file.attrs) };
    scan.visit_file(file);
    scan.found
}

/// What the file's own items and imports are called.
#[derive(Default)]
struct Names {
    aliases: BTreeMap<String, Vec<String>>,
    modules: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        flatten(&item.tree, &mut Vec::new(), &mut |path, alias, _| {
            if let Some(alias) = alias {
                self.aliases.insert(alias, path);
            }
        });
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.modules.insert(item.ident.to_string());
        visit::visit_item_mod(self, item);
    }
}

struct Scan<'a> {
    names: &'a Names,
    found: Vec<Import>,
    in_test: bool,
}

impl Scan<'_> {
    fn add(&mut self, path: Vec<String>, span: Span) {
        let line = span.start().line;
        self.found.push(Import { path, line, in_test: self.in_test });
    }

    /// Adds a path as written in code, after spelling out its first part.
    fn add_written(&mut self, mut path: Vec<String>, span: Span) {
        if let Some(first) = path.first()
            && let Some(whole) = self.names.aliases.get(first)
        {
            path.splice(..1, whole.iter().cloned());
        } else if path.len() < 2
            || path.first().is_some_and(|name| self.names.modules.contains(name))
        {
            return;
        }
        self.add(path, span);
    }

    fn in_test(&mut self, is_test: bool, visit: impl FnOnce(&mut Self)) {
        let before = self.in_test;
        self.in_test |= is_test;
        visit(self);
        self.in_test = before;
    }
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.in_test(is_test(&item.attrs), |scan| visit::visit_item_mod(scan, item));
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.in_test(is_test(&item.attrs), |scan| visit::visit_item_fn(scan, item));
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.in_test(is_test(&item.attrs), |scan| {
            flatten(&item.tree, &mut Vec::new(), &mut |path, _, span| {
                let is_own = item.leading_colon.is_none()
                    && path.first().is_some_and(|name| scan.names.modules.contains(name));
                if !is_own {
                    scan.add(path, span);
                }
            });
        });
    }

    fn visit_item_extern_crate(&mut self, item: &'ast ItemExternCrate) {
        self.add(vec![item.ident.to_string()], item.ident.span());
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let parts = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            if path.leading_colon.is_some() {
                self.add(parts, first.ident.span());
            } else {
                self.add_written(parts, first.ident.span());
            }
        }
        visit::visit_path(self, path);
    }

    /// What stands in a macro's brackets is not parsed; its words still tell
    /// which paths it names.
    fn visit_macro(&mut self, item: &'ast Macro) {
        if let Some(last) = item.path.segments.last() {
            let span = last.ident.span();
            for path in paths_in(&item.tokens.to_string()) {
                self.add_written(path, span);
            }
        }
        visit::visit_macro(self, item);
    }
}

/// The paths among the words of a token stream, `a :: b :: c`.
fn paths_in(tokens: &str) -> Vec<Vec<String>> {
    let mut paths: Vec<Vec<String>> = Vec::new();
    let mut joins = false;
    for word in tokens.replace("::", " :: ").split_whitespace() {
        let name: String = word
            .chars()
            .skip_while(|sign| !is_name(*sign))
            .take_while(|sign| is_name(*sign))
            .collect();
        if word == "::" {
            joins = true;
        } else if name.is_empty() {
            joins = false;
        } else {
            match paths.last_mut() {
                Some(path) if joins => path.push(name),
                _ => paths.push(vec![name]),
            }
            joins = false;
        }
    }
    paths.retain(|path| path.len() > 1);
    paths
}

fn is_name(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Calls `found` with each path of a `use`, the name it gets, and its place.
fn flatten(
    tree: &UseTree,
    above: &mut Vec<String>,
    found: &mut impl FnMut(Vec<String>, Option<String>, Span),
) {
    let mut whole = |above: &[String], name: &str, alias: Option<String>, span: Span| {
        let mut path = above.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name.to_owned());
        }
        found(path, alias, span);
    };
    match tree {
        UseTree::Path(part) => {
            above.push(part.ident.to_string());
            flatten(&part.tree, above, found);
            above.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, above, found);
            }
        }
        UseTree::Name(name) => {
            let ident = name.ident.to_string();
            let alias = if ident == "self" { above.last().cloned() } else { Some(ident.clone()) };
            whole(above, &ident, alias, name.ident.span());
        }
        UseTree::Rename(name) => {
            let alias = name.rename.to_string();
            whole(above, &name.ident.to_string(), Some(alias), name.ident.span());
        }
        UseTree::Glob(star) => whole(above, "*", None, star.star_token.spans[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expect: &[(&str, usize, bool)]) {
        let found = of(&syn::parse_file(source).unwrap());
        let shown: Vec<_> = found
            .iter()
            .map(|import| (import.path.join("::"), import.line, import.in_test))
            .collect();
        for (path, line, in_test) in expect {
            let wanted = ((*path).to_owned(), *line, *in_test);
            assert!(shown.contains(&wanted), "{wanted:?} is not in {shown:?}");
        }
    }

    #[test]
    fn every_way_to_name_a_path_is_seen() {
        check(
            "use a::{b::{self, c}, d as e};\n\nfn f() { e::g(); }",
            &[("a::b", 1, false), ("a::b::c", 1, false), ("a::d", 1, false), ("a::d::g", 3, false)],
        );
        check(
            "use std::process;\nfn f() { process::Command::new(\"x\"); }",
            &[("std::process::Command::new", 2, false)],
        );
        check("use std::process::*;", &[("std::process::*", 1, false)]);
        check(
            "fn f(x: &a::B) -> ::c::D { vec![e::f(1)] }",
            &[("a::B", 1, false), ("c::D", 1, false), ("e::f", 1, false)],
        );
        check("extern crate a;", &[("a", 1, false)]);
    }

    #[test]
    fn what_tests_alone_name_is_told_apart() {
        check(
            "#[cfg(test)]\nmod tests {\n  use a::b;\n}\nfn f() { c::d(); }",
            &[("a::b", 3, true), ("c::d", 5, false)],
        );
    }

    #[test]
    fn a_module_of_the_file_is_no_crate() {
        let found =
            of(&syn::parse_file("mod ignore;\nuse ignore::x;\nfn f() { ignore::y(); }").unwrap());
        assert_eq!(found, []);
    }
}
