//! Single keys of a terminal.

use std::io::{self, Write};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use crate::Result;

/// A key that somebody pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    /// Several characters at once.
    Paste(String),
    Enter,
    Backspace,
    /// Deletes the word before.
    DeleteWord,
    /// Deletes all that was typed.
    DeleteAll,
    Tab,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    EndOfList,
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    End,
    Resized(usize),
    Other,
}

/// Makes the terminal give each key at once. As it was is what it becomes
/// when this goes, also by an error or a panic.
pub(crate) struct RawMode(());

impl RawMode {
    pub fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = disable_raw_mode();
    }
}

/// Forgets what was typed before a question was shown: it is no answer to it.
///
/// # Errors
/// A terminal that does not give its keys.
pub fn forget_typed() -> Result<()> {
    let _raw = RawMode::enter()?;
    while poll(Duration::ZERO)? {
        read()?;
    }
    Ok(())
}

/// Waits for the next key of a terminal in raw mode.
pub(crate) fn next_key(out: &mut dyn Write) -> io::Result<Key> {
    out.flush()?;
    loop {
        if let Some(key) = key(read()?) {
            return Ok(key);
        }
    }
}

/// Ends lines as a terminal in raw mode needs it.
pub(crate) struct RawLines<'a>(pub &'a mut dyn Write);

impl Write for RawLines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.0.write_all(b"\r\n")?;
            }
            self.0.write_all(line)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn key(event: Event) -> Option<Key> {
    let KeyEvent { code, modifiers, kind, .. } = match event {
        Event::Key(event) => event,
        Event::Paste(text) => return Some(Key::Paste(text)),
        Event::Resize(columns, _) => return Some(Key::Resized(usize::from(columns))),
        _ => return None,
    };
    if kind == KeyEventKind::Release {
        return None;
    }
    let control = modifiers.contains(KeyModifiers::CONTROL);
    Some(match code {
        KeyCode::Char(letter) if control => match letter.to_ascii_lowercase() {
            'c' => Key::Interrupt,
            'd' => Key::End,
            'n' | 'j' => Key::Down,
            'p' | 'k' => Key::Up,
            'w' => Key::DeleteWord,
            'u' => Key::DeleteAll,
            'h' => Key::Backspace,
            _ => Key::Other,
        },
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Tab => Key::Tab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::EndOfList,
        KeyCode::Esc => Key::Escape,
        _ => Key::Other,
    })
}
