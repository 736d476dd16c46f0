//! `/v1/plans`: what every recurring price also is.

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::objects::customer::deleted;
use crate::state::State;

/// The endpoints of plans.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/plans", &["active", "created", "product"], list),
    Route::get("/v1/plans/{}", &[], retrieve),
    Route::delete("/v1/plans/{}", &[], delete),
];

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("plan", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "plan", |value| {
        list::equal_flag(&call.params, "active", &value["active"])
            && list::equal(&call.params, "product", &value["product"])
    })
}

/// Deletes a plan, and with it its price; subscriptions keep what they have.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    state.at_path("plan", call.id())?;
    state.delete("plan", call.id(), &["plan.deleted"]);
    state.delete("price", call.id(), &["price.deleted"]);
    Ok(deleted("plan", call.id()))
}
