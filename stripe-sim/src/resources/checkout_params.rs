//! What the parameters of a checkout session say.

use serde_json::{Value, json};

use crate::error::{Answer, ApiError};
use crate::params::Params;
use crate::render::{HIDDEN, UI_MODES};
use crate::resources::subscription_params;
use crate::state::{State, text};
use crate::version::{DAHLIA, Version};

const TEXTS: &[&str] = &[
    "billing_address_collection",
    "integration_identifier",
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "payment_method_collection",
    "return_url",
    "submit_type",
    "success_url",
];

/// The UI mode in its newest name; each version accepts its own names only.
pub(crate) fn ui_mode(params: &Params, version: &Version) -> Answer<String> {
    let Some(given) = params.text("ui_mode") else { return Ok("hosted_page".to_owned()) };
    let old = version.before(DAHLIA);
    let known = UI_MODES.iter().find(|(before, after)| given == if old { *before } else { *after });
    let new = known.map(|(_, after)| (*after).to_owned());
    new.or_else(|| (given == "form" && !old).then(|| given.to_owned()))
        .ok_or_else(|| ApiError::invalid(format!("Invalid ui_mode: {given}")).param("ui_mode"))
}

/// The settings that a session takes over as they are given.
const SETTINGS: &[&str] = &[
    "adaptive_pricing",
    "after_expiration",
    "consent_collection",
    "custom_text",
    "invoice_creation",
    "phone_number_collection",
    "saved_payment_method_options",
    "shipping_address_collection",
    "wallet_options",
];

/// Writes the parameters into a new session.
pub(crate) fn write(state: &State, params: &Params, value: &mut Value) -> Answer<()> {
    if let Some(customer) = params.text("customer") {
        state.at_param("customer", customer, "customer")?;
    }
    params.write(TEXTS, value);
    params.write_metadata(value);
    if let Some(allow) = params.flag("allow_promotion_codes")? {
        value["allow_promotion_codes"] = json!(allow);
    }
    if let Some(enabled) = params.flag("automatic_tax/enabled")? {
        value["automatic_tax"]["enabled"] = json!(enabled);
    }
    if let Some(expires_at) = params.number("expires_at")? {
        value["expires_at"] = json!(expires_at);
    }
    params.number("subscription_data/trial_period_days")?;
    params.number("subscription_data/trial_end")?;
    for name in SETTINGS {
        if let (Some(given), Some(into)) = (params.get(name), value.get_mut(*name)) {
            take_over(into, &typed(given));
        }
    }
    value[HIDDEN] = json!({
        "subscription_data": params.get("subscription_data"),
        "payment_intent_data": params.get("payment_intent_data"),
        "coupon": subscription_params::coupon(state, params)?,
    });
    Ok(())
}

/// Says where the customer pays: on the hosted page, or with a client secret.
pub(crate) fn place(state: &mut State, value: &mut Value) -> Answer<()> {
    let id = text(value, "id");
    if value["ui_mode"] == "hosted_page" {
        if value["success_url"].is_null() {
            return Err(ApiError::missing("success_url"));
        }
        value["url"] = json!(format!("{}/pay/{id}", state.base_url));
    } else {
        value["client_secret"] = json!(format!("{id}_secret_{}", state.random.letters(32)));
    }
    Ok(())
}

fn take_over(into: &mut Value, given: &Value) {
    if into.is_object() {
        crate::form::merge(into, given.clone());
    } else {
        *into = given.clone();
    }
}

/// The texts of a form as the booleans and numbers that they stand for.
fn typed(given: &Value) -> Value {
    match given {
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) => text.parse::<bool>().map_or_else(|_| json!(text), |flag| json!(flag)),
        },
        Value::Array(items) => items.iter().map(typed).collect(),
        Value::Object(map) => map.iter().map(|(name, inner)| (name.clone(), typed(inner))).collect(),
        other => other.clone(),
    }
}
