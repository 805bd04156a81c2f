//! Themes by their names, and single colours on top of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mlxcode_base::{Diagnostic, ErrorKind, io_error_kind, nearest};
use thiserror::Error;

use crate::style::COLOR_NAMES;
use crate::theme::ROLES;
use crate::{Color, CustomTheme, Role, Theme, ThemeChoice};

/// The themes of the program.
const BUILT_IN: [(&str, ThemeChoice); 4] = [
    ("auto", ThemeChoice::Auto),
    ("dark", ThemeChoice::Dark),
    ("light", ThemeChoice::Light),
    ("none", ThemeChoice::None),
];

/// A theme is a handful of lines.
const MOST_BYTES: u64 = 64 << 10;

/// How many files of a folder are looked at.
const MOST_FILES: usize = 1_000;

/// How many names that are written alike an error tells.
const MOST_NEAR: usize = 2;

/// Why colours cannot be as somebody wants them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ThemeError {
    /// There is no theme of this name.
    #[error("there is no theme `{name}`")]
    UnknownTheme {
        /// The name.
        name: String,
        /// All names.
        names: Vec<String>,
    },
    /// There is nothing of this name that has a colour.
    #[error("nothing called `{name}` has a colour")]
    UnknownRole {
        /// The name.
        name: String,
        /// Names that are written alike.
        near: Vec<String>,
    },
    /// A text is no colour.
    #[error("`{text}`, for `{role}`, is no colour")]
    BadColor {
        /// What was to be coloured.
        role: String,
        /// The text.
        text: String,
    },
    /// A theme's file cannot be read.
    #[error("cannot read the theme {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A theme's file is none.
    #[error("the theme {path} is not valid: {reason}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// Why, with its line.
        reason: String,
    },
}

/// The themes of the program, and those in a folder of a person's.
#[derive(Clone, Debug)]
pub struct Themes {
    folder: PathBuf,
}

impl Themes {
    /// With those in a folder, which need not be there: `NAME.json` each, with
    /// what [`CustomTheme`] holds.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The names of all.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().take(MOST_FILES);
        let mut own: Vec<String> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|name| !names.contains(name))
            .collect();
        own.sort();
        names.extend(own);
        names
    }

    /// The theme of a name.
    pub fn find(&self, name: &str) -> Result<ThemeChoice, ThemeError> {
        if let Some((_, choice)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Ok(choice.clone());
        }
        // A name is no way to another folder.
        if !self.names().iter().any(|known| known == name) {
            return Err(ThemeError::UnknownTheme { name: name.to_owned(), names: self.names() });
        }
        let path = self.folder.join(format!("{name}.json"));
        let text =
            read(&path).map_err(|source| ThemeError::Unreadable { path: path.clone(), source })?;
        let custom: CustomTheme = serde_json::from_str(&text)
            .map_err(|error| ThemeError::BadFile { path, reason: error.to_string() })?;
        Ok(ThemeChoice::Custom(custom))
    }
}

impl Theme {
    /// The theme with other colours for some kinds of text, such as `added`;
    /// for those that are told by what is behind them, such as `selected`, it
    /// is that. A theme without colours stays one.
    pub fn with_colors(mut self, colors: &BTreeMap<String, String>) -> Result<Self, ThemeError> {
        for (name, text) in colors {
            let role = role(name)?;
            let color = Color::parse(text)
                .ok_or_else(|| ThemeError::BadColor { role: name.clone(), text: text.clone() })?;
            if self.is_colorless() {
                continue;
            }
            let mut style = self.style(role);
            match role {
                Role::AddedLine
                | Role::RemovedLine
                | Role::AddedWord
                | Role::RemovedWord
                | Role::Selected => style.background = Some(color),
                _ => style.color = Some(color),
            }
            self.set(role, style);
        }
        Ok(self)
    }
}

