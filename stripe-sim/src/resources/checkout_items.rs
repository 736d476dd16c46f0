//! What a checkout session sells.

use serde_json::{Value, json};

use crate::api::route::Call;
use crate::billing::discount;
use crate::error::{Answer, ApiError};
use crate::objects::line_item;
use crate::params::Params;
use crate::render::HIDDEN;
use crate::resources::{prices, subscription_params};
use crate::state::{State, number, text};

/// The items that the parameters name; none for a session that only saves a payment method.
pub(crate) fn items(state: &mut State, params: &Params, mode: &str) -> Answer<Vec<Value>> {
    let entries = params.list("line_items");
    if entries.is_empty() && mode != "setup" {
        return Err(ApiError::missing("line_items"));
    }
    let mut items = Vec::new();
    for (position, entry) in entries.iter().enumerate() {
        let price = price(state, entry, position, mode)?;
        let product = state.get("product", &text(&price, "product"));
        let quantity = entry.number("quantity")?.unwrap_or(1);
        let id = state.id("li", 24);
        items.push(line_item::of_session(&id, &price, quantity, &text(&product, "name")));
    }
    if mode == "subscription" && items.iter().all(|item| item["price"]["recurring"].is_null()) {
        let message =
            "You must provide at least one recurring price in `subscription` mode when using prices.";
        return Err(ApiError::invalid(message).param("line_items"));
    }
    Ok(items)
}

fn price(state: &mut State, entry: &Params, position: usize, mode: &str) -> Answer {
    let name = format!("line_items[{position}][price]");
    if let Some(data) = entry.get("price_data") {
        let call = Call::internal(state, &[], data);
        return prices::create(state, &call);
    }
    let id = entry.text("price").ok_or_else(|| ApiError::missing(&name))?;
    let price = state.at_param("price", id, &name)?.clone();
    if mode == "payment" && !price["recurring"].is_null() {
        let message = "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.";
        return Err(ApiError::invalid(message).param(name));
    }
    if price["active"] == false {
        return Err(ApiError::invalid(
            "The price specified is inactive. This field only accepts active prices.",
        )
        .param(name));
    }
    Ok(price)
}

/// Writes what is due now, with the discount and without what a trial puts off.
pub(crate) fn total(state: &State, params: &Params, items: &[Value], value: &mut Value) -> Answer<()> {
    let Some(first) = items.first() else { return Ok(()) };
    let trial = subscription_params::trial_end(state, &part(params, "subscription_data"))?.is_some();
    let recurring = |item: &&Value| !trial || item["price"]["recurring"].is_null();
    let subtotal: i64 = items.iter().filter(recurring).map(|item| number(item, "amount_total")).sum();
    let coupon = state.get("coupon", &text(&value[HIDDEN], "coupon"));
    let off = discount::amount(&json!({HIDDEN: {"coupon": coupon}}), subtotal);
    value["currency"] = first["currency"].clone();
    value["amount_subtotal"] = json!(subtotal);
    value["amount_total"] = json!(subtotal - off);
    value["total_details"] = json!({"amount_discount": off, "amount_shipping": 0, "amount_tax": 0});
    if !coupon.is_null() {
        value["discounts"] = json!([{"coupon": coupon["id"], "promotion_code": null}]);
    }
    Ok(())
}

/// A part of the parameters, as parameters of its own.
fn part(params: &Params, name: &str) -> Params {
    Params::new(params.get(name).cloned().unwrap_or_default())
}
