//! What keys do.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use reedline::{
    EditCommand, EditMode, Emacs, Keybindings, PromptEditMode, PromptViMode, ReedlineEvent,
    ReedlineRawEvent, Vi, default_emacs_keybindings, default_vi_insert_keybindings,
    default_vi_normal_keybindings, default_vi_visual_keybindings,
};

use super::KeyMap;
use super::paste::Pastes;

/// The name of the list of completions.
pub(super) const MENU: &str = "completions";
/// What the line editor is left for when an editor is wanted.
pub(super) const OPEN_EDITOR: &str = "open-editor";

/// Keys in the manner of emacs or vi, with what is our own: long pastes become
/// marks, a backslash before Enter begins a line, Ctrl-X Ctrl-E opens an
/// editor.
pub(super) struct Typing {
    inner: Box<dyn EditMode>,
    pastes: Pastes,
    /// What was pressed last.
    before: Before,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Other,
    Backslash,
    ControlX,
}

impl Typing {
    pub fn new(keys: KeyMap, pastes: Pastes) -> Self {
        let inner: Box<dyn EditMode> = match keys {
            KeyMap::Emacs => {
                let mut bindings = default_emacs_keybindings();
                bind(&mut bindings);
                Box::new(Emacs::new(bindings))
            }
            KeyMap::Vi => {
                let mut insert = default_vi_insert_keybindings();
                let mut normal = default_vi_normal_keybindings();
                bind(&mut insert);
                normal.add_binding(
                    KeyModifiers::CONTROL,
                    KeyCode::Char('o'),
                    ReedlineEvent::ExecuteHostCommand(OPEN_EDITOR.to_owned()),
                );
                Box::new(Vi::new(insert, normal, default_vi_visual_keybindings()))
            }
        };
        Self { inner, pastes, before: Before::Other }
    }

    fn inserts(&self) -> bool {
        !matches!(
            self.inner.edit_mode(),
            PromptEditMode::Vi(PromptViMode::Normal | PromptViMode::Visual)
        )
    }

    fn key(&mut self, key: KeyEvent) -> Option<ReedlineEvent> {
        let before = std::mem::replace(&mut self.before, Before::Other);
        if key.kind == KeyEventKind::Release {
            self.before = before;
            return None;
        }
        match (key.modifiers, key.code) {
            (KeyModifiers::CONTROL, KeyCode::Char('x')) => {
                self.before = Before::ControlX;
                Some(ReedlineEvent::None)
            }
            (KeyModifiers::CONTROL, KeyCode::Char('e')) if before == Before::ControlX => {
                Some(ReedlineEvent::ExecuteHostCommand(OPEN_EDITOR.to_owned()))
            }
            (KeyModifiers::NONE, KeyCode::Char('\\')) if self.inserts() => {
                self.before = Before::Backslash;
                None
            }
            (KeyModifiers::NONE, KeyCode::Enter) if before == Before::Backslash => {
                Some(ReedlineEvent::Edit(vec![EditCommand::Backspace, EditCommand::InsertNewline]))
            }
            _ => None,
        }
    }
}

/// What both manners have in common.
fn bind(bindings: &mut Keybindings) {
    let newline = || ReedlineEvent::Edit(vec![EditCommand::InsertNewline]);
    for (modifiers, code) in [
        (KeyModifiers::ALT, KeyCode::Enter),
        (KeyModifiers::SHIFT, KeyCode::Enter),
        (KeyModifiers::CONTROL, KeyCode::Char('j')),
    ] {
        bindings.add_binding(modifiers, code, newline());
    }
    bindings.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(vec![
            ReedlineEvent::Menu(MENU.to_owned()),
            ReedlineEvent::MenuNext,
        ]),
    );
    bindings.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    bindings.add_binding(
        KeyModifiers::CONTROL,
        KeyCode::Char('o'),
        ReedlineEvent::ExecuteHostCommand(OPEN_EDITOR.to_owned()),
    );
}

impl EditMode for Typing {
    fn parse_event(&mut self, event: ReedlineRawEvent) -> ReedlineEvent {
        let event: Event = event.into();
        match &event {
            Event::Paste(text) => {
                self.before = Before::Other;
                let text = self.pastes.take(text);
                return ReedlineEvent::Edit(vec![EditCommand::InsertString(text)]);
            }
            Event::Key(key) => {
                if let Some(event) = self.key(*key) {
                    return event;
                }
            }
            _ => {}
        }
        match ReedlineRawEvent::try_from(event) {
            Ok(event) => self.inner.parse_event(event),
            Err(()) => ReedlineEvent::None,
        }
    }

    fn edit_mode(&self) -> PromptEditMode {
        self.inner.edit_mode()
    }
}
