//! The mirror ends in the same state for every order and every duplication of the same history.

use std::collections::BTreeMap;

use billgraph::mirror::MIRRORS;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use stripe_sim::Delivery;

use crate::support::{ACACIA, ENDIVE, TestApp};

/// How long the histories are.
const EVENTS: usize = 500;

pub type Tables = BTreeMap<&'static str, Vec<Value>>;

/// The tables after a history was delivered in some way.
async fn delivered(api_version: &str, delivery: Delivery) -> Tables {
    let test = TestApp::start().await;
    test.connect_webhooks(api_version);
    test.sim.generate(EVENTS);
    test.sim.set_delivery(delivery);
    test.deliver().await;
    tables(&test).await
}

/// The tables, without the times of arrival.
pub async fn tables(test: &TestApp) -> Tables {
    let mut tables = BTreeMap::new();
    for mirror in MIRRORS.iter() {
        // A child that was removed before it was ever heard of has no tombstone.
        let children = MIRRORS.iter().flat_map(|mirror| mirror.children);
        let own = children.into_iter().any(|children| children.object == mirror.object);
        let which = if own { "WHERE NOT deleted" } else { "" };
        let mut rows = test.rows(&format!("SELECT * FROM {} {which} ORDER BY id", mirror.table)).await;
        for row in &mut rows {
            row.as_object_mut().expect("a row").remove("synced_at");
        }
        tables.insert(mirror.table, rows);
    }
    tables
}

async fn converges(api_version: &str) {
    let in_order = delivered(api_version, Delivery::default()).await;
    for seed in 1..=3 {
        let delivery = Delivery { shuffle: Some(seed), duplicate: 20, ..Delivery::default() };
        let shuffled = delivered(api_version, delivery).await;
        assert_same(&shuffled, &in_order, &format!("{api_version}, seed {seed}"));
    }
}

pub fn assert_same(tables: &Tables, expected: &Tables, which: &str) {
    for (table, expected) in expected {
        let rows = &tables[table];
        assert_eq!(rows.len(), expected.len(), "{table}, {which}");
        for (row, expected) in rows.iter().zip(expected) {
            assert_eq!(row, expected, "{table}, {which}");
        }
    }
}

#[tokio::test]
async fn any_order_and_duplication_ends_the_same() {
    converges(ENDIVE).await;
}

#[tokio::test]
async fn any_order_and_duplication_ends_the_same_in_an_older_version() {
    converges(ACACIA).await;
}

#[tokio::test]
async fn two_gateways_over_one_database_end_the_same() {
    let in_order = delivered(ENDIVE, Delivery::default()).await;
    let one = TestApp::start().await;
    let (database, sim, issuer) = (one.database.clone(), one.sim.clone(), one.issuer.clone());
    let two = TestApp::over(database, sim, issuer, |_| {}).await;
    one.sim.generate(EVENTS);
    let mut events = one.sim.events(ENDIVE);
    // Any order that is none of Stripe's: by the middle of their ids.
    events.sort_by_key(|event| event["id"].as_str().expect("an id").chars().skip(9).collect::<String>());
    let deliveries = events.iter().enumerate().flat_map(|(number, event)| {
        let (first, second) = if number % 2 == 0 { (&one, &two) } else { (&two, &one) };
        // Each is delivered to one of them, and every third one to the other too.
        let again = (number % 3 == 0).then(|| second.receive(event));
        std::iter::once(first.receive(event)).chain(again)
    });
    stream::iter(deliveries).buffer_unordered(32).collect::<Vec<_>>().await;
    assert_same(&tables(&two).await, &in_order, "two gateways");
    let (inbox, happened) = (one.count("webhook_events").await, one.sim.events(ENDIVE).len());
    assert_eq!(usize::try_from(inbox).expect("few"), happened, "each event is recorded once");
}
