//! `/v1/refunds`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::refund;
use crate::error::{Answer, ApiError};
use crate::params::Params;
use crate::resources::subscription_params::metadata;
use crate::state::{State, number, text};

/// The endpoints of refunds.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/refunds", &["amount", "charge", "metadata", "payment_intent", "reason"], create),
    Route::list("/v1/refunds", &["charge", "created", "payment_intent"], list),
    Route::get("/v1/refunds/{}", &[], retrieve),
    Route::post("/v1/refunds/{}", &["metadata"], update),
];

/// Refunds a charge, in part or as a whole.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let charge = charge(state, params)?;
    let left = number(&charge, "amount_captured") - number(&charge, "amount_refunded");
    let amount = params.number("amount")?.unwrap_or(left);
    if left == 0 {
        let message = format!("Charge {} has already been refunded.", text(&charge, "id"));
        return Err(ApiError::invalid(message).code("charge_already_refunded"));
    }
    if amount > left || amount < 1 {
        let message =
            format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(ApiError::invalid(message).param("amount"));
    }
    let metadata = json!(metadata(params, "metadata"));
    Ok(refund::give(state, &charge, amount, params.text("reason"), &metadata))
}

fn charge(state: &State, params: &Params) -> Answer<Value> {
    if let Some(id) = params.text("charge") {
        return state.at_param("charge", id, "charge").cloned();
    }
    let Some(id) = params.text("payment_intent") else {
        return Err(ApiError::missing("charge"));
    };
    let latest = text(state.at_param("payment_intent", id, "payment_intent")?, "latest_charge");
    let none = || {
        ApiError::invalid(format!("This PaymentIntent ({id}) does not have a successful charge to refund."))
    };
    state.find("charge", &latest).cloned().ok_or_else(none)
}

fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("refund", call.id())?;
    Ok(state.change("refund", call.id(), &["refund.updated"], |value| call.params.write_metadata(value)))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("refund", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "refund", |value| {
        list::equal(&call.params, "charge", &value["charge"])
            && list::equal(&call.params, "payment_intent", &value["payment_intent"])
    })
}
