//! Foreign text on a terminal.

use std::fmt::Display;

/// As [`mlxcode_terminal::visible`], of anything that can be written: a file, a
/// reply or a path must not be able to repaint the diff that a person agrees
/// to.
pub fn visible(text: impl Display) -> String {
    mlxcode_terminal::visible(&text.to_string()).into_owned()
}
