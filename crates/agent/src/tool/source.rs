use std::sync::Arc;

use mlxcode_base::CancelToken;

use super::Tool;

/// Tools that others offer, such as servers, and that may be others later.
pub trait ToolSource: Send + Sync {
    /// The tools as they are now. The first time, whoever offers them is
    /// started; what goes wrong with that is told in sentences, once.
    fn tools(&self, cancel: &CancelToken, told: &mut dyn FnMut(String)) -> Vec<Arc<dyn Tool>>;

    /// The tools that are there without starting anything.
    fn known(&self) -> Vec<Arc<dyn Tool>>;
}
