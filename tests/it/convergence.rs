//! The mirror ends in the same state for every order and every duplication of the same history.

use futures_util::{StreamExt, stream};
use stripe_sim::Delivery;

pub use crate::support::tables::Tables;
use crate::support::{ACACIA, ENDIVE, TestApp, tables::difference};

/// How long the histories are.
const EVENTS: usize = 500;

/// The tables after a history was delivered in some way.
async fn delivered(api_version: &str, delivery: Delivery) -> Tables {
    let test = TestApp::start().await;
    test.connect_webhooks(api_version);
    test.sim.generate(EVENTS);
    test.sim.set_delivery(delivery);
    test.deliver().await;
    test.tables().await
}

/// The tables, without the times of arrival.
pub async fn tables(test: &TestApp) -> Tables {
    test.tables().await
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
    if let Some((_, how)) = difference(tables, expected) {
        panic!("{which}: {how}");
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
    assert_same(&two.tables().await, &in_order, "two gateways");
    let (inbox, happened) = (one.count("webhook_events").await, one.sim.events(ENDIVE).len());
    assert_eq!(usize::try_from(inbox).expect("few"), happened, "each event is recorded once");
}
