//! Types that heads of definitions tell: of parameters, fields and values.

use mlxcode_base::Language;

use super::resolve::Resolver;
use super::{Place, SymbolId};
use crate::reference::{before_brackets, behind_brackets, is_part, plain_type};
use crate::symbol::SymbolKind;

/// What holds the members of a place: a type or a file itself, of a value the
/// type that its head names.
pub fn holder_of(resolver: &Resolver<'_>, place: Place) -> Vec<Place> {
    let Place::Symbol(id) = place else {
        return if matches!(place, Place::File(_)) { vec![place] } else { Vec::new() };
    };
    let symbol = resolver.symbol(id);
    if symbol.kind == SymbolKind::TypeAlias {
        // One that lists its members is a type of its own.
        let has_members = !resolver.facts(id.file).children(id.symbol).is_empty();
        return if has_members {
            vec![place]
        } else {
            resolver.within_limits(|| stood_for(resolver, id))
        };
    }
    if symbol.kind.is_type() || symbol.kind == SymbolKind::Module {
        return vec![place];
    }
    if !symbol.kind.is_value() {
        return Vec::new();
    }
    let language = resolver.facts(id.file).language;
    let written = of_value(&symbol.signature, &symbol.name, language);
    written.map(|name| named(resolver, id, &name)).unwrap_or_default()
}

/// What a parameter of the functions around is, where the head of one says it.
/// `None` for a name that is no parameter; nothing for one without a type.
pub fn of_parameter(
    resolver: &Resolver<'_>,
    file: u32,
    symbol: Option<usize>,
    name: &str,
) -> Option<Vec<Place>> {
    let facts = resolver.facts(file);
    let mut next = symbol;
    while let Some(at) = next {
        let one = &facts.symbols()[at];
        if one.kind.is_callable() {
            let parameters = one.signature.find('(').map(|at| &one.signature[at + 1..]);
            let written = parameters.and_then(|all| of_value(all, name, facts.language));
            if let Some(written) = written {
                let id = SymbolId { file, symbol: at as u32 };
                return Some(named(resolver, id, &written));
            }
        }
        next = one.parent;
    }
    None
}

/// The types of a name that is written in the code of a symbol.
pub fn written(
    resolver: &Resolver<'_>,
    file: u32,
    symbol: Option<usize>,
    name: &str,
) -> Vec<Place> {
    resolver.within_limits(|| seen_from(resolver, file, symbol, symbol, name))
}

/// What an alias of a type stands for, where that is one type.
fn stood_for(resolver: &Resolver<'_>, id: SymbolId) -> Vec<Place> {
    let symbol = resolver.symbol(id);
    let behind = behind_name(&symbol.signature, &symbol.name).map(behind_brackets);
    let written = behind.and_then(|behind| behind.trim_start().strip_prefix('='));
    let written = written.and_then(plain_type);
    let found = written.map(|name| named(resolver, id, name)).unwrap_or_default();
    found.into_iter().filter(|one| *one != Place::Symbol(id)).collect()
}

/// What stands behind a name in a head.
pub fn behind_name<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let is_whole =
        |at: usize| !head[..at].ends_with(is_part) && !head[at + name.len()..].starts_with(is_part);
    let (at, _) = head.match_indices(name).find(|(at, _)| is_whole(*at))?;
    Some(&head[at + name.len()..])
}

/// The types of a name that is written in the head of a symbol.
pub fn named(resolver: &Resolver<'_>, from: SymbolId, name: &str) -> Vec<Place> {
    let outside = resolver.symbol(from).parent;
    seen_from(resolver, from.file, outside, Some(from.symbol as usize), name)
}

/// The types of a name, as seen from a symbol; parameters of types are those of
/// `inside`, and of what is around it.
fn seen_from(
    resolver: &Resolver<'_>,
    file: u32,
    symbol: Option<usize>,
    inside: Option<usize>,
    name: &str,
) -> Vec<Place> {
    let found = match name.rsplit_once('.') {
        Some((before, last)) => resolver.within(file, symbol, before, last),
        None => match bound_of(resolver, file, inside, name) {
            Some(bound) => {
                return resolver
                    .within_limits(|| seen_from(resolver, file, symbol, inside, &bound));
            }
            None => resolver.plain(file, symbol, name),
        },
    };
    let is_type = |kind: SymbolKind| kind.is_type() || kind == SymbolKind::TypeAlias;
    let found = found.into_iter().filter(|place| resolver.kind(*place).is_some_and(is_type));
    found.flat_map(|one| holder_of(resolver, one)).collect()
}

