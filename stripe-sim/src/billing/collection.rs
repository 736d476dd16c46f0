//! The collection of invoices: attempts, what follows when they succeed, and when they fail.

use serde_json::{Value, json};

use crate::billing::payment::charge;
use crate::billing::{cancel, due, invoice};
use crate::render::HIDDEN;
use crate::schedule::Due;
use crate::state::{State, number, text};

/// How long Stripe waits before it tries a failed payment again, in seconds.
const RETRY_TIME: i64 = 3 * 86_400;
/// How often a payment is tried before the subscription is canceled.
const ATTEMPTS: i64 = 4;

/// Tries to collect an open invoice.
pub(crate) fn pay(state: &mut State, id: &str) -> bool {
    let invoice = state.get("invoice", id);
    if invoice["status"] != "open" {
        return false;
    }
    let intent = text(&invoice[HIDDEN], "payment_intent");
    let method = method_of(state, &invoice);
    let paid = method.is_some_and(|method| charge(state, &intent, &method));
    if paid {
        settle(state, &invoice, &intent);
    } else {
        miss(state, &invoice);
    }
    paid
}

/// Tries a failed invoice again, if it is still open.
pub(crate) fn retry(state: &mut State, id: &str) {
    let next = state.get("invoice", id)["next_payment_attempt"].as_i64();
    if next.is_some_and(|next| next <= state.now()) {
        pay(state, id);
    }
}

/// The payment method that pays for a subscription: its own, or its customer's default.
pub(crate) fn default_method(state: &State, subscription: &Value) -> Option<String> {
    let own = subscription["default_payment_method"].as_str().map(str::to_owned);
    own.or_else(|| {
        let customer = state.find("customer", subscription["customer"].as_str()?)?;
        customer["invoice_settings"]["default_payment_method"].as_str().map(str::to_owned)
    })
}

/// What follows when an invoice is paid.
pub(crate) fn settle(state: &mut State, invoice: &Value, intent: &str) {
    let (id, amount, now) = (text(invoice, "id"), number(invoice, "amount_remaining"), state.now());
    let charge = state.get("payment_intent", intent)["latest_charge"].clone();
    invoice::mark_paid(state, &id, amount, &charge);
    if let Some(payment) = payment_of(state, &id) {
        state.change("invoice_payment", &payment, &["invoice_payment.paid"], |payment| {
            payment["amount_paid"] = json!(amount);
            payment["status"] = json!("paid");
            payment["status_transitions"]["paid_at"] = json!(now);
        });
    }
    let subscription = subscription_of(invoice);
    let waiting = ["incomplete", "past_due", "unpaid"].map(Value::from);
    if waiting.contains(&state.get("subscription", &subscription)["status"]) {
        set_status(state, &subscription, "active");
    }
    set_delinquent(state, invoice, false);
}

fn method_of(state: &State, invoice: &Value) -> Option<String> {
    let subscription = subscription_of(invoice);
    default_method(state, state.find("subscription", &subscription).unwrap_or(invoice))
}

fn subscription_of(invoice: &Value) -> String {
    text(&invoice["parent"]["subscription_details"], "subscription")
}

/// What follows when an attempt at an invoice fails.
fn miss(state: &mut State, invoice: &Value) {
    let (id, subscription) = (text(invoice, "id"), subscription_of(invoice));
    let attempts = number(invoice, "attempt_count") + 1;
    let first = invoice["billing_reason"] == "subscription_create";
    let next = (!first && attempts < ATTEMPTS).then(|| state.now() + RETRY_TIME);
    let intent = text(&invoice[HIDDEN], "payment_intent");
    let charge = state.get("payment_intent", &intent)["latest_charge"].clone();
    let challenged = state.get("payment_intent", &intent)["status"] == "requires_action";
    let told = if challenged { "invoice.payment_action_required" } else { "invoice.payment_failed" };
    state.change("invoice", &id, &["invoice.updated", told], |invoice| {
        invoice[HIDDEN]["charge"] = charge;
        invoice["attempt_count"] = json!(attempts);
        invoice["attempted"] = json!(true);
        invoice["next_payment_attempt"] = json!(next);
    });
    if let Some(at) = next {
        due::plan(state, at, Due::Retry(id));
    }
    if first {
        return;
    }
    if state.get("subscription", &subscription)["status"] == "active" {
        set_status(state, &subscription, "past_due");
    }
    set_delinquent(state, invoice, true);
    if next.is_none() {
        cancel::now(state, &subscription, "payment_failed");
    }
}

fn payment_of(state: &State, invoice: &str) -> Option<String> {
    let payments = state.table("invoice_payment")?;
    let found = payments.newest_first().find(|row| row.value()["invoice"] == invoice)?;
    Some(text(found.value(), "id"))
}

fn set_status(state: &mut State, subscription: &str, status: &str) {
    state.change("subscription", subscription, &["customer.subscription.updated"], |subscription| {
        subscription["status"] = json!(status);
    });
}

fn set_delinquent(state: &mut State, invoice: &Value, delinquent: bool) {
    state.change("customer", &text(invoice, "customer"), &["customer.updated"], |customer| {
        customer["delinquent"] = json!(delinquent);
    });
}
