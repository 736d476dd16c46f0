//! Thin events: what they tell of is fetched later, unless a snapshot event told it.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, customer, event},
    with,
};

const JOBS: &str =
    "SELECT object, object_id, account, path, reason, attempts FROM sync_jobs ORDER BY object_id";
const STATES: &str = "SELECT id, state FROM webhook_events ORDER BY id";

fn thin(id: &str, customer: &str) -> Value {
    json!({
        "id": id, "object": "v2.core.event", "type": "v1.customer.updated", "livemode": false,
        "created": "2026-10-28T12:00:00.250Z", "context": null,
        "related_object": { "id": customer, "type": "customer", "url": format!("/v1/customers/{customer}") },
    })
}

fn job(customer: &str, account: &str) -> Value {
    json!({ "object": "customer", "object_id": customer, "account": account, "reason": "thin_event",
            "path": format!("/v1/customers/{customer}"), "attempts": 0 })
}

fn states(of: &[(&str, &str)]) -> Vec<Value> {
    of.iter().map(|(id, state)| json!({ "id": id, "state": state })).collect()
}

#[tokio::test]
async fn what_is_no_thin_event_is_refused_and_not_stored() {
    let test = TestApp::start().await;
    let related = |url: &str| json!({ "related_object": { "id": "cus_1", "type": "customer", "url": url } });
    for change in [
        json!({ "id": "" }),
        json!({ "type": 7 }),
        json!({ "object": "v3.core.event" }),
        json!({ "created": MADE }),
        json!({ "created": "soon" }),
        json!({ "related_object": [] }),
        related("https://evil.example/v1/customers/cus_1"),
        related("/v1/../customers"),
        related("/v1/customers/cus_1?expand[]=sources"),
        related(""),
    ] {
        let (status, answer) = test.post_event(&with(thin("evt_1", "cus_1"), &change)).await;
        assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!("INVALID")), "{change}");
    }
    let (status, _) = test.post_event(&with(thin("evt_1", "cus_1"), &json!({ "livemode": true }))).await;
    assert_eq!(status, StatusCode::CONFLICT, "of the other mode");
    assert_eq!((test.count("webhook_events").await, test.rows(JOBS).await.len()), (0, 0));
}

#[tokio::test]
async fn what_tells_of_nothing_that_can_be_fetched_is_kept_whole() {
    let test = TestApp::start().await;
    for (id, related) in
        [("evt_1", Value::Null), ("evt_3", json!({ "id": null, "type": "balance", "url": "/v1/balance" }))]
    {
        let event = with(thin(id, "cus_1"), &json!({ "related_object": related }));
        test.receive(&event).await;
        let rows = test.rows(&format!("SELECT state, payload FROM webhook_events WHERE id = '{id}'")).await;
        assert_eq!(rows[0]["state"], "ignored", "{id}");
        let kept: Value = serde_json::from_str(rows[0]["payload"].as_str().expect("kept")).expect("JSON");
        assert_eq!(kept, event);
    }
    assert_eq!(test.rows(JOBS).await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_it_tells_of_is_to_be_fetched_once() {
    let test = TestApp::start().await;
    let thin_events: Vec<Value> = (0..6).map(|index| thin(&format!("evt_{index}"), "cus_1")).collect();
    join_all(thin_events.iter().map(|event| test.receive(event))).await;
    test.receive(&thin_events[0]).await;
    test.receive(&with(thin("evt_9", "cus_2"), &json!({ "context": "acct_other" }))).await;
    assert_eq!(test.rows(JOBS).await, [job("cus_1", ""), job("cus_2", "acct_other")]);
    let rows =
        test.rows("SELECT type, object, object_id, account, snapshot_event, state FROM webhook_events").await;
    assert_eq!(rows.len(), 7);
    let expected = json!({ "type": "v1.customer.updated", "object": "customer", "object_id": "cus_1",
                           "account": null, "snapshot_event": null, "state": "applied" });
    assert!(rows.contains(&expected), "{rows:?}");
}

#[tokio::test]
async fn what_a_snapshot_event_told_is_not_fetched() {
    let test = TestApp::start().await;
    let snapshot = event("customer.updated", MADE, &customer("a", "plan"));
    test.receive(&snapshot).await;
    let tells = json!({ "snapshot_event": snapshot["id"] });
    test.receive(&with(thin("evt_thin", "cus_a"), &tells)).await;
    assert_eq!(test.rows(JOBS).await, [] as [Value; 0]);
    let id = snapshot["id"].as_str().expect("an id");
    assert_eq!(test.rows(STATES).await, states(&[(id, "applied"), ("evt_thin", "duplicate")]));
    let rows = test.rows("SELECT snapshot_event, applied_at FROM webhook_events WHERE id = 'evt_thin'").await;
    assert_eq!(rows, [json!({ "snapshot_event": id, "applied_at": null })]);
}

#[tokio::test]
async fn a_snapshot_event_that_comes_later_is_applied() {
    let test = TestApp::start().await;
    let snapshot = event("customer.updated", MADE, &customer("a", "plan"));
    test.receive(&with(thin("evt_thin", "cus_a"), &json!({ "snapshot_event": snapshot["id"] }))).await;
    test.receive(&snapshot).await;
    assert_eq!(test.rows(JOBS).await, [job("cus_a", "")], "fetching it once in vain does no harm");
    let id = snapshot["id"].as_str().expect("an id");
    assert_eq!(test.rows(STATES).await, states(&[(id, "applied"), ("evt_thin", "applied")]));
    assert_eq!(test.count("customers").await, 1);
}

#[tokio::test]
async fn a_snapshot_event_that_failed_told_nothing() {
    let test = TestApp::start().await;
    let snapshot = event("customer.updated", MADE, &customer("a", "plan"));
    test.receive(&snapshot).await;
    let failed = "UPDATE webhook_events SET state = 'failed'";
    sea_orm::ConnectionTrait::execute_unprepared(&test.app().db.writer, failed).await.expect("it updates");
    test.receive(&with(thin("evt_thin", "cus_a"), &json!({ "snapshot_event": snapshot["id"] }))).await;
    assert_eq!(test.rows(JOBS).await, [job("cus_a", "")]);
}

#[tokio::test]
async fn it_claims_nothing_of_its_second() {
    let test = TestApp::with(|settings| settings.billgraph_keep_payloads = "all".to_owned()).await;
    let created = "2025-06-15T15:06:40Z";
    assert_eq!(chrono::DateTime::parse_from_rfc3339(created).expect("a time").timestamp(), MADE);
    let mut named = customer("a", "plan");
    named["name"] = "Zoë".into();
    let mut second = event("customer.updated", MADE, &named);
    second["data"]["previous_attributes"] = json!({ "name": null });
    test.receive(&event("customer.created", MADE, &customer("a", "plan"))).await;
    for id in ["evt_a", "evt_zzz"] {
        test.receive(&with(thin(id, "cus_a"), &json!({ "created": created }))).await;
    }
    test.receive(&second).await;
    let rows = test.rows("SELECT name, raw FROM customers WHERE NOT unsettled").await;
    assert_eq!(rows.len(), 1, "the chain is whole");
    assert_eq!(rows[0]["name"], "Zoë");
}
