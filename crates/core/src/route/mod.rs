//! Which model answers what, and who answers where one cannot.

mod judge;
mod open;
mod plan;
mod source;
mod trial;

pub use open::RoutedModel;
pub use plan::{PlannedModel, RouteChoice, RoutePlan, RouteReason, RouteRequest};
pub use source::ModelSource;
