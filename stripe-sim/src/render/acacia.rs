//! From basil back to acacia, the version with the most moves.

use serde_json::{Map, Value, json};

use super::hidden;

type Fields = Map<String, Value>;

/// The period belonged to the subscription, and so did its one discount.
pub(super) fn subscription(subscription: &mut Fields) {
    let item = subscription["items"]["data"][0].clone();
    let discount = hidden(subscription, "discount");
    let moved = json!({
        "current_period_start": item["current_period_start"],
        "current_period_end": item["current_period_end"],
        "discount": discount,
    });
    add(subscription, moved);
}

/// A recurring price could aggregate usage.
pub(super) fn price(price: &mut Fields) {
    if let Some(recurring) = price.get_mut("recurring").and_then(Value::as_object_mut) {
        recurring.insert("aggregate_usage".to_owned(), Value::Null);
    }
}

/// A plan could aggregate usage.
pub(super) fn plan(plan: &mut Fields) {
    plan.insert("aggregate_usage".to_owned(), Value::Null);
}

/// An invoice named its subscription, its one payment and its taxes directly.
pub(super) fn invoice(invoice: &mut Fields) {
    let details = invoice["parent"]["subscription_details"].clone();
    let moved = json!({
        "application_fee_amount": null,
        "charge": hidden(invoice, "charge"),
        "discount": hidden(invoice, "discount"),
        "paid": invoice["status"] == "paid",
        "paid_out_of_band": false,
        "payment_intent": hidden(invoice, "payment_intent"),
        "quote": null,
        "subscription": details["subscription"],
        "subscription_details": {"metadata": details["metadata"]},
        "tax": null,
        "total_tax_amounts": [],
        "transfer_data": null,
    });
    add(invoice, moved);
}

/// A line embedded its price, and named its origin directly.
pub(super) fn line_item(line: &mut Fields) {
    let price = hidden(line, "price");
    let subscribed = !line["parent"]["subscription_item_details"].is_null();
    let (place, kind) = if subscribed {
        ("subscription_item_details", "subscription")
    } else {
        ("invoice_item_details", "invoiceitem")
    };
    let details = line["parent"][place].clone();
    let moved = json!({
        "amount_excluding_tax": line["amount"],
        "invoice_item": details["invoice_item"],
        "plan": hidden(line, "plan"),
        "proration": details["proration"].as_bool().unwrap_or(false),
        "proration_details": details.get("proration_details").cloned().unwrap_or(json!({"credited_items": null})),
        "subscription_item": details["subscription_item"],
        "tax_amounts": [],
        "tax_rates": [],
        "type": kind,
        "unit_amount_excluding_tax": price["unit_amount_decimal"],
        "price": price,
    });
    add(line, moved);
}

/// An invoice item embedded its price, and named its subscription directly.
pub(super) fn invoice_item(item: &mut Fields) {
    let price = hidden(item, "price");
    let subscription = item["parent"]["subscription_details"]["subscription"].clone();
    let moved = json!({
        "plan": null,
        "price": price,
        "subscription": subscription,
        "unit_amount": hidden(item, "unit_amount"),
        "unit_amount_decimal": item["pricing"]["unit_amount_decimal"],
    });
    add(item, moved);
}

/// A payment intent and a charge named the invoice that they paid.
pub(super) fn paid_invoice(payment: &mut Fields) {
    let invoice = hidden(payment, "invoice");
    payment.insert("invoice".to_owned(), invoice);
}

/// The shipping details had a place of their own.
pub(super) fn checkout_session(session: &mut Fields) {
    session.insert("shipping_details".to_owned(), Value::Null);
}

fn add(fields: &mut Fields, moved: Value) {
    if let Value::Object(moved) = moved {
        fields.extend(moved);
    }
}
