//! `/v1/coupons`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::objects::coupon;
use crate::objects::customer::deleted;
use crate::params::Params;
use crate::state::State;

const NEW: &[&str] = &[
    "amount_off",
    "currency",
    "duration",
    "duration_in_months",
    "id",
    "max_redemptions",
    "metadata",
    "name",
    "percent_off",
    "redeem_by",
];

/// The endpoints of coupons.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/coupons", NEW, create),
    Route::list("/v1/coupons", &["created"], list),
    Route::get("/v1/coupons/{}", &[], retrieve),
    Route::post("/v1/coupons/{}", &["metadata", "name"], update),
    Route::delete("/v1/coupons/{}", &[], delete),
];

/// Creates a coupon of a percentage or of an amount.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let id = match params.text("id") {
        Some(id) => id.to_owned(),
        None => state.random.letters(8),
    };
    if state.find("coupon", &id).is_some() {
        return Err(ApiError::invalid("Coupon already exists.").code("resource_already_exists"));
    }
    let mut value = coupon::new(&id, state.now(), params.text("duration").unwrap_or("once"));
    for field in ["amount_off", "duration_in_months", "max_redemptions", "redeem_by"] {
        value[field] = json!(params.number(field)?);
    }
    value["percent_off"] = json!(percent(params)?);
    params.write(&["currency", "name"], &mut value);
    params.write_metadata(&mut value);
    if value["amount_off"].is_null() == value["percent_off"].is_null() {
        return Err(ApiError::invalid("You must pass either `amount_off` or `percent_off`."));
    }
    Ok(state.create("coupon", value, &["coupon.created"]))
}

/// A percentage: whole numbers stay whole, as Stripe writes them.
fn percent(params: &Params) -> Answer<Option<Value>> {
    let Some(text) = params.text("percent_off") else { return Ok(None) };
    let invalid = || ApiError::invalid(format!("Invalid decimal: {text}")).param("percent_off");
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Some(json!(whole)));
    }
    text.parse::<f64>().map(|percent| Some(json!(percent))).map_err(|_| invalid())
}

fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("coupon", call.id())?;
    Ok(state.change("coupon", call.id(), &["coupon.updated"], |value| {
        call.params.write(&["name"], value);
        call.params.write_metadata(value);
    }))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("coupon", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "coupon", |_| true)
}

fn delete(state: &mut State, call: &Call) -> Answer {
    state.at_path("coupon", call.id())?;
    state.delete("coupon", call.id(), &["coupon.deleted"]);
    Ok(deleted("coupon", call.id()))
}
