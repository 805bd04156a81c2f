//! Colours and attributes, and how a terminal is told of them.

use std::borrow::Cow;
use std::fmt::Write as _;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ColorDepth;

/// Ends every style.
pub(crate) const RESET: &str = "\x1b[0m";

pub(crate) const COLOR_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// What the first sixteen colours look like in xterm, to find the nearest one.
const SIXTEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// The six levels of a channel in the colour cube of 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// A colour: a name such as `bright-blue`, a number of the 256, or `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// One of the 256; the first sixteen are the terminal's own.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// How a text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
pub struct Style {
    /// The colour of the letters; the terminal's own without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// The colour behind them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Color>,
    /// Heavier letters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Fainter letters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dim: bool,
    /// Slanted letters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    /// A line below.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub underline: bool,
    /// A line through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strikethrough: bool,
}

impl Color {
    /// Reads a colour as a configuration writes it.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#') {
            if hex.len() != 6 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let number = u32::from_str_radix(hex, 16).ok()?;
            return Some(Self::Rgb((number >> 16) as u8, (number >> 8) as u8, number as u8));
        }
        if let Some(at) = COLOR_NAMES.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            return Some(Self::Indexed(at as u8));
        }
        text.parse().ok().map(Self::Indexed)
    }

    /// The nearest colour that a terminal of this depth has.
    pub(crate) fn at_depth(self, depth: ColorDepth) -> Option<Self> {
        match (depth, self) {
            (ColorDepth::None, _) => None,
            (ColorDepth::True, color) => Some(color),
            (ColorDepth::Indexed256, Self::Rgb(red, green, blue)) => {
                Some(Self::Indexed(nearest_256((red, green, blue))))
            }
            (ColorDepth::Ansi16, Self::Rgb(red, green, blue)) => {
                Some(Self::Indexed(nearest_16((red, green, blue))))
            }
            (ColorDepth::Ansi16, Self::Indexed(index @ 16..)) => {
                Some(Self::Indexed(nearest_16(rgb_of(index))))
            }
            (ColorDepth::Indexed256 | ColorDepth::Ansi16, Self::Indexed(index)) => {
                Some(Self::Indexed(index))
            }
        }
    }

    fn write(self, codes: &mut String, behind: bool) {
        let first = if behind { 10 } else { 0 };
        let _ = match self {
            Self::Indexed(index @ 0..=7) => write!(codes, ";{}", 30 + first + u16::from(index)),
            Self::Indexed(index @ 8..=15) => {
                write!(codes, ";{}", 90 + first + u16::from(index - 8))
            }
            Self::Indexed(index) => write!(codes, ";{};5;{index}", 38 + first),
            Self::Rgb(red, green, blue) => {
                write!(codes, ";{};2;{red};{green};{blue}", 38 + first)
            }
        };
    }
}

impl Style {
    /// A style with nothing but a colour.
    pub const fn colored(color: Color) -> Self {
        let mut style = Self::plain();
        style.color = Some(color);
        style
    }

    /// The terminal's own look.
    pub const fn plain() -> Self {
        Self {
            color: None,
            background: None,
            bold: false,
            dim: false,
            italic: false,
            underline: false,
            strikethrough: false,
        }
    }

    /// This style laid over another: what it does not say, the other says.
    pub fn over(self, under: Self) -> Self {
        Self {
            color: self.color.or(under.color),
            background: self.background.or(under.background),
            bold: self.bold || under.bold,
            dim: self.dim || under.dim,
            italic: self.italic || under.italic,
            underline: self.underline || under.underline,
            strikethrough: self.strikethrough || under.strikethrough,
        }
    }

    /// The sequence that begins the style; empty where it changes nothing.
    pub(crate) fn begin(self, depth: ColorDepth) -> String {
        if depth == ColorDepth::None || self == Self::plain() {
            return String::new();
        }
        let mut codes = String::new();
        for (on, code) in [
            (self.bold, ";1"),
            (self.dim, ";2"),
            (self.italic, ";3"),
            (self.underline, ";4"),
            (self.strikethrough, ";9"),
        ] {
            if on {
                codes.push_str(code);
            }
        }
        for (color, behind) in [(self.color, false), (self.background, true)] {
            if let Some(color) = color.and_then(|color| color.at_depth(depth)) {
                color.write(&mut codes, behind);
            }
        }
        match codes.get(1..) {
            Some(codes) => format!("\x1b[{codes}m"),
            None => String::new(),
        }
    }

