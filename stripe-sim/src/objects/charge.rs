//! The charge object.

use serde_json::{Value, json};

use crate::render::HIDDEN;

/// A charge of an intent's whole amount that succeeded, without its balance transaction.
pub(crate) fn succeeded(id: &str, created: i64, intent: &Value, method: &Value) -> Value {
    json!({
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SIMULATED ACCOUNT",
        "captured": true,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": null,
        "failure_message": null,
        "fraud_details": {},
        "livemode": false,
        "metadata": {},
        "on_behalf_of": null,
        "outcome": outcome("approved_by_network", "Payment complete.", "authorized"),
        "paid": true,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": card(method, &intent["amount"]), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "receipt_number": null,
        "receipt_url": format!("https://pay.stripe.com/receipts/payment/{id}"),
        "refunded": false,
        "review": null,
        "shipping": null,
        "source": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": "succeeded",
        "transfer_data": null,
        "transfer_group": null,
        HIDDEN: {"invoice": intent[HIDDEN]["invoice"]},
    })
}

/// The same charge, refused by the issuer of the card.
pub(crate) fn declined(mut charge: Value) -> Value {
    charge["amount_captured"] = json!(0);
    charge["captured"] = json!(false);
    charge["failure_code"] = json!("card_declined");
    charge["failure_message"] = json!("Your card was declined.");
    charge["outcome"] =
        outcome("declined_by_network", "The bank did not return any further details.", "issuer_declined");
    charge["outcome"]["reason"] = json!("generic_decline");
    charge["paid"] = json!(false);
    charge["receipt_url"] = Value::Null;
    charge["status"] = json!("failed");
    charge
}

fn outcome(network_status: &str, seller_message: &str, kind: &str) -> Value {
    json!({
        "advice_code": null,
        "network_advice_code": null,
        "network_decline_code": null,
        "network_status": network_status,
        "reason": null,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": seller_message,
        "type": kind,
    })
}

fn card(method: &Value, amount: &Value) -> Value {
    let card = &method["card"];
    json!({
        "amount_authorized": amount,
        "authorization_code": null,
        "brand": card["brand"],
        "checks": card["checks"],
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": null,
        "last4": card["last4"],
        "mandate": null,
        "multicapture": {"status": "unavailable"},
        "network": "visa",
        "network_token": {"used": false},
        "network_transaction_id": null,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": null,
        "transaction_link_id": null,
        "wallet": null,
    })
}
