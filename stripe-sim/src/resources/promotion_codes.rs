//! `/v1/promotion_codes`

use serde_json::json;

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::objects::promotion_code;
use crate::state::State;

const NEW: &[&str] =
    &["active", "code", "coupon", "customer", "expires_at", "max_redemptions", "metadata", "promotion"];

/// The endpoints of promotion codes.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/promotion_codes", NEW, create),
    Route::list("/v1/promotion_codes", &["active", "code", "coupon", "created", "customer"], list),
    Route::get("/v1/promotion_codes/{}", &[], retrieve),
    Route::post("/v1/promotion_codes/{}", &["active", "metadata"], update),
];

/// Creates a code for a coupon.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let named = params.text("promotion/coupon").or(params.text("coupon"));
    let coupon = named.ok_or_else(|| ApiError::missing("promotion"))?;
    let coupon = state.at_param("coupon", coupon, "promotion[coupon]")?.clone();
    if let Some(customer) = params.text("customer") {
        state.at_param("customer", customer, "customer")?;
    }
    let code = match params.text("code") {
        Some(code) => code.to_owned(),
        None => state.random.letters(8).to_uppercase(),
    };
    let id = state.id("promo", 24);
    let mut value = promotion_code::new(&id, state.now(), &code, &coupon);
    for field in ["expires_at", "max_redemptions"] {
        value[field] = json!(params.number(field)?);
    }
    value["active"] = json!(params.flag("active")?.unwrap_or(true));
    params.write(&["customer"], &mut value);
    params.write_metadata(&mut value);
    Ok(state.create("promotion_code", value, &["promotion_code.created"]))
}

/// Updates a code; what it stands for never changes.
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("promotion_code", call.id())?;
    let active = call.params.flag("active")?;
    Ok(state.change("promotion_code", call.id(), &["promotion_code.updated"], |value| {
        call.params.write_metadata(value);
        if let Some(active) = active {
            value["active"] = json!(active);
        }
    }))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("promotion_code", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "promotion_code", |value| {
        list::equal(&call.params, "code", &value["code"])
            && list::equal(&call.params, "coupon", &value["promotion"]["coupon"])
            && list::equal_flag(&call.params, "active", &value["active"])
    })
}
