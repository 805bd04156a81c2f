//! A line that tells what is waited for, beside the work.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mlxcode_terminal::{Activity, Screen};

/// How often the line is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// Draws on the stream of messages, on a thread of its own, from when something
/// begins until it ends. Nothing else may be written meanwhile.
pub(super) struct Spinner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    screen: Screen,
}

#[derive(Default)]
struct State {
    activity: Option<Activity>,
    is_over: bool,
}

impl Spinner {
    pub fn new(screen: &Screen) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            screen: screen.clone(),
        });
        let shown = screen.capabilities.cursor || screen.capabilities.plain;
        let thread = shown.then(|| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.draw())
        });
        Self { shared, thread }
    }

    /// Something begins.
    pub fn begin(&self, words: &str) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.activity.is_none() {
            state.activity = Some(Activity::new(words, Instant::now()));
            self.shared.wake.notify_all();
        }
    }

    /// It ended: the line is wiped before this returns.
    pub fn end(&self) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(activity) = state.activity.take() {
            // Who does not see it misses nothing.
            let _ = activity.finish(&mut io::stderr(), &self.shared.screen, Instant::now());
        }
    }
}

impl Shared {
    fn draw(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.is_over {
            if let Some(activity) = &mut state.activity {
                let _ = activity.tick(&mut io::stderr(), &self.screen, Instant::now());
                let waited = self.wake.wait_timeout(state, TICK);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.end();
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