    /// The text in this style, with an end, or as it is.
    pub fn paint(self, text: &str, depth: ColorDepth) -> Cow<'_, str> {
        let begin = self.begin(depth);
        if begin.is_empty() || text.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(format!("{begin}{text}{RESET}"))
    }
}

fn rgb_of(index: u8) -> (u8, u8, u8) {
    match index {
        0..=15 => SIXTEEN[usize::from(index)],
        16..=231 => {
            let cube = usize::from(index - 16);
            (CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6])
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

/// The nearest of the colours that look alike on every terminal: the first
/// sixteen are often changed.
fn nearest_256(color: (u8, u8, u8)) -> u8 {
    (16..=255).min_by_key(|index| distance(rgb_of(*index), color)).unwrap_or(16)
}

fn nearest_16(color: (u8, u8, u8)) -> u8 {
    (0..16).min_by_key(|index| distance(rgb_of(*index), color)).unwrap_or(7)
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Indexed(index) => match COLOR_NAMES.get(usize::from(index)) {
                Some(name) => serializer.serialize_str(name),
                None => serializer.serialize_u8(index),
            },
            Self::Rgb(red, green, blue) => {
                serializer.collect_str(&format_args!("#{red:02x}{green:02x}{blue:02x}"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u8),
            Text(String),
        }
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Number(index)) => return Ok(Self::Indexed(index)),
            Ok(Written::Text(text)) => text,
            Err(_) => String::new(),
        };
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(
                "a colour is a name such as `bright-blue`, a number from 0 to 255, or `#rrggbb`",
            )
        })
    }
}

impl JsonSchema for Color {
    fn schema_name() -> Cow<'static, str> {
        "Color".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A name, a number of the 256, or #rrggbb.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": 255 },
                { "type": "string", "enum": COLOR_NAMES },
                { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" },
                { "type": "string", "pattern": "^[0-9]{1,3}$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_as_it_is_written() {
        for (text, expect) in [
            ("red", Some(Color::Indexed(1))),
            ("Bright-Blue", Some(Color::Indexed(12))),
            ("208", Some(Color::Indexed(208))),
            ("#ff8000", Some(Color::Rgb(255, 128, 0))),
            ("#ff80", None),
            ("#+f8000", None),
            ("256", None),
            ("reddish", None),
        ] {
            assert_eq!(Color::parse(text), expect, "{text}");
        }
        for color in [Color::Indexed(3), Color::Indexed(99), Color::Rgb(1, 2, 255)] {
            let json = serde_json::to_string(&color).unwrap();
            assert_eq!(serde_json::from_str::<Color>(&json).unwrap(), color, "{json}");
        }
    }

    #[test]
    fn a_colour_becomes_the_nearest_that_the_terminal_has() {
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(orange.at_depth(ColorDepth::True), Some(orange));
        assert_eq!(orange.at_depth(ColorDepth::Indexed256), Some(Color::Indexed(208)));
        assert_eq!(Color::Indexed(196).at_depth(ColorDepth::Ansi16), Some(Color::Indexed(9)));
        assert_eq!(orange.at_depth(ColorDepth::None), None);
    }

    #[test]
    fn a_style_begins_and_ends() {
        let style = Style { bold: true, color: Color::parse("red"), ..Style::plain() };
        assert_eq!(style.paint("x", ColorDepth::Ansi16), "\x1b[1;31mx\x1b[0m");
        assert_eq!(style.paint("x", ColorDepth::None), "x");
        let behind = Style { background: Color::parse("#010203"), ..Style::plain() };
        assert_eq!(behind.paint("x", ColorDepth::True), "\x1b[48;2;1;2;3mx\x1b[0m");
        assert_eq!(Style::plain().paint("x", ColorDepth::True), "x");
    }
}
