//! Several changes within one second, some of them there and back: what no order by time can tell apart.

use serde_json::{Value, json};

use super::lives::{pick_plan, some_person, subscriber, subscription_of, update};
use super::{Person, catalogue};
use crate::api::route::Call;
use crate::billing::collection;
use crate::resources::{customers, invoice_drafts, invoice_items, invoices, prices, products};
use crate::state::{State, number, text};

/// The bursts, which take turns.
const BURSTS: &[fn(&mut State)] = &[
    change_plan_and_back,
    edit_customer_thrice,
    bill_at_once,
    change_quantity_and_back,
    archive_and_restore,
    come_and_go,
    change_metadata_and_back,
    draft_and_discard,
];

/// The next burst; nothing happens where nobody is there for it.
pub(super) fn burst(state: &mut State) {
    let turn = state.history.bursts;
    state.history.bursts += 1;
    BURSTS[turn % BURSTS.len()](state);
}

/// Another plan, the plan from before, and now and then the other one again.
fn change_plan_and_back(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, currency) = subscription_of(state, index);
    let items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let (item, price) = (&items[0]["id"], &items[0]["price"]);
    let rhythm = |price: &Value| price["recurring"]["interval"].clone();
    let Some(other) = pick_plan(state, Some(&currency)) else { return };
    let taken = items.iter().any(|item| item["price"]["id"] == other.price);
    if taken || rhythm(&state.get("price", &other.price)) != rhythm(price) {
        return change_quantity_and_back(state);
    }
    let there = json!({"items": [{"id": item, "price": other.price}], "proration_behavior": "none"});
    let back = json!({"items": [{"id": item, "price": price["id"]}], "proration_behavior": "none"});
    update(state, &subscription, &there);
    update(state, &subscription, &back);
    if state.history.random.percent(30) {
        update(state, &subscription, &there);
    }
}

/// More seats, even more, and as many as before.
fn change_quantity_and_back(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, _) = subscription_of(state, index);
    let item = &subscription["items"]["data"][0];
    let before = number(item, "quantity");
    for quantity in [before + 1, before + 2, before] {
        let items = json!([{"id": item["id"], "quantity": quantity}]);
        update(state, &subscription, &json!({"items": items, "proration_behavior": "none"}));
    }
}

/// A mark that comes and goes, twice.
fn change_metadata_and_back(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, _) = subscription_of(state, index);
    for mark in ["yes", "", "yes", ""] {
        update(state, &subscription, &json!({"metadata": {"marked": mark}}));
    }
}

/// A name with a typo that is taken back, and one more change.
fn edit_customer_thrice(state: &mut State) {
    let Some(index) = some_person(state, |_, _| true) else { return };
    let id = state.history.people[index].customer.clone();
    let name = text(&state.get("customer", &id), "name");
    let edits = [
        json!({"name": format!("{name}n")}),
        json!({"name": name}),
        json!({"metadata": {"edited": state.now()}}),
    ];
    for edit in edits {
        let call = Call::internal(state, &[&id], &edit);
        customers::update(state, &call).expect("the customer exists");
    }
}

/// An invoice by hand: its items, its draft, its end and its payment.
fn bill_at_once(state: &mut State) {
    let Some(index) = some_person(state, can_pay) else { return };
    let person = state.history.people[index].clone();
    for amount in [1_200, 300] {
        let params = json!({"customer": person.customer, "currency": person.currency, "amount": amount});
        let call = Call::internal(state, &[], &params);
        invoice_items::create(state, &call).expect("the customer exists");
    }
    let id = draft(state, &person.customer, &person.currency);
    let call = Call::internal(state, &[&id], &json!({}));
    invoices::finalize(state, &call).expect("it is a draft");
    if let Err(error) = invoices::pay(state, &call) {
        tracing::debug!(error.message, "the invoice stays open");
    }
}

/// Whether the card that the customer pays with by default is good.
fn can_pay(state: &State, person: &Person) -> bool {
    let method = collection::default_method(state, &json!({"customer": person.customer}));
    method.is_some_and(|method| !state.declining.contains(&method) && !state.challenging.contains(&method))
}

/// A draft by hand that is changed and thrown away with its item.
fn draft_and_discard(state: &mut State) {
    let Some(index) = some_person(state, |_, _| true) else { return };
    let person = state.history.people[index].clone();
    let id = draft(state, &person.customer, &person.currency);
    let params =
        json!({"customer": person.customer, "currency": person.currency, "amount": 700, "invoice": id});
    let call = Call::internal(state, &[], &params);
    invoice_items::create(state, &call).expect("the invoice is a draft");
    let call = Call::internal(state, &[&id], &json!({}));
    invoice_drafts::delete(state, &call).expect("the invoice is a draft by hand");
}

fn draft(state: &mut State, customer: &str, currency: &str) -> String {
    let params =
        json!({"customer": customer, "currency": currency, "pending_invoice_items_behavior": "include"});
    let call = Call::internal(state, &[], &params);
    text(&invoice_drafts::create(state, &call).expect("the customer exists"), "id")
}

/// A price and its product that are archived by mistake, while a new promotion begins.
fn archive_and_restore(state: &mut State) {
    catalogue::promote(state);
    let Some(plan) = pick_plan(state, None) else { return };
    let product = text(&state.get("price", &plan.price), "product");
    for active in [false, true] {
        let params = json!({ "active": active });
        let call = Call::internal(state, &[&plan.price], &params);
        prices::update(state, &call).expect("the price exists");
        let call = Call::internal(state, &[&product], &params);
        products::update(state, &call).expect("the product exists");
    }
}

/// A customer and a product that are made, changed and deleted.
fn come_and_go(state: &mut State) {
    let call = Call::internal(state, &[], &json!({"name": "Mistake"}));
    let customer = text(&customers::create(state, &call).expect("the customer is valid"), "id");
    let product = text(&products::create(state, &call).expect("the product is valid"), "id");
    for name in ["Mistaken", "Mistake", "Mistaken again"] {
        let params = json!({ "name": name });
        customers::update(state, &Call::internal(state, &[&customer], &params)).expect("it exists");
        products::update(state, &Call::internal(state, &[&product], &params)).expect("it exists");
    }
    let call = Call::internal(state, &[&customer], &json!({}));
    customers::delete(state, &call).expect("it exists");
    let call = Call::internal(state, &[&product], &json!({}));
    products::delete(state, &call).expect("a product without prices can be deleted");
}
