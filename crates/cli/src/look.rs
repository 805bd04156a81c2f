//! How things look: what the user's configuration says of colours.

use mlxcode_core::{Config, Dirs, LoadedConfig};
use mlxcode_terminal::{Theme, ThemeChoice, ThemeError, Themes};

use crate::exit::show_broken;
use crate::host::Host;

/// The folder of the user's own themes, beside the configuration.
const THEMES: &str = "themes";

/// The themes of the program and of the user.
pub fn themes(dirs: &Dirs) -> Themes {
    Themes::new(dirs.config.join(THEMES))
}

/// The theme that is wanted on this terminal: the named one, else the
/// configuration's, with the configuration's colours on top.
pub fn theme(name: Option<&str>, config: &Config, host: &Host<'_>) -> Result<Theme, ThemeError> {
    let capabilities = host.terminal.capabilities();
    let choice = match (name.or(config.theme.as_deref()), &host.dirs) {
        (Some(name), Some(dirs)) => themes(dirs).find(name)?,
        _ => ThemeChoice::Auto,
    };
    Theme::new(&choice, &capabilities).with_colors(&config.colors)
}

/// Makes the verbs look as the user's configuration says. What is wrong in it
/// is told, and stops nothing: with the usual colours all else works.
pub fn mind_the_colors(host: &mut Host<'_>) {
    if !host.color {
        return;
    }
    let Some(dirs) = &host.dirs else { return };
    // What is amiss with the file is told by whoever needs it.
    let Ok(LoadedConfig { config, .. }) = LoadedConfig::read(dirs, None) else { return };
    match theme(None, &config, host) {
        Ok(theme) => host.theme = Some(theme),
        Err(error) => {
            // Who closed the stream of messages wants none.
            let _ = show_broken("the colours are the usual ones", &error.into(), host);
        }
    }
}
