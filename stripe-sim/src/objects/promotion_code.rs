//! The promotion code object.

use serde_json::{Value, json};

use crate::render::HIDDEN;

/// An active code for a coupon, which anyone may use.
pub(crate) fn new(id: &str, created: i64, code: &str, coupon: &Value) -> Value {
    json!({
        "id": id,
        "object": "promotion_code",
        "active": true,
        "code": code,
        "created": created,
        "customer": null,
        "customer_account": null,
        "expires_at": null,
        "livemode": false,
        "max_redemptions": null,
        "metadata": {},
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": false,
            "minimum_amount": null,
            "minimum_amount_currency": null,
        },
        "times_redeemed": 0,
        HIDDEN: {"coupon": coupon},
    })
}
