//! The payment intent object.

use serde_json::{Value, json};

use crate::render::HIDDEN;

/// What is to be paid, and by whom.
#[derive(Debug, Clone)]
pub(crate) struct NewIntent {
    /// In the smallest unit of the currency.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) customer: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) invoice: Option<String>,
    pub(crate) receipt_email: Option<String>,
}

/// An intent without a payment method.
pub(crate) fn new(id: &str, created: i64, secret: &str, intent: &NewIntent) -> Value {
    json!({
        "id": id,
        "object": "payment_intent",
        "allowed_payment_method_types": null,
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": null,
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic",
        "client_secret": format!("{id}_secret_{secret}"),
        "confirmation_method": "automatic",
        "created": created,
        "currency": intent.currency,
        "customer": intent.customer,
        "customer_account": null,
        "description": intent.description,
        "excluded_payment_method_types": null,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": false,
        "managed_payments": null,
        "metadata": {},
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": null,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": {"installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic"},
        },
        "payment_method_types": ["card"],
        "payment_record": null,
        "processing": null,
        "receipt_email": intent.receipt_email,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "requires_payment_method",
        "transfer_data": null,
        "transfer_group": null,
        HIDDEN: {"invoice": intent.invoice},
    })
}
