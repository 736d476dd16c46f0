//! The start of a subscription.

use serde_json::{Map, Value, json};

use crate::billing::{collection, discount, due, invoice, period, trial};
use crate::objects::line_item::NewLine;
use crate::objects::subscription;
use crate::render::HIDDEN;
use crate::schedule::Due;
use crate::state::{State, number, text};

/// How long a subscription waits for its first payment, in seconds.
const INCOMPLETE_TIME: i64 = 23 * 3_600;

/// What a subscription is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewSubscription {
    pub(crate) customer: String,
    /// Prices with their quantities; at least one.
    pub(crate) items: Vec<(Value, i64)>,
    /// Unix seconds; none without a trial.
    pub(crate) trial_end: Option<i64>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) default_payment_method: Option<String>,
    pub(crate) coupon: Option<String>,
    /// Whether the first payment is left to the client (`payment_behavior=default_incomplete`).
    pub(crate) wait_for_client: bool,
    /// Further fields as they are.
    pub(crate) fields: Map<String, Value>,
}

/// Starts a subscription with its first invoice, and gives it as it is then.
pub(crate) fn start(state: &mut State, new: &NewSubscription) -> Value {
    let (id, invoice_id) = (state.id("sub", 24), state.id("in", 24));
    let mut value = build(state, &id, new);
    value["latest_invoice"] = json!(invoice_id);
    if let Some(coupon) = &new.coupon {
        let applied = discount::apply(state, coupon, &json!(new.customer), &json!(id));
        value["discounts"] = json!([applied["id"]]);
        value[HIDDEN]["discount"] = applied;
    }
    let value = state.create("subscription", value, &["customer.subscription.created"]);
    let lines = lines(&value);
    invoice::draft(state, &invoice_id, &value, "subscription_create", &lines);
    invoice::finalize(state, &invoice_id);
    collect(state, &invoice_id, &id, new);
    plan(state, &id);
    state.get("subscription", &id)
}

/// The lines of the period in which the items of a subscription are.
pub(crate) fn lines(subscription: &Value) -> Vec<NewLine> {
    let trial = subscription["status"] == "trialing";
    items(subscription).iter().map(|item| line(subscription, item, trial)).collect()
}

/// The items of a subscription.
pub(crate) fn items(subscription: &Value) -> &[Value] {
    subscription["items"]["data"].as_array().map_or(&[], Vec::as_slice)
}

fn line(subscription: &Value, item: &Value, trial: bool) -> NewLine {
    let quantity = number(item, "quantity");
    let amount = if trial { 0 } else { number(&item["price"], "unit_amount") * quantity };
    let unit = text(&item["price"]["recurring"], "interval");
    let description = if trial { "Trial period".to_owned() } else { format!("{quantity} × per {unit}") };
    NewLine {
        price: item["price"].clone(),
        quantity,
        amount,
        description,
        period: (number(item, "current_period_start"), number(item, "current_period_end")),
        source: Some((text(subscription, "id"), text(item, "id"))),
        proration: false,
    }
}

/// A new item in its first period.
pub(crate) fn new_item(state: &mut State, subscription: &Value, price: &Value, quantity: i64) -> Value {
    let (id, now) = (state.id("si", 14), state.now());
    let mut item = subscription::item(&id, now, &text(subscription, "id"), price, quantity);
    let trial_end = subscription["trial_end"].as_i64().filter(|end| *end > now);
    let anchor = number(subscription, "billing_cycle_anchor");
    let end = trial_end.unwrap_or_else(|| period::end_after(anchor, &price["recurring"], now));
    item["current_period_end"] = json!(end);
    item
}

fn build(state: &mut State, id: &str, new: &NewSubscription) -> Value {
    let now = state.now();
    let currency = new.items.first().map(|(price, _)| text(price, "currency")).unwrap_or_default();
    let mut value = subscription::new(id, now, &new.customer, &currency);
    value["metadata"] = json!(new.metadata);
    value["default_payment_method"] = json!(new.default_payment_method);
    value[HIDDEN] = json!({"discount": null});
    crate::form::merge(&mut value, Value::Object(new.fields.clone()));
    if let Some(end) = new.trial_end {
        trial::begin(&mut value, now, end);
    }
    let items: Vec<Value> =
        new.items.iter().map(|(price, quantity)| new_item(state, &value, price, *quantity)).collect();
    value["items"]["data"] = json!(items);
    if value["cancel_at_period_end"] == true {
        value["canceled_at"] = json!(now);
        value["cancel_at"] = json!(period_end(&value));
    }
    value
}

/// The second at which the first period of the items ends.
pub(crate) fn period_end(subscription: &Value) -> i64 {
    let ends = items(subscription).iter().map(|item| number(item, "current_period_end"));
    ends.min().unwrap_or_default()
}

fn collect(state: &mut State, invoice: &str, id: &str, new: &NewSubscription) {
    if state.get("invoice", invoice)["status"] == "paid" {
        state.change("subscription", id, &["customer.subscription.updated"], |subscription| {
            if subscription["status"] == "incomplete" {
                subscription["status"] = json!("active");
            }
        });
    } else if !new.wait_for_client {
        collection::pay(state, invoice);
    }
    if state.get("subscription", id)["status"] == "incomplete" {
        let at = state.now() + INCOMPLETE_TIME;
        due::plan(state, at, Due::ExpireIncomplete(id.to_owned()));
    }
}

fn plan(state: &mut State, id: &str) {
    plan_renewal(state, id);
    let subscription = state.get("subscription", id);
    trial::plan(state, &subscription);
}

/// Notes the end of a subscription's first period to end.
pub(crate) fn plan_renewal(state: &mut State, id: &str) {
    let end = period_end(&state.get("subscription", id));
    due::plan(state, end, Due::Renew(id.to_owned()));
}
