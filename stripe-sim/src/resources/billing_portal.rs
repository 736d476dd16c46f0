//! `/v1/billing_portal/sessions`

use serde_json::{Value, json};

use crate::api::route::{Call, Route};
use crate::error::Answer;
use crate::state::State;

const NEW: &[&str] = &["configuration", "customer", "flow_data", "locale", "on_behalf_of", "return_url"];

/// The endpoints of the customer portal.
pub(crate) const ROUTES: &[Route] = &[Route::post("/v1/billing_portal/sessions", NEW, create)];

fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let customer = params.need("customer")?;
    state.at_param("customer", customer, "customer")?;
    let (id, configuration) = (state.id("bps", 24), state.id("bpc", 24));
    let flow = params.get("flow_data").cloned().unwrap_or(Value::Null);
    let value = json!({
        "id": id,
        "object": "billing_portal.session",
        "configuration": params.text("configuration").unwrap_or(&configuration),
        "created": state.now(),
        "customer": customer,
        "customer_account": null,
        "flow": flow,
        "livemode": false,
        "locale": params.text("locale"),
        "on_behalf_of": null,
        "return_url": params.text("return_url"),
        "url": format!("{}/portal/{id}", state.base_url),
    });
    Ok(state.create("billing_portal.session", value, &[]))
}
