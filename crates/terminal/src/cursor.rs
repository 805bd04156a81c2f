//! Where the cursor is: the terminal is asked.

use crate::CursorPlace;

/// Asks the terminal where its cursor is. What was written has to be flushed
/// before. `None` where it does not answer; that is known after two seconds.
///
/// What a person types meanwhile is kept for the next prompt.
pub fn cursor_place() -> Option<CursorPlace> {
    let (column, row) = crossterm::cursor::position().ok()?;
    Some(CursorPlace { column: column.into(), row: row.into() })
}
