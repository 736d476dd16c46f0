//! The events tell the whole state: replaying them gives the objects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::state::text;
use crate::{Options, Sim};

/// The events after which an object is gone.
const DELETIONS: &[&str] = &[
    "customer.deleted",
    "product.deleted",
    "price.deleted",
    "coupon.deleted",
    "customer.discount.deleted",
    "invoice.deleted",
    "plan.deleted",
    "customer.tax_id.deleted",
    "invoiceitem.deleted",
];
/// The objects of which every state is told.
const TOLD: &[&str] = &[
    "customer",
    "product",
    "price",
    "plan",
    "promotion_code",
    "tax_id",
    "coupon",
    "discount",
    "subscription",
    "invoice",
    "payment_intent",
    "charge",
    "refund",
];

type Objects = BTreeMap<(String, String), Value>;

fn generated(seed: u64, events: usize) -> Sim {
    let sim = Sim::new(Options { seed, ..Options::default() });
    sim.generate(events);
    sim
}

fn replayed(sim: &Sim, version: &str) -> Objects {
    let mut objects = Objects::new();
    for event in sim.events(version) {
        let object = event["data"]["object"].clone();
        let key = (text(&object, "object"), text(&object, "id"));
        if DELETIONS.contains(&text(&event, "type").as_str()) {
            objects.remove(&key);
        } else {
            objects.insert(key, object);
        }
    }
    objects
}

fn of_type(objects: &Objects, object: &str) -> Vec<Value> {
    let mut found: Vec<Value> =
        objects.iter().filter(|((kind, _), _)| kind == object).map(|(_, value)| value.clone()).collect();
    found.sort_by_key(|value| text(value, "id"));
    found
}

fn assert_same(object: &str, version: &str, told: &[Value], stored: &[Value]) {
    assert_eq!(told.len(), stored.len(), "the number of {object} in {version}");
    for (told, stored) in told.iter().zip(stored) {
        assert_eq!(told, stored, "a {object} in {version}");
    }
}

fn compare(sim: &Sim, version: &str) {
    let told = replayed(sim, version);
    for object in TOLD {
        assert_same(object, version, &of_type(&told, object), &sim.objects(object, version));
    }
    let mut methods = sim.objects("payment_method", version);
    let known = of_type(&told, "payment_method");
    methods.retain(|method| !method["customer"].is_null() || known.contains(method));
    assert_same("payment_method", version, &known, &methods);
    let mut sessions = sim.objects("checkout.session", version);
    sessions.retain(|session| session["status"] != "open");
    assert_same("checkout.session", version, &of_type(&told, "checkout.session"), &sessions);
    let mut payments = sim.objects("invoice_payment", version);
    payments.retain(|payment| payment["status"] == "paid" && !version.starts_with("2024"));
    assert_same("invoice_payment", version, &of_type(&told, "invoice_payment"), &payments);
}

#[test]
fn replaying_the_events_gives_the_objects() {
    for (seed, events) in [(1, 2_000), (7, 500)] {
        let sim = generated(seed, events);
        for version in ["2024-11-20.acacia", "2026-09-30.endive"] {
            compare(&sim, version);
        }
    }
}

#[test]
fn previous_attributes_lead_back_to_the_state_before() {
    let sim = generated(3, 600);
    let mut latest = Objects::new();
    for event in sim.events("2026-09-30.endive") {
        let object = event["data"]["object"].clone();
        let key = (text(&object, "object"), text(&object, "id"));
        if let Some(previous) = event["data"].get("previous_attributes") {
            let before = undone(object.clone(), previous);
            let known = latest.get(&key);
            let known = known.filter(|_| key.0 != "payment_method" && !key.1.is_empty());
            assert!(known.is_none_or(|known| pruned(known) == pruned(&before)), "{event:#}");
        }
        latest.insert(key, object);
    }
}

/// The value without nulls: in `previous_attributes`, null stands for an absent field too.
pub(super) fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, inner)| !inner.is_null())
            .map(|(key, inner)| (key.clone(), pruned(inner)))
            .collect(),
        _ => value.clone(),
    }
}

/// An object as it was before a change.
pub(super) fn undone(mut object: Value, previous: &Value) -> Value {
    let entries = previous.as_object().into_iter().flatten();
    for (key, before) in entries {
        let nested = before.is_object() && object[key].is_object();
        object[key] = if nested { undone(object[key].take(), before) } else { before.clone() };
    }
    object
}

#[test]
fn the_same_seed_gives_the_same_events() {
    let events = |seed| generated(seed, 200).events("2026-09-30.endive");
    assert_eq!(events(5), events(5));
    assert_ne!(events(5), events(6));
}

#[test]
fn a_history_shows_every_kind_of_event() {
    let sim = generated(1, 6_000);
    let mut kinds: Vec<String> = sim.state().events.since(0).map(|event| event.kind.to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    let expected = [
        "charge.failed",
        "charge.refunded",
        "charge.succeeded",
        "charge.updated",
        "checkout.session.completed",
        "checkout.session.expired",
        "coupon.created",
        "coupon.updated",
        "customer.created",
        "customer.deleted",
        "customer.discount.created",
        "customer.discount.deleted",
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "payment_intent.requires_action",
        "invoice.voided",
        "invoice.payment_action_required",
        "customer.subscription.trial_will_end",
        "customer.subscription.updated",
        "customer.updated",
        "invoice.created",
        "invoice.deleted",
        "invoiceitem.created",
        "invoiceitem.deleted",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.updated",
        "invoice_payment.paid",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "payment_method.attached",
        "payment_method.detached",
        "payment_method.updated",
        "plan.created",
        "plan.deleted",
        "plan.updated",
        "price.deleted",
        "promotion_code.created",
        "promotion_code.updated",
        "customer.tax_id.created",
        "customer.tax_id.deleted",
        "entitlements.active_entitlement_summary.updated",
        "price.created",
        "price.updated",
        "product.created",
        "product.deleted",
        "product.updated",
        "refund.created",
        "refund.updated",
    ];
    let absent: Vec<&&str> =
        expected.iter().filter(|kind| !kinds.iter().any(|known| known == **kind)).collect();
    assert!(absent.is_empty(), "{absent:?} do not happen in {kinds:?}");
}
