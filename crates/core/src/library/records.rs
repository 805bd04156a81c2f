//! What is said of models, what was counted, and taking it elsewhere.

use mlxcode_models::{
    BenchmarkRecord, Hardware, LibraryState, MergeReport, ModelRecord, RecordChange, RecordsError,
};

use super::{ModelLibrary, is_path};
use crate::benchmark::Benchmark;
use crate::error::Result;

impl ModelLibrary {
    /// Everything that is said, counted and measured of models, whether they
    /// are installed or not.
    pub fn records(&self) -> Result<LibraryState> {
        Ok(self.records.state()?)
    }

    /// The name that `reference` means: an installed model's own goes before
    /// an alias.
    ///
    /// # Errors
    /// No model is installed under this name.
    pub fn resolve(&self, reference: &str) -> Result<String> {
        let error = match self.store.summary(reference) {
            Ok(summary) => return Ok(summary.name),
            Err(error) => error,
        };
        // A damaged model keeps its name.
        if self.store.broken()?.iter().any(|broken| broken.name == reference) {
            return Ok(reference.to_owned());
        }
        match self.records.resolve(reference) {
            Ok(Some(model)) => Ok(model),
            _ => Err(error.into()),
        }
    }

    /// What is said of one installed model.
    pub fn record(&self, name: &str) -> Result<ModelRecord> {
        Ok(self.records.record(&self.resolve(name)?)?)
    }

    /// Changes what is said of an installed model, all or nothing, and gives
    /// what is said then.
    pub fn change_record(&self, name: &str, changes: &[RecordChange]) -> Result<ModelRecord> {
        let name = self.resolve(name)?;
        self.records.change(&name, changes)?;
        Ok(self.records.record(&name)?)
    }

    /// Makes `alias` stand for an installed model.
    ///
    /// # Errors
    /// The alias is an installed model's own name, or cannot be a name.
    pub fn set_alias(&self, alias: &str, name: &str) -> Result<()> {
        // A path's, or a catalogue's, would never be looked up here.
        mlxcode_models::check_model_name(alias)?;
        if is_path(alias) {
            let alias = alias.to_owned();
            return Err(mlxcode_models::Error::BadName { name: alias }.into());
        }
        if self.store.summary(alias).is_ok() {
            return Err(RecordsError::AliasIsModel { alias: alias.to_owned() }.into());
        }
        Ok(self.records.set_alias(alias, &self.resolve(name)?)?)
    }

    /// Takes an alias away.
    pub fn remove_alias(&self, alias: &str) -> Result<()> {
        Ok(self.records.remove_alias(alias)?)
    }

    /// Forgets all that is said, counted and measured of a model, installed or
    /// not, and the aliases that stand for it.
    pub fn forget(&self, name: &str) -> Result<()> {
        Ok(self.records.forget(name)?)
    }

    /// Keeps what was measured, where `reference` is an installed model. Tells
    /// whether it is.
    pub fn record_benchmark(&self, reference: &str, found: &Benchmark) -> Result<bool> {
        if is_path(reference) {
            return Ok(false);
        }
        let record = BenchmarkRecord {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            processor: Hardware::read(&[], None).processor.name,
            engine: found.engine.as_str().to_owned(),
            tier: found.tier.clone(),
            threads: found.threads,
            weights: found.model.weights.clone(),
            prompt_tokens: found.prompt_tokens,
            generated_tokens: found.generated_tokens,
            runs: found.runs.len(),
            prefill_tokens_per_second: found.prefill_tokens_per_second(),
            decode_tokens_per_second: found.decode_tokens_per_second(),
            time_to_first_token_ms: found.time_to_first_token_ms(),
            load_ms: found.load_ms,
            peak_resident_bytes: found.peak_resident_bytes,
        };
        self.records.benchmarked(&self.resolve(reference)?, &record)?;
        Ok(true)
    }

    /// The whole state of the library as one JSON document: what is said of
    /// models, counts and measurements, and which models are installed. The
    /// models themselves are not in it.
    pub fn export(&self) -> Result<String> {
        let line = |model: &mlxcode_models::ModelSummary| {
            let about = format!(
                "{} {}, {}",
                model.architecture,
                model.weights,
                mlxcode_base::ByteSize(model.size_bytes)
            );
            (model.name.clone(), about)
        };
        let installed: Vec<_> = self.store.list()?.iter().map(line).collect();
        self.records.note_installed(&installed)?;
        Ok(self.records.state()?.to_json()?)
    }

    /// Merges what [`export`](Self::export) gave, here or on another machine,
    /// into this library: the newest of each field, the largest of each count.
    pub fn import(&self, document: &str) -> Result<MergeReport> {
        Ok(self.records.merge(&LibraryState::from_json(document)?)?)
    }
}
