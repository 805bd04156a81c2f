//! Models that are made of models.

mod cache;
mod cached;
mod deferred;
mod ensemble;
mod fallback;
mod relay;
mod routing;

pub use cache::{Cache, CacheOptions};
pub use cached::Cached;
pub use deferred::{Deferred, Open};
pub use ensemble::{Candidate, Ensemble, Score};
pub use fallback::{Fallback, another_may_answer};
pub use routing::{Route, RouteRule, Routing};
