//! What people see of a state.

use std::collections::{BTreeMap, BTreeSet};

use super::benchmark::BenchmarkRecord;
use super::field;
use super::state::LibraryState;
use super::usage::UsageTotals;

/// What is said of one model, and what was counted of it on all machines.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelRecord {
    /// Its tags, by name.
    pub tags: Vec<String>,
    /// Its category.
    pub category: Option<String>,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// A note.
    pub note: Option<String>,
    /// The names that stand for it.
    pub aliases: Vec<String>,
    /// How much it was used, on all machines together.
    pub usage: UsageTotals,
}

impl ModelRecord {
    /// Whether nothing is said of the model, however much it was used.
    pub fn says_nothing(&self) -> bool {
        let usage = self.usage;
        *self == Self { usage, ..Self::default() }
    }
}

impl LibraryState {
    /// What is known of a model.
    pub fn record(&self, model: &str) -> ModelRecord {
        let mut record = ModelRecord::default();
        for (key, register) in &self.fields {
            let Some(value) = &register.value else { continue };
            if key.name == field::ALIAS && value == model {
                record.aliases.push(key.subject.clone());
            }
            if key.subject != model {
                continue;
            }
            match &*key.name {
                field::CATEGORY => record.category = Some(value.clone()),
                field::FAVOURITE => record.favourite = true,
                field::NOTE => record.note = Some(value.clone()),
                name => record.tags.extend(name.strip_prefix(field::TAG).map(str::to_owned)),
            }
        }
        for (_, totals) in self.usage.iter().filter(|(key, _)| key.model == model) {
            record.usage.sum(totals);
        }
        record
    }

    /// Whether anything is said or was counted of a model.
    pub(super) fn knows(&self, model: &str) -> bool {
        self.models().contains(model)
    }

    /// Every model of which something is said, counted or measured, by name.
    pub fn models(&self) -> BTreeSet<String> {
        let said = self.fields.iter().filter(|(_, register)| register.value.is_some());
        let said = said.filter_map(|(key, register)| match &*key.name {
            field::ALIAS => register.value.clone(),
            name if super::state::is_said(name) => Some(key.subject.clone()),
            _ => None,
        });
        let used = self.usage.keys().map(|key| key.model.clone());
        said.chain(used).chain(self.benchmarks.keys().map(|key| key.model.clone())).collect()
    }

    /// Every alias and the model that it stands for.
    pub fn aliases(&self) -> BTreeMap<String, String> {
        let aliases = self.fields.iter().filter(|(key, _)| key.name == field::ALIAS);
        let named =
            aliases.filter_map(|(key, one)| Some((key.subject.clone(), one.value.clone()?)));
        named.collect()
    }

    /// The measurements of a model, the newest first: when (milliseconds since
    /// 1970), on which machine, and what was found.
    pub fn benchmarks(&self, model: &str) -> Vec<(u64, &str, &BenchmarkRecord)> {
        let of_model = self.benchmarks.iter().filter(|(key, _)| key.model == model);
        let mut found: Vec<_> =
            of_model.map(|(key, one)| (key.at_ms, &*key.machine, one)).collect();
        found.sort_by_key(|(at_ms, ..)| std::cmp::Reverse(*at_ms));
        found
    }

    /// How much a model was used on one machine.
    pub fn usage_on(&self, model: &str, machine: &str) -> UsageTotals {
        let mut totals = UsageTotals::default();
        let of = self.usage.iter().filter(|(key, _)| key.model == model && key.machine == machine);
        of.for_each(|(_, one)| totals.sum(one));
        totals
    }

    /// The models that a machine said it has, each with a line about it.
    pub(super) fn installed_on(&self, machine: &str) -> BTreeMap<String, String> {
        let name = format!("{}{machine}", field::INSTALLED);
        let fields = self.fields.iter().filter(|(key, _)| key.name == name);
        fields.filter_map(|(key, one)| Some((key.subject.clone(), one.value.clone()?))).collect()
    }

    /// The models that any machine said it has, each with a line about it.
    pub fn installed(&self) -> BTreeMap<String, String> {
        let fields = self.fields.iter().filter(|(key, _)| key.name.starts_with(field::INSTALLED));
        fields.filter_map(|(key, one)| Some((key.subject.clone(), one.value.clone()?))).collect()
    }
}
