//! The line above a block, which may name its file.

use super::path_line::{self, PathLine};

/// A longer line is no path and no sentence that names one.
const MOST_BYTES: usize = 600;

/// What stands above. It is read only when a block follows: most lines of a
/// reply have none below them.
#[derive(Clone, Debug, Default)]
pub struct Above {
    raw: String,
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Nothing,
    Unread,
    Named(PathLine),
}

impl Above {
    /// Takes note of a line.
    pub fn set_line(&mut self, line: &str) {
        if line.len() > MOST_BYTES {
            self.state = State::Nothing;
            return;
        }
        self.raw.clear();
        self.raw.push_str(line);
        self.state = State::Unread;
    }

    /// Takes note of a path.
    pub fn set(&mut self, path: PathLine) {
        self.state = State::Named(path);
    }

    pub fn clear(&mut self) {
        self.state = State::Nothing;
    }

    /// The file that the line names.
    pub fn get(&mut self) -> Option<&PathLine> {
        if let State::Unread = self.state {
            self.state = path_line::read(&self.raw).map_or(State::Nothing, State::Named);
        }
        match &self.state {
            State::Named(path) => Some(path),
            _ => None,
        }
    }

    pub fn take(&mut self) -> Option<PathLine> {
        self.get();
        match std::mem::take(&mut self.state) {
            State::Named(path) => Some(path),
            _ => None,
        }
    }
}
