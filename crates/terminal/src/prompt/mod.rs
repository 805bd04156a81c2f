//! The line that a person types into.

mod complete;
mod history;
mod lines;
mod look;
mod paste;
mod typing;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::disable_raw_mode;
use reedline::{
    ColumnarMenu, EditCommand, MenuBuilder, Reedline, ReedlineMenu, Signal, TraversalDirection,
};

pub use complete::{Completer, Completion, Completions};

use crate::{Result, Role, Screen};
use complete::Adapter;
use history::Entries;
use look::{Colors, Fences, Hints, Sign, look};
use paste::Pastes;
use typing::{MENU, OPEN_EDITOR, Typing};

/// Which keys edit the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyMap {
    /// Those of emacs, which shells have too.
    #[default]
    Emacs,
    /// Those of vi.
    Vi,
}

/// Opens a text in an editor and gives what became of it.
pub type TextEditor = Box<dyn FnMut(&str) -> io::Result<String> + Send>;

/// How a line is asked for.
#[derive(Default)]
pub struct PromptOptions {
    /// Which keys edit the line.
    pub keys: KeyMap,
    /// Where past inputs are kept; for as long as the program runs without.
    pub history: Option<PathBuf>,
    /// What can be typed.
    pub completer: Option<Box<dyn Completer>>,
    /// What Ctrl-O opens.
    pub editor: Option<TextEditor>,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// An input, possibly of many lines.
    Input(String),
    /// The end: Ctrl-D, or Ctrl-C twice, on an empty line.
    Leave,
}

/// Asks for inputs, one after the other.
///
/// On a terminal it is a line editor: history, several lines (Alt-Enter,
/// Shift-Enter where the terminal tells, a backslash before Enter, an open
/// fence of code), completion by Tab, search by Ctrl-R, an editor by Ctrl-O or
/// Ctrl-X Ctrl-E. It draws on standard error, as shells do. Where no cursor
/// moves, it reads lines.
pub struct Prompt {
    editor: Option<Reedline>,
    sign: Sign,
    pastes: Pastes,
    is_empty: Arc<AtomicBool>,
    opens: Option<TextEditor>,
}

impl Prompt {
    /// A prompt on this screen.
    pub fn new(screen: &Screen, options: PromptOptions) -> Result<Self> {
        let pastes = Pastes::default();
        let is_empty = Arc::new(AtomicBool::new(true));
        let editor = if screen.capabilities.cursor {
            let entries = Entries::open(options.history, pastes.clone())?;
            let typing = Typing::new(options.keys, pastes.clone());
            let colors = Colors {
                screen: screen.clone(),
                pastes: pastes.clone(),
                is_empty: Arc::clone(&is_empty),
            };
            let mut editor = Reedline::create()
                .with_history(Box::new(entries))
                .with_history_exclusion_prefix(Some(" ".to_owned()))
                .with_edit_mode(Box::new(typing))
                .with_highlighter(Box::new(colors))
                .with_hinter(Box::new(Hints::new(screen)))
                .with_validator(Box::new(Fences))
                .with_ansi_colors(screen.depth() != crate::ColorDepth::None)
                .with_quick_completions(true)
                .use_bracketed_paste(true)
                .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu(screen))));
            if let Some(completer) = options.completer {
                editor = editor.with_completer(Box::new(Adapter(completer)));
            }
            if screen.capabilities.extended_keys {
                editor = editor.use_kitty_keyboard_enhancement(true);
            }
            Some(editor)
        } else {
            None
        };
        let sign = Sign { screen: screen.clone(), words: String::new() };
        Ok(Self { editor, sign, pastes, is_empty, opens: options.editor })
    }

    /// Words before the sign from here on, such as a mode.
    pub fn set_words(&mut self, words: &str) {
        self.sign.words = crate::visible(words).into_owned();
    }

    /// Waits for an input. `keyboard` is read where there is no line editor.
    pub fn read(&mut self, keyboard: &mut dyn BufRead, out: &mut dyn Write) -> Result<Typed> {
        let Some(editor) = &mut self.editor else {
            return lines::read(keyboard, out, &self.sign);
        };
        out.flush()?;
        let mut interrupted = false;
        loop {
            let restored = Restored;
            let signal = editor.read_line(&self.sign);
            drop(restored);
            if let Some(error) = editor.take_history_save_error() {
                let text = format!("the history could not be written: {error}");
                writeln!(out, "{}", self.sign.screen.paint(Role::Faint, &crate::visible(&text)))?;
            }
            match signal? {
                Signal::Success(typed) => {
                    interrupted = false;
                    let text = self.pastes.expanded(&typed);
                    if !text.trim().is_empty() {
                        return Ok(Typed::Input(text.trim_end().to_owned()));
                    }
                }
                Signal::CtrlD => return Ok(Typed::Leave),
                Signal::CtrlC => {
                    let empty = self.is_empty.load(Ordering::SeqCst);
                    if empty && interrupted {
                        return Ok(Typed::Leave);
                    }
                    interrupted = empty;
                    if empty {
                        let text = "(Ctrl-C again to leave)";
                        writeln!(out, "{}", self.sign.screen.paint(Role::Faint, text))?;
                        out.flush()?;
                    }
                }
                Signal::HostCommand(name) if name == OPEN_EDITOR => {
                    let before = self.pastes.expanded(editor.current_buffer_contents());
                    let Some(open) = &mut self.opens else { continue };
                    match open(&before) {
                        Ok(after) => editor.run_edit_commands(&[
                            EditCommand::Clear,
                            EditCommand::InsertString(after.trim_end().to_owned()),
                        ]),
                        Err(error) => {
                            let text = format!("the editor did not work: {error}");
                            let text = crate::visible(&text).into_owned();
                            writeln!(out, "{}", self.sign.screen.paint(Role::Error, &text))?;
                            out.flush()?;
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Makes the terminal as it was, also when the line editor fails or panics.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = disable_raw_mode();
    }
}

fn menu(screen: &Screen) -> ColumnarMenu {
    ColumnarMenu::default()
        .with_name(MENU)
        .with_columns(1)
        .with_traversal_direction(TraversalDirection::Vertical)
        // It stands in place of the sign while the list is open.
        .with_marker(&(screen.paint(Role::Prompt, screen.glyph("›", ">")) + " "))
        .with_text_style(nu_ansi_term::Style::new())
        .with_selected_text_style(selected(screen))
        .with_description_text_style(look(screen, Role::Faint))
        .with_match_text_style(look(screen, Role::Match))
        .with_selected_match_text_style(selected(screen))
}

/// Without colour, the chosen line is reversed: it must be seen.
fn selected(screen: &Screen) -> nu_ansi_term::Style {
    if screen.depth() == crate::ColorDepth::None {
        return nu_ansi_term::Style::new().reverse();
    }
    look(screen, Role::Selected)
}
