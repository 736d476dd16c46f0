//! `/v1/setup_intents`

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::state::State;

/// The endpoints of setup intents.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/setup_intents", &["created", "customer", "payment_method"], list),
    Route::get("/v1/setup_intents/{}", &[], retrieve),
];

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("setup_intent", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "setup_intent", |value| {
        list::equal(&call.params, "payment_method", &value["payment_method"])
    })
}
