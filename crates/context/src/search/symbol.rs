//! Definitions by their names.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use mlxcode_base::{CancelToken, LineIndex, LineRange, RelPath};
use rusqlite::Connection;

use super::fuzzy::Pattern;
use super::{Hit, HitReason, Standing};
use crate::error::{Error, Result};
use crate::index::{self, CodeIndex, Names};
use crate::symbol::{Symbol, SymbolKind};
use crate::terms::Query;
use crate::walk::{Place, Read, read_text};

/// So many of the names that fit are looked at closely: three times as many as
/// are asked for, since kinds and files count too, within these bounds.
const LEAST_FOUND: usize = 60;
const MOST_FOUND: usize = 1_000;

/// What a definition gains that lies in what the query names before it.
const OWNED_FACTOR: f32 = 1.5;

/// A name of the index that fits.
struct Named {
    fit: f32,
    file: i64,
    number: usize,
}

/// A file's place among the found ones.
struct File {
    path: RelPath,
    standing: Standing,
    names: Vec<usize>,
}

/// A definition that fits.
pub struct FoundSymbol {
    pub path: RelPath,
    pub symbol: Symbol,
    pub score: f32,
}

/// Finds the definitions whose names are like `query`, best first.
pub fn find_symbols(
    index: &CodeIndex,
    query: &str,
    limit: usize,
    cancel: &CancelToken,
) -> Result<Vec<FoundSymbol>> {
    let (owner, name) = parted(query);
    let pattern = Pattern::new(name);
    let words = Query::new(query);
    let most = limit.saturating_mul(3).clamp(LEAST_FOUND, MOST_FOUND);
    let all = index.names()?;
    let mut named = names(&all, most, |name| pattern.fit(name), cancel);
    if named.is_empty() {
        named = names(&all, most, |name| pattern.fit_misspelt(name), cancel);
    }
    let mut found = index.read(|connection| symbols(connection, named, &words))?;
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    if let Some(owner) = owner {
        let owned = |one: &FoundSymbol| {
            one.symbol.container.split('.').any(|part| part == owner)
                || one.path.parts().any(|part| part.split('.').next() == Some(owner))
        };
        for one in &mut found {
            one.score *= if owned(one) { OWNED_FACTOR } else { 1.0 };
        }
    }
    found.sort_by(|a, b| {
        let place = |one: &FoundSymbol| (one.path.clone(), one.symbol.range);
        b.score.total_cmp(&a.score).then_with(|| place(a).cmp(&place(b)))
    });
    found.truncate(limit);
    Ok(found)
}

/// What is shown of the definitions.
pub fn hits(index: &CodeIndex, found: Vec<FoundSymbol>) -> Vec<Hit> {
    let mut texts: HashMap<RelPath, String> = HashMap::new();
    let mut hits = Vec::with_capacity(found.len());
    for FoundSymbol { path, symbol, score } in found {
        let text = texts.entry(path.clone()).or_insert_with(|| {
            let place = Place::at(index.root(), &path);
            match place.map(|place| read_text(&place, index.options())) {
                Some(Read::File(file)) => file.text,
                _ => String::new(),
            }
        });
        hits.push(hit(path, text, symbol, score));
    }
    hits
}

fn hit(path: RelPath, text: &str, symbol: Symbol, score: f32) -> Hit {
    let lines = LineIndex::new(text);
    let named = text.get(..symbol.name_range.start).map(|_| symbol.name_range.start);
    let best_line = named.map_or(symbol.lines.first, |start| lines.line_of(start));
    let LineRange { first, last } = symbol.lines;
    let range = lines.bytes_of(LineRange::new(first, last));
    Hit {
        path,
        lines: symbol.lines,
        best_line: best_line.clamp(first, last),
        score,
        words: Vec::new(),
        reasons: vec![HitReason::Defines { name: symbol.path() }],
        text: text[range.start..range.end].to_owned(),
    }
}

