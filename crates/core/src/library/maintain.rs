use std::time::{Duration, UNIX_EPOCH};

use mlxcode_base::CancelToken;
use mlxcode_models::{DiskOptions, DiskReport, GcOptions, GcReport, LeaseHolder};

use super::ModelLibrary;
use crate::error::Result;

impl ModelLibrary {
    /// What [`gc`](Self::gc) would clear away now. Changes nothing.
    pub fn gc_plan(&self, options: &GcOptions) -> Result<GcReport> {
        Ok(self.store.gc_plan(options)?)
    }

    /// Clears away what belongs to no model: what was left over, what was never
    /// finished, what nothing refers to. Never touches a model.
    pub fn gc(&mut self, options: &GcOptions, cancel: &CancelToken) -> Result<GcReport> {
        Ok(self.store.gc(options, cancel)?)
    }

    /// What the models take on the disk, and what of it could be spared. When
    /// models were used last is known from the records, on top of what the
    /// options tell.
    pub fn disk(&self, options: &DiskOptions) -> Result<DiskReport> {
        let mut options = options.clone();
        let said = self.records.state()?;
        for name in said.models() {
            let last_ms = said.record(&name).usage.last_used_ms;
            if last_ms > 0 {
                let last = UNIX_EPOCH + Duration::from_millis(last_ms);
                options.last_used.entry(name).or_insert(last);
            }
        }
        Ok(self.store.disk(&options)?)
    }

    /// Who has which model in use, in any process of this machine.
    pub fn leases(&self) -> Result<Vec<LeaseHolder>> {
        Ok(self.store.leases()?)
    }
}
