//! Tasks that bring forth tasks, shared by threads.

use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Tasks that wait, the latest taken first.
pub struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: Vec<T>,
    /// Those that wait and those that are being done.
    open: usize,
}

/// A task that is being done until this is dropped.
pub struct Taken<'q, T> {
    task: T,
    queue: &'q Queue<T>,
}

impl<T> Queue<T> {
    pub fn new(first: T) -> Self {
        let state = State { waiting: vec![first], open: 1 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The next task, waited for while others may bring one forth; `None` once
    /// all are done.
    pub fn take(&self) -> Option<Taken<'_, T>> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.waiting.pop() {
                return Some(Taken { task, queue: self });
            }
            if state.open == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Adds what a task that is being done brought forth.
    pub fn add(&self, tasks: Vec<T>) {
        if tasks.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.open += tasks.len();
        state.waiting.extend(tasks);
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.task
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.open -= 1;
        let is_last = state.open == 0;
        drop(state);
        if is_last {
            self.queue.changed.notify_all();
        }
    }
}