/// Takes the owner off a name: of `a::B` and `a.B`, `a`.
fn parted(query: &str) -> (Option<&str>, &str) {
    let query = query.trim().trim_end_matches("()");
    let cut = ["::", ".", "#"].iter().filter_map(|sign| {
        let at = query.rfind(sign)?;
        Some((at, at + sign.len()))
    });
    match cut.max() {
        Some((end, start)) if start < query.len() => {
            let owner = query[..end].rsplit([':', '.', '#']).next();
            (owner.filter(|owner| !owner.is_empty()), &query[start..])
        }
        _ => (None, query),
    }
}

/// The best names of the index.
fn names(
    all: &Names,
    most: usize,
    fit: impl Fn(&str) -> Option<f32>,
    cancel: &CancelToken,
) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for (file, names) in &all.files {
        if cancel.is_cancelled() {
            break;
        }
        let fitting = names.split('\n').enumerate().filter_map(|(number, name)| {
            let fit = fit(name)?;
            Some(Named { fit, file: *file, number })
        });
        found.extend(fitting);
        if found.len() > 8 * most {
            best(&mut found, most);
        }
    }
    best(&mut found, most);
    found
}

fn best(found: &mut Vec<Named>, most: usize) {
    let place = |one: &Named| (one.file, one.number);
    let order = |a: &Named, b: &Named| -> Ordering {
        b.fit.total_cmp(&a.fit).then_with(|| place(a).cmp(&place(b)))
    };
    found.sort_by(order);
    found.truncate(most);
}

fn symbols(
    connection: &Connection,
    named: Vec<Named>,
    words: &Query,
) -> rusqlite::Result<Vec<FoundSymbol>> {
    let mut files: HashMap<i64, File> = HashMap::new();
    let mut select = connection.prepare_cached("SELECT path, standing FROM file WHERE id = ?1")?;
    for one in &named {
        let file = match files.entry(one.file) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(select.query_row([one.file], |row| {
                let path = index::rel_path(row.get(0)?)?;
                let standing = Standing::from_bits(row.get(1)?);
                Ok(File { path, standing, names: Vec::new() })
            })?),
        };
        file.names.push(one.number);
    }
    let fits: HashMap<(i64, usize), f32> =
        named.iter().map(|one| ((one.file, one.number), one.fit)).collect();
    let mut select = connection.prepare_cached("SELECT names, data FROM symbol WHERE file = ?1")?;
    let mut found = Vec::new();
    for (id, file) in files {
        let symbols = select.query_row([id], |row| {
            let symbols =
                index::decode_symbols(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_blob()?);
            symbols.ok_or(rusqlite::Error::QueryReturnedNoRows)
        })?;
        for number in file.names {
            // A name that stands for none is that of a file without symbols.
            let Some(symbol) = symbols.get(number) else { continue };
            let fit = fits.get(&(id, number)).copied().unwrap_or_default();
            let score = fit * weight(symbol.kind) * file.standing.factor(words).sqrt();
            found.push(FoundSymbol { path: file.path.clone(), symbol: symbol.clone(), score });
        }
    }
    Ok(found)
}

/// How likely a kind is what somebody looks for by its name.
fn weight(kind: SymbolKind) -> f32 {
    match kind {
        SymbolKind::Implementation
        | SymbolKind::Key
        | SymbolKind::Selector
        | SymbolKind::Element
        | SymbolKind::Heading => 0.6,
        SymbolKind::Field | SymbolKind::Property | SymbolKind::Variant | SymbolKind::Variable => {
            0.8
        }
        SymbolKind::Module => 0.85,
        SymbolKind::Constant | SymbolKind::Constructor => 0.95,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_parted_from_names() {
        for (query, expect) in [
            ("open", (None, "open")),
            ("Port::open()", (Some("Port"), "open")),
            ("a::Port::open", (Some("Port"), "open")),
            ("port.open", (Some("port"), "open")),
            ("open port", (None, "open port")),
            ("::open", (None, "open")),
            ("open.", (None, "open.")),
        ] {
            assert_eq!(parted(query), expect, "{query}");
        }
    }
}
