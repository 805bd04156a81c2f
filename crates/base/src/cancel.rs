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
pub struct CancelToken(Arc<Node>);

#[derive(Debug, Default)]
struct Node {
    is_cancelled: AtomicBool,
    /// Whose cancelling counts too.
    parent: Option<CancelToken>,
}

impl CancelToken {
    /// Makes a token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all holders of this token to stop.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Release);
    }

    /// Makes a token for a part of the work: cancelling it stops that part
    /// alone, cancelling this one stops it too.
    ///
    /// ```
    /// let whole = mlxcode_base::CancelToken::new();
    /// let (first, second) = (whole.child(), whole.child());
    /// first.cancel();
    /// assert!(first.is_cancelled() && !second.is_cancelled() && !whole.is_cancelled());
    /// whole.cancel();
    /// assert!(second.is_cancelled());
    /// ```
    pub fn child(&self) -> Self {
        Self(Arc::new(Node { is_cancelled: AtomicBool::new(false), parent: Some(self.clone()) }))
    }

    /// Tells whether [`cancel`](Self::cancel) was called on any clone, or on
    /// what this is a child of.
    pub fn is_cancelled(&self) -> bool {
        let mut node = &self.0;
        loop {
            if node.is_cancelled.load(Ordering::Acquire) {
                return true;
            }
            match &node.parent {
                Some(parent) => node = &parent.0,
                None => return false,
            }
        }
    }
}
