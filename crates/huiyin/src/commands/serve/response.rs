//! Incidents at a river: the follower that proposes activations, beside each engine. A district without waters, or without
//! `water/response.yaml`, has none.

use std::sync::Arc;

use huiyin_engine::{Clock, Engine};
use huiyin_response::{Parts, Response, Scope};

use crate::commands::Failure;
use crate::house::House;

/// Starts it on a timeline: `real`, or that of the exercises.
pub(super) fn start(
    house: &House,
    engine: &Engine,
    clock: &Arc<dyn Clock>,
    timeline: &str,
) -> Result<Option<Response>, Failure> {
    let Some(waters) = house.waters()? else { return Ok(None) };
    let Some(defaults) = house.response(&waters)? else { return Ok(None) };
    Ok(Some(Response::start(Parts {
        engine: engine.clone(),
        clock: Arc::clone(clock),
        scope: Scope { district: house.code().to_owned(), timeline: timeline.to_owned() },
        waters: Arc::new(waters),
        directory: Arc::clone(&house.directory),
        defaults: Arc::new(defaults),
    })))
}
