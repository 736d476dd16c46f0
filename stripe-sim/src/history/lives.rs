//! Customers come, subscribe, change their minds and go.

use serde_json::{Value, json};

use super::{Person, Plan, money};
use crate::api::route::Call;
use crate::billing::cancel;
use crate::resources::checkout_payment::complete;
use crate::resources::payment_methods::Charges;
use crate::resources::{checkout_sessions, customers, subscription_updates, subscriptions, tax_ids};
use crate::state::{State, number, text};

/// A new customer, mostly with a card and a subscription.
pub(super) fn sign_up(state: &mut State) {
    let person = new_person(state);
    let index = state.history.people.len();
    state.history.people.push(person);
    if state.history.random.percent(85) {
        money::add_card(state, index);
        subscribe(state, index);
    }
}

/// A customer who has a card and no subscription takes one.
pub(super) fn subscribe_again(state: &mut State) {
    let found = some_person(state, |state, person| person.method.is_some() && !subscribes(state, person));
    if let Some(index) = found {
        subscribe(state, index);
    }
}

/// A visit to Checkout: it is paid, left to expire, or its card is declined first.
pub(super) fn visit_checkout(state: &mut State) {
    let Some(plan) = pick_plan(state, None) else { return };
    let mut params = json!({
        "mode": "subscription",
        "line_items": [{"price": plan.price, "quantity": 1}],
        "success_url": "https://example.com/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://example.com/",
        "customer_email": format!("customer-{}@example.com", state.history.signed_up + 1),
        "subscription_data": {"metadata": {"source": "checkout"}},
    });
    if state.history.random.percent(30) {
        params["subscription_data"]["trial_period_days"] = json!(14);
    }
    if state.history.random.percent(15) {
        params["payment_method_collection"] = json!("if_required");
        params["subscription_data"]["trial_period_days"] = json!(7);
        params["subscription_data"]["trial_settings"] =
            json!({"end_behavior": {"missing_payment_method": "pause"}});
    }
    state.history.signed_up += 1;
    let call = Call::internal(state, &[], &params);
    let session = checkout_sessions::create(state, &call).expect("the generated session is valid");
    if state.history.random.percent(75) {
        let session = complete(state, &text(&session, "id"), Charges::Accepted).expect("the session is open");
        let subscription = state.get("subscription", &text(&session, "subscription"));
        state.history.people.push(Person {
            customer: text(&session, "customer"),
            method: subscription["default_payment_method"].as_str().map(str::to_owned),
            subscription: Some(text(&subscription, "id")),
            currency: plan.currency,
        });
    }
}

/// An upgrade or a downgrade, now and then with one more item.
pub(super) fn change_plan(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, currency) = subscription_of(state, index);
    let items = &subscription["items"]["data"];
    let yearly = items[0]["price"]["recurring"]["interval"] == "year";
    let taken: Vec<String> =
        items.as_array().into_iter().flatten().map(|item| text(&item["price"], "id")).collect();
    let Some(plan) = pick_plan(state, Some(&currency)).filter(|plan| !taken.contains(&plan.price)) else {
        return;
    };
    let add = state.history.random.percent(30) && plan.yearly == yearly && taken.len() < 3;
    let entry = if add {
        json!({"price": plan.price, "quantity": 1})
    } else {
        json!({"id": items[0]["id"], "price": plan.price})
    };
    let behavior = if state.history.random.percent(40) { "always_invoice" } else { "create_prorations" };
    update(state, &subscription, &json!({"items": [entry], "proration_behavior": behavior}));
}

/// More or fewer seats.
pub(super) fn change_quantity(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, _) = subscription_of(state, index);
    let item = &subscription["items"]["data"][0];
    let quantity = i64::try_from(1 + state.history.random.below(9)).unwrap_or(1);
    if number(item, "quantity") != quantity {
        update(state, &subscription, &json!({"items": [{"id": item["id"], "quantity": quantity}]}));
    }
}

/// A cancellation at the end of the period, sometimes taken back later.
pub(super) fn cancel_at_period_end(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, _) = subscription_of(state, index);
    let cancel = subscription["cancel_at_period_end"] == false;
    update(state, &subscription, &json!({"cancel_at_period_end": cancel}));
}

/// A cancellation at once.
pub(super) fn cancel_now(state: &mut State) {
    let Some(index) = subscriber(state) else { return };
    let (subscription, _) = subscription_of(state, index);
    let call = Call::internal(state, &[&text(&subscription, "id")], &json!({}));
    subscriptions::cancel(state, &call).expect("the subscription has not ended");
    state.history.people[index].subscription = None;
}

/// A change of the customer's own data.
pub(super) fn edit_profile(state: &mut State) {
    let Some(index) = some_person(state, |_, _| true) else { return };
    let visits = state.now() % 1_000;
    let params = json!({"metadata": {"visits": visits}, "phone": format!("+1555{:07}", visits)});
    let customer = state.history.people[index].customer.clone();
    let call = Call::internal(state, &[&customer], &params);
    customers::update(state, &call).expect("the customer exists");
    correct_tax_id(state, &customer);
}

