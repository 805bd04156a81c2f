//! Which model to use, and why.

use mlxcode_base::ByteSize;
use mlxcode_models::{Catalogue, CatalogueEntry, LibraryState, ModelRecord, ModelSummary};

use super::ModelLibrary;
use crate::error::Result;

/// What a model is wanted for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecommendOptions {
    /// The task, in a word or some: `edit`, `completion`, `chat`, `tools`,
    /// `reasoning`, or anything that a catalogue says of a model.
    pub task: String,
    /// Memory that the model may take; `None`: nobody knows, so none is
    /// left out.
    pub memory_bytes: Option<u64>,
    /// The context to count memory for, in tokens.
    pub context_tokens: usize,
    /// The most models to name.
    pub limit: usize,
}

impl Default for RecommendOptions {
    fn default() -> Self {
        Self { task: String::new(), memory_bytes: None, context_tokens: 8192, limit: 5 }
    }
}

/// A model, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recommendation {
    /// The name to use it by, or to get it by.
    pub name: String,
    /// Whether it is installed.
    pub installed: bool,
    /// Where to get it, where it is not.
    pub source: Option<String>,
    /// Bytes of memory that it takes, where that is known.
    pub memory_bytes: Option<u64>,
    /// The points that put it in its place.
    pub points: i64,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
}

/// What people call a task, and the tag that the catalogue has for it.
const TASKS: [(&str, &str); 12] = [
    ("code", "code"),
    ("edit", "edit"),
    ("refactor", "edit"),
    ("complete", "completion"),
    ("completion", "completion"),
    ("ask", "chat"),
    ("chat", "chat"),
    ("explain", "chat"),
    ("tools", "tools"),
    ("agent", "agent"),
    ("think", "reasoning"),
    ("reason", "reasoning"),
];

/// A model under judgement.
struct Candidate<'c> {
    recommendation: Recommendation,
    weighed: Vec<(i64, String)>,
    entry: Option<&'c CatalogueEntry>,
}

impl ModelLibrary {
    /// The models that suit a task on this machine, the best first.
    ///
    /// Points: 40 where the task is what the model is made for; ten for each
    /// doubling of the weights that a token takes, as larger models answer
    /// better; 15 where it is installed, 25 more for a favourite, and up to 20
    /// by how often it was used; 15 off where it makes fewer than three tokens
    /// a second here, and ten on where it makes ten or more. What does not fit
    /// into the memory is left out, and so is what suits another task alone.
    pub fn recommend(
        &self,
        catalogue: &Catalogue,
        options: &RecommendOptions,
    ) -> Result<Vec<Recommendation>> {
        let records = self.records.state()?;
        let machine = self.records.machine()?;
        let installed = self.store.list()?;
        let mut candidates: Vec<Candidate<'_>> = installed
            .iter()
            .map(|model| of_installed(model, catalogue, &records, machine.as_deref()))
            .collect();
        let known: Vec<String> =
            candidates.iter().filter_map(|one| Some(one.entry?.name())).collect();
        let others = catalogue.entries().iter().filter(|entry| !known.contains(&entry.name()));
        candidates.extend(others.filter_map(|entry| of_catalogue(entry, options)));

        let mut found: Vec<Recommendation> = candidates
            .into_iter()
            .filter(|one| match (one.recommendation.memory_bytes, options.memory_bytes) {
                (Some(needed), Some(there_is)) => needed <= there_is,
                _ => true,
            })
            .filter_map(|one| one.judged(options))
            .collect();
        found.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| a.name.cmp(&b.name)));
        found.truncate(options.limit);
        Ok(found)
    }
}

fn of_installed<'c>(
    model: &ModelSummary,
    catalogue: &'c Catalogue,
    records: &LibraryState,
    machine: Option<&str>,
) -> Candidate<'c> {
    let entry = entry_of(model, catalogue);
    let record = records.record(&model.name);
    let mut weighed = vec![(15, "it is installed".to_owned())];
    let parameters = entry.map_or(model.parameters, |entry| entry.active_parameters);
    weighed.push(size_points(parameters));
    said(&record, &mut weighed);
    if let Some((speed, how)) = speed(model, &record, records, machine) {
        let points = match speed {
            slow if slow < 3.0 => -15,
            fast if fast >= 10.0 => 10,
            _ => 0,
        };
        weighed.push((points, format!("{speed:.1} tokens a second here, {how}")));
    }
    Candidate {
        recommendation: Recommendation {
            name: model.name.clone(),
            installed: true,
            source: None,
            // Without a catalogue, the shape is in the model's file alone.
            memory_bytes: entry.map_or(Some(model.size_bytes + model.size_bytes / 8), |entry| {
                let file = mlxcode_models::memory_needed(model.size_bytes, entry.shape, 8192);
                Some(file)
            }),
            points: 0,
            reasons: Vec::new(),
        },
        weighed,
        entry,
    }
}

