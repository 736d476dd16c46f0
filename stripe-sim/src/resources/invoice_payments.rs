//! `/v1/invoice_payments`

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::state::State;

/// The endpoints of invoice payments.
pub(crate) const ROUTES: &[Route] = &[
    Route::list("/v1/invoice_payments", &["created", "invoice", "payment", "status"], list),
    Route::get("/v1/invoice_payments/{}", &[], retrieve),
];

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("invoice_payment", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    let intent = call.params.text("payment/payment_intent");
    list::objects(state, call, "invoice_payment", |value| {
        list::equal(&call.params, "invoice", &value["invoice"])
            && list::equal(&call.params, "status", &value["status"])
            && intent.is_none_or(|intent| value["payment"]["payment_intent"] == intent)
    })
}
