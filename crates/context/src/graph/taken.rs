//! What the parameters of a function are that something takes: the head of what
//! takes it says so.
//!
//! Of `port.onOpen = (event) => …` that is the member's own function type, and
//! of `listen("a", (event) => …)` that of the parameter of `listen`. Where it is
//! a type that `listen` leaves open, it is what stands behind its name
//! (`listen<Port>(…)`), or what the value is declared to be:
//! `const a: Listener<Port> = listen(…)`.

use super::resolve::Resolver;
use super::{Place, SymbolId, types};
use crate::reference::{Told, behind_brackets, plain_type};
use crate::symbol::SymbolKind;

/// The types of a value, as far as they are told.
pub fn types(resolver: &Resolver<'_>, file: u32, symbol: Option<usize>, told: &Told) -> Vec<Place> {
    match told {
        Told::Type { name, .. } => types::written(resolver, file, symbol, name),
        Told::Taken { .. } => {
            let found = || Taken { resolver, file, symbol }.types(told).unwrap_or_default();
            resolver.within_limits(found)
        }
    }
}

/// A function that something takes in the code of a symbol.
struct Taken<'r, 'g> {
    resolver: &'r Resolver<'g>,
    file: u32,
    symbol: Option<usize>,
}

/// A function's type: its parameters, and whose names it is written in.
struct Written<'t> {
    parameters: Vec<&'t str>,
    by: SymbolId,
}

impl<'g> Taken<'_, 'g> {
    fn types(&self, told: &Told) -> Option<Vec<Place>> {
        let Told::Taken { by, types, argument, parameter, first, .. } = told else { return None };
        let taker = self.taker(by, first.as_deref(), argument.is_some())?;
        let one = self.resolver.symbol(taker);
        let head = Head::of(&one.signature, &one.name)?;
        let function = match argument {
            None => Written { parameters: head.parameters.clone(), by: taker },
            Some(argument) => self.of_parameter(taker, head.parameters.get(*argument)?)?,
        };
        let written = type_of(function.parameters.get(*parameter)?)?;
        let name = plain_type(written)?;
        if function.by != taker {
            return Some(types::named(self.resolver, function.by, name));
        }
        let Some(open) = head.types.iter().position(|one| *one == name) else {
            return Some(types::named(self.resolver, taker, name));
        };
        let given = split(types);
        let given = given.get(open).copied().or_else(|| self.declared(&head, name))?;
        Some(types::written(self.resolver, self.file, self.symbol, plain_type(given)?))
    }

    /// What takes a function: the one thing of that name.
    fn taker(&self, by: &str, first: Option<&Told>, is_called: bool) -> Option<SymbolId> {
        let places = match by.rsplit_once('.') {
            Some((before, last)) => {
                let holders = self.resolver.holders(self.file, self.symbol, before, first);
                holders.iter().flat_map(|one| self.resolver.inside(*one, last)).collect()
            }
            None => self.resolver.plain(self.file, self.symbol, by),
        };
        let fits = |place: &Place| match (self.resolver.kind(*place)?, place) {
            (kind, Place::Symbol(id)) if kind.is_callable() || !is_called => Some(*id),
            _ => None,
        };
        let mut found = places.iter().filter_map(fits);
        let one = found.next()?;
        // Several are told apart by their arguments.
        found.all(|other| other == one).then_some(one)
    }

    /// The function that a parameter is, of which its head or a name for it
    /// tells.
    fn of_parameter<'t>(&self, taker: SymbolId, parameter: &'t str) -> Option<Written<'t>>
    where
        'g: 't,
    {
        let written = type_of(parameter)?;
        if let Some(parameters) = parameters(behind_brackets(written)) {
            return Some(Written { parameters: parameters.0, by: taker });
        }
        let outside = self.resolver.symbol(taker).parent;
        let name = plain_type(written)?;
        let found = match name.rsplit_once('.') {
            Some((before, last)) => self.resolver.within(taker.file, outside, before, last),
            None => self.resolver.plain(taker.file, outside, name),
        };
        let [Place::Symbol(id)] = found.as_slice() else { return None };
        let alias = self.resolver.symbol(*id);
        if alias.kind != SymbolKind::TypeAlias {
            return None;
        }
        let head = Head::of(&alias.signature, &alias.name)?;
        // What it leaves open is not followed.
        let parameters = head.parameters;
        Some(Written { parameters, by: *id }).filter(|_| head.types.is_empty())
    }

    /// What an open type of a function is where its value is declared: of
    /// `const a: Listener<Port> = listen(…)` and `listen<T>(…): Listener<T>`,
    /// `Port`.
    fn declared(&self, head: &Head<'_>, name: &str) -> Option<&'g str> {
        let (gives, open) = arguments(head.gives.strip_prefix(':')?);
        let place = split(open).iter().position(|one| *one == name)?;
        let last = |name: &str| name.rsplit('.').next().map(str::to_owned);
        let symbols = self.resolver.facts(self.file).symbols();
        let mut next = self.symbol;
        // Functions within may be symbols too.
        while let Some(at) = next {
            let one = &symbols[at];
            let behind = types::behind_name(&one.signature, &one.name).unwrap_or_default();
            if let Some(declared) = behind.trim_start().strip_prefix(':') {
                let (declared, given) = arguments(declared);
                if last(declared) == last(gives) {
                    return split(given).get(place).copied();
                }
            }
            next = one.parent;
        }
        None
    }
}

