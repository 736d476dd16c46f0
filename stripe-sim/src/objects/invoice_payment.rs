//! The payment of an invoice: the link from an invoice to a payment intent.

use serde_json::{Value, json};

/// A payment that has been asked for.
pub(crate) fn new(id: &str, created: i64, invoice: &Value, payment_intent: &str) -> Value {
    json!({
        "id": id,
        "object": "invoice_payment",
        "amount_paid": null,
        "amount_requested": invoice["amount_remaining"],
        "created": created,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": true,
        "livemode": false,
        "payment": {"payment_intent": payment_intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": null, "paid_at": null},
    })
}
