//! A state as one JSON document.

use serde::{Deserialize, Serialize};

use super::RecordsError;
use super::benchmark::BenchmarkRecord;
use super::limits::{MOST_DOCUMENT_BYTES, MOST_TIME_MS};
use super::state::{BenchmarkKey, FieldKey, LibraryState, Register, Stamp, UsageKey};
use super::usage::UsageTotals;
use crate::error::Result;

/// What the document says that it is.
const KIND: &str = "mlx-code library";
/// The version that is written; older ones are read.
const VERSION: u64 = 1;

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
    version: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: String,
    version: u64,
    fields: Vec<Field>,
    usage: Vec<Usage>,
    benchmarks: Vec<Benchmark>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    subject: String,
    name: String,
    value: Option<String>,
    time_ms: u64,
    machine: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Usage {
    model: String,
    machine: String,
    since_ms: u64,
    totals: UsageTotals,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Benchmark {
    model: String,
    machine: String,
    at_ms: u64,
    found: BenchmarkRecord,
}

impl LibraryState {
    /// Writes the state as one JSON document. The same state gives the same
    /// bytes.
    pub fn to_json(&self) -> Result<String> {
        let field = |(key, one): (&FieldKey, &Register)| Field {
            subject: key.subject.clone(),
            name: key.name.clone(),
            value: one.value.clone(),
            time_ms: one.stamp.time_ms,
            machine: one.stamp.machine.clone(),
        };
        let usage = |(key, totals): (&UsageKey, &UsageTotals)| Usage {
            model: key.model.clone(),
            machine: key.machine.clone(),
            since_ms: key.since_ms,
            totals: *totals,
        };
        let benchmark = |(key, found): (&BenchmarkKey, &BenchmarkRecord)| Benchmark {
            model: key.model.clone(),
            machine: key.machine.clone(),
            at_ms: key.at_ms,
            found: found.clone(),
        };
        let document = Document {
            kind: KIND.to_owned(),
            version: VERSION,
            fields: self.fields.iter().map(field).collect(),
            usage: self.usage.iter().map(usage).collect(),
            benchmarks: self.benchmarks.iter().map(benchmark).collect(),
        };
        let text =
            serde_json::to_string_pretty(&document).map_err(|error| bad(error.to_string()))?;
        Ok(text + "\n")
    }

    /// Reads what [`to_json`](Self::to_json) wrote, in this version or one
    /// before.
    ///
    /// # Errors
    /// What is no such document, or one of a later version.
    pub fn from_json(text: &str) -> Result<Self> {
        if text.len() > MOST_DOCUMENT_BYTES {
            return Err(bad(format!("it has more than {MOST_DOCUMENT_BYTES} bytes")));
        }
        let read = |error: serde_json::Error| bad(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(read)?;
        if head.kind.as_deref() != Some(KIND) {
            return Err(bad(format!("it does not say \"kind\": {KIND:?}")));
        }
        match head.version {
            Some(1..=VERSION) => {}
            Some(found) if found > VERSION => {
                return Err(RecordsError::NewerDocument { found, known: VERSION }.into());
            }
            _ => return Err(bad("it says no version".to_owned())),
        }
        let document: Document = serde_json::from_str(text).map_err(read)?;
        let mut state = Self::default();
        for one in document.fields {
            time(one.time_ms)?;
            plain(&[&one.subject, &one.name, &one.machine])?;
            let key = FieldKey { subject: one.subject, name: one.name };
            let stamp = Stamp { time_ms: one.time_ms, machine: one.machine };
            state.fields.insert(key, Register { stamp, value: one.value });
        }
        for one in document.usage {
            time(one.since_ms)?;
            time(one.totals.last_used_ms)?;
            plain(&[&one.model, &one.machine])?;
            let key = UsageKey { model: one.model, machine: one.machine, since_ms: one.since_ms };
            state.usage.insert(key, one.totals);
        }
        for one in document.benchmarks {
            time(one.at_ms)?;
            plain(&[&one.model, &one.machine])?;
            let key = BenchmarkKey { model: one.model, machine: one.machine, at_ms: one.at_ms };
            state.benchmarks.insert(key, one.found);
        }
        state.settle();
        Ok(state)
    }
}

fn bad(reason: String) -> crate::Error {
    RecordsError::BadDocument { reason }.into()
}

/// A time far ahead would win over everything that is said later.
fn time(ms: u64) -> Result<()> {
    if ms <= MOST_TIME_MS { Ok(()) } else { Err(bad(format!("the time {ms} lies beyond 9999"))) }
}

/// A key is shown on terminals and read back by name.
fn plain(keys: &[&str]) -> Result<()> {
    let sound =
        |key: &&str| !key.is_empty() && key.len() <= 300 && !key.contains(|c: char| c.is_control());
    match keys.iter().find(|key| !sound(key)) {
        None => Ok(()),
        Some(key) => Err(bad(format!("{:?} is no name", key.chars().take(40).collect::<String>()))),
    }
}
