//! `/v1/products`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::objects::customer::deleted;
use crate::objects::product;
use crate::params::Params;
use crate::resources::prices;
use crate::state::{State, number};
use crate::table::Table;

const NEW: &[&str] = &[
    "active",
    "default_price_data",
    "description",
    "id",
    "images",
    "marketing_features",
    "metadata",
    "name",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "type",
    "unit_label",
    "url",
];
const FIELDS: &[&str] = &[
    "active",
    "default_price",
    "description",
    "images",
    "marketing_features",
    "metadata",
    "name",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
];
const TEXTS: &[&str] = &["description", "name", "statement_descriptor", "tax_code", "unit_label", "url"];

/// The endpoints of products.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/products", NEW, create),
    Route::list("/v1/products", &["active", "created", "ids", "shippable", "type", "url"], list),
    Route::get("/v1/products/{}", &[], retrieve),
    Route::post("/v1/products/{}", FIELDS, update),
    Route::delete("/v1/products/{}", &[], delete),
];

/// Creates a product, and its default price if one is given.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let name = call.params.need("name")?.to_owned();
    let id = match call.params.text("id") {
        Some(id) => id.to_owned(),
        None => state.id("prod", 14),
    };
    if state.find("product", &id).is_some() {
        return Err(
            ApiError::invalid(format!("Product already exists: {id}")).code("resource_already_exists")
        );
    }
    let mut value = product::new(&id, state.now(), &name);
    write(&call.params, &mut value)?;
    let data = call.params.get("default_price_data").map(|data| Params::new(data.clone()));
    let price = data.map(|data| prices::build(state, &id, &data)).transpose()?;
    state.create("product", value, &["product.created"]);
    if let Some(price) = price {
        let price = prices::store(state, price);
        state.change("product", &id, &["product.updated"], |value| {
            value["default_price"] = price["id"].clone();
        });
    }
    Ok(state.get("product", &id))
}

/// Updates a product.
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    let mut value = state.at_path("product", call.id())?.clone();
    if let Some(price) = call.params.text("default_price") {
        state.at_param("price", price, "default_price")?;
    }
    write(&call.params, &mut value)?;
    call.params.write(&["default_price"], &mut value);
    let now = state.now();
    Ok(state.change("product", call.id(), &["product.updated"], |stored| {
        if *stored != value {
            value["updated"] = json!(now.max(number(stored, "updated")));
            *stored = value;
        }
    }))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path_or_deleted("product", call.id())
}

fn list(state: &mut State, call: &Call) -> Answer {
    let ids = call.params.texts("ids");
    list::objects(state, call, "product", |value| {
        let wanted = ids.is_empty() || ids.iter().any(|id| value["id"] == *id);
        wanted
            && list::equal_flag(&call.params, "active", &value["active"])
            && list::equal(&call.params, "type", &value["type"])
            && list::equal(&call.params, "url", &value["url"])
    })
}

/// Deletes a product that has no prices.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = call.id();
    state.at_path("product", id)?;
    let mut prices = state.table("price").into_iter().flat_map(Table::newest_first);
    if prices.any(|row| row.value()["product"] == id) {
        return Err(ApiError::invalid(
            "This product cannot be deleted because it has one or more user-created prices.",
        ));
    }
    drop(prices);
    state.delete("product", id, &["product.deleted"]);
    Ok(deleted("product", id))
}

fn write(params: &Params, value: &mut Value) -> Answer<()> {
    params.write(TEXTS, value);
    params.write_metadata(value);
    for field in ["active", "shippable"] {
        if let Some(flag) = params.flag(field)? {
            value[field] = json!(flag);
        }
    }
    for field in ["images", "marketing_features"] {
        if let Some(given) = params.get(field) {
            value[field] = if given.is_array() { given.clone() } else { json!([]) };
        }
    }
    Ok(())
}
