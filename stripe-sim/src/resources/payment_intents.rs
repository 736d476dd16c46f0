//! `/v1/payment_intents`

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::payment;
use crate::error::{Answer, ApiError};
use crate::objects::payment_intent::NewIntent;
use crate::resources::payment_methods;
use crate::state::State;

const NEW: &[&str] = &[
    "amount",
    "automatic_payment_methods",
    "confirm",
    "currency",
    "customer",
    "description",
    "metadata",
    "off_session",
    "payment_method",
    "receipt_email",
];

/// The endpoints of payment intents.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/payment_intents", NEW, create),
    Route::list("/v1/payment_intents", &["created", "customer"], list),
    Route::get("/v1/payment_intents/{}", &[], retrieve),
    Route::post("/v1/payment_intents/{}/confirm", &["off_session", "payment_method", "return_url"], confirm),
];

fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let amount = params.number("amount")?.ok_or_else(|| ApiError::missing("amount"))?;
    let currency = params.need("currency")?.to_lowercase();
    let customer = params.text("customer");
    customer.map(|id| state.at_param("customer", id, "customer")).transpose()?;
    let new = NewIntent {
        amount,
        currency,
        customer: customer.map(str::to_owned),
        description: params.text("description").map(str::to_owned),
        invoice: None,
        receipt_email: params.text("receipt_email").map(str::to_owned),
    };
    let id = payment::intend(state, &new);
    if params.get("metadata").is_some() {
        state.change("payment_intent", &id, &[], |value| params.write_metadata(value));
    }
    match params.text("payment_method") {
        Some(method) if params.flag("confirm")? == Some(true) => charge(state, &id, method),
        _ => Ok(state.get("payment_intent", &id)),
    }
}

/// Confirms an intent; one that waits for the customer's authentication gets it.
fn confirm(state: &mut State, call: &Call) -> Answer {
    let status = state.at_path("payment_intent", call.id())?["status"].clone();
    if status == "requires_action" {
        let paid = payment::authenticate(state, call.id());
        return if paid { Ok(state.get("payment_intent", call.id())) } else { Err(ApiError::declined()) };
    }
    if status != "requires_payment_method" {
        let message = "You cannot confirm this PaymentIntent because it has already succeeded.";
        return Err(ApiError::invalid(message).code("payment_intent_unexpected_state"));
    }
    charge(state, call.id(), call.params.need("payment_method")?)
}

fn charge(state: &mut State, intent: &str, method: &str) -> Answer {
    let method = payment_methods::known(state, method)?;
    let paid = payment::charge(state, intent, &method);
    if paid || state.challenging.contains(&method) {
        Ok(state.get("payment_intent", intent))
    } else {
        Err(ApiError::declined())
    }
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("payment_intent", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "payment_intent", |_| true)
}
