//! The price object, and the plan that every recurring price also is.

use serde_json::{Value, json};

/// How often a recurring price is charged.
#[derive(Debug, Clone)]
pub(crate) struct Recurring {
    pub(crate) interval: String,
    pub(crate) interval_count: i64,
    pub(crate) usage_type: String,
}

/// What a price is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewPrice {
    pub(crate) product: String,
    pub(crate) currency: String,
    /// In the smallest unit of the currency.
    pub(crate) unit_amount: i64,
    pub(crate) recurring: Option<Recurring>,
}

/// An active price per unit.
pub(crate) fn new(id: &str, created: i64, price: &NewPrice) -> Value {
    let kind = if price.recurring.is_some() { "recurring" } else { "one_time" };
    json!({
        "id": id,
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": price.currency,
        "custom_unit_amount": null,
        "livemode": false,
        "lookup_key": null,
        "metadata": {},
        "nickname": null,
        "product": price.product,
        "recurring": price.recurring.as_ref().map(recurring),
        "tax_behavior": "unspecified",
        "tiers_mode": null,
        "transform_quantity": null,
        "type": kind,
        "unit_amount": price.unit_amount,
        "unit_amount_decimal": price.unit_amount.to_string(),
    })
}

fn recurring(recurring: &Recurring) -> Value {
    json!({
        "interval": recurring.interval,
        "interval_count": recurring.interval_count,
        "meter": null,
        "trial_period_days": null,
        "usage_type": recurring.usage_type,
    })
}

/// The plan of a price; null for a one-time price.
pub(crate) fn plan(price: &Value) -> Value {
    if price["recurring"].is_null() {
        return Value::Null;
    }
    json!({
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": false,
        "metadata": price["metadata"],
        "meter": null,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": price["recurring"]["usage_type"],
    })
}