/// A tax id with a typo, and the right one in its place.
fn correct_tax_id(state: &mut State, customer: &str) {
    let number = state.history.random.below(100_000_000);
    for value in [format!("DE{number:08}"), format!("DE{number:09}")] {
        for wrong in customers::ids_of(state, "tax_id", customer) {
            let call = Call::internal(state, &[customer, &wrong], &json!({}));
            tax_ids::delete(state, &call).expect("the tax id is the customer's");
        }
        let call = Call::internal(state, &[customer], &json!({"type": "eu_vat", "value": value}));
        tax_ids::create(state, &call).expect("the customer exists");
    }
}

/// A customer who is deleted.
pub(super) fn leave(state: &mut State) {
    let Some(index) = some_person(state, |_, _| true) else { return };
    let person = state.history.people.swap_remove(index);
    let call = Call::internal(state, &[&person.customer], &json!({}));
    customers::delete(state, &call).expect("the customer exists");
}

/// A customer whose subscription is paused enters a card and goes on.
pub(super) fn resume(state: &mut State) {
    let found = some_person(state, |state, person| {
        let subscription = person.subscription.as_ref().and_then(|id| state.find("subscription", id));
        subscription.is_some_and(|subscription| subscription["status"] == "paused")
    });
    let Some(index) = found else { return };
    money::add_card(state, index);
    let id = state.history.people[index].subscription.clone().unwrap_or_default();
    let call = Call::internal(state, &[&id], &json!({}));
    subscriptions::resume(state, &call).expect("the subscription is paused");
}

/// One of the customers of whom something holds.
pub(super) fn some_person(state: &mut State, holds: impl Fn(&State, &Person) -> bool) -> Option<usize> {
    let count = state.history.people.len();
    let start = state.history.random.below(count.max(1));
    let mut order = (start..count).chain(0..start);
    order.find(|index| holds(state, &state.history.people[*index]))
}

fn new_person(state: &mut State) -> Person {
    state.history.signed_up += 1;
    let number = state.history.signed_up;
    let mut params =
        json!({"email": format!("customer-{number}@example.com"), "name": format!("Customer {number}")});
    if state.history.random.percent(50) {
        params["metadata"] = json!({"user_id": format!("user-{number}")});
    }
    let call = Call::internal(state, &[], &params);
    let customer = customers::create(state, &call).expect("the generated customer is valid");
    let currency = state.history.random.pick(&["usd", "usd", "eur", "jpy"]).copied().unwrap_or("usd");
    Person { customer: text(&customer, "id"), currency: currency.to_owned(), ..Person::default() }
}

fn subscribe(state: &mut State, index: usize) {
    let person = state.history.people[index].clone();
    let Some(plan) = pick_plan(state, Some(&person.currency)) else { return };
    let mut params = json!({"customer": person.customer, "items": [{"price": plan.price, "quantity": 1}]});
    if state.history.random.percent(30) {
        params["trial_period_days"] = json!(14);
    }
    if state.history.random.percent(10) {
        let coupon = state.history.random.pick(&state.history.coupons).cloned();
        params["discounts"] = json!([{"coupon": coupon}]);
    }
    if state.get("customer", &person.customer)["invoice_settings"]["default_payment_method"].is_null() {
        params["default_payment_method"] = json!(person.method);
    }
    if state.history.random.percent(30) {
        params["metadata"] = json!({"workspace": format!("workspace-{}", state.history.signed_up)});
    }
    let call = Call::internal(state, &[], &params);
    let subscription = subscriptions::create(state, &call).expect("the generated subscription is valid");
    state.history.people[index].subscription = Some(text(&subscription, "id"));
}

/// A plan, mostly a monthly one, of a currency if one is named.
pub(super) fn pick_plan(state: &mut State, currency: Option<&str>) -> Option<Plan> {
    let fits = |plan: &&Plan| currency.is_none_or(|currency| plan.currency == currency);
    let plans: Vec<Plan> = state.history.plans.iter().filter(fits).cloned().collect();
    let monthly: Vec<Plan> = plans.iter().filter(|plan| !plan.yearly).cloned().collect();
    let choice = if state.history.random.percent(80) { monthly } else { plans };
    state.history.random.pick(&choice).cloned()
}

/// A customer whose subscription is running.
pub(super) fn subscriber(state: &mut State) -> Option<usize> {
    some_person(state, |state, person| {
        let subscription = person.subscription.as_ref().and_then(|id| state.find("subscription", id));
        subscription.is_some_and(|subscription| {
            !cancel::ended(subscription)
                && !["incomplete", "paused"].map(Value::from).contains(&subscription["status"])
        })
    })
}

fn subscribes(state: &State, person: &Person) -> bool {
    let subscription = person.subscription.as_ref().and_then(|id| state.find("subscription", id));
    subscription.is_some_and(|subscription| !cancel::ended(subscription))
}

/// The subscription of a customer who has one, and its currency.
pub(super) fn subscription_of(state: &State, index: usize) -> (Value, String) {
    let person = &state.history.people[index];
    let id = person.subscription.as_deref().unwrap_or_default();
    (state.get("subscription", id), person.currency.clone())
}

/// Updates a subscription.
pub(super) fn update(state: &mut State, subscription: &Value, params: &Value) {
    let call = Call::internal(state, &[&text(subscription, "id")], params);
    subscription_updates::update(state, &call).expect("the generated update is valid");
}
