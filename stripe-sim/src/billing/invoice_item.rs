//! Invoice items: pending until an invoice takes them.

use serde_json::{Value, json};

use crate::objects::line_item;
use crate::state::{State, number, text};
use crate::table::Row;

/// The ids of a customer's items of a currency that wait for an invoice, in the order of their creation.
pub(crate) fn pending(state: &State, customer: &str, currency: &str) -> Vec<String> {
    let rows = state.table("invoiceitem").into_iter().flat_map(|table| table.of_customer(customer).rev());
    let waiting = rows.map(Row::value);
    let waiting = waiting.filter(|item| item["invoice"].is_null() && item["currency"] == currency);
    waiting.map(|item| text(item, "id")).collect()
}

/// Puts items onto an invoice and gives their lines; Stripe has no event for an item that is taken.
pub(crate) fn take(state: &mut State, items: &[String], invoice: &str) -> Vec<Value> {
    let lines = items.iter().map(|item| {
        let taken = state.change("invoiceitem", item, &[], |item| item["invoice"] = json!(invoice));
        line_item::of_invoice_item(&state.id("il", 24), invoice, &taken)
    });
    lines.collect()
}

/// Deletes items for good.
pub(crate) fn delete(state: &mut State, items: &[String]) {
    for item in items {
        state.delete("invoiceitem", item, &["invoiceitem.deleted"]);
    }
}

/// The ids of the items that an invoice has taken.
pub(crate) fn taken_by(state: &State, invoice: &str) -> Vec<String> {
    let rows = state.table("invoiceitem").into_iter().flat_map(|table| table.newest_first().rev());
    let taken = rows.map(Row::value).filter(|item| item["invoice"] == invoice);
    taken.map(|item| text(item, "id")).collect()
}

/// Gives a draft other lines, and the amounts that follow from them.
pub(crate) fn set_lines(state: &mut State, invoice: &str, lines: &[Value]) -> Value {
    let subtotal: i64 = lines.iter().map(|line| number(line, "amount")).sum();
    state.change("invoice", invoice, &["invoice.updated"], |invoice| {
        let off: i64 = invoice["total_discount_amounts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|discount| number(discount, "amount"))
            .sum();
        let total = subtotal - off;
        invoice["lines"]["data"] = json!(lines);
        for field in ["subtotal", "subtotal_excluding_tax"] {
            invoice[field] = json!(subtotal);
        }
        for field in ["total", "total_excluding_tax"] {
            invoice[field] = json!(total);
        }
        for field in ["amount_due", "amount_remaining"] {
            invoice[field] = json!(total.max(0));
        }
    })
}
