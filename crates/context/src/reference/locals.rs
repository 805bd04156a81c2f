//! Names that hold inside of a function alone.

use std::cmp::Reverse;
use std::collections::HashMap;

use mlxcode_base::TextRange;

use crate::symbol::parents;
use crate::syntax::{ParsedFile, ScopePart};

/// The scopes of a file and the names that are born in each.
pub struct Locals<'t> {
    scopes: Vec<(TextRange, Vec<TextRange>)>,
    file: &'t ParsedFile,
    /// Where a local name is born: no use of it.
    pub births: Vec<TextRange>,
}

impl<'t> Locals<'t> {
    pub fn of(file: &'t ParsedFile) -> Self {
        let mut scopes = Vec::new();
        let mut births = Vec::new();
        for (part, range) in file.scopes() {
            match part {
                ScopePart::Function | ScopePart::Names => scopes.push(*range),
                ScopePart::Local => births.push(*range),
                ScopePart::Members => {}
            }
        }
        let order = |range: &TextRange| (range.start, Reverse(range.end));
        scopes.sort_unstable_by_key(order);
        scopes.dedup();
        births.sort_unstable();
        births.dedup();
        let mut scopes: Vec<(TextRange, Vec<TextRange>)> =
            scopes.into_iter().map(|scope| (scope, Vec::new())).collect();
        // A birth at the very range of a scope lies in that scope.
        let mut all: Vec<(TextRange, Option<usize>)> =
            births.iter().map(|one| (*one, None)).collect();
        all.extend(scopes.iter().enumerate().map(|(number, (range, _))| (*range, Some(number))));
        all.sort_unstable_by_key(|(range, number)| (order(range), number.is_none()));
        let holders = parents(all.iter().map(|(range, _)| *range));
        let mut outside = Vec::new();
        for (place, (birth, number)) in all.iter().enumerate() {
            if number.is_some() {
                continue;
            }
            // Births hold no births; the closest that is left is a scope.
            match holders[place].and_then(|holder| all[holder].1) {
                Some(scope) => scopes[scope].1.push(*birth),
                // At the top of a file it is a symbol and no local.
                None => outside.push(*birth),
            }
        }
        births.retain(|birth| outside.binary_search(birth).is_err());
        Self { scopes, file, births }
    }

    /// Where the local name at a place is born: in the innermost scope around
    /// it that has the name, all places in order.
    pub fn births_of(&self, range: TextRange) -> Vec<TextRange> {
        let name = self.file.slice(range);
        let around = |scope: &TextRange| scope.start <= range.start && range.end <= scope.end;
        for (scope, births) in self.scopes.iter().rev() {
            if around(scope) {
                let same = births.iter().filter(|birth| self.file.slice(**birth) == name);
                let found: Vec<TextRange> = same.copied().collect();
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    pub fn is_birth(&self, range: TextRange) -> bool {
        self.births.binary_search(&range).is_ok()
    }

    /// For each range, in order, whether the name there was born in a scope
    /// around it.
    pub fn hold(&self, names: &[(TextRange, &str)]) -> Vec<bool> {
        let mut open: Vec<usize> = Vec::new();
        let mut next = 0;
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut held = Vec::with_capacity(names.len());
        for (range, name) in names {
            while let Some((scope, names)) = self.scopes.get(next) {
                if scope.start > range.start {
                    break;
                }
                self.close(&mut open, &mut known, scope.start);
                for birth in names {
                    *known.entry(self.file.slice(*birth)).or_default() += 1;
                }
                open.push(next);
                next += 1;
            }
            self.close(&mut open, &mut known, range.start);
            held.push(known.get(name).is_some_and(|count| *count > 0));
        }
        held
    }

    /// For each name at a place, in order, where it was born last before that in
    /// the innermost scope around it that has the name.
    pub fn last_births(&self, names: &[TextRange]) -> Vec<Option<TextRange>> {
        let mut open: Vec<usize> = Vec::new();
        let mut next = 0;
        let mut found = Vec::with_capacity(names.len());
        for range in names {
            while let Some((scope, _)) = self.scopes.get(next) {
                if scope.start > range.start {
                    break;
                }
                open.retain(|one| self.scopes[*one].0.end > scope.start);
                open.push(next);
                next += 1;
            }
            open.retain(|one| self.scopes[*one].0.end > range.start);
            let name = self.file.slice(*range);
            let of = |scope: &usize| {
                let births = self.scopes[*scope].1.iter();
                let mut births = births.filter(|birth| self.file.slice(**birth) == name);
                let first = births.next()?;
                let later = births.take_while(|birth| birth.start < range.start);
                later.last().or(Some(first)).copied()
            };
            found.push(open.iter().rev().find_map(of));
        }
        found
    }

    /// Forgets the names of the scopes that end before a place.
    fn close(&self, open: &mut Vec<usize>, known: &mut HashMap<&'t str, usize>, place: usize) {
        while let Some(last) = open.pop_if(|last| self.scopes[*last].0.end <= place) {
            for birth in &self.scopes[last].1 {
                if let Some(count) = known.get_mut(self.file.slice(*birth)) {
                    *count -= 1;
                }
            }
        }
    }
}
