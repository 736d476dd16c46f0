//! Test mode and live mode (<https://docs.stripe.com/keys#test-live-modes>).

use serde_json::Value;

/// Says of an object, and of all that it embeds, that it exists in live mode.
pub(crate) fn mark_live(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mark_live),
        Value::Object(map) => {
            for (name, inner) in map {
                if name == "livemode" {
                    *inner = Value::Bool(true);
                } else {
                    mark_live(inner);
                }
            }
        }
        _ => {}
    }
}
