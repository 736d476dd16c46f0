//! Expansion of ids into objects (<https://docs.stripe.com/expand>).

use serde_json::{Value, json};

use crate::error::{Answer, ApiError};
use crate::render::render;
use crate::state::{State, text};
use crate::table::{Row, Table};
use crate::version::Version;

/// How deep an expansion may go.
const DEPTH: usize = 4;

/// The objects that an id can stand for, by its prefix.
const PREFIXES: &[(&str, &str)] = &[
    ("cus_", "customer"),
    ("prod_", "product"),
    ("price_", "price"),
    ("sub_", "subscription"),
    ("in_", "invoice"),
    ("ii_", "invoiceitem"),
    ("inpay_", "invoice_payment"),
    ("pi_", "payment_intent"),
    ("seti_", "setup_intent"),
    ("ch_", "charge"),
    ("re_", "refund"),
    ("pm_", "payment_method"),
    ("promo_", "promotion_code"),
    ("txi_", "tax_id"),
    ("feat_", "entitlements.feature"),
    ("cs_", "checkout.session"),
    ("di_", "discount"),
];

/// Expands the given paths in a rendered answer.
pub(crate) fn expand(state: &State, value: &mut Value, paths: &[String], version: &Version) -> Answer<()> {
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        let depth = parts.iter().filter(|part| **part != "data").count();
        if depth > DEPTH {
            return Err(ApiError::invalid(format!("You cannot expand more than {DEPTH} levels: {path}"))
                .param("expand"));
        }
        if !walk(state, value, &parts, version) {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(ApiError::invalid(message).code("property_cannot_be_expanded").param("expand"));
        }
    }
    Ok(())
}

/// Whether the path could be followed; through an empty list or a null it always can.
fn walk(state: &State, value: &mut Value, parts: &[&str], version: &Version) -> bool {
    if let Value::Array(items) = value {
        return items.iter_mut().all(|item| walk(state, item, parts, version));
    }
    let Some((first, rest)) = parts.split_first() else { return true };
    if value.is_null() {
        return true;
    }
    include(state, value, first, version);
    let is_coupon = value["object"] == "coupon";
    let Some(field) = value.get_mut(*first) else {
        // Stripe tells them where they are asked for: here, every coupon is for all products and one currency.
        return is_coupon && ["applies_to", "currency_options"].contains(first);
    };
    replace(state, field, first, version);
    walk(state, field, rest, version)
}

fn replace(state: &State, field: &mut Value, name: &str, version: &Version) {
    match field {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(state, item, name, version)),
        Value::String(id) => {
            if let Some(object) = object_of(state, id, name) {
                *field = render(object, version);
            }
        }
        _ => {}
    }
}

fn object_of(state: &State, id: &str, name: &str) -> Option<Value> {
    let by_prefix = PREFIXES.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, object)| *object);
    let object = if name == "coupon" { "coupon" } else { by_prefix? };
    state.at_path_or_deleted(object, id).ok()
}

/// Adds a field that an object has only when it is asked for.
fn include(state: &State, value: &mut Value, name: &str, version: &Version) {
    let (id, object) = (text(value, "id"), text(value, "object"));
    let included = match (object.as_str(), name) {
        ("checkout.session", "line_items") => {
            let items = state.session_items.get(&id).cloned().unwrap_or_default();
            list(&items, &format!("/v1/checkout/sessions/{id}/line_items"))
        }
        ("invoice", "payments") => list(
            &belonging(state, "invoice_payment", "invoice", &id),
            &format!("/v1/invoice_payments?invoice={id}"),
        ),
        ("customer", "subscriptions") => {
            list(&of_customer(state, "subscription", &id), &format!("/v1/customers/{id}/subscriptions"))
        }
        ("charge", "refunds") => {
            list(&belonging(state, "refund", "charge", &id), &format!("/v1/charges/{id}/refunds"))
        }
        _ => return,
    };
    value[name] = render(json!([included]), version)[0].take();
}

fn belonging(state: &State, object: &str, field: &str, id: &str) -> Vec<Value> {
    let rows = state.table(object).into_iter().flat_map(Table::newest_first);
    rows.filter_map(|row| row.value_if(|value| value[field] == id)).collect()
}

fn of_customer(state: &State, object: &str, customer: &str) -> Vec<Value> {
    let rows = state.table(object).into_iter().flat_map(|table| table.of_customer(customer));
    rows.map(Row::to_value).collect()
}

fn list(data: &[Value], url: &str) -> Value {
    json!({"object": "list", "data": data, "has_more": false, "url": url})
}
