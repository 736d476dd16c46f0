//! The life of an invoice from draft to paid.

use serde_json::{Value, json};

use crate::billing::{collection, discount, due, invoice_item, payment};
use crate::objects::invoice::{NewInvoice, draft as draft_object};
use crate::objects::invoice_payment;
use crate::objects::line_item::{self, NewLine};
use crate::objects::payment_intent::NewIntent;
use crate::render::HIDDEN;
use crate::schedule::Due;
use crate::state::{State, number, text};

/// How long a draft of a renewal waits before it is finalized, in seconds.
const DRAFT_TIME: i64 = 3_600;

/// The invoice that a subscription issues now for these lines.
pub(crate) fn draft(
    state: &mut State,
    id: &str,
    subscription: &Value,
    reason: &'static str,
    lines: &[NewLine],
) {
    let applied = discount::current(state, subscription);
    let (customer, currency) = (text(subscription, "customer"), text(subscription, "currency"));
    let waiting = invoice_item::pending(state, &customer, &currency);
    let mut rendered = invoice_item::take(state, &waiting, id);
    rendered.extend(lines.iter().map(|line| line_item::new(&state.id("il", 24), id, line)));
    let subtotal: i64 = rendered.iter().map(|line| number(line, "amount")).sum();
    let discount_amount = discount::amount(&applied, subtotal);
    let start = lines.iter().map(|line| line.period.0).min().unwrap_or(state.now());
    let new = NewInvoice {
        customer: state.get("customer", &customer),
        currency,
        billing_reason: reason,
        subscription: Some(subscription.clone()),
        period: (start.min(state.now()), state.now()),
        discount: applied,
        discount_amount,
    };
    let value = draft_object(id, state.now(), &new, &rendered);
    state.create("invoice", value, &["invoice.created"]);
}

/// A draft that no subscription issues, with these items of the customer; it is not stored.
pub(crate) fn build_by_hand(
    state: &mut State,
    id: &str,
    customer: &Value,
    currency: &str,
    items: &[String],
) -> Value {
    let now = state.now();
    let new = NewInvoice {
        customer: customer.clone(),
        currency: currency.to_owned(),
        billing_reason: "manual",
        subscription: None,
        period: (now, now),
        discount: Value::Null,
        discount_amount: 0,
    };
    let lines = invoice_item::take(state, items, id);
    draft_object(id, now, &new, &lines)
}

/// Lets a draft wait for its hour.
pub(crate) fn finalize_later(state: &mut State, id: &str) {
    let at = state.now() + DRAFT_TIME;
    state.change("invoice", id, &["invoice.updated"], |invoice| {
        invoice["automatically_finalizes_at"] = json!(at);
    });
    due::plan(state, at, Due::Finalize(id.to_owned()));
}

/// Finalizes a draft that advances by itself and tries to collect it; any other invoice is left alone.
pub(crate) fn collect(state: &mut State, id: &str) {
    let invoice = state.get("invoice", id);
    if invoice["status"] == "draft" && invoice["auto_advance"] == true {
        finalize(state, id);
        collection::pay(state, id);
    }
}

/// Makes a draft final: it gets its number, and a payment intent if something is due.
pub(crate) fn finalize(state: &mut State, id: &str) {
    let invoice = state.get("invoice", id);
    let total = number(&invoice, "total");
    let customer_id = text(&invoice, "customer");
    let customer = state.get("customer", &customer_id);
    let balance = number(&customer, "balance");
    let ending = (balance + total).min(0);
    let ending = if balance > 0 { balance } else { ending };
    let due = (total + balance - ending).max(0);
    let number = invoice_number(state, &customer_id, &invoice, ending);
    let intent = (due > 0).then(|| payment_intent(state, &invoice, due));
    let now = state.now();
    state.change("invoice", id, &["invoice.finalized"], |invoice| {
        invoice["amount_due"] = json!(due);
        invoice["amount_remaining"] = json!(due);
        invoice["starting_balance"] = json!(balance);
        invoice["ending_balance"] = json!(ending);
        invoice[HIDDEN]["payment_intent"] = json!(intent);
        open(invoice, &number, now);
    });
    if due == 0 {
        mark_paid(state, id, 0, &Value::Null);
    }
}

