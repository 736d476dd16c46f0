//! Events: what happened, kept as snapshots in the newest shape and rendered on demand.

use std::sync::Arc;

use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::render::render;
use crate::resources::paths::path_of;
use crate::version::{BASIL_PAYMENTS, Version};

/// The text of an object at one moment, in the newest shape with its hidden fields.
pub(crate) type Snapshot = Arc<str>;

/// The request that caused an event; empty for what Stripe does by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    pub(crate) id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// Something that happened to an object.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) created: i64,
    pub(crate) object: Snapshot,
    pub(crate) previous: Option<Snapshot>,
    pub(crate) cause: Cause,
    pub(crate) livemode: bool,
}

impl Event {
    /// Whether an endpoint of this version is told of it.
    pub(crate) fn exists_in(&self, version: &Version) -> bool {
        self.kind != "invoice_payment.paid" || !version.before(BASIL_PAYMENTS)
    }

    /// The event as an endpoint of this version gets it.
    pub(crate) fn render(&self, version: &Version, pending_webhooks: usize) -> Value {
        let object = read(&self.object, version);
        let mut data = json!({});
        if let Some(previous) = &self.previous {
            data["previous_attributes"] = previous_attributes(&read(previous, version), &object);
        }
        data["object"] = object;
        json!({
            "id": self.id,
            "object": "event",
            "api_version": version.name(),
            "created": self.created,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": pending_webhooks,
            "request": {"id": self.cause.id, "idempotency_key": self.cause.idempotency_key},
            "type": self.kind,
        })
    }

    /// The thin event that tells of the same; none if its object cannot be retrieved
    /// (<https://docs.stripe.com/event-destinations#thin-events>).
    pub(crate) fn render_thin(&self, account: Option<&str>) -> Option<Value> {
        let object = value_of(&self.object);
        let url = path_of(&object)?;
        let created =
            DateTime::from_timestamp(self.created, 0).expect("the clock stays within chrono's range");
        Some(json!({
            "id": format!("{}thin", self.id),
            "object": "v2.core.event",
            "changes": null,
            "context": account,
            "created": created.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
            "livemode": self.livemode,
            "reason": null,
            "related_object": {"id": object["id"], "type": object["object"], "url": url},
            "snapshot_event": self.id,
            "type": format!("v1.{}", self.kind),
        }))
    }
}

/// The object whose text it is.
pub(crate) fn value_of(snapshot: &str) -> Value {
    serde_json::from_str(snapshot).expect("a snapshot is the text of an object")
}

fn read(snapshot: &str, version: &Version) -> Value {
    render(value_of(snapshot), version)
}

/// What an object had before: changed keys only, hashes key by key, arrays whole.
///
/// A key that is new is `null` (<https://docs.stripe.com/api/events/object#event_object-data-previous_attributes>).
fn previous_attributes(old: &Value, new: &Value) -> Value {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return old.clone() };
    let mut changed = Map::new();
    for (key, before) in old {
        match new.get(key) {
            Some(after) if after == before => {}
            Some(after) if after.is_object() && before.is_object() => {
                changed.insert(key.clone(), previous_attributes(before, after));
            }
            _ => {
                changed.insert(key.clone(), before.clone());
            }
        }
    }
    let added = new.keys().filter(|key| !old.contains_key(*key));
    changed.extend(added.map(|key| (key.clone(), Value::Null)));
    Value::Object(changed)
}
