//! Renders stored objects in an API version: each step takes an object one version back.

mod acacia;
mod basil;
mod clover;
mod fields;

use serde_json::{Map, Value};

use crate::version::{BASIL, CLOVER, DAHLIA, Version};

pub(crate) use clover::UI_MODES;

/// The key under which a stored object keeps what no current version shows.
pub(crate) const HIDDEN: &str = "_hidden";

/// How many entries an object shows of a list that it embeds.
const EMBEDDED: usize = 10;

/// What changed in one object with the version of a date, undone.
struct Step {
    since: &'static str,
    object: &'static str,
    undo: fn(&mut Map<String, Value>),
}

/// The changes that moved or renamed something, newest first.
const STEPS: &[Step] = &[
    Step { since: DAHLIA, object: "checkout.session", undo: clover::checkout_session },
    Step { since: CLOVER, object: "discount", undo: basil::discount },
    Step { since: CLOVER, object: "promotion_code", undo: basil::promotion_code },
    Step { since: CLOVER, object: "subscription", undo: basil::subscription },
    Step { since: BASIL, object: "subscription", undo: acacia::subscription },
    Step { since: BASIL, object: "price", undo: acacia::price },
    Step { since: BASIL, object: "plan", undo: acacia::plan },
    Step { since: BASIL, object: "invoice", undo: acacia::invoice },
    Step { since: BASIL, object: "line_item", undo: acacia::line_item },
    Step { since: BASIL, object: "invoiceitem", undo: acacia::invoice_item },
    Step { since: BASIL, object: "payment_intent", undo: acacia::paid_invoice },
    Step { since: BASIL, object: "charge", undo: acacia::paid_invoice },
    Step { since: BASIL, object: "checkout.session", undo: acacia::checkout_session },
];

/// A stored object as this version shows it, in an answer or an event: with the first page of each embedded list.
pub(crate) fn render(mut value: Value, version: &Version) -> Value {
    step_back(&mut value, version);
    show(&mut value, Lists::Whole, Lists::FirstPages);
    value
}

/// A stored object as this version shows it, with the whole of its lists.
pub(crate) fn render_whole(mut value: Value, version: &Version) -> Value {
    step_back(&mut value, version);
    show(&mut value, Lists::Whole, Lists::Whole);
    value
}

/// The date of the last change: later versions show what is stored.
fn newest() -> &'static str {
    STEPS.iter().map(|step| step.since).chain(fields::dates()).max().unwrap_or_default()
}

/// Takes a value back to a version, unless nothing changed since.
fn step_back(value: &mut Value, version: &Version) {
    if version.before(newest()) {
        take_back(value, version);
    }
}

/// Takes the outermost objects back first, since they copy from inner ones that are taken back after that.
fn take_back(value: &mut Value, version: &Version) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| take_back(item, version)),
        Value::Object(map) => {
            let object = map.get("object").and_then(Value::as_str).unwrap_or_default().to_owned();
            if object == "event" {
                return;
            }
            let steps = STEPS.iter().filter(|step| step.object == object && version.before(step.since));
            steps.for_each(|step| (step.undo)(map));
            fields::remove_newer(&object, map, version);
            map.values_mut().for_each(|inner| take_back(inner, version));
        }
        _ => {}
    }
}

/// How much is shown of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    Whole,
    FirstPages,
}

/// Removes the hidden fields, and what the value, if it is a list, and the lists inside it do not show: one that is the
/// answer itself was paged before.
fn show(value: &mut Value, own: Lists, inside: Lists) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| show(item, inside, inside)),
        Value::Object(map) => {
            map.remove(HIDDEN);
            if own == Lists::FirstPages {
                cut_list(map);
            }
            map.values_mut().for_each(|inner| show(inner, inside, inside));
        }
        _ => {}
    }
}

fn cut_list(map: &mut Map<String, Value>) {
    let listed = map.get("object").and_then(Value::as_str) == Some("list");
    let Some(Value::Array(data)) = map.get_mut("data").filter(|_| listed) else { return };
    if data.len() > EMBEDDED {
        data.truncate(EMBEDDED);
        map.insert("has_more".to_owned(), Value::Bool(true));
    }
}

/// A hidden field; null when it is absent.
fn hidden(map: &Map<String, Value>, field: &str) -> Value {
    map.get(HIDDEN).map(|hidden| hidden[field].clone()).unwrap_or_default()
}
