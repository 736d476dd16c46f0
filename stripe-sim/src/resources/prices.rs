//! `/v1/prices`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::objects::price::{self, NewPrice, Recurring};
use crate::objects::product;
use crate::params::Params;
use crate::state::{State, text};

const NEW: &[&str] = &[
    "active",
    "billing_scheme",
    "currency",
    "lookup_key",
    "metadata",
    "nickname",
    "product",
    "product_data",
    "recurring",
    "tax_behavior",
    "unit_amount",
    "unit_amount_decimal",
];

/// The endpoints of prices.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/prices", NEW, create),
    Route::list(
        "/v1/prices",
        &["active", "created", "currency", "lookup_keys", "product", "recurring", "type"],
        list,
    ),
    Route::get("/v1/prices/{}", &[], retrieve),
    Route::post("/v1/prices/{}", &["active", "lookup_key", "metadata", "nickname", "tax_behavior"], update),
];

/// Creates a price of a product.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    if let Some(name) = call.params.text("product_data/name") {
        let id = state.id("prod", 14);
        let value = product::new(&id, state.now(), name);
        state.create("product", value, &["product.created"]);
        return create_for(state, &id, &call.params);
    }
    let product = call.params.need("product")?;
    state.at_param("product", product, "product")?;
    create_for(state, product, &call.params)
}

/// Creates a price of a product that exists.
pub(crate) fn create_for(state: &mut State, product: &str, params: &Params) -> Answer {
    let value = build(state, product, params)?;
    Ok(store(state, value))
}

/// Stores a price, and its plan if it is a recurring one.
pub(crate) fn store(state: &mut State, value: Value) -> Value {
    let plan = price::plan(&value);
    if !plan.is_null() {
        state.create("plan", plan, &["plan.created"]);
    }
    state.create("price", value, &["price.created"])
}

/// A price that is not stored.
pub(crate) fn build(state: &mut State, product: &str, params: &Params) -> Answer {
    let new = NewPrice {
        product: product.to_owned(),
        currency: params.need("currency")?.to_lowercase(),
        unit_amount: params.number("unit_amount")?.ok_or_else(|| ApiError::missing("unit_amount"))?,
        recurring: recurring(params)?,
    };
    let id = state.id("price", 24);
    let mut value = price::new(&id, state.now(), &new);
    write(params, &mut value)?;
    Ok(value)
}

fn recurring(params: &Params) -> Answer<Option<Recurring>> {
    if params.get("recurring").is_none() {
        return Ok(None);
    }
    let interval = params.need("recurring/interval")?;
    if !["day", "week", "month", "year"].contains(&interval) {
        return Err(ApiError::invalid(
            "Invalid recurring[interval]: must be one of day, week, month, or year",
        )
        .param("recurring[interval]"));
    }
    Ok(Some(Recurring {
        interval: interval.to_owned(),
        interval_count: params.number("recurring/interval_count")?.unwrap_or(1),
        usage_type: params.text("recurring/usage_type").unwrap_or("licensed").to_owned(),
    }))
}

/// Updates a price; what it costs never changes.
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    let mut value = state.at_path("price", call.id())?.clone();
    write(&call.params, &mut value)?;
    state.change("plan", call.id(), &["plan.updated"], |stored| *stored = price::plan(&value));
    Ok(state.change("price", call.id(), &["price.updated"], |stored| *stored = value))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("price", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    let keys = call.params.texts("lookup_keys");
    list::objects(state, call, "price", |value| {
        let keyed = keys.is_empty() || keys.contains(&text(value, "lookup_key"));
        let recurring = &value["recurring"]["interval"];
        let interval = call.params.text("recurring/interval");
        keyed
            && list::equal_flag(&call.params, "active", &value["active"])
            && list::equal(&call.params, "product", &value["product"])
            && list::equal(&call.params, "type", &value["type"])
            && list::equal(&call.params, "currency", &value["currency"])
            && interval.is_none_or(|interval| recurring == interval)
    })
}

fn write(params: &Params, value: &mut Value) -> Answer<()> {
    params.write(&["lookup_key", "nickname", "tax_behavior"], value);
    params.write_metadata(value);
    if let Some(active) = params.flag("active")? {
        value["active"] = json!(active);
    }
    Ok(())
}
