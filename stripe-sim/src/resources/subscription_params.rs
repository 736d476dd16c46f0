//! What the parameters of a subscription say.

use serde_json::{Map, Value, json};

use crate::billing::subscribe::NewSubscription;
use crate::billing::{cancel, collection};
use crate::error::{Answer, ApiError};
use crate::params::Params;
use crate::state::{State, number};

/// The prices that the parameters name, with their quantities.
pub(crate) fn priced_items(state: &State, params: &Params) -> Answer<Vec<(Value, i64)>> {
    let items = params.list("items");
    if items.is_empty() {
        return Err(ApiError::missing("items"));
    }
    let priced = items.iter().enumerate().map(|(position, item)| {
        let name = format!("items[{position}][price]");
        let id = item.text("price").ok_or_else(|| ApiError::missing(&name))?;
        let price = recurring_price(state, id, &name)?;
        Ok((price, item.number("quantity")?.unwrap_or(1)))
    });
    priced.collect()
}

/// An active recurring price that a parameter names.
pub(crate) fn recurring_price(state: &State, id: &str, param: &str) -> Answer {
    let price = state.at_param("price", id, param)?;
    if price["active"] == false {
        return Err(ApiError::invalid(
            "The price specified is inactive. This field only accepts active prices.",
        )
        .param(param));
    }
    if price["recurring"].is_null() {
        let message = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.";
        return Err(ApiError::invalid(message).param(param));
    }
    Ok(price.clone())
}

/// The end of the trial that the parameters ask for, in unix seconds.
pub(crate) fn trial_end(state: &State, params: &Params) -> Answer<Option<i64>> {
    let days = params.number("trial_period_days")?.filter(|days| *days > 0);
    let end = params.number("trial_end")?.filter(|end| *end > state.now());
    Ok(end.or(days.map(|days| state.now() + days * 86_400)))
}

/// The coupon that the parameters name.
pub(crate) fn coupon(state: &State, params: &Params) -> Answer<Option<String>> {
    let Some(id) = params.text("discounts/0/coupon").or(params.text("coupon")) else { return Ok(None) };
    let coupon = state.at_param("coupon", id, "discounts[0][coupon]")?;
    let spent =
        coupon["max_redemptions"].as_i64().is_some_and(|most| number(coupon, "times_redeemed") >= most);
    if spent {
        return Err(ApiError::invalid("Coupon expired: it was redeemed the maximum number of times.")
            .code("coupon_expired"));
    }
    Ok(Some(id.to_owned()))
}

/// A map of metadata.
pub(crate) fn metadata(params: &Params, path: &str) -> Map<String, Value> {
    params.get(path).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The payment method that the parameters name.
pub(crate) fn method(state: &State, params: &Params) -> Answer<Option<String>> {
    let Some(id) = params.text("default_payment_method") else { return Ok(None) };
    state.at_param("payment_method", id, "default_payment_method")?;
    Ok(Some(id.to_owned()))
}

/// The fields that a subscription takes over as they are given.
pub(crate) fn fields(params: &Params) -> Answer<Map<String, Value>> {
    let mut fields = Map::new();
    let at_period_end = params.flag("cancel_at_period_end")?.unwrap_or(false);
    fields.insert("cancel_at_period_end".to_owned(), json!(at_period_end));
    if let Some(description) = params.text("description") {
        fields.insert("description".to_owned(), json!(description));
    }
    if let Some(behavior) = params.text("trial_settings/end_behavior/missing_payment_method") {
        let settings =
            json!({"end_behavior": {"billing_cycle_anchor": null, "missing_payment_method": behavior}});
        fields.insert("trial_settings".to_owned(), settings);
    }
    Ok(fields)
}

/// Refuses a subscription that has to be paid at once by a customer without a payment method.
pub(crate) fn payable(state: &State, new: &NewSubscription) -> Answer<()> {
    let amount: i64 = new.items.iter().map(|(price, quantity)| number(price, "unit_amount") * quantity).sum();
    let payer = json!({"customer": new.customer, "default_payment_method": new.default_payment_method});
    let free = amount == 0 || new.trial_end.is_some() || new.wait_for_client;
    if free || collection::default_method(state, &payer).is_some() {
        return Ok(());
    }
    Err(ApiError::invalid("This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
        .code("resource_missing"))
}

/// The subscription that a path names, if it has not ended.
pub(crate) fn living(state: &State, id: &str) -> Answer {
    let subscription = state.at_path("subscription", id)?;
    if cancel::ended(subscription) {
        let message = "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(ApiError::invalid(message));
    }
    Ok(subscription.clone())
}
