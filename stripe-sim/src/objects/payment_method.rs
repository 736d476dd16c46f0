//! The payment method object: always a card.

use serde_json::{Value, json};

/// A card that belongs to nobody yet.
pub(crate) fn card(id: &str, created: i64, last4: &str, billing_details: &Value, fingerprint: &str) -> Value {
    json!({
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details,
        "card": {
            "brand": "visa",
            "checks": {
                "address_line1_check": null,
                "address_postal_code_check": null,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": fingerprint,
            "funding": "credit",
            "generated_from": null,
            "last4": last4,
            "networks": {"available": ["visa"], "preferred": null},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": true},
            "wallet": null,
        },
        "created": created,
        "customer": null,
        "customer_account": null,
        "livemode": false,
        "metadata": {},
        "type": "card",
    })
}

/// Billing details of which only name and e-mail are known.
pub(crate) fn billing_details(email: &Value, name: &Value) -> Value {
    json!({
        "address": {
            "city": null,
            "country": null,
            "line1": null,
            "line2": null,
            "postal_code": null,
            "state": null,
        },
        "email": email,
        "name": name,
        "phone": null,
        "tax_id": null,
    })
}
