//! `cargo xtask tidy`: what a reader should not have to stumble over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Field, Fields, ImplItemConst, ImplItemFn, ImplItemType, Item, ItemEnum, ItemFn,
    ItemImpl, ItemMod, ItemTrait, ItemUnion, Macro, TraitItem, Type, UseTree, Variant, Visibility,
};

use crate::finding::Finding;
use crate::source::{self, is_in, is_test};

/// The most lines of a file.
const MOST_LINES: usize = 600;

/// The kinds of files that people write.
const WRITTEN: [&str; 7] = ["rs", "py", "js", "mjs", "cjs", "ts", "sh"];

const PRINTS: [&str; 4] = ["print", "println", "eprint", "eprintln"];

/// Folders whose programs talk to a person or to a build script's caller.
const MAY_PRINT: [&str; 5] = ["crates/cli", "xtask", "benches", "examples", "tools"];

/// Checks every source file of the workspace at `root`.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut exports = Exports::default();
    for file in source::files(root, &WRITTEN)? {
        let text = source::read(&file)?;
        let relative = file.strip_prefix(root).unwrap_or(&file).to_owned();
        let lines = text.lines().count();
        if lines > MOST_LINES {
            findings.push(Finding {
                file: relative.clone(),
                line: MOST_LINES + 1,
                message: format!(
                    "the file has {lines} lines, {MOST_LINES} at most; give each operation a file"
                ),
            });
        }
        if relative.extension().is_some_and(|extension| extension == "rs") {
            rust(&relative, &text, exports.of(&file), &mut findings);
        } else {
            script(&relative, &text, &mut findings);
        }
    }
    findings.sort();
    Ok(findings)
}

/// Python and JavaScript: prints alone.
fn script(file: &Path, text: &str, findings: &mut Vec<Finding>) {
    if may_print(file) {
        return;
    }
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let print = ["print(", "console.log(", "console.error("]
            .into_iter()
            .find(|print| start.starts_with(print));
        if let Some(print) = print {
            findings.push(Finding {
                file: file.to_owned(),
                line: index + 1,
                message: format!("stray `{print}…)`; return the text to the caller"),
            });
        }
    }
}

fn rust(file: &Path, text: &str, exported: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let parsed = match syn::parse_file(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            findings.push(Finding {
                file: file.to_owned(),
                line: error.span().start().line,
                message: format!("cannot be parsed: {error}; is it Rust?"),
            });
            return;
        }
    };
    let mut scan = Scan {
        file: file.to_owned(),
        may_print: may_print(file),
        documented: !is_in(file, "tests")
            && is_in(file, "src")
            && !parsed.attrs.iter().any(allows_missing),
        exported,
        in_test: is_test(&parsed.attrs) || is_test_module(file),
        findings,
    };
    scan.visit_file(&parsed);
}

/// A test's file is called so where its module is declared with `#[path]`.
fn is_test_module(file: &Path) -> bool {
    file.file_stem()
        .and_then(|stem| stem.to_str())
        .is_some_and(|stem| stem == "tests" || stem.ends_with("_tests"))
}

fn may_print(file: &Path) -> bool {
    MAY_PRINT.iter().any(|folder| file.starts_with(folder))
        || is_in(file, "tests")
        || is_in(file, "test")
        || is_in(file, "examples")
        || file.file_name().is_some_and(|name| name == "build.rs")
}

/// The names that each crate gives to its users.
#[derive(Default)]
struct Exports {
    by_folder: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Exports {
    /// What the crate that `file` belongs to exports by name from its lib.rs.
    fn of(&mut self, file: &Path) -> &BTreeSet<String> {
        let folder =
            file.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "src"));
        let folder = folder.unwrap_or(file).to_owned();
        self.by_folder.entry(folder).or_insert_with_key(|folder| {
            let text = source::read(&folder.join("lib.rs")).unwrap_or_default();
            let items = syn::parse_file(&text).map(|file| file.items).unwrap_or_default();
            let mut names = BTreeSet::new();
            for item in items {
                match item {
                    Item::Use(item) if is_pub(&item.vis) => last_names(&item.tree, &mut names),
                    Item::Struct(item) => names.extend([item.ident.to_string()]),
                    Item::Enum(item) => names.extend([item.ident.to_string()]),
                    Item::Trait(item) => names.extend([item.ident.to_string()]),
                    _ => {}
                }
            }
            names
        })
    }
}

/// The names that a `use` takes, before any `as`.
fn last_names(tree: &UseTree, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(part) => last_names(&part.tree, names),
        UseTree::Group(group) => group.items.iter().for_each(|tree| last_names(tree, names)),
        UseTree::Name(name) => names.extend([name.ident.to_string()]),
        UseTree::Rename(name) => names.extend([name.ident.to_string()]),
        UseTree::Glob(_) => {}
    }
}

struct Scan<'a> {
    file: PathBuf,
    may_print: bool,
    /// Whether its public items need documentation.
    documented: bool,
    /// The types whose members need it too.
    exported: &'a BTreeSet<String>,
    in_test: bool,
    findings: &'a mut Vec<Finding>,
}

