//! Work that runs beside the event loop.

use mlxcode_core::{Error, Result};
use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName};
use napi::{Env, Task};

use crate::error::reject;

type Work<T> = Box<dyn FnOnce() -> Result<T> + Send>;

/// One call into the library, run by a thread of Node's pool.
pub struct Job<T, J> {
    work: Option<Work<T>>,
    convert: fn(T) -> J,
}

/// What a method returns for a [`Job`]: a promise in JavaScript.
pub type Promise<T, J> = AsyncTask<Job<T, J>>;

/// Runs `work` beside the event loop and gives its result, converted.
pub fn run<T, J>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
    convert: fn(T) -> J,
) -> Promise<T, J>
where
    T: Send + 'static,
    J: ToNapiValue + TypeName,
{
    AsyncTask::new(Job { work: Some(Box::new(work)), convert })
}

impl<T: Send + 'static, J: ToNapiValue + TypeName> Task for Job<T, J> {
    /// A failed call is a result too: the JavaScript error can only be made
    /// on the event loop.
    type Output = Result<T, Option<Error>>;
    type JsValue = J;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(match self.work.take() {
            Some(work) => work().map_err(Some),
            None => Err(None),
        })
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<J> {
        match output {
            Ok(value) => Ok((self.convert)(value)),
            Err(Some(error)) => Err(reject(env, &error)),
            Err(None) => Err(napi::Error::from_reason("the call ran twice")),
        }
    }
}
