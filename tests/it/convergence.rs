//! The mirror ends in the same state for every order and every duplication of the same history.

use std::collections::BTreeMap;

use billgraph::mirror::MIRRORS;
use serde_json::Value;
use stripe_sim::Delivery;

use crate::support::{ACACIA, ENDIVE, TestApp};

/// The tables after a history was delivered in some way, without the times of arrival.
async fn tables(api_version: &str, delivery: Delivery) -> BTreeMap<&'static str, Vec<Value>> {
    let test = TestApp::start().await;
    test.connect_webhooks(api_version);
    test.sim.generate(500);
    test.sim.set_delivery(delivery);
    test.deliver().await;
    let mut tables = BTreeMap::new();
    for mirror in MIRRORS.iter() {
        // A child that was removed before it was ever heard of has no tombstone.
        let own = matches!(mirror.object, "subscription_item" | "invoice_payment");
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
    let in_order = tables(api_version, Delivery::default()).await;
    for seed in 1..=3 {
        let delivery = Delivery { shuffle: Some(seed), duplicate: 20, ..Delivery::default() };
        let shuffled = tables(api_version, delivery).await;
        for (table, expected) in &in_order {
            let rows = &shuffled[table];
            assert_eq!(rows.len(), expected.len(), "{table}, {api_version}, seed {seed}");
            for (row, expected) in rows.iter().zip(expected) {
                assert_eq!(row, expected, "{table}, {api_version}, seed {seed}");
            }
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
