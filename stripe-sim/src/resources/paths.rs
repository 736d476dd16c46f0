//! Where an object is found by its id.

use serde_json::Value;

use crate::state::text;

/// The types of objects with the paths under which they are found.
pub(crate) const PATHS: &[(&str, &str)] = &[
    ("charge", "/v1/charges"),
    ("checkout.session", "/v1/checkout/sessions"),
    ("coupon", "/v1/coupons"),
    ("customer", "/v1/customers"),
    ("entitlements.active_entitlement", "/v1/entitlements/active_entitlements"),
    ("entitlements.feature", "/v1/entitlements/features"),
    ("invoice", "/v1/invoices"),
    ("invoice_payment", "/v1/invoice_payments"),
    ("invoiceitem", "/v1/invoiceitems"),
    ("payment_intent", "/v1/payment_intents"),
    ("payment_method", "/v1/payment_methods"),
    ("plan", "/v1/plans"),
    ("price", "/v1/prices"),
    ("product", "/v1/products"),
    ("promotion_code", "/v1/promotion_codes"),
    ("refund", "/v1/refunds"),
    ("setup_intent", "/v1/setup_intents"),
    ("subscription", "/v1/subscriptions"),
    ("subscription_item", "/v1/subscription_items"),
    ("tax_id", "/v1/tax_ids"),
];

/// The path of an object; none if it has no id, or cannot be retrieved by it.
pub(crate) fn path_of(object: &Value) -> Option<String> {
    let id = object["id"].as_str()?;
    let (_, path) = PATHS.iter().find(|(kind, _)| *kind == text(object, "object"))?;
    Some(format!("{path}/{id}"))
}