/// What a parameter of a type, of a symbol or of one around it, is bounded by:
/// of `f<T extends Port>(one: T)`, for `T`, `Port`.
fn bound_of(
    resolver: &Resolver<'_>,
    file: u32,
    symbol: Option<usize>,
    name: &str,
) -> Option<String> {
    let facts = resolver.facts(file);
    let mut next = symbol;
    while let Some(at) = next {
        let one = &facts.symbols()[at];
        let head = one.signature.split(['(', '=', '{']).next().unwrap_or_default();
        if let Some((_, parameters)) = head.split_once('<') {
            let mut words = parameters.split([',', '<']).map(str::trim_start);
            let bound = words.find_map(|word| {
                let behind = word.strip_prefix(name)?.trim_start();
                behind.strip_prefix("extends ").or_else(|| behind.strip_prefix(": "))
            });
            if let Some(bound) = bound {
                let end = bound.find(|c: char| !is_part(c) && c != '.').unwrap_or(bound.len());
                let bound = &bound[..end];
                return (!bound.is_empty() && bound != name).then(|| bound.to_owned());
            }
        }
        next = one.parent;
    }
    None
}

/// The name of a type that stands with a value's name in a head, without its
/// arguments: of `port: net.Port<u8> | None = None`, `net.Port`. `None` where
/// several types are written, or none.
fn of_value(head: &str, name: &str, language: Language) -> Option<String> {
    let mut from = 0;
    while let Some(found) = head[from..].find(name) {
        let (start, end) = (from + found, from + found + name.len());
        from = end;
        let is_php = language == Language::Php && head[..start].ends_with('$');
        if !is_php && head[..start].ends_with(|c: char| is_part(c) || c == '.')
            || head[end..].starts_with(is_part)
        {
            continue;
        }
        let behind = head[end..].trim_start();
        let written = match language {
            Language::Go => Some(behind),
            Language::Java | Language::CSharp | Language::C | Language::Cpp | Language::Php => {
                let before = head[..start].trim_end_matches([' ', '*', '&', '$']);
                let before = before_brackets(before);
                let word = before.trim_end_matches(is_part).len();
                return Some(before[word..].to_owned()).filter(|word| !word.is_empty());
            }
            _ => behind.trim_start_matches(['?', '!']).strip_prefix(':'),
        };
        return plain_type(written?).map(str::to_owned);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_types() {
        for (language, head, name, expect) in [
            (Language::Python, "self, app: Flask, x=1)", "app", Some("Flask")),
            (Language::Python, "app: \"Flask | None\" = None)", "app", Some("Flask")),
            (Language::Python, "app: Optional[Flask] = None)", "app", Some("Flask")),
            (Language::Python, "apps: list[Flask])", "apps", None),
            (Language::Python, "apps: t.List[Flask])", "apps", None),
            (Language::Python, "app: core.Flask | None)", "app", Some("core.Flask")),
            (Language::Python, "app: Flask | Port)", "app", None),
            (Language::Python, "app=None)", "app", None),
            (Language::Rust, "&self, port: &mut Port) -> u8", "port", Some("Port")),
            (Language::Rust, "port: Vec<Port>)", "port", Some("Vec")),
            (Language::Java, "Map<String, Port> ports", "ports", Some("Map")),
            (
                Language::TypeScript,
                "$Port: core.$Box<$Port> = make(\"$P…",
                "$Port",
                Some("core.$Box"),
            ),
            (Language::TypeScript, "port: Box<() => Port> | undefined)", "port", Some("Box")),
            (Language::TypeScript, "ports: Port[])", "ports", None),
            (Language::TypeScript, "port: Port & Named)", "port", None),
            (Language::TypeScript, "port: Box<Port, …", "port", Some("Box")),
            (Language::Go, "port *Port) error", "port", Some("Port")),
            (Language::Java, "final Port port)", "port", Some("Port")),
            (Language::TypeScript, "port?: Port, b: B)", "port", Some("Port")),
        ] {
            assert_eq!(of_value(head, name, language).as_deref(), expect, "{head}");
        }
    }
}
