//! The sessions of a workspace, and how models are recorded.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlxcode_agent::recording::{RecordingModel, ReplayModel};
use mlxcode_agent::session_store::{NewSession, SessionId, SessionStore, StoredLog};
use mlxcode_base::ContentHash;

use crate::error::Result;
use crate::model::Model;
use crate::workspace::Workspace;

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

impl Workspace {
    /// Where the sessions of this tree are kept: outside of it, in
    /// [`Dirs::sessions`](crate::Dirs::sessions).
    pub fn sessions_file(&self) -> PathBuf {
        let name = ContentHash::of(self.root().as_os_str().as_encoded_bytes()).short();
        self.dirs.sessions().join(format!("{name}.sqlite3"))
    }

    /// Opens the sessions of this tree, which need not be there.
    pub fn sessions(&self) -> Result<SessionStore> {
        Ok(SessionStore::open(&self.sessions_file())?)
    }

    /// Begins to write a conversation down, or goes on with one that was: what
    /// [`SessionSetup::log`](crate::SessionSetup::log) takes, and with
    /// [`StoredLog::entries`] the entries there.
    pub fn session_log(
        &self,
        model: &Model,
        resumed: Option<&SessionId>,
        name: Option<&str>,
    ) -> Result<Arc<StoredLog>> {
        let sessions = Arc::new(self.sessions()?);
        let model = model.info().name.clone();
        let id = match resumed {
            Some(id) => id.clone(),
            None => sessions.create(&NewSession {
                name: name.map(str::to_owned),
                model: model.clone(),
                root: self.root().display().to_string(),
                ..NewSession::default()
            })?,
        };
        Ok(Arc::new(StoredLog::open(sessions, &id, &model)?))
    }

    /// Notes in the session that made a change that it was taken back. What was
    /// done stays done where that cannot be noted.
    pub(crate) fn note_undone(&self, entry: &str) {
        if self.sessions_file().exists()
            && let Ok(sessions) = self.sessions()
        {
            let _ = sessions.note_undone(entry);
        }
    }

    /// Deletes the sessions without a name that nobody used for as long as the
    /// configuration says, and tells how many; none where it says nothing, and
    /// where this was done within a day before.
    pub fn delete_old_sessions(&self, sessions: &SessionStore, now_ms: u64) -> Result<usize> {
        let Some(days) = self.config().session.keep_days else { return Ok(0) };
        let note = self.sessions_file().with_extension("swept");
        let swept_ms = fs::read_to_string(&note).ok().and_then(|text| text.trim().parse().ok());
        // A time to come is that of a clock that was set back since.
        if swept_ms.is_some_and(|then: u64| then <= now_ms && now_ms - then < DAY_MS) {
            return Ok(0);
        }
        let before_ms = now_ms.saturating_sub(u64::from(days) * DAY_MS);
        let deleted = sessions.delete_unused_since(before_ms)?;
        // Without the note it is done again the next time, which costs little.
        let _ = note_time(&note, now_ms);
        Ok(deleted)
    }
}

impl Model {
    /// A model that writes down what it is asked and answers, for
    /// [`replaying`](Self::replaying).
    pub fn recorded_to(&self, writer: impl Write + Send + 'static) -> Result<Self> {
        Ok(Self::new(RecordingModel::new(self.shared(), writer)?))
    }

    /// A model that answers as one did that was recorded, to the same questions
    /// in the same order.
    pub fn replaying(recording: &str) -> Result<Self> {
        Ok(Self::new(ReplayModel::read(recording)?))
    }
}

/// Writes a time into a file, which is the old one or the new one.
fn note_time(path: &Path, now_ms: u64) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".swept-").tempfile_in(folder)?;
    writeln!(file, "{now_ms}")?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
