//! Coupons applied to subscriptions.

use serde_json::{Value, json};

use crate::objects::coupon;
use crate::render::HIDDEN;
use crate::state::{State, number, text};

/// How long after its start a discount counts as one of the first invoice, in seconds.
const FIRST_INVOICE: i64 = 3_600;

/// Applies a coupon to a subscription that is being made, and gives the discount.
pub(crate) fn apply(state: &mut State, coupon_id: &str, customer: &Value, subscription: &Value) -> Value {
    let redeemed = state.change("coupon", coupon_id, &["coupon.updated"], |coupon| {
        coupon["times_redeemed"] = json!(number(coupon, "times_redeemed") + 1);
    });
    let id = state.id("di", 24);
    let discount = coupon::discount(&id, state.now(), &redeemed, customer, subscription);
    state.create("discount", discount, &["customer.discount.created"])
}

/// The discount of a subscription that still applies to an invoice of now; null if none does.
pub(crate) fn current(state: &State, subscription: &Value) -> Value {
    let discount = subscription[HIDDEN]["discount"].clone();
    if applies(&discount, state.now()) { discount } else { Value::Null }
}

/// Whether the coupon's duration covers a second (<https://docs.stripe.com/api/coupons/object#coupon_object-duration>).
fn applies(discount: &Value, now: i64) -> bool {
    let start = number(discount, "start");
    let coupon = &discount[HIDDEN]["coupon"];
    match coupon["duration"].as_str() {
        Some("once") => now < start + FIRST_INVOICE,
        Some("repeating") => now < start + number(coupon, "duration_in_months") * 31 * 86_400,
        Some(_) => true,
        None => false,
    }
}

/// What a discount takes off an amount, in the smallest unit of the currency.
pub(crate) fn amount(discount: &Value, subtotal: i64) -> i64 {
    let coupon = &discount[HIDDEN]["coupon"];
    let percent = coupon["percent_off"].as_i64().unwrap_or_default();
    let fixed = number(coupon, "amount_off");
    (subtotal * percent / 100 + fixed).clamp(0, subtotal.max(0))
}

/// Takes the discount off a subscription whose coupon has run out or that has ended.
pub(crate) fn remove(state: &mut State, subscription: &Value) {
    let id = text(&subscription[HIDDEN]["discount"], "id");
    state.delete("discount", &id, &["customer.discount.deleted"]);
}

/// Clears the discount in the fields of a subscription.
pub(crate) fn clear(subscription: &mut Value) {
    subscription["discounts"] = json!([]);
    subscription[HIDDEN]["discount"] = Value::Null;
}
