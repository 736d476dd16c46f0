//! Generated histories have bursts: several changes of one object within one second.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fold::{pruned, undone};
use crate::state::{number, text};
use crate::{Options, Sim};

const ENDIVE: &str = "2026-09-30.endive";

/// The events of each object and second, in the order of happening.
fn seconds(events: &[Value]) -> Vec<Vec<&Value>> {
    let mut seconds: BTreeMap<(i64, String, String), Vec<&Value>> = BTreeMap::new();
    for event in events {
        let object = &event["data"]["object"];
        let key = (number(event, "created"), text(object, "object"), text(object, "id"));
        seconds.entry(key).or_default().push(event);
    }
    seconds.into_values().collect()
}

fn kinds(events: &[&Value]) -> Vec<String> {
    events.iter().map(|event| text(event, "type")).collect()
}

/// Whether an object of this type left a state within the second and came back to it.
fn toggles(object: &str, events: &[&Value]) -> bool {
    let told = events.iter().map(|event| event["data"]["object"].clone());
    let first = &events[0]["data"];
    let before = first.get("previous_attributes").map(|old| undone(first["object"].clone(), old));
    let states: Vec<Value> = before.into_iter().chain(told).map(|state| pruned(&state)).collect();
    let back = |(at, state): (usize, &Value)| {
        let later = &states[at + 1..];
        let left = later.iter().position(|after| after != state);
        left.is_some_and(|left| later[left..].contains(state))
    };
    states.first().is_some_and(|state| state["object"] == object) && states.iter().enumerate().any(back)
}

#[test]
fn a_history_of_500_events_has_several_bursts_with_toggles() {
    for seed in 1..=12 {
        let sim = Sim::new(Options { seed, ..Options::default() });
        sim.generate(500);
        let events = sim.events(ENDIVE);
        let seconds = seconds(&events);
        let count = |holds: &dyn Fn(&[&Value]) -> bool| seconds.iter().filter(|events| holds(events)).count();
        assert!(count(&|events| toggles("subscription", events)) >= 2, "subscriptions, seed {seed}");
        assert!(count(&|events| toggles("customer", events)) >= 1, "customers, seed {seed}");
        assert!(count(&|events| toggles("price", events)) >= 1, "prices, seed {seed}");
        let has = |events: &[&Value], wanted: &[&str]| {
            let kinds = kinds(events);
            wanted.iter().all(|wanted| kinds.iter().any(|kind| kind == wanted))
        };
        let billed = ["invoice.created", "invoice.finalized", "invoice.paid"];
        let by_hand = |events: &[&Value]| events[0]["data"]["object"]["billing_reason"] == "manual";
        assert!(count(&|events| by_hand(events) && has(events, &billed)) >= 1, "invoices, seed {seed}");
        let thrice =
            |events: &[&Value]| kinds(events).iter().filter(|kind| *kind == "customer.updated").count() >= 3;
        assert!(count(&thrice) >= 1, "customers that are updated three times, seed {seed}");
        let gone = |events: &[&Value]| has(events, &["customer.updated", "customer.deleted"]);
        assert!(count(&gone) >= 1, "customers that are updated and deleted, seed {seed}");
    }
}

#[test]
fn ids_of_events_tell_nothing_of_their_order() {
    let sim = Sim::new(Options::default());
    sim.generate(500);
    let ids: Vec<String> = sim.events(ENDIVE).iter().map(|event| text(event, "id")).collect();
    let pairs = ids.len() - 1;
    let ascending = ids.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((pairs * 2 / 5..pairs * 3 / 5).contains(&ascending), "{ascending} of {pairs} ascend");
}
