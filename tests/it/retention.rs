//! What was recorded long ago is deleted, and nothing that may still be needed.

use billgraph::sync::retention;
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{customer, event},
};

const DAY: i64 = 24 * 60 * 60;

impl TestApp {
    async fn forget(&self, kept: TimeDelta) {
        let app = self.app();
        retention::clear(app, app.clock.now() - kept).await.expect("the database answers");
    }

    async fn ids(&self, sql: &str) -> Vec<String> {
        let rows = self.rows(sql).await;
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }
}

const EVENTS: &str = "SELECT id FROM webhook_events ORDER BY id";
const CHANGES: &str = "SELECT event_id AS id FROM changes ORDER BY seq";

fn named(id: &str, created: i64, who: &str) -> Value {
    let mut event = event("customer.updated", created, &customer(who, "user_id"));
    event["id"] = id.into();
    event
}

#[tokio::test]
async fn events_and_changes_are_kept_as_long_as_is_set() {
    let test = TestApp::start().await;
    let start = test.sim.now();
    test.forget(TimeDelta::days(90)).await;
    test.receive(&named("evt_failed", start, "f")).await;
    let failed = "UPDATE webhook_events SET state = 'failed', payload = '{}'";
    test.app().db.writer.execute_unprepared(failed).await.expect("it updates");
    test.receive(&named("evt_old", start, "a")).await;
    test.receive(&json!({ "id": "evt_ignored", "type": "x", "created": start, "data": { "object": {} } }))
        .await;
    test.sim.advance(80 * DAY);
    test.receive(&named("evt_late", start - 100 * DAY, "b")).await;
    test.receive(&named("evt_new", start + 80 * DAY, "c")).await;
    test.forget(TimeDelta::days(90)).await;
    assert_eq!(test.count("webhook_events").await, 5, "nothing is old enough");
    test.sim.advance(11 * DAY);
    test.forget(TimeDelta::days(90)).await;
    assert_eq!(
        test.ids(EVENTS).await,
        ["evt_failed", "evt_late", "evt_new"],
        "what came late is known still"
    );
    assert_eq!(test.ids(CHANGES).await, ["evt_new"]);
    assert_eq!(test.count("customers").await, 4, "the mirror stays");
    test.receive(&named("evt_late", start - 100 * DAY, "b")).await;
    assert_eq!(test.ids(CHANGES).await, ["evt_new"], "a duplicate is known");
    test.sim.advance(1000 * DAY);
    test.forget(TimeDelta::days(90)).await;
    assert_eq!(test.ids(EVENTS).await, ["evt_failed"]);
    assert_eq!(test.ids(CHANGES).await, ["evt_new"], "the newest stays: followers start from it");
}

#[tokio::test]
async fn many_are_deleted_in_several_steps() {
    let test = TestApp::start().await;
    let start = test.sim.now();
    let events = (0..1201).map(|number| named(&format!("evt_{number}"), start, &format!("c{number}")));
    let events: Vec<Value> = events.collect();
    for events in events.chunks(100) {
        futures_util::future::join_all(events.iter().map(|event| test.receive(event))).await;
    }
    test.sim.advance(5 * DAY);
    test.forget(TimeDelta::days(4)).await;
    assert_eq!((test.count("webhook_events").await, test.ids(CHANGES).await.len()), (0, 1));
}