/// Marks an open invoice as paid.
pub(crate) fn mark_paid(state: &mut State, id: &str, paid: i64, charge: &Value) {
    let now = state.now();
    let kinds = ["invoice.updated", "invoice.paid", "invoice.payment_succeeded"];
    state.change("invoice", id, &kinds, |invoice| {
        invoice[HIDDEN]["charge"] = charge.clone();
        invoice["amount_paid"] = json!(paid);
        invoice["amount_remaining"] = json!(0);
        invoice["attempted"] = json!(true);
        invoice["auto_advance"] = json!(false);
        invoice["next_payment_attempt"] = Value::Null;
        invoice["status"] = json!("paid");
        invoice["status_transitions"]["paid_at"] = json!(now);
    });
}

/// Voids an invoice that will not be paid any more.
pub(crate) fn void(state: &mut State, id: &str) {
    let now = state.now();
    let open = state.get("invoice", id)["status"] == "open";
    if open {
        state.change("invoice", id, &["invoice.updated", "invoice.voided"], |invoice| {
            invoice["auto_advance"] = json!(false);
            invoice["next_payment_attempt"] = Value::Null;
            invoice["status"] = json!("void");
            invoice["status_transitions"]["voided_at"] = json!(now);
        });
    }
}

/// Stops the collection of an invoice whose subscription has ended.
pub(crate) fn abandon(state: &mut State, id: &str) {
    let status = state.get("invoice", id)["status"].clone();
    if status == "draft" || status == "open" {
        state.change("invoice", id, &["invoice.updated"], |invoice| {
            invoice["auto_advance"] = json!(false);
            invoice["automatically_finalizes_at"] = Value::Null;
            invoice["next_payment_attempt"] = Value::Null;
        });
    }
}

fn open(invoice: &mut Value, number: &str, now: i64) {
    let url = format!("https://invoice.stripe.com/i/acct_sim/{}", text(invoice, "id"));
    invoice["automatically_finalizes_at"] = Value::Null;
    invoice["effective_at"] = json!(now);
    invoice["hosted_invoice_url"] = json!(url);
    invoice["invoice_pdf"] = json!(format!("{url}/pdf"));
    invoice["number"] = json!(number);
    invoice["status"] = json!("open");
    invoice["status_transitions"]["finalized_at"] = json!(now);
}

fn invoice_number(state: &mut State, customer: &str, invoice: &Value, balance: i64) -> String {
    let mut name = String::new();
    state.change("customer", customer, &["customer.updated"], |customer| {
        let sequence = number(customer, "next_invoice_sequence");
        name = format!("{}-{sequence:04}", text(customer, "invoice_prefix"));
        customer["next_invoice_sequence"] = json!(sequence + 1);
        customer["balance"] = json!(balance);
        if customer["currency"].is_null() {
            customer["currency"] = invoice["currency"].clone();
        }
    });
    name
}

fn payment_intent(state: &mut State, invoice: &Value, amount: i64) -> String {
    let description = match invoice["billing_reason"].as_str() {
        Some("subscription_create") => "Subscription creation",
        Some("manual") => "Payment for Invoice",
        _ => "Subscription update",
    };
    let intent = payment::intend(
        state,
        &NewIntent {
            amount,
            currency: text(invoice, "currency"),
            customer: invoice["customer"].as_str().map(str::to_owned),
            description: Some(description.to_owned()),
            invoice: Some(text(invoice, "id")),
            receipt_email: None,
        },
    );
    let id = state.id("inpay", 24);
    let mut payment = invoice_payment::new(&id, state.now(), invoice, &intent);
    payment["amount_requested"] = json!(amount);
    state.create("invoice_payment", payment, &[]);
    intent
}
