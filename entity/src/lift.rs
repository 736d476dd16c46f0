//! What several objects raise alike from older shapes.

use crate::{
    json::Value,
    mirrored::{Object, flatten},
};

/// The members of `period` as columns.
pub fn period(object: &mut Object) {
    flatten(object, "period_end", &["period", "end"]);
    flatten(object, "period_start", &["period", "start"]);
}

/// The price of an invoice's line or item, with its product and the amount of one unit.
pub fn price_and_product(object: &mut Object) {
    // Until 2025-03-31 the price itself came along.
    flatten(object, "unit_amount_decimal", &["pricing", "unit_amount_decimal"]);
    flatten(object, "unit_amount_decimal", &["price", "unit_amount_decimal"]);
    flatten(object, "unit_amount_decimal", &["plan", "amount_decimal"]);
    flatten(object, "product", &["pricing", "price_details", "product"]);
    flatten(object, "product", &["price", "product"]);
    flatten(object, "product", &["plan", "product"]);
    flatten(object, "price", &["pricing", "price_details", "price"]);
    // An item that was made from a plan has the plan's id, which is also the price's.
    flatten(object, "price", &["plan"]);
}

/// Makes of what a field lists an array of ids, where objects are whole.
pub fn ids_of(object: &mut Object, field: &'static str) {
    if let Some(Value::Array(objects)) = object.get(field) {
        let ids: Vec<Value> = objects.iter().filter_map(id).collect();
        object.insert(field, ids);
    }
}

/// Makes of `discounts` an array of ids, from whole discounts or from the single `discount` of older versions.
pub fn ids_of_discounts(object: &mut Object) {
    let mut ids: Vec<Value> = match object.get("discounts") {
        Some(Value::Array(discounts)) => discounts.iter().filter_map(id).collect(),
        _ if object.contains("discount") => Vec::new(),
        _ => return,
    };
    if ids.is_empty() {
        ids.extend(object.get("discount").and_then(id));
    }
    object.insert("discounts", ids);
}

/// The id of an object that came whole, or as its id.
fn id<'t>(object: &Value<'t>) -> Option<Value<'t>> {
    let id = object.get("id").unwrap_or(object);
    id.as_str().is_some().then(|| id.clone())
}

/// The sum of the `amount`s of the first of these arrays that is there, absent where it is empty.
pub fn sum_of_amounts(object: &mut Object, column: &'static str, arrays: &[&str]) {
    if object.get(column).is_some_and(|value| !value.is_null()) {
        return;
    }
    let Some(parts) = arrays.iter().find_map(|name| object.get(name)?.as_array()) else { return };
    let amounts = parts.iter().filter_map(|part| part.get("amount").and_then(Value::as_i64));
    let sum = (!parts.is_empty()).then(|| amounts.fold(0, i64::saturating_add));
    object.insert(column, sum);
}
