//! `/v1/charges`

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::state::State;

/// The endpoints of charges.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/charges", &["created", "customer", "payment_intent"], list),
    Route::get("/v1/charges/{}", &[], retrieve),
];

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("charge", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "charge", |value| {
        list::equal(&call.params, "payment_intent", &value["payment_intent"])
    })
}