fn role(name: &str) -> Result<Role, ThemeError> {
    let named = serde_json::Value::String(name.to_owned());
    serde_json::from_value(named).map_err(|_| {
        let names = ROLES.iter().map(|role| role_name(*role));
        ThemeError::UnknownRole { name: name.to_owned(), near: nearest(name, names, MOST_NEAR) }
    })
}

/// The name of a role in a configuration.
pub(crate) fn role_name(role: Role) -> String {
    let name = serde_json::to_value(role).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

impl Diagnostic for ThemeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownTheme { .. } | Self::UnknownRole { .. } => ErrorKind::NotFound,
            Self::BadColor { .. } | Self::BadFile { .. } => ErrorKind::InvalidInput,
            Self::Unreadable { source, .. } => io_error_kind(source),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTheme { .. } => "theme.unknown",
            Self::UnknownRole { .. } => "theme.unknown_role",
            Self::BadColor { .. } => "theme.bad_color",
            Self::Unreadable { .. } => "theme.unreadable",
            Self::BadFile { .. } => "theme.bad_file",
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::UnknownTheme { names, .. } => format!("there are {}", names.join(", ")),
            Self::UnknownRole { near, .. } if !near.is_empty() => {
                format!("did you mean `{}`?", near.join("` or `"))
            }
            Self::UnknownRole { .. } => {
                let names: Vec<String> = ROLES.iter().map(|role| role_name(*role)).collect();
                format!("these have one: {}", names.join(", "))
            }
            Self::BadColor { .. } => {
                format!("write `#rrggbb`, a number up to 255, or one of {}", COLOR_NAMES.join(", "))
            }
            Self::Unreadable { .. } | Self::BadFile { .. } => {
                "mend the file, or choose another theme".to_owned()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Capabilities, ColorDepth};

    #[test]
    fn themes_have_names() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("sea.json", r##"{"light": true, "styles": {"keyword": {"color": "#010203"}}}"##);
        write("bad.json", "{\n  \"styles\": {\"keywrd\": {}}\n}");
        let themes = Themes::new(folder.path().to_owned());
        assert_eq!(themes.names(), ["auto", "dark", "light", "none", "bad", "sea"]);
        let ThemeChoice::Custom(sea) = themes.find("sea").unwrap() else { panic!() };
        assert!(sea.light && sea.styles.contains_key(&Role::Keyword));
        let error = themes.find("bad").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        for name in ["../sea", "see", ""] {
            let error = themes.find(name).unwrap_err();
            assert_eq!(error.code(), "theme.unknown", "{name}");
            assert!(error.help().unwrap().ends_with("bad, sea"));
        }
    }

    #[test]
    fn single_colours_lie_over_a_theme() {
        let on = Capabilities { colors: ColorDepth::True, ..Capabilities::default() };
        let with = |choice: &ThemeChoice, name: &str, color: &str| {
            let colors = [(name.to_owned(), color.to_owned())].into();
            Theme::new(choice, &on).with_colors(&colors)
        };
        let theme = with(&ThemeChoice::Dark, "link", "#010203").unwrap();
        let link = theme.style(Role::Link);
        assert!(link.underline, "only the colour is another");
        assert_eq!(link.color, Color::parse("#010203"));
        let theme = with(&ThemeChoice::Dark, "added-line", "22").unwrap();
        assert_eq!(theme.style(Role::AddedLine).background, Some(Color::Indexed(22)));
        let none = with(&ThemeChoice::None, "link", "red").unwrap();
        assert_eq!(none, Theme::new(&ThemeChoice::None, &on));
        let error = with(&ThemeChoice::Dark, "aded", "red").unwrap_err();
        assert_eq!(error.help().unwrap(), "did you mean `added`?");
        let error = with(&ThemeChoice::Dark, "added", "blurple").unwrap_err();
        assert_eq!(error.to_string(), "`blurple`, for `added`, is no colour");
        assert!(error.help().unwrap().contains("bright-magenta"));
    }

    #[test]
    fn every_role_has_a_name() {
        for role in ROLES {
            assert_eq!(super::role(&role_name(*role)).unwrap(), *role);
        }
    }
}
