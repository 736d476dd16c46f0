//! Payments: intents and charges.

use serde_json::{Value, json};

use crate::billing::collection::settle;
use crate::objects::payment_intent::NewIntent;
use crate::objects::{charge, payment_intent};
use crate::render::HIDDEN;
use crate::state::{State, text};

/// A new payment intent; gives its id.
pub(crate) fn intend(state: &mut State, intent: &NewIntent) -> String {
    let id = state.id("pi", 24);
    let secret = state.random.letters(25);
    let value = payment_intent::new(&id, state.now(), &secret, intent);
    state.create("payment_intent", value, &["payment_intent.created"]);
    id
}

/// Charges a payment method with an intent; whether the money came.
pub(crate) fn charge(state: &mut State, intent: &str, method: &str) -> bool {
    if state.challenging.contains(method) {
        challenge(state, intent, method);
        return false;
    }
    let id = state.id("ch", 24);
    let (of, by) = (state.get("payment_intent", intent), state.get("payment_method", method));
    let value = charge::succeeded(&id, state.now(), &of, &by);
    let paid = !state.declining.contains(method);
    if paid {
        state.create("charge", value, &["charge.succeeded"]);
        succeed(state, intent, &id, method);
    } else {
        state.create("charge", charge::declined(value), &["charge.failed"]);
        fail(state, intent, &id, &by);
    }
    paid
}

/// Charges an intent whose customer has authenticated, and settles the invoice that it pays.
pub(crate) fn authenticate(state: &mut State, intent: &str) -> bool {
    let before = state.get("payment_intent", intent);
    let method = text(&before, "payment_method");
    state.challenging.remove(&method);
    let paid = charge(state, intent, &method);
    let invoice = state.get("invoice", &text(&before[HIDDEN], "invoice"));
    if paid && invoice["status"] == "open" {
        settle(state, &invoice, intent);
    }
    paid
}

fn challenge(state: &mut State, intent: &str, method: &str) {
    state.change("payment_intent", intent, &["payment_intent.requires_action"], |intent| {
        intent["next_action"] = json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect"},
        });
        intent["payment_method"] = json!(method);
        intent["status"] = json!("requires_action");
    });
}

fn succeed(state: &mut State, intent: &str, charge: &str, method: &str) {
    state.change("payment_intent", intent, &["payment_intent.succeeded"], |intent| {
        intent["amount_received"] = intent["amount"].clone();
        intent["last_payment_error"] = Value::Null;
        intent["latest_charge"] = json!(charge);
        intent["next_action"] = Value::Null;
        intent["payment_method"] = json!(method);
        intent["status"] = json!("succeeded");
    });
    let transaction = state.id("txn", 24);
    state.change("charge", charge, &["charge.updated"], |charge| {
        charge["balance_transaction"] = json!(transaction);
    });
}

fn fail(state: &mut State, intent: &str, charge: &str, method: &Value) {
    let error = json!({
        "charge": charge,
        "code": "card_declined",
        "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
        "payment_method": method,
        "type": "card_error",
    });
    state.change("payment_intent", intent, &["payment_intent.payment_failed"], |intent| {
        intent["last_payment_error"] = error;
        intent["latest_charge"] = json!(charge);
        intent["next_action"] = Value::Null;
        intent["payment_method"] = Value::Null;
        intent["status"] = json!("requires_payment_method");
    });
}
