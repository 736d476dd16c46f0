//! Trials, and the pause that may follow them.

use serde_json::{Value, json};

use crate::billing::{collection, due, renew};
use crate::schedule::Due;
use crate::state::{State, number, text};

/// How long before a trial's end Stripe tells of it, in seconds.
const NOTICE: i64 = 3 * 86_400;

/// Puts a new subscription on trial.
pub(crate) fn begin(subscription: &mut Value, now: i64, end: i64) {
    subscription["billing_cycle_anchor"] = json!(end);
    subscription["status"] = json!("trialing");
    subscription["trial_end"] = json!(end);
    subscription["trial_start"] = json!(now);
}

/// Notes the notice of a trial's end.
pub(crate) fn plan(state: &mut State, subscription: &Value) {
    if subscription["status"] == "trialing" {
        let at = (number(subscription, "trial_end") - NOTICE).max(state.now());
        due::plan(state, at, Due::TrialWillEnd(text(subscription, "id")));
    }
}

/// Tells that a trial ends soon.
pub(crate) fn will_end(state: &mut State, id: &str) {
    if state.get("subscription", id)["status"] == "trialing" {
        state.announce("subscription", id, "customer.subscription.trial_will_end");
    }
}

/// Whether a subscription ends its trial without a way to pay.
pub(crate) fn ends_unpaid(state: &State, subscription: &Value) -> bool {
    subscription["status"] == "trialing" && collection::default_method(state, subscription).is_none()
}

/// Pauses a subscription at the end of its trial.
pub(crate) fn pause(state: &mut State, id: &str) {
    let now = state.now();
    let kinds = ["customer.subscription.updated", "customer.subscription.paused"];
    state.change("subscription", id, &kinds, |subscription| {
        subscription["status"] = json!("paused");
        subscription["status_details"] = json!({
            "paused": {
                "subscription": {"type": "trial_end_without_payment_method"},
                "transitioned_at": now,
                "type": "subscription",
            },
        });
    });
}

/// Ends the pause of a subscription and bills a new period.
pub(crate) fn resume(state: &mut State, id: &str) {
    let now = state.now();
    let kinds = ["customer.subscription.updated", "customer.subscription.resumed"];
    state.change("subscription", id, &kinds, |subscription| {
        subscription["billing_cycle_anchor"] = json!(now);
        subscription["status"] = json!("active");
        subscription.as_object_mut().map(|fields| fields.remove("status_details"));
    });
    renew::begin_period(state, id);
}