/// The head of a function, or of what has the type of one.
struct Head<'t> {
    /// The types that it leaves open.
    types: Vec<&'t str>,
    parameters: Vec<&'t str>,
    /// What stands behind its parameters.
    gives: &'t str,
}

impl<'t> Head<'t> {
    fn of(signature: &'t str, name: &str) -> Option<Self> {
        let behind = types::behind_name(signature, name)?;
        let (open, behind) = opened(behind.trim_start_matches(['?', '!']));
        let behind = behind.trim_start();
        let function = behind.strip_prefix([':', '=']).map_or(behind, str::trim_start);
        let (parameters, gives) = parameters(behind_brackets(function))?;
        // A name and what bounds it.
        let name = |one: &'t str| one.split([' ', '=']).next().unwrap_or_default();
        let types = split(open).into_iter().map(name).collect();
        Some(Self { types, parameters, gives: gives.trim_start() })
    }
}

/// What stands in angle brackets at the beginning, and behind these.
fn opened(text: &str) -> (&str, &str) {
    let behind = behind_brackets(text);
    let inside = &text[..text.len() - behind.len()];
    let inside = inside.strip_prefix('<').and_then(|inside| inside.strip_suffix('>'));
    (inside.unwrap_or_default(), behind)
}

/// The name of a type, and its arguments.
fn arguments(written: &str) -> (&str, &str) {
    let written = written.trim_start();
    let end = written.find(|c: char| !crate::reference::is_part(c) && c != '.');
    let (name, behind) = written.split_at(end.unwrap_or(written.len()));
    (name, opened(behind).0)
}

/// The parameters in the brackets at the beginning, and what stands behind.
fn parameters(text: &str) -> Option<(Vec<&str>, &str)> {
    let inside = text.strip_prefix('(')?;
    let end = part(inside, ')')?;
    Some((split(&inside[..end]), &inside[end + 1..]))
}

/// The parts of a list, without white space around them.
fn split(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = list;
    while let Some(end) = part(rest, ',') {
        parts.push(rest[..end].trim());
        rest = &rest[end + 1..];
    }
    if !rest.trim().is_empty() {
        parts.push(rest.trim());
    }
    parts
}

/// Where a sign stands that is in no brackets.
fn part(text: &str, sign: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        match c {
            _ if c == sign && depth == 0 => return Some(at),
            '(' | '[' | '{' | '<' => depth += 1,
            // That of an arrow closes nothing.
            '>' if last == '=' => {}
            ')' | ']' | '}' | '>' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        last = c;
    }
    None
}

/// The type that a parameter is written with.
fn type_of(parameter: &str) -> Option<&str> {
    let (name, written) = parameter.split_once(':')?;
    let is_name = name.trim_end_matches('?').chars().all(crate::reference::is_part);
    is_name.then(|| written.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_parameters() {
        for (signature, name, types, parameters, gives) in [
            (
                "function make<T extends A<B>, D = T[\"x\"]>(name: string, f: (one: T, two: D) => void): Box<T, D>",
                "make",
                &["T", "D"][..],
                &["name: string", "f: (one: T, two: D) => void"][..],
                ": Box<T, D>",
            ),
            ("open(port: Port<A, B>, x): void", "open", &[], &["port: Port<A, B>", "x"], ": void"),
            ("open?: (port: Port) => void", "open", &[], &["port: Port"], "=> void"),
            ("function fun(f: F)", "fun", &[], &["f: F"], ""),
            ("type Handler = (event: Event) => void", "Handler", &[], &["event: Event"], "=> void"),
            (
                "type Handler<T> = <U>(event: T) => void",
                "Handler",
                &["T"],
                &["event: T"],
                "=> void",
            ),
        ] {
            let head = Head::of(signature, name).unwrap();
            assert_eq!(
                (head.types, head.parameters, head.gives),
                (types.to_vec(), parameters.to_vec(), gives)
            );
        }
        for (signature, name) in
            [("open: Port", "open"), ("open(port: Port, …", "open"), ("x", "y")]
        {
            assert!(Head::of(signature, name).is_none(), "{signature}");
        }
    }
}
