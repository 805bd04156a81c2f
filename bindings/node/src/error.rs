//! From the library's errors to JavaScript's.

use mlxcode_core::Error;
use napi::bindgen_prelude::{JsObjectValue, Object, Unknown};
use napi::{Env, JsValue, Status};

/// Makes a JavaScript error with `code`, `kind` and `help`.
pub fn reject(env: Env, error: &Error) -> napi::Error {
    let make = || -> napi::Result<Unknown<'_>> {
        let plain = napi::Error::new(Status::GenericFailure, error.sentence());
        let mut object: Object<'_> = env.create_error(plain)?;
        object.set_named_property("code", error.code())?;
        object.set_named_property("kind", error.kind().as_str())?;
        object.set_named_property("help", error.help())?;
        Ok(object.to_unknown())
    };
    make().map_or_else(|broken| broken, napi::Error::from)
}
