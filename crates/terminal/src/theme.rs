//! What each kind of text looks like.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Capabilities, Color, Style};

/// What a text is, for which a theme has a style.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// A heading.
    Heading,
    /// Emphasis.
    Emphasis,
    /// Strong emphasis.
    Strong,
    /// Struck text.
    Strikethrough,
    /// Code within a line.
    InlineCode,
    /// The text of a link.
    Link,
    /// The address of a link.
    Address,
    /// A quotation.
    Quote,
    /// Bullets, numbers, fences, rules and table lines.
    Mark,
    /// HTML, shown as it is.
    Html,
    /// What a model thinks before it answers.
    Thinking,
    /// A comment in code.
    Comment,
    /// A keyword in code.
    Keyword,
    /// A string in code.
    String,
    /// A number or another constant in code.
    Constant,
    /// A function's name in code.
    Function,
    /// A type's name in code.
    Type,
    /// An attribute or annotation in code.
    Attribute,
    /// An operator in code.
    Operator,
    /// A removed line.
    Removed,
    /// An added line.
    Added,
    /// Behind a removed line of code, where the terminal has true colour.
    RemovedLine,
    /// Behind an added line of code.
    AddedLine,
    /// The words of a removed line that differ.
    RemovedWord,
    /// The words of an added line that differ.
    AddedWord,
    /// Numbers of lines.
    LineNumber,
    /// Where a hunk lies.
    Hunk,
    /// The sign before what a person types.
    Prompt,
    /// What the history proposes.
    Hint,
    /// The chosen line of a list.
    Selected,
    /// The letters of a line that match what was typed.
    Match,
    /// What is only said by the way.
    Faint,
    /// What went well.
    Success,
    /// What deserves care.
    Warning,
    /// What went wrong.
    Error,
}

/// All of them, in this order.
pub const ROLES: &[Role] = &[
    Role::Heading,
    Role::Emphasis,
    Role::Strong,
    Role::Strikethrough,
    Role::InlineCode,
    Role::Link,
    Role::Address,
    Role::Quote,
    Role::Mark,
    Role::Html,
    Role::Thinking,
    Role::Comment,
    Role::Keyword,
    Role::String,
    Role::Constant,
    Role::Function,
    Role::Type,
    Role::Attribute,
    Role::Operator,
    Role::Removed,
    Role::Added,
    Role::RemovedLine,
    Role::AddedLine,
    Role::RemovedWord,
    Role::AddedWord,
    Role::LineNumber,
    Role::Hunk,
    Role::Prompt,
    Role::Hint,
    Role::Selected,
    Role::Match,
    Role::Faint,
    Role::Success,
    Role::Warning,
    Role::Error,
];

/// Which theme a person wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// Light or dark, as the terminal says; dark where it says nothing.
    #[default]
    Auto,
    /// For a light background.
    Light,
    /// For a dark background.
    Dark,
    /// No colour; bold, underlined and the like stay.
    None,
    /// One's own styles over those of `base`.
    Custom(CustomTheme),
}

/// Styles of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CustomTheme {
    /// Whether the rest is as in the light theme; as in the dark one otherwise.
    pub light: bool,
    /// The styles that differ.
    pub styles: BTreeMap<Role, Style>,
}

/// The style of every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    palette: Palette,
    own: BTreeMap<Role, Style>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Palette {
    Light,
    Dark,
    Colorless,
}

impl Theme {
    /// The theme that a person wants on a terminal.
    pub fn new(choice: &ThemeChoice, capabilities: &Capabilities) -> Self {
        let by_light = |light| if light { Palette::Light } else { Palette::Dark };
        let (palette, own) = match choice {
            ThemeChoice::Auto => {
                (by_light(capabilities.dark_background == Some(false)), BTreeMap::new())
            }
            ThemeChoice::Light => (Palette::Light, BTreeMap::new()),
            ThemeChoice::Dark => (Palette::Dark, BTreeMap::new()),
            ThemeChoice::None => (Palette::Colorless, BTreeMap::new()),
            ThemeChoice::Custom(custom) => (by_light(custom.light), custom.styles.clone()),
        };
        Self { palette, own }
    }

    /// Whether it is the theme without colours.
    pub fn is_colorless(&self) -> bool {
        self.palette == Palette::Colorless
    }

    pub(crate) fn set(&mut self, role: Role, style: Style) {
        self.own.insert(role, style);
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        if let Some(style) = self.own.get(&role) {
            return *style;
        }
        let style = attributes(role);
        let (color, background) = match self.palette {
            Palette::Colorless => return without_color(role, style),
            Palette::Dark => (dark(role), dark_background(role)),
            Palette::Light => (light(role), light_background(role)),
        };
        Style {
            color: color.and_then(Color::parse),
            background: background.and_then(Color::parse),
            ..style
        }
    }
}

