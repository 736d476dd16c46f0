//! What customers are entitled to: the features of the products that they subscribe to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::billing::subscribe;
use crate::render::HIDDEN;
use crate::state::{State, text};
use crate::table::{Row, Table};

/// What each customer is entitled to.
pub(crate) type Entitled = HashMap<String, Held>;

/// What one customer is entitled to, and by which subscriptions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// The features that each subscription gives.
    subscriptions: BTreeMap<String, Vec<String>>,
    /// The active entitlements by their features, in the order in which the customer got them.
    pub(crate) entitlements: Vec<(String, Value)>,
}

/// Follows a change of a subscription: tells of the customer's entitlements if they are others than before.
pub(crate) fn follow(state: &mut State, subscription: &Value) {
    if state.table("product_feature").is_none() {
        return;
    }
    let customer = text(subscription, "customer");
    let mut held = state.entitled.get(&customer).cloned().unwrap_or_default();
    let before = summary(&customer, &held);
    held.subscriptions.insert(text(subscription, "id"), features(state, subscription));
    let wanted: BTreeSet<String> = held.subscriptions.values().flatten().cloned().collect();
    let (kept, gone): (Vec<_>, Vec<_>) =
        held.entitlements.into_iter().partition(|(feature, _)| wanted.contains(feature));
    for (_, entitlement) in &gone {
        state.delete("entitlements.active_entitlement", &text(entitlement, "id"), &[]);
    }
    held.entitlements = kept;
    let new: Vec<String> = wanted
        .into_iter()
        .filter(|wanted| held.entitlements.iter().all(|(held, _)| held != wanted))
        .collect();
    for feature in &new {
        let entitlement = grant(state, &customer, feature);
        held.entitlements.push((feature.clone(), entitlement));
    }
    let after = summary(&customer, &held);
    state.entitled.insert(customer, held);
    if !new.is_empty() || !gone.is_empty() {
        state.tell_of_value("entitlements.active_entitlement_summary.updated", after, Some(before));
    }
}

/// The features that a subscription gives; none when it does not run.
fn features(state: &State, subscription: &Value) -> Vec<String> {
    let runs = ["active", "trialing", "past_due"].map(Value::from).contains(&subscription["status"]);
    let items = if runs { subscribe::items(subscription) } else { &[] };
    let products: BTreeSet<String> = items.iter().map(|item| text(&item["price"], "product")).collect();
    let attached = state.table("product_feature").into_iter().flat_map(Table::newest_first);
    let given = attached.map(Row::value).filter(|value| products.contains(&product_of(value)));
    given.map(|value| text(&value["entitlement_feature"], "id")).collect()
}

/// The product to which a feature is attached.
pub(crate) fn product_of(product_feature: &Value) -> String {
    text(&product_feature[HIDDEN], "product")
}

fn grant(state: &mut State, customer: &str, feature: &str) -> Value {
    let (id, lookup_key) =
        (state.id("ent", 24), state.get("entitlements.feature", feature)["lookup_key"].clone());
    let value = json!({
        "id": id,
        "object": "entitlements.active_entitlement",
        "feature": feature,
        "livemode": false,
        "lookup_key": lookup_key,
        HIDDEN: {"customer": customer},
    });
    state.create("entitlements.active_entitlement", value, &[])
}

fn summary(customer: &str, held: &Held) -> Value {
    let entitlements: Vec<&Value> = held.entitlements.iter().map(|(_, entitlement)| entitlement).collect();
    json!({
        "object": "entitlements.active_entitlement_summary",
        "customer": customer,
        "entitlements": {
            "object": "list",
            "data": entitlements,
            "has_more": false,
            "url": format!("/v1/entitlements/active_entitlements?customer={customer}"),
        },
        "livemode": false,
    })
}
