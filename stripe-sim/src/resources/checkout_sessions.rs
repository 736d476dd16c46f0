//! `/v1/checkout/sessions`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::due;
use crate::error::{Answer, ApiError};
use crate::objects::checkout_session;
use crate::resources::{checkout_items, checkout_params};
use crate::schedule::Due;
use crate::state::{State, number};
use crate::version::ENDIVE;

const NEW: &[&str] = &[
    "adaptive_pricing",
    "after_expiration",
    "consent_collection",
    "custom_text",
    "integration_identifier",
    "invoice_creation",
    "phone_number_collection",
    "shipping_address_collection",
    "wallet_options",
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "automatic_tax",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_types",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "submit_type",
    "subscription_data",
    "success_url",
    "tax_id_collection",
    "ui_mode",
];

/// The endpoints of checkout sessions.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/checkout/sessions", NEW, create),
    Route::list(
        "/v1/checkout/sessions",
        &["created", "customer", "payment_intent", "status", "subscription"],
        list,
    ),
    Route::get("/v1/checkout/sessions/{}", &[], retrieve),
    Route::post("/v1/checkout/sessions/{}", &["metadata"], update),
    Route::list("/v1/checkout/sessions/{}/line_items", &[], line_items),
    Route::post("/v1/checkout/sessions/{}/expire", &[], expire),
];

/// Creates an open session.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let mode = params.need("mode")?.to_owned();
    if !["payment", "setup", "subscription"].contains(&mode.as_str()) {
        return Err(
            ApiError::invalid("Invalid mode: must be one of payment, setup, or subscription").param("mode")
        );
    }
    if params.get("payment_method_types").is_some() && !call.version.before(ENDIVE) {
        return Err(ApiError::unknown("payment_method_types"));
    }
    let prefix = if state.options.livemode { "cs_live" } else { "cs_test" };
    let id = state.id(prefix, 58);
    let mut value = checkout_session::new(&id, state.now(), &mode);
    value["ui_mode"] = json!(checkout_params::ui_mode(params, &call.version)?);
    if mode == "subscription" {
        value["payment_method_collection"] = json!("always");
    }
    checkout_params::write(state, params, &mut value)?;
    let items = checkout_items::items(state, params, &mode)?;
    checkout_items::total(state, params, &items, &mut value)?;
    checkout_params::place(state, &mut value)?;
    let expires_at = number(&value, "expires_at");
    due::plan(state, expires_at, Due::ExpireSession(id.clone()));
    state.session_items.insert(id, items);
    Ok(state.create("checkout.session", value, &[]))
}

/// Expires a session whose time is over, if it is still open.
pub(crate) fn expire_open(state: &mut State, id: &str) {
    if state.get("checkout.session", id)["status"] == "open" {
        state.change("checkout.session", id, &["checkout.session.expired"], |session| {
            session["status"] = json!("expired");
            session["url"] = Value::Null;
        });
    }
}

fn expire(state: &mut State, call: &Call) -> Answer {
    if state.at_path("checkout.session", call.id())?["status"] != "open" {
        let message = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
        return Err(ApiError::invalid(message));
    }
    expire_open(state, call.id());
    Ok(state.get("checkout.session", call.id()))
}

fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("checkout.session", call.id())?;
    Ok(state.change("checkout.session", call.id(), &[], |session| call.params.write_metadata(session)))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("checkout.session", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "checkout.session", |value| {
        ["payment_intent", "status", "subscription"]
            .iter()
            .all(|name| list::equal(&call.params, name, &value[*name]))
    })
}

fn line_items(state: &mut State, call: &Call) -> Answer {
    state.at_path("checkout.session", call.id())?;
    let items = state.session_items.get(call.id()).cloned().unwrap_or_default();
    list::values(call, "item", items)
}
