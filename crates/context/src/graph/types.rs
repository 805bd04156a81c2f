//! Types that heads of definitions tell: of parameters, fields and values.

use mlxcode_base::Language;

use super::resolve::Resolver;
use super::{Place, SymbolId};
use crate::symbol::SymbolKind;

/// What holds the members of a place: a type or a file itself, of a value the
/// type that its head names.
pub fn holder_of(resolver: &Resolver<'_>, place: Place) -> Vec<Place> {
    let Place::Symbol(id) = place else {
        return if matches!(place, Place::File(_)) { vec![place] } else { Vec::new() };
    };
    let symbol = resolver.symbol(id);
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

/// The types of a written name, as seen from a symbol.
fn named(resolver: &Resolver<'_>, from: SymbolId, written: &str) -> Vec<Place> {
    let outside = resolver.symbol(from).parent;
    let found = resolver.plain(from.file, outside, written);
    let is_type = |place: &Place| resolver.kind(*place).is_some_and(SymbolKind::is_type);
    found.into_iter().filter(is_type).collect()
}

/// The plain name of a type that stands with a value's name in a head: of
/// `port: Port | None = None`, `Port`. `None` where it is no plain name.
fn of_value(head: &str, name: &str, language: Language) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    while let Some(found) = head[from..].find(name) {
        let (start, end) = (from + found, from + found + name.len());
        from = end;
        if head[..start].ends_with(|c: char| is_part(c) || c == '.')
            || head[end..].starts_with(is_part)
        {
            continue;
        }
        let behind = head[end..].trim_start();
        let written = match language {
            Language::Go => Some(behind),
            Language::Java | Language::CSharp | Language::C | Language::Cpp | Language::Php => {
                let before = head[..start].trim_end_matches([' ', '*', '&', '$']);
                let word = before.trim_end_matches(is_part).len();
                return Some(before[word..].to_owned()).filter(|word| !word.is_empty());
            }
            _ => behind.trim_start_matches('?').strip_prefix(':'),
        };
        return plain_type(written?);
    }
    None
}

/// A type that is one name, with what says only that it may be absent or
/// borrowed around it.
fn plain_type(written: &str) -> Option<String> {
    let mut rest = written.trim_start();
    loop {
        let shorter = rest
            .trim_start_matches(['&', '*', '"', '\'', ' '])
            .trim_start_matches("mut ")
            .trim_start_matches("Optional[");
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    let behind = behind.trim_start_matches(['"', '\'', ' ', ']', '?']);
    let behind = behind.strip_prefix("| None").unwrap_or(behind);
    let behind = behind.trim_start_matches(['"', '\'', ' ', ']']);
    let is_end = behind.is_empty() || behind.starts_with([',', ')', '=', ';', '{']);
    (is_end && !name.is_empty()).then(|| name.to_owned())
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
            (Language::Python, "app=None)", "app", None),
            (Language::Rust, "&self, port: &mut Port) -> u8", "port", Some("Port")),
            (Language::Rust, "port: Vec<Port>)", "port", None),
            (Language::Go, "port *Port) error", "port", Some("Port")),
            (Language::Java, "final Port port)", "port", Some("Port")),
            (Language::TypeScript, "port?: Port, b: B)", "port", Some("Port")),
        ] {
            assert_eq!(of_value(head, name, language).as_deref(), expect, "{head}");
        }
    }
}