fn of_catalogue<'c>(
    entry: &'c CatalogueEntry,
    options: &RecommendOptions,
) -> Option<Candidate<'c>> {
    let file = entry.files.first()?;
    Some(Candidate {
        recommendation: Recommendation {
            name: entry.name(),
            installed: false,
            source: Some(file.source.clone()),
            memory_bytes: Some(entry.memory_needed(file, options.context_tokens)),
            points: 0,
            reasons: Vec::new(),
        },
        weighed: vec![size_points(entry.active_parameters)],
        entry: Some(entry),
    })
}

/// The catalogue's entry of an installed model: one of its files has the name
/// of one of the model's, or their names are alike.
fn entry_of<'c>(model: &ModelSummary, catalogue: &'c Catalogue) -> Option<&'c CatalogueEntry> {
    let of_file = |entry: &&CatalogueEntry| {
        entry.files.iter().filter_map(|file| file.source.rsplit('/').next()).any(|last| {
            let folder = last.eq_ignore_ascii_case(&model.name);
            folder || model.files.iter().any(|file| file.name.eq_ignore_ascii_case(last))
        })
    };
    let of_name = |entry: &&CatalogueEntry| {
        let name = entry.name().replace(':', "-");
        name.eq_ignore_ascii_case(&model.name)
    };
    catalogue.entries().iter().find(of_file).or_else(|| catalogue.entries().iter().find(of_name))
}

fn size_points(parameters: u64) -> (i64, String) {
    let billions = parameters as f64 / 1e9;
    let points = ((1.0 + billions).log2() * 10.0).round() as i64;
    let how = if billions < 1.0 {
        format!("{:.0} million weights a token", billions * 1e3)
    } else {
        format!("{billions:.1} billion weights a token")
    };
    (points, how)
}

/// What a person said and did.
fn said(record: &ModelRecord, weighed: &mut Vec<(i64, String)>) {
    if record.favourite {
        weighed.push((25, "a favourite of yours".to_owned()));
    }
    let answers = record.usage.answers;
    if answers > 0 {
        let points = ((answers as f64 + 1.0).log2() * 4.0).round().min(20.0) as i64;
        let times = if answers == 1 { "once".to_owned() } else { format!("{answers} times") };
        weighed.push((points, format!("it answered {times}")));
    }
}

/// How fast it is on this machine: as measured, else as it was in use.
fn speed(
    model: &ModelSummary,
    record: &ModelRecord,
    records: &LibraryState,
    machine: Option<&str>,
) -> Option<(f64, &'static str)> {
    let machine = machine?;
    let measured = records.benchmarks(&model.name);
    let measured = measured.iter().find(|(_, on, _)| *on == machine);
    if let Some((.., found)) = measured {
        return Some((found.decode_tokens_per_second, "as measured"));
    }
    let here = records.usage_on(&model.name, machine);
    let used = here.decode_tokens_per_second().or(record.usage.decode_tokens_per_second());
    used.map(|speed| (speed, "in use"))
}

impl Candidate<'_> {
    /// Adds up the points; `None` where it suits another task alone.
    fn judged(mut self, options: &RecommendOptions) -> Option<Recommendation> {
        let words: Vec<String> = options.task.split_whitespace().map(str::to_lowercase).collect();
        if !words.is_empty() {
            let suits = |word: &String| {
                let entry = self.entry?;
                let tag =
                    TASKS.iter().find(|(name, _)| name == word).map_or(&**word, |(_, tag)| tag);
                let made_for = entry.tags.iter().any(|one| one == tag)
                    || (tag == "tools" && entry.tools)
                    || entry.good_at.to_lowercase().contains(word.as_str());
                Some(made_for)
            };
            match words.iter().filter_map(suits).reduce(|a, b| a || b) {
                Some(true) => {
                    let good_at = self.entry.map_or("", |entry| &*entry.good_at);
                    self.weighed.push((40, format!("made for it: {good_at}")));
                }
                Some(false) => return None,
                // Of a model of one's own nobody knows what it is made for.
                None => {}
            }
        }
        let Recommendation { memory_bytes, .. } = self.recommendation;
        if let (Some(needed), Some(there_is)) = (memory_bytes, options.memory_bytes) {
            let reason = format!("it fits: about {} of {}", ByteSize(needed), ByteSize(there_is));
            self.weighed.push((0, reason));
        }
        self.weighed.sort_by_key(|(points, _)| std::cmp::Reverse(points.abs()));
        self.recommendation.points = self.weighed.iter().map(|(points, _)| points).sum();
        self.recommendation.reasons = self.weighed.into_iter().map(|(_, reason)| reason).collect();
        Some(self.recommendation)
    }
}