impl Scan<'_> {
    fn add(&mut self, span: Span, message: String) {
        let finding = Finding { file: self.file.clone(), line: span.start().line, message };
        self.findings.push(finding);
    }

    fn need_doc(&mut self, attributes: &[Attribute], span: Span, what: &str, name: &str) {
        if !self.documented || self.in_test || attributes.iter().any(is_doc) {
            return;
        }
        self.add(span, format!("public {what} `{name}` has no documentation; say what it is for"));
    }

    fn need_doc_pub(
        &mut self,
        visibility: &Visibility,
        attributes: &[Attribute],
        ident: &syn::Ident,
        what: &str,
    ) {
        if is_pub(visibility) {
            self.need_doc(attributes, ident.span(), what, &ident.to_string());
        }
    }

    /// Whether users of the crate see the type, and with it its members.
    fn is_exported(
        &self,
        visibility: &Visibility,
        ident: &syn::Ident,
        attributes: &[Attribute],
    ) -> bool {
        is_pub(visibility)
            && self.exported.contains(&ident.to_string())
            && !attributes.iter().any(allows_missing)
    }

    fn fields(&mut self, fields: &Fields, all: bool) {
        let Fields::Named(fields) = fields else { return };
        for Field { attrs, vis, ident, .. } in &fields.named {
            if let Some(ident) = ident
                && (all || is_pub(vis))
            {
                self.need_doc(attrs, ident.span(), "field", &ident.to_string());
            }
        }
    }

    fn variants(&mut self, variants: &Punctuated<Variant, syn::Token![,]>) {
        for variant in variants {
            let name = variant.ident.to_string();
            self.need_doc(&variant.attrs, variant.ident.span(), "variant", &name);
            self.fields(&variant.fields, true);
        }
    }

    fn in_test(&mut self, is_test: bool, visit: impl FnOnce(&mut Self)) {
        let before = self.in_test;
        self.in_test |= is_test;
        visit(self);
        self.in_test = before;
    }

    fn print(&mut self, item: &Macro) {
        let Some(last) = item.path.segments.last() else { return };
        let name = last.ident.to_string();
        let inside = item.tokens.to_string();
        if name == "dbg" || inside.contains("dbg ! (") || inside.contains("dbg!(") {
            self.add(last.ident.span(), "stray `dbg!`; take it out".to_owned());
        }
        if PRINTS.contains(&name.as_str()) && !self.may_print && !self.in_test {
            let message = format!("stray `{name}!`; return the text or an error to the caller");
            self.add(last.ident.span(), message);
        }
    }
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Const(item) => self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "constant"),
            Item::Static(item) => self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "static"),
            Item::Type(item) => self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "type"),
            Item::Struct(item) => {
                self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "struct");
                if self.is_exported(&item.vis, &item.ident, &item.attrs) {
                    self.fields(&item.fields, false);
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.in_test(is_test(&item.attrs), |scan| visit::visit_item_mod(scan, item));
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.in_test(is_test(&item.attrs), |scan| {
            scan.need_doc_pub(&item.vis, &item.attrs, &item.sig.ident, "function");
            visit::visit_item_fn(scan, item);
        });
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "enum");
        if self.is_exported(&item.vis, &item.ident, &item.attrs) {
            self.variants(&item.variants);
        }
        visit::visit_item_enum(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast ItemUnion) {
        self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "union");
        visit::visit_item_union(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "trait");
        let exported = self.is_exported(&item.vis, &item.ident, &item.attrs);
        for member in item.items.iter().filter(|_| exported) {
            let (attributes, ident) = match member {
                TraitItem::Fn(member) => (&member.attrs, &member.sig.ident),
                TraitItem::Const(member) => (&member.attrs, &member.ident),
                TraitItem::Type(member) => (&member.attrs, &member.ident),
                _ => continue,
            };
            self.need_doc(attributes, ident.span(), "trait member", &ident.to_string());
        }
        visit::visit_item_trait(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let exported = type_name(&item.self_ty).is_some_and(|name| self.exported.contains(&name));
        let documented = self.documented;
        self.documented &= exported;
        self.in_test(is_test(&item.attrs), |scan| visit::visit_item_impl(scan, item));
        self.documented = documented;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.need_doc_pub(&item.vis, &item.attrs, &item.sig.ident, "method");
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast ImplItemConst) {
        self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "constant");
        visit::visit_impl_item_const(self, item);
    }

    fn visit_impl_item_type(&mut self, item: &'ast ImplItemType) {
        self.need_doc_pub(&item.vis, &item.attrs, &item.ident, "type");
        visit::visit_impl_item_type(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Some(name) = allows_without_reason(attribute) {
            let span = attribute.pound_token.spans[0];
            let message = format!("`#[{name}]` without a reason; add `reason = \"…\"`, or mend it");
            self.add(span, message);
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.print(item);
        visit::visit_macro(self, item);
    }
}

fn is_pub(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// `/// …`, `#[doc = …]` and `#[doc(hidden)]`.
fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// `#[allow(missing_docs, …)]`, which needs its reason like any other.
fn allows_missing(attribute: &Attribute) -> bool {
    attribute.path().is_ident("allow")
        && attribute
            .meta
            .require_list()
            .is_ok_and(|list| list.tokens.to_string().contains("missing_docs"))
}

fn type_name(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

/// The lint attribute's name, where it allows something and does not say why.
fn allows_without_reason(attribute: &Attribute) -> Option<&'static str> {
    let name =
        ["allow", "expect", "cfg_attr"].into_iter().find(|name| attribute.path().is_ident(name))?;
    let tokens = attribute.meta.require_list().ok()?.tokens.to_string();
    if tokens.contains("reason =") || tokens.contains("reason=") {
        return None;
    }
    let allows = |inner: &str| {
        tokens.contains(&format!("{inner} (")) || tokens.contains(&format!("{inner}("))
    };
    match name {
        "cfg_attr" if allows("allow") => Some("allow"),
        "cfg_attr" if allows("expect") => Some("expect"),
        "cfg_attr" => None,
        name => Some(name),
    }
}

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;
