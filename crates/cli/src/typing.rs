//! Typing that nobody sees.

#[cfg(unix)]
use std::fs::File;
#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// As long as it lives, the terminal does not show what is typed.
#[derive(Debug)]
pub struct Hidden {
    #[cfg(unix)]
    terminal: bool,
}

/// The terminal as it was, and what becomes of what was typed since, for
/// whoever ends the program in the middle.
#[cfg(unix)]
static BEFORE: Mutex<Option<(File, Termios, OptionalActions)>> = Mutex::new(None);

impl Hidden {
    /// Hides nothing: for keyboards that are none.
    pub fn nothing() -> Self {
        Self {
            #[cfg(unix)]
            terminal: false,
        }
    }

    /// Hides what is typed on the controlling terminal; `None` where it
    /// cannot.
    #[cfg(unix)]
    pub fn on_terminal() -> Option<Self> {
        // The end of the line is shown, so that the next one begins on its own.
        hide(OptionalActions::Flush, LocalModes::ECHONL)
    }

    /// Keeps what is typed on the controlling terminal out of what is being
    /// written there; it is there for the next prompt.
    #[cfg(unix)]
    pub fn for_later() -> Option<Self> {
        // An interrupt leaves it, too.
        hide(OptionalActions::Now, LocalModes::NOFLSH)
    }

    /// Here nobody knows how.
    #[cfg(not(unix))]
    pub fn for_later() -> Option<Self> {
        None
    }

    /// Here nobody knows how.
    #[cfg(not(unix))]
    pub fn on_terminal() -> Option<Self> {
        None
    }
}

#[cfg(unix)]
fn hide(typed: OptionalActions, shown: LocalModes) -> Option<Hidden> {
    let terminal = File::open("/dev/tty").ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(shown);
    tcsetattr(&terminal, typed, &hidden).ok()?;
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some((terminal, before, typed));
    Some(Hidden { terminal: true })
}

impl Drop for Hidden {
    fn drop(&mut self) {
        #[cfg(unix)]
        if self.terminal {
            show_again();
        }
    }
}

/// Makes the terminal as it was.
#[cfg(unix)]
pub fn show_again() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((terminal, before, typed)) = before {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(&terminal, typed, &before);
    }
}

/// Nothing was hidden.
#[cfg(not(unix))]
pub fn show_again() {}
