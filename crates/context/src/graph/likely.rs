//! Names whose place no rule tells, and that only one thing in the tree has.

use mlxcode_base::Language;

use super::Place;
use super::names::is_self;
use super::resolve::{Resolver, is_kin};
use crate::reference::{Reference, ReferenceKind};

/// A shorter name is likely that of something outside as well.
const LEAST_NAME: usize = 5;

/// What the objects of JavaScript itself and of a page have, of names that are
/// no plain word: ECMAScript 2026 (arrays, texts, numbers, dates, promises,
/// objects) and the events and nodes of the DOM.
const BUILT_IN: &[&str] = &[
    "addEventListener",
    "appendChild",
    "asyncIterator",
    "charAt",
    "charCodeAt",
    "childNodes",
    "classList",
    "className",
    "cloneNode",
    "codePointAt",
    "copyWithin",
    "createElement",
    "createTextNode",
    "defineProperty",
    "dispatchEvent",
    "endsWith",
    "findIndex",
    "findLast",
    "findLastIndex",
    "firstChild",
    "flatMap",
    "forEach",
    "fromEntries",
    "getAttribute",
    "getDate",
    "getElementById",
    "getFullYear",
    "getHours",
    "getMinutes",
    "getMonth",
    "getOwnPropertyNames",
    "getSeconds",
    "getTime",
    "getTimezoneOffset",
    "hasOwnProperty",
    "indexOf",
    "innerHTML",
    "insertBefore",
    "isPrototypeOf",
    "isWellFormed",
    "lastIndex",
    "lastIndexOf",
    "localeCompare",
    "matchAll",
    "nextSibling",
    "padEnd",
    "padStart",
    "parentNode",
    "preventDefault",
    "querySelector",
    "querySelectorAll",
    "reduceRight",
    "removeAttribute",
    "removeChild",
    "removeEventListener",
    "replaceAll",
    "setAttribute",
    "setTime",
    "startsWith",
    "stopPropagation",
    "textContent",
    "toFixed",
    "toISOString",
    "toJSON",
    "toLocaleString",
    "toLowerCase",
    "toPrecision",
    "toReversed",
    "toSorted",
    "toSpliced",
    "toString",
    "toUpperCase",
    "toWellFormed",
    "trimEnd",
    "trimStart",
    "toPrimitive",
    "toStringTag",
    "valueOf",
];

/// The one thing of the tree that has the name; nothing where there are
/// several, or where libraries are likely to have one too.
pub fn places(resolver: &Resolver<'_>, file: u32, one: &Reference) -> Vec<Place> {
    let language = resolver.facts(file).language;
    if one.kind == ReferenceKind::Import || one.is_local {
        return Vec::new();
    }
    // A name that stands alone is found by the rules, or is not of this tree;
    // but for languages in which any file may define it.
    if !one.is_member && !shares_all(language) {
        return Vec::new();
    }
    if one.is_member && !is_telling(&one.name) {
        return Vec::new();
    }
    let is_script = matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx);
    if one.is_member && is_script && BUILT_IN.contains(&one.name.as_str()) {
        return Vec::new();
    }
    // What stands behind a name of something else is not ours.
    if is_foreign(resolver, file, one) {
        return Vec::new();
    }
    let kin: Vec<_> = resolver
        .named(&one.name)
        .filter(|id| is_kin(resolver.facts(id.file).language, language))
        .filter(|id| {
            let symbol = resolver.symbol(*id);
            symbol.name == one.name && (!one.is_member || !symbol.container.is_empty())
        })
        .collect();
    let [first, rest @ ..] = kin.as_slice() else { return Vec::new() };
    let holder = |id| {
        let symbol = resolver.symbol(id);
        (id.file, symbol.container.as_str())
    };
    // Several in one type are its overloads.
    if resolver.names.is_made(resolver.files, &one.name)
        || rest.iter().any(|other| holder(*other) != holder(*first))
    {
        return Vec::new();
    }
    kin.into_iter().map(Place::Symbol).collect()
}

/// Whether the names before a name lead out of the tree.
fn is_foreign(resolver: &Resolver<'_>, file: u32, one: &Reference) -> bool {
    let first = one.qualifier.split('.').next().unwrap_or_default();
    // `Object.keys`: a name like a type's that nothing here has is a library's.
    if first.starts_with(char::is_uppercase) && resolver.plain(file, one.symbol, first).is_empty() {
        return true;
    }
    // What the object itself does not have, it has from something outside.
    let is_own = is_self(first) || first == "super";
    !first.is_empty() && (is_own || !resolver.facts(file).bound(first).is_empty())
}

/// Whether a name is one that few things have.
fn is_telling(name: &str) -> bool {
    let parts = name.trim_matches('_').split('_').filter(|part| !part.is_empty()).count();
    let humps = name.chars().skip(1).filter(|c| c.is_uppercase()).count();
    name.len() >= LEAST_NAME
        && (parts > 1 || humps > 0)
        && !(name.starts_with("__") && name.ends_with("__"))
}

/// Whether names that stand alone are seen from all files.
fn shares_all(language: Language) -> bool {
    matches!(language, Language::C | Language::Cpp | Language::Ruby | Language::Swift)
}
