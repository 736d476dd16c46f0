//! Changes of a subscription's items, and their prorations.

use serde_json::{Value, json};

use crate::billing::{collection, invoice, period, subscribe};
use crate::objects::line_item::NewLine;
use crate::state::{State, number, text};

/// What a change of items does to the bill (`proration_behavior`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proration {
    /// Credits and charges wait for the next invoice.
    Create,
    /// They are invoiced at once.
    Invoice,
    /// Nothing is prorated.
    None,
}

/// The prorations from the items before to the items after a change.
pub(crate) fn prorations(now: i64, before: &Value, after: &Value) -> Vec<NewLine> {
    let (old, new) = (subscribe::items(before), subscribe::items(after));
    let gone = old.iter().filter(|item| !new.contains(item)).map(|item| line(before, item, now, -1));
    let come = new.iter().filter(|item| !old.contains(item)).map(|item| line(after, item, now, 1));
    gone.chain(come).collect()
}

fn line(subscription: &Value, item: &Value, now: i64, sign: i64) -> NewLine {
    let (start, end) = (number(item, "current_period_start"), number(item, "current_period_end"));
    let quantity = number(item, "quantity");
    let full = number(&item["price"], "unit_amount") * quantity;
    let amount = full * (end - now).max(0) / (end - start).max(1);
    let what = if sign < 0 { "Unused" } else { "Remaining" };
    NewLine {
        price: item["price"].clone(),
        quantity,
        amount: sign * amount,
        description: format!("{what} time on {quantity} × {}", text(&item["price"], "id")),
        period: (now, end),
        source: Some((text(subscription, "id"), text(item, "id"))),
        proration: true,
    }
}

/// Bills the prorations of a change, now or with the next invoice.
pub(crate) fn bill(state: &mut State, id: &str, proration: Proration, lines: Vec<NewLine>) {
    let trial = state.get("subscription", id)["status"] == "trialing";
    match proration {
        _ if trial || lines.is_empty() => {}
        Proration::None => {}
        Proration::Create => state.prorations.entry(id.to_owned()).or_default().extend(lines),
        Proration::Invoice => bill_now(state, id, &lines),
    }
}

fn bill_now(state: &mut State, id: &str, lines: &[NewLine]) {
    let invoice_id = state.id("in", 24);
    let subscription = state.change("subscription", id, &["customer.subscription.updated"], |subscription| {
        subscription["latest_invoice"] = json!(invoice_id);
    });
    invoice::draft(state, &invoice_id, &subscription, "subscription_update", lines);
    invoice::finalize(state, &invoice_id);
    collection::pay(state, &invoice_id);
}

/// Starts the period of an item anew, if its price is charged in another rhythm than the one before.
pub(crate) fn restart_item(item: &mut Value, before: &Value, now: i64) {
    let rhythm = |price: &Value| price["recurring"]["interval"].clone();
    if rhythm(&item["price"]) != rhythm(before) {
        item["current_period_start"] = json!(now);
        item["current_period_end"] = json!(period::end_after(now, &item["price"]["recurring"], now));
    }
}
