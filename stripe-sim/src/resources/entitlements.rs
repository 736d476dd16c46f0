//! `/v1/entitlements` and `/v1/products/{id}/features`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::entitlements::product_of;
use crate::error::{Answer, ApiError};
use crate::objects::customer::deleted;
use crate::render::HIDDEN;
use crate::state::State;

const FEATURE: &str = "entitlements.feature";
const ACTIVE: &str = "entitlements.active_entitlement";

/// The endpoints of features, of the features of products, and of what customers are entitled to.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/entitlements/features", &["lookup_key", "metadata", "name"], create),
    Route::list("/v1/entitlements/features", &["lookup_key"], list),
    Route::get("/v1/entitlements/features/{}", &[], retrieve),
    Route::post("/v1/products/{}/features", &["entitlement_feature"], attach),
    Route::list("/v1/products/{}/features", &[], attached),
    Route::get("/v1/products/{}/features/{}", &[], retrieve_attached),
    Route::delete("/v1/products/{}/features/{}", &[], detach),
    Route::list("/v1/entitlements/active_entitlements", &["customer"], active),
    Route::get("/v1/entitlements/active_entitlements/{}", &[], retrieve_active),
];

/// Creates a feature; Stripe has no event for it.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let (lookup_key, name) = (call.params.need("lookup_key")?, call.params.need("name")?);
    let id = state.id("feat", 24);
    let mut value = json!({
        "id": id,
        "object": FEATURE,
        "active": true,
        "livemode": false,
        "lookup_key": lookup_key,
        "metadata": {},
        "name": name,
    });
    call.params.write_metadata(&mut value);
    Ok(state.create(FEATURE, value, &[]))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path(FEATURE, call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, FEATURE, |value| list::equal(&call.params, "lookup_key", &value["lookup_key"]))
}

/// Attaches a feature to a product; subscriptions give it from their next change on, and Stripe has no event for it.
pub(crate) fn attach(state: &mut State, call: &Call) -> Answer {
    state.at_path("product", call.id())?;
    let feature = call.params.need("entitlement_feature")?;
    let feature = state.at_param(FEATURE, feature, "entitlement_feature")?.clone();
    let id = state.id("prodft", 14);
    let value = json!({
        "id": id,
        "object": "product_feature",
        "entitlement_feature": feature,
        "livemode": false,
        HIDDEN: {"product": call.id()},
    });
    Ok(state.create("product_feature", value, &[]))
}

fn attached(state: &mut State, call: &Call) -> Answer {
    state.at_path("product", call.id())?;
    list::objects(state, call, "product_feature", |value| product_of(value) == call.id())
}

fn retrieve_attached(state: &mut State, call: &Call) -> Answer {
    let id = call.ids.get(1).map_or("", String::as_str);
    let value = state.at_path("product_feature", id)?;
    if product_of(value) != call.id() {
        return Err(ApiError::not_found("product_feature", id));
    }
    Ok(value.clone())
}

fn detach(state: &mut State, call: &Call) -> Answer {
    let id = retrieve_attached(state, call)?["id"].as_str().unwrap_or_default().to_owned();
    state.delete("product_feature", &id, &[]);
    Ok(deleted("product_feature", &id))
}

fn active(state: &mut State, call: &Call) -> Answer {
    let customer = call.params.need("customer")?;
    state.at_param("customer", customer, "customer")?;
    let held = state.entitled.get(customer).map_or(&[][..], |held| held.entitlements.as_slice());
    let values: Vec<Value> = held.iter().map(|(_, entitlement)| entitlement.clone()).collect();
    list::values(call, ACTIVE, values)
}

fn retrieve_active(state: &mut State, call: &Call) -> Answer {
    state.at_path(ACTIVE, call.id()).cloned()
}
