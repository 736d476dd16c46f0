//! Cards, purchases, failed payments and refunds.

use serde_json::json;

use super::lives::some_person;
use crate::api::route::Call;
use crate::resources::checkout_payment::complete;
use crate::resources::payment_methods::Charges;
use crate::resources::{checkout_sessions, customers, invoices, payment_methods, refunds};
use crate::state::{State, number, text};
use crate::table::Row;

/// A card becomes the customer's default; some of them will be declined.
pub(super) fn add_card(state: &mut State, index: usize) {
    let number = match state.history.random.below(100) {
        0..6 => "4000000000000002",
        6..9 => "4000002760003184",
        _ => "4242424242424242",
    };
    let customer = state.history.people[index].customer.clone();
    let email = state.get("customer", &customer)["email"].clone();
    let params = json!({"type": "card", "card": {"number": number}, "billing_details": {"email": email}});
    let call = Call::internal(state, &[], &params);
    let method = payment_methods::create(state, &call).expect("the generated card is valid");
    let id = text(&method, "id");
    payment_methods::attach_to(state, &id, &customer).expect("the card belongs to nobody");
    let params = json!({"invoice_settings": {"default_payment_method": id}});
    let call = Call::internal(state, &[&customer], &params);
    customers::update(state, &call).expect("the card exists");
    state.history.people[index].method = Some(id);
}

/// A card expires or is replaced; the next payment tells.
pub(super) fn replace_card(state: &mut State) {
    let Some(index) = some_person(state, |_, person| person.method.is_some()) else { return };
    let Some(method) = state.history.people[index].method.clone() else { return };
    if state.declining.contains(&method) {
        state.declining.remove(&method);
        let params = json!({"metadata": {"renewed": "true"}});
        let call = Call::internal(state, &[&method], &params);
        payment_methods::update(state, &call).expect("the card exists");
    } else if state.history.random.percent(60) {
        state.declining.insert(method);
    }
}

/// A one-off payment through Checkout, by a customer or by a guest.
pub(super) fn buy_once(state: &mut State) {
    let Some(price) = state.history.random.pick(&state.history.one_time).cloned() else { return };
    let mut params = json!({
        "mode": "payment",
        "line_items": [{"price": price, "quantity": 1 + state.history.random.below(3)}],
        "success_url": "https://example.com/done",
    });
    if state.history.random.percent(60) {
        let index = some_person(state, |_, _| true);
        params["customer"] = json!(index.map(|index| state.history.people[index].customer.clone()));
    }
    let call = Call::internal(state, &[], &params);
    let session = checkout_sessions::create(state, &call).expect("the generated session is valid");
    let id = text(&session, "id");
    if state.history.random.percent(15) {
        complete(state, &id, Charges::Declined).expect_err("the card is declined");
    }
    complete(state, &id, Charges::Accepted).expect("the session is open");
}

/// A refund of a recent charge, in part or as a whole.
pub(super) fn refund(state: &mut State) {
    let recent = state.table("charge").into_iter().flat_map(|table| table.newest_first().take(50));
    let refundable =
        recent.map(Row::value).filter(|charge| charge["paid"] == true && charge["refunded"] == false);
    let charges: Vec<_> = refundable.cloned().collect();
    let Some(charge) = state.history.random.pick(&charges).cloned() else { return };
    let mut params = json!({"charge": charge["id"], "reason": "requested_by_customer"});
    let left = number(&charge, "amount") - number(&charge, "amount_refunded");
    if state.history.random.percent(50) && left > 1 {
        params["amount"] = json!(left / 2);
    }
    let call = Call::internal(state, &[], &params);
    refunds::create(state, &call).expect("so much is left of the charge");
}

/// A customer in arrears repairs the card and pays.
pub(super) fn pay_open_invoice(state: &mut State) {
    let open = state.table("invoice").into_iter().flat_map(|table| table.newest_first().take(200));
    let open = open.map(Row::value).find(|invoice| invoice["status"] == "open").cloned();
    let Some(invoice) = open else { return };
    let customer = text(&invoice, "customer");
    let person = state.history.people.iter().find(|person| person.customer == customer);
    let Some(method) = person.and_then(|person| person.method.clone()) else { return };
    state.declining.remove(&method);
    state.challenging.remove(&method);
    let call = Call::internal(state, &[&text(&invoice, "id")], &json!({}));
    if let Err(error) = invoices::pay(state, &call) {
        tracing::debug!(error.message, "the invoice stays open");
    }
}
