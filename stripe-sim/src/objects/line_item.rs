//! The line of an invoice, and the item of a checkout session.

use serde_json::{Value, json};

use super::price::plan;
use crate::render::HIDDEN;

/// What a line charges for.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    pub(crate) price: Value,
    pub(crate) quantity: i64,
    /// In the smallest unit of the currency; negative for a credit.
    pub(crate) amount: i64,
    pub(crate) description: String,
    pub(crate) period: (i64, i64),
    /// The subscription and its item; none for a one-time purchase.
    pub(crate) source: Option<(String, String)>,
    pub(crate) proration: bool,
}

/// A line of an invoice.
pub(crate) fn new(id: &str, invoice: &str, line: &NewLine) -> Value {
    let subscription = line.source.as_ref().map(|(subscription, _)| subscription);
    json!({
        "id": id,
        "object": "line_item",
        "amount": line.amount,
        "currency": line.price["currency"],
        "description": line.description,
        "discount_amounts": [],
        "discountable": !line.proration,
        "discounts": [],
        "invoice": invoice,
        "livemode": false,
        "metadata": {},
        "parent": parent(line),
        "period": {"end": line.period.1, "start": line.period.0},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": line.price["id"], "product": line.price["product"]},
            "type": "price_details",
            "unit_amount_decimal": line.price["unit_amount_decimal"],
        },
        "quantity": line.quantity,
        "quantity_decimal": line.quantity.to_string(),
        "subscription": subscription,
        "subtotal": line.amount,
        "taxes": [],
        HIDDEN: {"price": line.price, "plan": plan(&line.price)},
    })
}

fn parent(line: &NewLine) -> Value {
    let Some((subscription, item)) = &line.source else { return Value::Null };
    json!({
        "invoice_item_details": null,
        "subscription_item_details": {
            "invoice_item": null,
            "proration": line.proration,
            "proration_details": {"credited_items": null},
            "subscription": subscription,
            "subscription_item": item,
        },
        "type": "subscription_item_details",
    })
}

/// The line that an invoice item becomes on its invoice.
pub(crate) fn of_invoice_item(id: &str, invoice: &str, item: &Value) -> Value {
    json!({
        "id": id,
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": item["discountable"],
        "discounts": [],
        "invoice": invoice,
        "livemode": false,
        "metadata": item["metadata"],
        "parent": {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": item["proration"],
                "proration_details": {"credited_items": null},
                "subscription": null,
            },
            "subscription_item_details": null,
            "type": "invoice_item_details",
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subscription": null,
        "subtotal": item["amount"],
        "taxes": [],
        HIDDEN: {"price": item[HIDDEN]["price"], "plan": null},
    })
}

/// An item of a checkout session.
pub(crate) fn of_session(id: &str, price: &Value, quantity: i64, description: &str) -> Value {
    let amount = price["unit_amount"].as_i64().unwrap_or_default() * quantity;
    json!({
        "id": id,
        "object": "item",
        "adjustable_quantity": null,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": description,
        "metadata": null,
        "price": price,
        "quantity": quantity,
    })
}