fn attributes(role: Role) -> Style {
    let mut style = Style::plain();
    match role {
        Role::Heading | Role::Strong | Role::Prompt | Role::Match => style.bold = true,
        Role::Emphasis => style.italic = true,
        Role::Thinking => (style.dim, style.italic) = (true, true),
        Role::Strikethrough => style.strikethrough = true,
        Role::Link => style.underline = true,
        _ => {}
    }
    style
}

/// Where no colour tells them apart, attributes do.
fn without_color(role: Role, mut style: Style) -> Style {
    match role {
        Role::AddedWord | Role::RemovedWord => style.underline = true,
        Role::Selected | Role::Error => style.bold = true,
        Role::Faint | Role::Hint | Role::LineNumber | Role::Address => style.dim = true,
        _ => {}
    }
    style
}

/// Colours of middle lightness, that are read on any dark background; where a
/// terminal has sixteen, its own come nearest.
fn dark(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Heading | Role::Prompt => "#5fafff",
        Role::InlineCode | Role::String => "#afd787",
        Role::Link => "#5fd7ff",
        Role::Quote | Role::Html => "#afafaf",
        Role::Address
        | Role::Comment
        | Role::Faint
        | Role::Hint
        | Role::LineNumber
        | Role::Mark => "bright-black",
        Role::Keyword => "#d787d7",
        Role::Constant => "#ffaf5f",
        Role::Function => "#87afff",
        Role::Type | Role::Match | Role::Warning => "#ffd75f",
        Role::Attribute | Role::Hunk => "#5fd7d7",
        Role::Added | Role::Success => "#87d787",
        Role::Removed | Role::Error => "#ff8787",
        Role::Selected => "bright-white",
        _ => return None,
    })
}

fn dark_background(role: Role) -> Option<&'static str> {
    match role {
        Role::AddedLine => Some("#10301a"),
        Role::RemovedLine => Some("#3c1518"),
        Role::AddedWord => Some("#005f00"),
        Role::RemovedWord => Some("#870000"),
        Role::Selected => Some("#3a3a5f"),
        _ => None,
    }
}

fn light(role: Role) -> Option<&'static str> {
    Some(match role {
        Role::Heading | Role::Prompt => "#005faf",
        Role::InlineCode | Role::String => "#5f5f00",
        Role::Link => "#0087af",
        Role::Quote
        | Role::Html
        | Role::Address
        | Role::Comment
        | Role::Faint
        | Role::Hint
        | Role::LineNumber
        | Role::Mark => "#767676",
        Role::Keyword => "#870087",
        Role::Constant => "#af5f00",
        Role::Function => "#0000af",
        Role::Type | Role::Match | Role::Warning => "#875f00",
        Role::Attribute | Role::Hunk => "#005f87",
        Role::Added | Role::Success => "#006f00",
        Role::Removed | Role::Error => "#af0000",
        Role::Selected => "black",
        _ => return None,
    })
}

fn light_background(role: Role) -> Option<&'static str> {
    match role {
        Role::AddedLine => Some("#e0ffe0"),
        Role::RemovedLine => Some("#ffecec"),
        Role::AddedWord => Some("#afffaf"),
        Role::RemovedWord => Some("#ffc7c7"),
        Role::Selected => Some("#d7e7ff"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_tells_which_theme_unless_a_person_does() {
        let light = Capabilities { dark_background: Some(false), ..Capabilities::default() };
        let unknown = Capabilities::default();
        let theme = |choice: &ThemeChoice, on: &Capabilities| Theme::new(choice, on);
        assert_eq!(
            theme(&ThemeChoice::Auto, &light),
            theme(&ThemeChoice::Light, &unknown),
            "a light background"
        );
        assert_eq!(theme(&ThemeChoice::Auto, &unknown), theme(&ThemeChoice::Dark, &light));
    }

    #[test]
    fn own_styles_lie_over_a_theme_and_read_like_configuration() {
        let choice: ThemeChoice = serde_json::from_str(
            r##"{"custom": {"light": true, "styles": {"keyword": {"color": "#010203"},
                "string": {"color": 28, "bold": true}}}}"##,
        )
        .unwrap();
        let theme = Theme::new(&choice, &Capabilities::default());
        assert_eq!(theme.style(Role::Keyword), Style::colored(Color::Rgb(1, 2, 3)));
        assert!(theme.style(Role::String).bold);
        let light = Theme::new(&ThemeChoice::Light, &Capabilities::default());
        assert_eq!(theme.style(Role::Comment), light.style(Role::Comment));
        assert!(serde_json::from_str::<ThemeChoice>(r#"{"custom": {"stiles": {}}}"#).is_err());
        assert_eq!(serde_json::from_str::<ThemeChoice>(r#""none""#).unwrap(), ThemeChoice::None);
    }

    #[test]
    fn every_colour_of_the_themes_is_one() {
        for role in ROLES.iter().copied() {
            for name in [dark(role), light(role), dark_background(role), light_background(role)] {
                assert!(name.is_none_or(|name| Color::parse(name).is_some()), "{role:?} {name:?}");
            }
        }
    }
}
