//! The sessions of a workspace, and how models are recorded.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use mlxcode_agent::recording::{RecordingModel, ReplayModel};
use mlxcode_agent::session_store::SessionStore;
use mlxcode_base::ContentHash;
use mlxcode_models::{GenerateRequest, LanguageModel, ModelInfo, Prompt};

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

    /// Deletes the sessions that nobody used for as long as the configuration
    /// says, and tells how many; none where it says nothing.
    pub fn delete_old_sessions(&self, sessions: &SessionStore, now_ms: u64) -> Result<usize> {
        let Some(days) = self.config().session.keep_days else { return Ok(0) };
        let before_ms = now_ms.saturating_sub(u64::from(days) * DAY_MS);
        Ok(sessions.delete_unused_since(before_ms)?)
    }
}

impl Model {
    /// A model that writes down what it is asked and answers, for
    /// [`replaying`](Self::replaying).
    pub fn recorded_to(&self, writer: impl Write + Send + 'static) -> Result<Self> {
        Ok(Self::new(RecordingModel::new(Shared(self.shared()), writer)?))
    }

    /// A model that answers as one did that was recorded, to the same questions
    /// in the same order.
    pub fn replaying(recording: &str) -> Result<Self> {
        Ok(Self::new(ReplayModel::read(recording)?))
    }
}

/// A model that somebody else has too.
struct Shared(Arc<dyn LanguageModel>);

impl LanguageModel for Shared {
    fn info(&self) -> &ModelInfo {
        self.0.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> mlxcode_models::Result<usize> {
        self.0.count_tokens(prompt)
    }

    fn count_text(&self, text: &str) -> mlxcode_models::Result<usize> {
        self.0.count_text(text)
    }

    fn generate(
        &self,
        request: GenerateRequest,
    ) -> mlxcode_models::Result<mlxcode_models::Generation> {
        self.0.generate(request)
    }
}
