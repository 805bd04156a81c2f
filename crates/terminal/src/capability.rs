//! What a terminal can do.

/// What the surroundings of a process say of its terminal: the values of the
/// variables that the caller read, and whether anybody looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether a terminal shows what is written.
    pub is_terminal: bool,
    /// `TERM`.
    pub term: Option<String>,
    /// `TERM_PROGRAM`.
    pub term_program: Option<String>,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `NO_COLOR`; set and not empty means no colour.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`; set and not `0` means colour even in a pipe.
    pub clicolor_force: Option<String>,
    /// `COLORFGBG`, such as `15;0`: the numbers of letters and background.
    pub colorfgbg: Option<String>,
    /// Whether `VTE_VERSION` or `KONSOLE_VERSION` is set, as by terminals that
    /// call themselves `xterm`.
    pub is_vte_or_konsole: bool,
    /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
    pub locale: Option<String>,
    /// Whether the person asked for plain text (`--plain`).
    pub plain: bool,
}

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None, and no other attribute either.
    #[default]
    None,
    /// The terminal's own sixteen.
    Ansi16,
    /// The 256 of xterm.
    Indexed256,
    /// Red, green and blue, eight bits each.
    True,
}

/// What may be sent to a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each ability is there or not for itself")]
pub struct Capabilities {
    /// Its colours.
    pub colors: ColorDepth,
    /// Whether the cursor can be moved and lines can be wiped.
    pub cursor: bool,
    /// Whether links can hide behind their text (OSC 8).
    pub hyperlinks: bool,
    /// Whether it is known to wrap anew what no longer fits when it becomes
    /// narrower. Others cut it off.
    pub rewraps: bool,
    /// Whether lines and marks beyond ASCII are shown.
    pub unicode: bool,
    /// Whether Shift-Enter can be told from Enter (kitty's keyboard protocol).
    pub extended_keys: bool,
    /// Words for marks, for those who hear the screen: no boxes, no colour, no
    /// cursor movement.
    pub plain: bool,
    /// Whether the background is dark; `None` where nothing tells.
    pub dark_background: Option<bool>,
}

impl Surroundings {
    /// Concludes what may be sent.
    pub fn capabilities(&self) -> Capabilities {
        let term = self.term.as_deref().unwrap_or_default();
        let dumb = term == "dumb" || (term.is_empty() && cfg!(unix));
        let unicode = self.locale.as_deref().is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }) && term != "linux";
        if self.plain {
            return Capabilities { unicode, plain: true, ..Capabilities::default() };
        }
        let live = self.is_terminal && !dumb;
        Capabilities {
            colors: self.colors(term, live),
            cursor: live,
            hyperlinks: live && self.links_hide(term),
            rewraps: live && self.lines_wrap_anew(term),
            unicode,
            extended_keys: live && self.keys_are_told(term),
            plain: false,
            dark_background: self.background_is_dark(),
        }
    }

    fn colors(&self, term: &str, live: bool) -> ColorDepth {
        let forced = self.clicolor_force.as_deref().is_some_and(|value| !matches!(value, "" | "0"));
        if self.no_color.as_deref().is_some_and(|value| !value.is_empty()) {
            return ColorDepth::None;
        }
        if !live && !forced {
            return ColorDepth::None;
        }
        let colorterm = self.colorterm.as_deref().unwrap_or_default();
        let direct = ["kitty", "ghostty", "alacritty", "wezterm", "-direct"];
        if matches!(colorterm, "truecolor" | "24bit")
            || direct.iter().any(|name| term.contains(name))
            || cfg!(windows)
        {
            return ColorDepth::True;
        }
        if term.contains("256color") { ColorDepth::Indexed256 } else { ColorDepth::Ansi16 }
    }

    /// Terminals without it mostly ignore the sequence, but some print it; so
    /// only those are told that are known. A multiplexer passes it on in its
    /// newer versions only, and never says which it is.
    fn links_hide(&self, term: &str) -> bool {
        let program = self.term_program.as_deref().unwrap_or_default();
        ["kitty", "ghostty", "alacritty", "wezterm", "foot"].iter().any(|name| term.contains(name))
            || matches!(
                program,
                "iTerm.app" | "WezTerm" | "vscode" | "ghostty" | "Hyper" | "rio" | "zed"
            )
    }

    /// Those that leave out the line of the cursor, as the one of VS Code does,
    /// are not among them. A multiplexer that does not wrap anew may run in a
    /// terminal that does, whose variables it passes on.
    fn lines_wrap_anew(&self, term: &str) -> bool {
        let program = self.term_program.as_deref().unwrap_or_default();
        if term.starts_with("screen") && program != "tmux" {
            return false;
        }
        self.is_vte_or_konsole
            || ["kitty", "ghostty", "alacritty", "wezterm", "foot", "tmux"]
                .iter()
                .any(|name| term.contains(name))
            || matches!(
                program,
                "tmux" | "iTerm.app" | "WezTerm" | "ghostty" | "rio" | "zed" | "Apple_Terminal"
            )
    }

    fn keys_are_told(&self, term: &str) -> bool {
        let program = self.term_program.as_deref().unwrap_or_default();
        ["kitty", "ghostty", "foot"].iter().any(|name| term.contains(name))
            || matches!(program, "WezTerm" | "ghostty" | "rio")
    }

    fn background_is_dark(&self) -> Option<bool> {
        let background = self.colorfgbg.as_deref()?.rsplit(';').next()?.parse::<u8>().ok()?;
        Some(!matches!(background, 7 | 9..=15))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(term: &str) -> Surroundings {
        Surroundings {
            is_terminal: true,
            term: Some(term.to_owned()),
            locale: Some("en_GB.UTF-8".to_owned()),
            ..Surroundings::default()
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as a variable of the environment comes")]
    fn some(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn colours_follow_the_terminal_and_the_wish() {
        let check = |surroundings: Surroundings, expect| {
            assert_eq!(surroundings.capabilities().colors, expect, "{surroundings:?}");
        };
        check(terminal("xterm"), ColorDepth::Ansi16);
        check(terminal("screen-256color"), ColorDepth::Indexed256);
        check(terminal("xterm-kitty"), ColorDepth::True);
        check(terminal("dumb"), ColorDepth::None);
        check(Surroundings { colorterm: some("truecolor"), ..terminal("xterm") }, ColorDepth::True);
        check(Surroundings { no_color: some("1"), ..terminal("xterm") }, ColorDepth::None);
        check(Surroundings { no_color: some(""), ..terminal("xterm") }, ColorDepth::Ansi16);
        let pipe = Surroundings { is_terminal: false, ..terminal("xterm-256color") };
        check(pipe.clone(), ColorDepth::None);
        let forced = Surroundings { clicolor_force: some("1"), ..pipe.clone() };
        check(forced.clone(), ColorDepth::Indexed256);
        check(Surroundings { no_color: some("1"), ..forced }, ColorDepth::None);
        check(Surroundings { clicolor_force: some("0"), ..pipe }, ColorDepth::None);
        check(Surroundings { plain: true, ..terminal("xterm-kitty") }, ColorDepth::None);
    }

    #[test]
    fn a_dumb_terminal_and_a_pipe_get_no_cursor_movement() {
        assert!(terminal("xterm").capabilities().cursor);
        assert!(!terminal("dumb").capabilities().cursor);
        let pipe = Surroundings { is_terminal: false, ..terminal("xterm") };
        assert!(!pipe.capabilities().cursor);
    }

    #[test]
    fn who_wraps_anew_is_known_by_name() {
        let check = |surroundings: Surroundings, expect| {
            assert_eq!(surroundings.capabilities().rewraps, expect, "{surroundings:?}");
        };
        let within = |term, program| Surroundings { term_program: some(program), ..terminal(term) };
        check(terminal("xterm-256color"), false);
        check(terminal("xterm-kitty"), true);
        check(terminal("tmux-256color"), true);
        check(Surroundings { is_vte_or_konsole: true, ..terminal("xterm-256color") }, true);
        check(within("screen-256color", "tmux"), true);
        check(within("screen-256color", "iTerm.app"), false);
        check(within("xterm-256color", "iTerm.app"), true);
        check(within("xterm-256color", "vscode"), false);
    }

    #[test]
    fn the_background_is_known_where_it_is_said() {
        for (value, expect) in [
            ("15;0", Some(true)),
            ("0;15", Some(false)),
            ("0;default;15", Some(false)),
            ("x", None),
        ] {
            let said = Surroundings { colorfgbg: some(value), ..terminal("rxvt") };
            assert_eq!(said.capabilities().dark_background, expect, "{value}");
        }
    }

    #[test]
    fn another_encoding_gets_ascii() {
        let latin = Surroundings { locale: some("de_DE.ISO-8859-1"), ..terminal("xterm") };
        assert!(!latin.capabilities().unicode);
        assert!(terminal("xterm").capabilities().unicode);
    }
}
