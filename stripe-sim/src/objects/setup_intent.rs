//! The setup intent object.

use serde_json::{Value, json};

/// An intent that has saved a payment method.
pub(crate) fn succeeded(
    id: &str,
    created: i64,
    secret: &str,
    customer: &Value,
    payment_method: &str,
) -> Value {
    json!({
        "id": id,
        "object": "setup_intent",
        "allowed_payment_method_types": null,
        "application": null,
        "automatic_payment_methods": null,
        "cancellation_reason": null,
        "client_secret": format!("{id}_secret_{secret}"),
        "created": created,
        "customer": customer,
        "customer_account": null,
        "description": null,
        "excluded_payment_method_types": null,
        "flow_directions": null,
        "last_setup_error": null,
        "latest_attempt": null,
        "livemode": false,
        "managed_payments": null,
        "mandate": null,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": payment_method,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": {"mandate_options": null, "network": null, "request_three_d_secure": "automatic"},
        },
        "payment_method_types": ["card"],
        "single_use_mandate": null,
        "status": "succeeded",
        "usage": "off_session",
    })
}
