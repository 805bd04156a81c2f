//! The state of a library, and how two of them become one.
//!
//! A field is a register whose last writer wins; times are hybrid logical
//! clocks (Kulkarni et al. 2014, "Logical Physical Clocks"): those of the wall,
//! moved past whatever was seen. Counts are of one machine each and only grow;
//! of two, the larger counts (Shapiro et al. 2011, "A comprehensive study of
//! convergent and commutative replicated data types": G-Counter). What is
//! removed leaves a register without a value. A model that is forgotten leaves
//! the time of that, below which nothing of it counts.
//!
//! Each of these is a join of a semilattice, and so is the whole: merging is
//! commutative, associative and idempotent.

use std::collections::BTreeMap;

use super::benchmark::BenchmarkRecord;
use super::field;
use super::limits::MOST_BENCHMARKS;
use super::usage::UsageTotals;

/// Which field of what: a model, or an alias.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldKey {
    pub subject: String,
    pub name: String,
}

/// When and where; of two at once, the larger name of a machine is later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    pub time_ms: u64,
    pub machine: String,
}

/// What was written last; without a value, it was removed. Ordered by the
/// stamp; a machine whose clock was set back may use one twice, and then the
/// values decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Register {
    pub stamp: Stamp,
    pub value: Option<String>,
}

/// Which count: since the model was last forgotten, or since ever at 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    pub model: String,
    pub machine: String,
    pub since_ms: u64,
}

/// Which measurement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BenchmarkKey {
    pub model: String,
    pub machine: String,
    pub at_ms: u64,
}

/// Everything that is said of models, and all that was counted and measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LibraryState {
    pub(super) fields: BTreeMap<FieldKey, Register>,
    pub(super) usage: BTreeMap<UsageKey, UsageTotals>,
    pub(super) benchmarks: BTreeMap<BenchmarkKey, BenchmarkRecord>,
}

/// What merging changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MergeReport {
    /// Fields that are other ones now.
    pub fields: usize,
    /// Counts that are other ones now.
    pub counts: usize,
    /// Measurements that came.
    pub benchmarks: usize,
}

impl LibraryState {
    /// Takes in all that `other` knows later or better.
    pub fn merge(&mut self, other: &Self) -> MergeReport {
        let before = self.clone();
        for (key, theirs) in &other.fields {
            let ours = self.fields.entry(key.clone()).or_insert_with(|| theirs.clone());
            if *theirs > *ours {
                *ours = theirs.clone();
            }
        }
        for (key, theirs) in &other.usage {
            self.usage.entry(key.clone()).or_default().join(theirs);
        }
        for (key, theirs) in &other.benchmarks {
            let ours = self.benchmarks.entry(key.clone()).or_insert_with(|| theirs.clone());
            if rank(theirs) > rank(ours) {
                *ours = theirs.clone();
            }
        }
        self.settle();
        let is_new = |now: bool| usize::from(now);
        MergeReport {
            fields: self.fields.iter().map(|(k, v)| is_new(before.fields.get(k) != Some(v))).sum(),
            counts: self.usage.iter().map(|(k, v)| is_new(before.usage.get(k) != Some(v))).sum(),
            benchmarks: self
                .benchmarks
                .keys()
                .map(|key| is_new(!before.benchmarks.contains_key(key)))
                .sum(),
        }
    }

    /// Drops what lies before a model was forgotten, and the oldest
    /// measurements where there are too many.
    pub(super) fn settle(&mut self) {
        let floors: BTreeMap<String, u64> = self
            .fields
            .iter()
            .filter(|(key, _)| key.name == field::FORGOTTEN)
            .map(|(key, register)| (key.subject.clone(), register.stamp.time_ms))
            .collect();
        let floor = |model: &str| floors.get(model).copied().unwrap_or(0);
        self.fields.retain(|key, register| {
            !is_said(&key.name) || register.stamp.time_ms >= floor(&key.subject)
        });
        self.usage.retain(|key, _| key.since_ms >= floor(&key.model));
        self.benchmarks.retain(|key, _| key.at_ms >= floor(&key.model));

        let mut newer = BTreeMap::<(String, String), usize>::new();
        let mut spare = Vec::new();
        for key in self.benchmarks.keys().rev() {
            let count = newer.entry((key.model.clone(), key.machine.clone())).or_default();
            *count += 1;
            if *count > MOST_BENCHMARKS {
                spare.push(key.clone());
            }
        }
        for key in spare {
            self.benchmarks.remove(&key);
        }
    }
}

/// Whether a field is what a person said of a model, so that forgetting the
/// model takes it away.
pub fn is_said(name: &str) -> bool {
    name.starts_with(field::TAG) || [field::CATEGORY, field::FAVOURITE, field::NOTE].contains(&name)
}

/// An order of measurements that only tells two of the same moment apart.
fn rank(record: &BenchmarkRecord) -> String {
    // JSON writes every number so that it is read back as the same.
    serde_json::to_string(record).unwrap_or_default()
}
