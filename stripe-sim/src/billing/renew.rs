//! The end of a period: the next one, or the end of the subscription.

use serde_json::{Value, json};

use crate::billing::{cancel, discount, invoice, period, subscribe, trial};
use crate::objects::line_item::NewLine;
use crate::state::{State, number, text};

/// What happens to a subscription when a period of it ends.
pub(crate) fn renew(state: &mut State, id: &str) {
    let subscription = state.get("subscription", id);
    let live = ["active", "trialing", "past_due"].map(Value::from).contains(&subscription["status"]);
    if !live || subscribe::period_end(&subscription) > state.now() {
        return;
    }
    let unpaid = trial::ends_unpaid(state, &subscription);
    let behavior = text(&subscription["trial_settings"]["end_behavior"], "missing_payment_method");
    match behavior.as_str() {
        _ if subscription["cancel_at_period_end"] == true => cancel::now(state, id, "cancellation_requested"),
        "cancel" if unpaid => cancel::now(state, id, "payment_failed"),
        "pause" if unpaid => trial::pause(state, id),
        _ => begin_period(state, id),
    }
}

/// Moves the ended items of a subscription into their next period, and drafts its invoice.
pub(crate) fn begin_period(state: &mut State, id: &str) {
    let now = state.now();
    let before = state.get("subscription", id);
    let invoice_id = state.id("in", 24);
    let expired = !before["discounts"][0].is_null() && discount::current(state, &before).is_null();
    if expired {
        discount::remove(state, &before);
    }
    let subscription = state.change("subscription", id, &["customer.subscription.updated"], |subscription| {
        subscription["latest_invoice"] = json!(invoice_id);
        if subscription["status"] == "trialing" {
            subscription["status"] = json!("active");
        }
        if expired {
            discount::clear(subscription);
        }
        move_items(subscription, now);
    });
    let lines = period_lines(state, &subscription, now);
    invoice::draft(state, &invoice_id, &subscription, "subscription_cycle", &lines);
    invoice::finalize_later(state, &invoice_id);
    subscribe::plan_renewal(state, id);
}

fn move_items(subscription: &mut Value, now: i64) {
    let anchor = number(subscription, "billing_cycle_anchor");
    for item in subscription["items"]["data"].as_array_mut().into_iter().flatten() {
        if number(item, "current_period_end") <= now || anchor == now {
            let end = period::end_after(anchor, &item["price"]["recurring"], now);
            item["current_period_start"] = json!(now);
            item["current_period_end"] = json!(end);
        }
    }
}

/// The lines of the items that began a period now, after the prorations that waited for this invoice.
fn period_lines(state: &mut State, subscription: &Value, now: i64) -> Vec<NewLine> {
    let waiting = state.prorations.remove(&text(subscription, "id")).unwrap_or_default();
    let begun = subscribe::lines(subscription).into_iter().filter(|line| line.period.0 == now);
    waiting.into_iter().chain(begun).collect()
}
