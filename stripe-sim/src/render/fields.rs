//! Fields that a version added without moving anything; older versions do not have them.

use serde_json::{Map, Value};

use crate::version::{BASIL, CLOVER, DAHLIA, ENDIVE, Version};

/// The fields of an object that came with the version of a date.
struct Added {
    since: &'static str,
    object: &'static str,
    fields: &'static [&'static str],
}

/// Late acacia: details of tax and of card networks.
const NETWORK_DETAILS: &str = "2025-02-24";
/// Within basil: billing modes, tax ids of payers, providers of tax.
const BILLING_MODE: &str = "2025-05-28";
/// Within clover: customer accounts.
const CUSTOMER_ACCOUNT: &str = "2025-10-29";
/// Within dahlia: managed payments.
const MANAGED_PAYMENTS: &str = "2026-04-22";

/// The additions, by object; a dot leads into a nested object.
const ADDED: &[Added] = &[
    Added {
        since: ENDIVE,
        object: "subscription",
        fields: &["status_details", "trial_settings.end_behavior.billing_cycle_anchor"],
    },
    Added {
        since: MANAGED_PAYMENTS,
        object: "subscription",
        fields: &[
            "billing_schedules",
            "invoice_settings.custom_fields",
            "invoice_settings.description",
            "invoice_settings.footer",
            "managed_payments",
        ],
    },
    Added { since: BILLING_MODE, object: "subscription", fields: &["billing_mode"] },
    Added { since: NETWORK_DETAILS, object: "subscription", fields: &["automatic_tax.disabled_reason"] },
    Added { since: ENDIVE, object: "subscription_item", fields: &["current_trial"] },
    Added {
        since: BASIL,
        object: "subscription_item",
        fields: &["current_period_start", "current_period_end"],
    },
    Added { since: ENDIVE, object: "product", fields: &["tax_details"] },
    Added { since: ENDIVE, object: "invoice", fields: &["status_details"] },
    Added { since: BILLING_MODE, object: "invoice", fields: &["automatic_tax.provider"] },
    Added {
        since: BASIL,
        object: "invoice",
        fields: &["amount_overpaid", "parent", "payments", "confirmation_secret", "total_taxes"],
    },
    Added { since: NETWORK_DETAILS, object: "invoice", fields: &["automatic_tax.disabled_reason"] },
    Added { since: DAHLIA, object: "line_item", fields: &["quantity_decimal"] },
    Added { since: CUSTOMER_ACCOUNT, object: "line_item", fields: &["subtotal"] },
    Added { since: BASIL, object: "line_item", fields: &["parent", "pricing", "taxes"] },
    Added { since: DAHLIA, object: "invoiceitem", fields: &["quantity_decimal"] },
    Added { since: CLOVER, object: "invoiceitem", fields: &["net_amount"] },
    Added { since: BASIL, object: "invoiceitem", fields: &["parent", "pricing"] },
    Added { since: CUSTOMER_ACCOUNT, object: "item", fields: &["adjustable_quantity", "metadata"] },
    Added { since: ENDIVE, object: "payment_intent", fields: &["payment_record"] },
    Added {
        since: MANAGED_PAYMENTS,
        object: "payment_intent",
        fields: &["allowed_payment_method_types", "managed_payments"],
    },
    Added { since: BILLING_MODE, object: "payment_intent", fields: &["excluded_payment_method_types"] },
    Added {
        since: MANAGED_PAYMENTS,
        object: "setup_intent",
        fields: &["allowed_payment_method_types", "managed_payments"],
    },
    Added {
        since: MANAGED_PAYMENTS,
        object: "charge",
        fields: &["payment_method_details.card.transaction_link_id"],
    },
    Added { since: BILLING_MODE, object: "charge", fields: &["billing_details.tax_id"] },
    Added {
        since: NETWORK_DETAILS,
        object: "charge",
        fields: &[
            "outcome.advice_code",
            "outcome.network_advice_code",
            "outcome.network_decline_code",
            "payment_method_details.card.network_transaction_id",
            "payment_method_details.card.regulated_status",
        ],
    },
    Added { since: BILLING_MODE, object: "payment_method", fields: &["billing_details.tax_id"] },
    Added { since: NETWORK_DETAILS, object: "payment_method", fields: &["card.regulated_status"] },
    Added {
        since: MANAGED_PAYMENTS,
        object: "refund",
        fields: &["customer", "customer_account", "payment_method"],
    },
    Added { since: ENDIVE, object: "checkout.session", fields: &["allowed_payment_method_types"] },
    Added { since: MANAGED_PAYMENTS, object: "checkout.session", fields: &["managed_payments"] },
    Added { since: DAHLIA, object: "checkout.session", fields: &["integration_identifier"] },
    Added {
        since: CLOVER,
        object: "checkout.session",
        fields: &["customer_details.business_name", "customer_details.individual_name"],
    },
    Added {
        since: BILLING_MODE,
        object: "checkout.session",
        fields: &["automatic_tax.provider", "origin_context", "wallet_options"],
    },
    Added { since: BASIL, object: "checkout.session", fields: &["collected_information", "permissions"] },
    Added { since: NETWORK_DETAILS, object: "checkout.session", fields: &["discounts"] },
];

/// When fields were added.
pub(super) fn dates() -> impl Iterator<Item = &'static str> {
    ADDED.iter().map(|added| added.since)
}

/// Removes the fields that came later than this version.
pub(super) fn remove_newer(object: &str, map: &mut Map<String, Value>, version: &Version) {
    if version.before(CUSTOMER_ACCOUNT) {
        map.remove("customer_account");
    }
    let newer = ADDED.iter().filter(|added| added.object == object && version.before(added.since));
    for field in newer.flat_map(|added| added.fields) {
        remove(map, field);
    }
}

fn remove(map: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => {
            map.remove(path);
        }
        Some((first, rest)) => {
            if let Some(inner) = map.get_mut(first).and_then(Value::as_object_mut) {
                remove(inner, rest);
            }
        }
    }
}
