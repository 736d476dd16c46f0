//! `/v1/customers`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::api::search::Query;
use crate::billing::cancel;
use crate::error::Answer;
use crate::objects::customer;
use crate::params::Params;
use crate::resources::payment_methods;
use crate::state::{State, text};
use crate::table::Table;

const FIELDS: &[&str] = &[
    "address",
    "balance",
    "business_name",
    "individual_name",
    "description",
    "email",
    "invoice_settings",
    "metadata",
    "name",
    "payment_method",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
];
/// The fields that are plain texts.
const TEXTS: &[&str] = &["business_name", "description", "email", "individual_name", "name", "phone"];

/// The endpoints of customers.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/customers", FIELDS, create),
    Route::list("/v1/customers", &["created", "email"], list),
    Route::get("/v1/customers/search", &["limit", "page", "query"], search),
    Route::get("/v1/customers/{}", &[], retrieve),
    Route::post("/v1/customers/{}", FIELDS, update),
    Route::delete("/v1/customers/{}", &[], delete),
];

/// Creates a customer.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let (id, prefix) = (state.id("cus", 14), state.random.letters(8).to_uppercase());
    let mut value = customer::new(&id, state.now(), &prefix);
    check_default(state, &call.params)?;
    if let Some(method) = call.params.text("payment_method") {
        payment_methods::check(state, method)?;
    }
    let balance = call.params.number("balance")?;
    write(&call.params, balance, &mut value);
    let created = state.create("customer", value, &["customer.created"]);
    match call.params.text("payment_method") {
        Some(method) => {
            payment_methods::attach_to(state, method, &id)?;
            Ok(state.get("customer", &id))
        }
        None => Ok(created),
    }
}

/// Updates a customer.
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("customer", call.id())?;
    check_default(state, &call.params)?;
    let balance = call.params.number("balance")?;
    Ok(state.change("customer", call.id(), &["customer.updated"], |value| {
        write(&call.params, balance, value);
    }))
}

/// Deletes a customer: its subscriptions are canceled and its payment methods detached.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = call.id();
    state.at_path("customer", id)?;
    for subscription in ids_of(state, "subscription", id) {
        cancel::now(state, &subscription, "cancellation_requested");
    }
    for method in ids_of(state, "payment_method", id) {
        payment_methods::release(state, &method);
    }
    state.delete("customer", id, &["customer.deleted"]);
    Ok(customer::deleted("customer", id))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path_or_deleted("customer", call.id())
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "customer", |value| list::equal(&call.params, "email", &value["email"]))
}

fn search(state: &mut State, call: &Call) -> Answer {
    let query = Query::parse(call.params.need("query")?)?;
    let limit = list::Cursor::read(&call.params)?.limit;
    let skip = call.params.text("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(0);
    let lags = state.faults.search_lag();
    let rows = state.table("customer").into_iter().flat_map(Table::newest_first);
    let found = rows.filter(|row| row.searchable || !lags);
    let found = found.filter_map(|row| row.value_if(|value| query.matches(value)));
    let mut found: Vec<Value> = found.skip(skip).take(limit + 1).collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    Ok(json!({
        "object": "search_result",
        "data": found,
        "has_more": has_more,
        "next_page": has_more.then(|| (skip + limit).to_string()),
        "url": "/v1/customers/search",
    }))
}

fn check_default(state: &State, params: &Params) -> Answer<()> {
    const PARAM: &str = "invoice_settings/default_payment_method";
    if let Some(method) = params.text(PARAM) {
        state.at_param("payment_method", method, "invoice_settings[default_payment_method]")?;
    }
    Ok(())
}

fn write(params: &Params, balance: Option<i64>, value: &mut Value) {
    if let Some(balance) = balance {
        value["balance"] = json!(balance);
    }
    params.write(TEXTS, value);
    params.write_metadata(value);
    for field in ["address", "shipping", "preferred_locales"] {
        if let Some(given) = params.get(field) {
            value[field] = given.clone();
        }
    }
    if let Some(exempt) = params.text("tax_exempt") {
        value["tax_exempt"] = json!(exempt);
    }
    if let Some(Value::Object(settings)) = params.get("invoice_settings") {
        crate::form::merge(&mut value["invoice_settings"], Value::Object(settings.clone()));
    }
}

/// The ids of a customer's objects of a type, in the order of their creation.
pub(crate) fn ids_of(state: &State, object: &str, customer: &str) -> Vec<String> {
    let rows = state.table(object).into_iter().flat_map(|table| table.of_customer(customer).rev());
    rows.map(|row| text(row.value(), "id")).collect()
}
