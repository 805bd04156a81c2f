/// One report of how far a long operation has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressEvent {
    /// What is being done, such as `hash model.gguf`.
    pub task: String,
    /// Units done so far, bytes where not said otherwise.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
}

impl ProgressEvent {
    /// Makes a report.
    pub fn new(task: impl Into<String>, done: u64, total: Option<u64>) -> Self {
        Self { task: task.into(), done, total }
    }
}

/// Whoever wants to hear of progress; `()` wants to hear nothing.
///
/// Called on the thread that works, so an implementation returns at once.
pub trait Progress: Send + Sync {
    /// Takes one report.
    fn report(&self, event: ProgressEvent);
}

impl Progress for () {
    fn report(&self, _event: ProgressEvent) {}
}

impl<F: Fn(ProgressEvent) + Send + Sync> Progress for F {
    fn report(&self, event: ProgressEvent) {
        self(event);
    }
}
