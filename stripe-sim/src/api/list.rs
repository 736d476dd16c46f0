//! Lists: newest first, by cursor (<https://docs.stripe.com/api/pagination>).

use serde_json::{Value, json};

use super::route::Call;
use crate::error::{Answer, ApiError};
use crate::params::Params;
use crate::state::State;
use crate::table::{Row, Table, second_of};

/// How far a list goes, and from where.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) limit: usize,
    pub(crate) starting_after: Option<&'a str>,
    pub(crate) ending_before: Option<&'a str>,
}

impl Cursor<'_> {
    /// Reads the paging parameters.
    pub(crate) fn read(params: &Params) -> Answer<Cursor<'_>> {
        let limit = params.number("limit")?.unwrap_or(10);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
        let limit = limit.ok_or_else(|| {
            ApiError::invalid("Invalid limit: it must be between 1 and 100")
                .code("parameter_invalid_integer")
                .param("limit")
        })?;
        let (starting_after, ending_before) = (params.text("starting_after"), params.text("ending_before"));
        if starting_after.is_some() && ending_before.is_some() {
            return Err(ApiError::invalid(
                "You cannot parameterize both `starting_after` and `ending_before`.",
            ));
        }
        Ok(Cursor { limit, starting_after, ending_before })
    }

    /// Where the object that it names stands in the order of creation.
    fn place(&self, object: &str, table: &Table) -> Answer<Option<u64>> {
        let Some(id) = self.starting_after.or(self.ending_before) else { return Ok(None) };
        let row = table.get(id).ok_or_else(|| ApiError::no_such(object, id, self.param()))?;
        Ok(Some(row.sequence))
    }

    /// The parameter that names the cursor.
    pub(crate) fn param(&self) -> &'static str {
        if self.ending_before.is_some() { "ending_before" } else { "starting_after" }
    }
}

/// A page of the live objects of a type that pass a filter, and whose `created` and `customer` are asked for.
pub(crate) fn objects(state: &State, call: &Call, object: &str, keep: impl Fn(&Value) -> bool) -> Answer {
    match call.params.text("customer") {
        Some(customer) => of_customer(state, call, object, customer, keep),
        None => of_all(state, call, object, keep),
    }
}

/// A page of a customer's objects of a type that pass a filter, and whose `created` is asked for.
pub(crate) fn of_customer(
    state: &State,
    call: &Call,
    object: &str,
    customer: &str,
    keep: impl Fn(&Value) -> bool,
) -> Answer {
    let cursor = Cursor::read(&call.params)?;
    let range = created(&call.params)?;
    let Some(table) = state.table(object) else { return Ok(page(call, Vec::new(), &cursor)) };
    let after = cursor.place(object, table)?;
    let asked = table.of_customer(customer).filter(|row| match after {
        None => true,
        Some(after) if cursor.ending_before.is_some() => row.sequence > after,
        Some(after) => row.sequence < after,
    });
    let is_asked = |value: &Value| keep(value) && within(&range, second_of(value));
    let mut values: Vec<Value> = asked.filter_map(|row| row.value_if(is_asked)).collect();
    if cursor.ending_before.is_some() {
        values.reverse();
    }
    Ok(page(call, values, &cursor))
}

fn of_all(state: &State, call: &Call, object: &str, keep: impl Fn(&Value) -> bool) -> Answer {
    let cursor = Cursor::read(&call.params)?;
    let range = created(&call.params)?;
    let is_asked = |second| within(&range, second);
    let kept = |row: &Row| row.value_if(&keep);
    let Some(table) = state.table(object) else { return Ok(page(call, Vec::new(), &cursor)) };
    let (place, many) = (cursor.place(object, table)?, cursor.limit + 1);
    let values: Vec<Value> = match place {
        Some(place) if cursor.ending_before.is_some() => {
            table.newer_than(place, is_asked).filter_map(kept).take(many).collect()
        }
        place => {
            let newest = place.unwrap_or(u64::MAX);
            table.older_than(newest, is_asked).filter_map(kept).take(many).collect()
        }
    };
    Ok(page(call, values, &cursor))
}

/// A page of values that are given in the order of the list.
pub(crate) fn values(call: &Call, object: &str, mut values: Vec<Value>) -> Answer {
    let cursor = Cursor::read(&call.params)?;
    if let Some(id) = cursor.starting_after.or(cursor.ending_before) {
        let position = values.iter().position(|value| value["id"] == id);
        let position = position.ok_or_else(|| ApiError::no_such(object, id, cursor.param()))?;
        if cursor.starting_after.is_some() {
            values.drain(..=position);
        } else {
            values.truncate(position);
            values.reverse();
        }
    }
    Ok(page(call, values, &cursor))
}

/// The list object of the first values; those before a cursor come in reverse.
pub(crate) fn page(call: &Call, mut values: Vec<Value>, cursor: &Cursor<'_>) -> Value {
    let has_more = values.len() > cursor.limit;
    values.truncate(cursor.limit);
    if cursor.ending_before.is_some() {
        values.reverse();
    }
    let mut list = json!({"object": "list", "has_more": has_more, "url": call.path});
    // The macro would copy what it is given.
    list["data"] = Value::Array(values);
    list
}

/// A range of `created`: each bound as an operator and unix seconds.
pub(crate) fn created(params: &Params) -> Answer<Vec<(String, i64)>> {
    if let Some(exact) = params.number("created")? {
        return Ok(vec![("eq".to_owned(), exact)]);
    }
    let bounds = params.get("created").and_then(Value::as_object).into_iter().flatten();
    bounds
        .map(|(operator, _)| {
            let bound = params.number(&format!("created/{operator}"))?.unwrap_or_default();
            let known = ["gt", "gte", "lt", "lte"].contains(&operator.as_str());
            known
                .then(|| (operator.clone(), bound))
                .ok_or_else(|| ApiError::unknown(&format!("created[{operator}]")))
        })
        .collect()
}

/// Whether a second lies in a range.
pub(crate) fn within(range: &[(String, i64)], second: i64) -> bool {
    range.iter().all(|(operator, bound)| match operator.as_str() {
        "gt" => second > *bound,
        "gte" => second >= *bound,
        "lt" => second < *bound,
        "lte" => second <= *bound,
        _ => second == *bound,
    })
}

/// Whether a field equals a text parameter; an absent parameter asks nothing.
pub(crate) fn equal(params: &Params, name: &str, value: &Value) -> bool {
    params.text(name).is_none_or(|wanted| value.as_str() == Some(wanted))
}

/// Whether a field equals a boolean parameter; an absent parameter asks nothing.
pub(crate) fn equal_flag(params: &Params, name: &str, value: &Value) -> bool {
    params
        .text(name)
        .is_none_or(|wanted| value.as_bool().map(|flag| flag.to_string()).as_deref() == Some(wanted))
}
