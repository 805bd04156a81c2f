use std::fmt::Debug;

use crate::error::BoxDiagnostic;

/// Turns texts into vectors that lie close to each other where the texts are
/// about the same.
///
/// It stands here because those who compute vectors and those who search by
/// them know nothing of each other.
pub trait Embedder: Debug + Send + Sync {
    /// Names the model, another one for each that gives other vectors: what is
    /// kept is compared with vectors of the same name alone.
    fn id(&self) -> &str;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// Gives a vector for each passage. One without a direction is all zeros; the
    /// others need not have the length 1.
    ///
    /// # Errors
    /// Those of the model.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, BoxDiagnostic>;

    /// Gives the vector of a question, which some models read otherwise than a
    /// passage.
    ///
    /// # Errors
    /// Those of the model.
    fn embed_query(&self, text: &str) -> Result<Vec<f32>, BoxDiagnostic> {
        Ok(self.embed(&[text])?.pop().unwrap_or_default())
    }
}
