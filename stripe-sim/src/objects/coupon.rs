//! The coupon object, and the discount that it becomes where it is applied.

use serde_json::{Value, json};

use crate::render::HIDDEN;

/// A valid coupon without an amount.
pub(crate) fn new(id: &str, created: i64, duration: &str) -> Value {
    json!({
        "id": id,
        "object": "coupon",
        "amount_off": null,
        "created": created,
        "currency": null,
        "duration": duration,
        "duration_in_months": null,
        "livemode": false,
        "max_redemptions": null,
        "metadata": {},
        "name": null,
        "percent_off": null,
        "redeem_by": null,
        "times_redeemed": 0,
        "valid": true,
    })
}

/// A coupon applied to a subscription.
pub(crate) fn discount(
    id: &str,
    start: i64,
    coupon: &Value,
    customer: &Value,
    subscription: &Value,
) -> Value {
    json!({
        "id": id,
        "object": "discount",
        "checkout_session": null,
        "customer": customer,
        "customer_account": null,
        "end": null,
        "invoice": null,
        "invoice_item": null,
        "promotion_code": null,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": start,
        "subscription": subscription,
        "subscription_item": null,
        HIDDEN: {"coupon": coupon},
    })
}
