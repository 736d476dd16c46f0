//! `/v1/customers/{id}/tax_ids`

use serde_json::json;

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::objects::customer::deleted;
use crate::state::State;

/// The endpoints of a customer's tax ids.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/customers/{}/tax_ids", &["type", "value"], create),
    Route::list("/v1/customers/{}/tax_ids", &[], list),
    Route::get("/v1/customers/{}/tax_ids/{}", &[], retrieve),
    Route::delete("/v1/customers/{}/tax_ids/{}", &[], delete),
    Route::get("/v1/tax_ids/{}", &[], retrieve_alone),
];

/// Gives a customer a tax id, which nobody has verified yet.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let (customer, params) = (call.id(), &call.params);
    state.at_path("customer", customer)?;
    let (kind, number) = (params.need("type")?, params.need("value")?);
    let country = if kind == "eu_vat" { number.get(..2) } else { kind.get(..2) };
    let id = state.id("txi", 24);
    let value = json!({
        "id": id,
        "object": "tax_id",
        "country": country.map(str::to_uppercase),
        "created": state.now(),
        "customer": customer,
        "customer_account": null,
        "livemode": false,
        "owner": {"customer": customer, "customer_account": null, "type": "customer"},
        "type": kind,
        "value": number,
        "verification": {"status": "pending", "verified_address": null, "verified_name": null},
    });
    Ok(state.create("tax_id", value, &["customer.tax_id.created"]))
}

/// Deletes a tax id of a customer.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = retrieve(state, call)?["id"].as_str().unwrap_or_default().to_owned();
    state.delete("tax_id", &id, &["customer.tax_id.deleted"]);
    Ok(deleted("tax_id", &id))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    let id = call.ids.get(1).map_or("", String::as_str);
    let value = state.at_path("tax_id", id)?;
    if value["customer"] != call.id() {
        return Err(ApiError::not_found("tax_id", id));
    }
    Ok(value.clone())
}

fn retrieve_alone(state: &mut State, call: &Call) -> Answer {
    state.at_path("tax_id", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    state.at_path("customer", call.id())?;
    list::of_customer(state, call, "tax_id", call.id(), |_| true)
}
