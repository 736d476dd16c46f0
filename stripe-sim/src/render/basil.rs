//! From clover back to basil.

use serde_json::{Map, Value};

use super::hidden;

/// A discount embedded its coupon (changelog `add-discount-source-property`).
pub(super) fn discount(discount: &mut Map<String, Value>) {
    let coupon = hidden(discount, "coupon");
    discount.remove("source");
    discount.insert("coupon".to_owned(), coupon);
}

/// A promotion code embedded its coupon (changelog `polymorphic-coupon`).
pub(super) fn promotion_code(code: &mut Map<String, Value>) {
    let coupon = hidden(code, "coupon");
    code.remove("promotion");
    code.insert("coupon".to_owned(), coupon);
}

/// The billing mode had a type only (changelog `billing-mode-default-flexible`).
pub(super) fn subscription(subscription: &mut Map<String, Value>) {
    if let Some(mode) = subscription.get_mut("billing_mode").and_then(Value::as_object_mut) {
        mode.remove("flexible");
    }
}
