//! `POST /v1/subscriptions/{id}`

use serde_json::{Value, json};

use crate::api::route::Call;
use crate::billing::change::{self, Proration};
use crate::billing::{cancel, subscribe};
use crate::error::{Answer, ApiError};
use crate::params::Params;
use crate::resources::subscription_params::{living, recurring_price};
use crate::state::{State, number, text};

/// Updates a subscription, and bills the change of its items.
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    let (id, params) = (call.id(), &call.params);
    let before = living(state, id)?;
    let proration = proration(params)?;
    if let Some(method) = params.text("default_payment_method") {
        state.at_param("payment_method", method, "default_payment_method")?;
    }
    let at_period_end = params.flag("cancel_at_period_end")?;
    let items = changed_items(state, &before, params)?;
    let now = state.now();
    let after = state.change("subscription", id, &["customer.subscription.updated"], |subscription| {
        write(params, subscription);
        subscription["items"]["data"] = json!(items);
        let end = subscribe::period_end(subscription);
        if let Some(cancel) = at_period_end {
            cancel::at_period_end(subscription, cancel, end, now);
        }
    });
    change::bill(state, id, proration, change::prorations(now, &before, &after));
    subscribe::plan_renewal(state, id);
    Ok(state.get("subscription", id))
}

fn proration(params: &Params) -> Answer<Proration> {
    match params.text("proration_behavior") {
        None | Some("create_prorations") => Ok(Proration::Create),
        Some("always_invoice") => Ok(Proration::Invoice),
        Some("none") => Ok(Proration::None),
        Some(other) => {
            let message = format!(
                "Invalid proration_behavior: must be one of always_invoice, create_prorations, or none: {other}"
            );
            Err(ApiError::invalid(message).param("proration_behavior"))
        }
    }
}

fn write(params: &Params, subscription: &mut Value) {
    params.write(&["default_payment_method", "description"], subscription);
    params.write_metadata(subscription);
    for field in ["comment", "feedback"] {
        if let Some(text) = params.text(&format!("cancellation_details/{field}")) {
            subscription["cancellation_details"][field] = json!(text);
        }
    }
}

/// The items after the update; those that are not named stay as they are.
fn changed_items(state: &mut State, subscription: &Value, params: &Params) -> Answer<Vec<Value>> {
    let mut items = subscribe::items(subscription).to_vec();
    for (position, entry) in params.list("items").iter().enumerate() {
        let param = |name: &str| format!("items[{position}][{name}]");
        match entry.text("id") {
            Some(id) => {
                let found = items.iter().position(|item| item["id"] == id);
                let found = found.ok_or_else(|| ApiError::no_such("subscription_item", id, &param("id")))?;
                if entry.flag("deleted")? == Some(true) {
                    items.remove(found);
                } else {
                    items[found] = changed_item(state, subscription, &items[found], entry, &param("price"))?;
                }
            }
            None => items.push(added_item(state, subscription, entry, &param("price"))?),
        }
    }
    if items.is_empty() {
        return Err(ApiError::invalid("A subscription must have at least one active item."));
    }
    Ok(items)
}

fn changed_item(state: &State, subscription: &Value, item: &Value, entry: &Params, param: &str) -> Answer {
    let mut changed = item.clone();
    if let Some(quantity) = entry.number("quantity")? {
        changed["quantity"] = json!(quantity);
    }
    if let Some(id) = entry.text("price").filter(|id| item["price"]["id"] != *id) {
        let price = recurring_price(state, id, param)?;
        same_currency(subscription, &price)?;
        changed["plan"] = crate::objects::price::plan(&price);
        changed["price"] = price;
        if subscription["status"] != "trialing" {
            change::restart_item(&mut changed, &item["price"], state.now());
        }
    }
    entry.write_metadata(&mut changed);
    Ok(changed)
}

fn added_item(state: &mut State, subscription: &Value, entry: &Params, param: &str) -> Answer {
    let id = entry.text("price").ok_or_else(|| ApiError::missing(param))?;
    let price = recurring_price(state, id, param)?;
    same_currency(subscription, &price)?;
    let taken = subscribe::items(subscription).iter().any(|item| item["price"]["id"] == id);
    if taken {
        let message = format!("Cannot add multiple subscription items with the same plan: {id}");
        return Err(ApiError::invalid(message).param(param));
    }
    let quantity = entry.number("quantity")?.unwrap_or(1);
    Ok(subscribe::new_item(state, subscription, &price, quantity))
}

fn same_currency(subscription: &Value, price: &Value) -> Answer<()> {
    if number(price, "unit_amount") >= 0 && text(price, "currency") == text(subscription, "currency") {
        return Ok(());
    }
    Err(ApiError::invalid("The price's currency differs from the currency of the subscription."))
}
