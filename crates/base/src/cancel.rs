use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag, shared by its clones, that asks running work to stop.
///
/// Cancelling is one way and may come from any thread, a signal handler
/// included: it is a single atomic store.
///
/// ```
/// let token = mlxcode_base::CancelToken::new();
/// let seen_by_worker = token.clone();
/// token.cancel();
/// assert!(seen_by_worker.is_cancelled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    cancelled: AtomicBool,
    parent: Option<CancelToken>,
}

impl CancelToken {
    /// Makes a token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a token that is cancelled with this one, and alone by itself: for
    /// one of several pieces of work that a caller can stop together.
    ///
    /// ```
    /// let all = mlxcode_base::CancelToken::new();
    /// let (one, other) = (all.child(), all.child());
    /// one.cancel();
    /// assert!(one.is_cancelled() && !other.is_cancelled() && !all.is_cancelled());
    /// all.cancel();
    /// assert!(other.is_cancelled());
    /// ```
    pub fn child(&self) -> Self {
        Self(Arc::new(Flag { cancelled: AtomicBool::new(false), parent: Some(self.clone()) }))
    }

    /// Asks all holders of this token to stop.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }

    /// Tells whether [`cancel`](Self::cancel) was called on any clone, or on a
    /// token that this one is a child of.
    pub fn is_cancelled(&self) -> bool {
        let flag = &self.0;
        flag.cancelled.load(Ordering::Acquire)
            || flag.parent.as_ref().is_some_and(Self::is_cancelled)
    }
}
