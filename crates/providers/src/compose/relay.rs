//! A thread between a model and whoever reads it.

use std::thread::Builder;

use mlxcode_base::CancelToken;
use mlxcode_models::{Error, Generation, GenerationSender, generation_channel};

/// Makes a generation that `work` fills on a thread of its own.
pub fn relay(
    cancel: CancelToken,
    work: impl FnOnce(GenerationSender) + Send + 'static,
) -> Result<Generation, Error> {
    let (sender, generation) = generation_channel(cancel);
    let thread = Builder::new().name("mlx-code relay".to_owned());
    thread.spawn(move || work(sender)).map_err(|_| Error::EngineStopped)?;
    Ok(generation)
}
