//! What the locals are behind which names stand.

use std::collections::HashMap;

use mlxcode_base::TextRange;

use super::handed::{Handed, handed};
use super::locals::Locals;
use super::qualifier::first;
use super::told::{behind_brackets, written_type};
use super::{Reference, Told};
use crate::syntax::ParsedFile;

/// What takes a function may be a parameter of one that is taken, this often:
/// people do not nest these deeply, and parameters of one name may tell each
/// other in a ring. What is kept in an index is read to twice that depth.
const MOST_DEPTH: usize = 4;

/// What is said where a name is born.
#[derive(Clone, Copy)]
enum Birth {
    Type(TextRange),
    Taken(Handed),
    Silent,
}

/// The births of a file's locals, as far as somebody asked.
#[derive(Default)]
struct Births {
    said: HashMap<TextRange, Birth>,
    /// Where the first of some names was born.
    of_first: HashMap<TextRange, TextRange>,
}

impl ParsedFile {
    /// Says what the locals are behind which names stand.
    pub(super) fn tell_types(&self, locals: &Locals<'_>, references: &mut [Reference]) {
        let members = references.iter().enumerate().filter(|(_, one)| one.is_member);
        let mut firsts: Vec<(TextRange, usize)> = members
            .filter_map(|(number, one)| Some((first(self.text(), one.range.start)?, number)))
            .collect();
        firsts.sort_unstable();
        let mut ranges: Vec<TextRange> = firsts.iter().map(|(range, _)| *range).collect();
        ranges.dedup();
        let mut births = Births::default();
        for _ in 0..MOST_DEPTH {
            ranges = self.look(locals, &ranges, &mut births);
        }
        let mut told: HashMap<TextRange, Option<Told>> = HashMap::new();
        for (range, number) in firsts {
            let Some(birth) = births.of_first.get(&range) else { continue };
            let one = told.entry(*birth).or_insert_with(|| self.told(*birth, &births, MOST_DEPTH));
            references[number].first_type.clone_from(one);
        }
    }

    /// Looks where the names at some places were born, and gives those that
    /// are asked for then.
    fn look(
        &self,
        locals: &Locals<'_>,
        ranges: &[TextRange],
        births: &mut Births,
    ) -> Vec<TextRange> {
        let mut next = Vec::new();
        for (range, birth) in ranges.iter().zip(locals.last_births(ranges)) {
            let Some(birth) = birth else { continue };
            births.of_first.insert(*range, birth);
            births.said.entry(birth).or_insert_with(|| {
                let one = self.birth(birth);
                if let Birth::Taken(handed) = one {
                    next.push(self.first_of(handed.to));
                }
                one
            });
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    fn birth(&self, birth: TextRange) -> Birth {
        let (text, language) = (self.text(), self.language());
        written_type(text, birth, language)
            .map(Birth::Type)
            .or_else(|| handed(text, birth, language).map(Birth::Taken))
            .unwrap_or(Birth::Silent)
    }

    /// The first of some names.
    fn first_of(&self, names: TextRange) -> TextRange {
        let written = self.slice(names);
        let end = written.find('.').unwrap_or(written.len());
        TextRange::new(names.start, names.start + end)
    }

    fn told(&self, birth: TextRange, births: &Births, most: usize) -> Option<Told> {
        let most = most.checked_sub(1)?;
        let handed = match births.said.get(&birth)? {
            Birth::Type(range) => {
                return Some(Told::Type { name: self.slice(*range).to_owned(), range: *range });
            }
            Birth::Taken(handed) => handed,
            Birth::Silent => return None,
        };
        let names = self.first_of(handed.to);
        let first = match births.of_first.get(&names) {
            // A local function is told by nothing.
            Some(_) if names == handed.to => return None,
            Some(one) => Some(Box::new(self.told(*one, births, most)?)),
            None => None,
        };
        Some(Told::taken(self.text(), *handed, first))
    }
}

impl Told {
    /// What takes a function, by where its names stand in a text.
    pub(crate) fn taken(text: &str, handed: Handed, first: Option<Box<Self>>) -> Self {
        let Handed { to, argument, parameter } = handed;
        let behind = &text[to.end..];
        let types = &behind[..behind.len() - behind_brackets(behind).len()];
        let types = types.strip_prefix('<').and_then(|types| types.strip_suffix('>'));
        Self::Taken {
            by: text[to.start..to.end].to_owned(),
            types: types.unwrap_or_default().to_owned(),
            range: to,
            argument,
            parameter,
            first,
        }
    }
}

#[cfg(test)]
mod tests {
    use mlxcode_base::Language;

    use super::*;
    use crate::syntax::ParseLimits;

    fn depth(told: &Told) -> usize {
        match told {
            Told::Taken { first: Some(first), .. } => 1 + depth(first),
            _ => 1,
        }
    }

    #[test]
    fn what_tells_what_tells_has_an_end() {
        let nested: String = (0..150).map(|n| format!("p{n}.x = (p{}) => ", n + 1)).collect();
        let ring = "function f(q) { a.x = (b) => 1; b.x = (a) => a.y; b.y; }\n";
        let text =
            format!("const p0: P = 1;\nfunction g() {{ {nested} [p2.y, p4.y, p150.y]; }}\n{ring}");
        let file = ParsedFile::parse(text, Language::TypeScript, &ParseLimits::default()).unwrap();
        let references = file.references(&file.symbols());
        let told = |name: &str| {
            let one = references.iter().find(|one| one.qualifier == name && one.name == "y");
            one.unwrap().first_type.as_ref().map(depth)
        };
        assert_eq!(told("p2"), Some(2));
        assert_eq!(told("p4"), Some(4));
        // Deeper nobody looks.
        assert_eq!(told("p150"), None);
        assert!(
            references.iter().filter_map(|one| one.first_type.as_ref()).all(|one| depth(one) <= 4)
        );
    }
}
