//! The invoice item object: what a customer owes on an invoice to come.

use serde_json::{Map, Value, json};

use crate::render::HIDDEN;

/// What an invoice item charges for.
#[derive(Debug, Clone)]
pub(crate) struct NewInvoiceItem {
    pub(crate) customer: String,
    pub(crate) currency: String,
    /// In the smallest unit of the currency; negative for a credit.
    pub(crate) unit_amount: i64,
    pub(crate) quantity: i64,
    /// The price that it was made of; null for a plain amount.
    pub(crate) price: Value,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Map<String, Value>,
}

/// An item that waits for an invoice.
pub(crate) fn new(id: &str, created: i64, item: &NewInvoiceItem) -> Value {
    let amount = item.unit_amount * item.quantity;
    json!({
        "id": id,
        "object": "invoiceitem",
        "amount": amount,
        "currency": item.currency,
        "customer": item.customer,
        "customer_account": null,
        "date": created,
        "description": item.description,
        "discountable": amount >= 0,
        "discounts": [],
        "invoice": null,
        "livemode": false,
        "metadata": item.metadata,
        "net_amount": amount,
        "parent": null,
        "period": {"end": created, "start": created},
        "pricing": pricing(item),
        "proration": false,
        "quantity": item.quantity,
        "quantity_decimal": item.quantity.to_string(),
        "tax_rates": [],
        "test_clock": null,
        HIDDEN: {"price": item.price, "unit_amount": item.unit_amount},
    })
}

fn pricing(item: &NewInvoiceItem) -> Value {
    if item.price.is_null() {
        return Value::Null;
    }
    json!({
        "price_details": {"price": item.price["id"], "product": item.price["product"]},
        "type": "price_details",
        "unit_amount_decimal": item.price["unit_amount_decimal"],
    })
}
