use mlxcode_base::{CancelToken, RelPath};
use mlxcode_context::{Updated, Watch};
use mlxcode_edit::EditPlan;

use crate::error::Result;
use crate::workspace::Workspace;

impl Workspace {
    /// Follows the tree: its index is brought up to date, and after each change
    /// again. The events tell which files changed; `cancel` ends it.
    pub fn watch(&self, cancel: &CancelToken) -> Result<Watch> {
        Ok(Watch::start(self.index()?, cancel)?)
    }
}

/// The files of a plan that changed under it, as an update tells them: to apply
/// the plan is a conflict then, and it has to be made anew.
pub fn changed_under(plan: &EditPlan, updated: &Updated) -> Vec<RelPath> {
    let own = plan.changes().iter().flat_map(|one| [Some(&one.path), one.to.as_ref()]);
    let own: Vec<&RelPath> = own.flatten().collect();
    let touched = updated.files.iter().map(|(path, _)| path);
    touched.filter(|path| own.contains(path)).cloned().collect()
}
