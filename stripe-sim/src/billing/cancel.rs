//! The ends of a subscription.

use serde_json::{Value, json};

use crate::billing::{discount, invoice};
use crate::state::{State, text};

/// Cancels a subscription at once; one that has ended already is left alone.
pub(crate) fn now(state: &mut State, id: &str, reason: &str) {
    let before = state.get("subscription", id);
    if ended(&before) {
        return;
    }
    let now = state.now();
    let discounted = !before["discounts"][0].is_null();
    state.prorations.remove(id);
    state.change("subscription", id, &["customer.subscription.deleted"], |subscription| {
        if subscription["canceled_at"].is_null() {
            subscription["canceled_at"] = json!(now);
        }
        subscription["cancellation_details"]["reason"] = json!(reason);
        subscription["ended_at"] = json!(now);
        subscription["status"] = json!("canceled");
        discount::clear(subscription);
    });
    if discounted {
        discount::remove(state, &before);
    }
    invoice::abandon(state, &text(&before, "latest_invoice"));
}

/// Whether a subscription has ended for good.
pub(crate) fn ended(subscription: &Value) -> bool {
    ["canceled", "incomplete_expired"].map(Value::from).contains(&subscription["status"])
}

/// Sets or takes back the cancellation at the end of the period.
pub(crate) fn at_period_end(subscription: &mut Value, cancel: bool, period_end: i64, now: i64) {
    let was = subscription["cancel_at_period_end"] == true;
    if was == cancel {
        return;
    }
    let (at, canceled, reason) = if cancel {
        (json!(period_end), json!(now), json!("cancellation_requested"))
    } else {
        (Value::Null, Value::Null, Value::Null)
    };
    subscription["cancel_at"] = at;
    subscription["cancel_at_period_end"] = json!(cancel);
    subscription["canceled_at"] = canceled;
    subscription["cancellation_details"]["reason"] = reason;
}

/// Ends a subscription whose first invoice stayed unpaid.
pub(crate) fn expire_incomplete(state: &mut State, id: &str) {
    let subscription = state.get("subscription", id);
    if subscription["status"] != "incomplete" {
        return;
    }
    let now = state.now();
    state.change("subscription", id, &["customer.subscription.updated"], |subscription| {
        subscription["ended_at"] = json!(now);
        subscription["status"] = json!("incomplete_expired");
    });
    invoice::void(state, &text(&subscription, "latest_invoice"));
}
