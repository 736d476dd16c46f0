//! Thin events, connected accounts and live mode.

use serde_json::{Value, json};

use super::caller::Caller;
use super::webhooks::Receiver;
use crate::{Endpoint, Options, Sim, signature};

const ENDIVE: &str = "2026-09-30.endive";

#[tokio::test]
async fn a_thin_event_names_its_object_and_its_snapshot() {
    let caller = Caller::new().await;
    let receiver = Receiver::default();
    caller.sim.add_endpoint(Endpoint::new(receiver.listen().await, "whsec_thin").thin());
    let customer = caller.create("/v1/customers", "email=customer-1@example.com").await;
    assert_eq!(caller.sim.deliver().await.delivered, 1);
    let (signed, body, event) = receiver.events().remove(0);
    assert_eq!(signed, signature("whsec_thin", caller.sim.now(), &body));
    let snapshot = caller.sim.events(ENDIVE).remove(0);
    let snapshot = snapshot["id"].as_str().expect("events have ids");
    let expected = json!({
        "id": format!("{snapshot}thin"),
        "object": "v2.core.event",
        "changes": null,
        "context": null,
        "created": "2026-10-01T00:00:00.000Z",
        "livemode": false,
        "reason": null,
        "related_object": {"id": customer, "type": "customer", "url": format!("/v1/customers/{customer}")},
        "snapshot_event": snapshot,
        "type": "v1.customer.created",
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn the_objects_of_thin_events_are_found_at_their_urls() {
    let caller = Caller::new().await;
    let receiver = Receiver::default();
    caller.sim.add_endpoint(Endpoint::new(receiver.listen().await, "whsec_thin").thin());
    caller.sim.generate(150);
    caller.sim.deliver().await;
    let told = receiver.events();
    assert!(told.len() > 100);
    for (_, _, event) in told {
        let related = &event["related_object"];
        let answered = caller.get(related["url"].as_str().expect("it has a URL")).await;
        let gone = caller.sim.deleted(related["type"].as_str().expect("it has a type"));
        let is_gone = gone.iter().any(|id| related["id"] == *id);
        assert!(answered.json()["id"] == related["id"] || is_gone, "{event}");
    }
    assert_eq!(caller.sim.deliver().await.attempts, 0);
}

#[tokio::test]
async fn the_events_of_a_connected_account_name_it() {
    let sim = Sim::new(Options::default());
    let (own, connected, thin) = (Receiver::default(), Receiver::default(), Receiver::default());
    sim.add_endpoint(Endpoint::new(own.listen().await, "whsec_own"));
    sim.add_endpoint(Endpoint::new(connected.listen().await, "whsec_connect").account("acct_connected"));
    sim.add_endpoint(Endpoint::new(thin.listen().await, "whsec_thin").account("acct_connected").thin());
    sim.generate(20);
    sim.deliver().await;
    assert!(own.events().iter().all(|(_, _, event)| event.get("account").is_none()));
    let expected = own.events().into_iter().map(|(_, _, mut event)| {
        event["account"] = json!("acct_connected");
        event
    });
    let told: Vec<Value> = connected.events().into_iter().map(|(_, _, event)| event).collect();
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert!(thin.events().iter().all(|(_, _, event)| event["context"] == "acct_connected"));
}

#[tokio::test]
async fn a_request_acts_for_an_account_that_the_simulation_knows() {
    let connected_accounts = vec!["acct_connected".to_owned()];
    let caller = Caller::of(Options { connected_accounts, ..Options::default() }).await;
    let customer = caller.create("/v1/customers", "name=Customer 1").await;
    let path = format!("/v1/customers/{customer}");
    let ask = async |account: &str| {
        let answered = caller.send("GET", &path, "", &[("stripe-account", account)]).await;
        answered.expect("the simulation answers")
    };
    assert_eq!(ask("acct_connected").await.json()["id"], customer);
    assert_eq!(ask("acct_sim").await.status, 200);
    let refused = ask("acct_other").await;
    assert_eq!((refused.status, refused.error().1.as_str()), (403, "account_invalid"));
    let last = caller.sim.requests().pop().expect("requests are logged");
    assert_eq!((last.account.as_deref(), last.status), (Some("acct_other"), Some(403)));
    let account = caller.get("/v1/accounts/acct_connected").await.json();
    assert_eq!(account["id"], "acct_connected");
}

#[tokio::test]
async fn live_mode_shows_in_the_key_in_objects_and_in_events() {
    let caller = Caller::of(Options::live()).await;
    caller.sim.generate(300);
    let body = "mode=setup&success_url=https://example.com/";
    let session = caller.post("/v1/checkout/sessions", body).await;
    assert!(session.text.contains("\"cs_live_") && says(&session.json(), "livemode", &json!(true)));
    for version in ["2024-11-20.acacia", ENDIVE] {
        for event in caller.sim.events(version) {
            assert_eq!(event["livemode"], true);
            assert!(!says(&event, "livemode", &json!(false)), "{event}");
        }
    }
    let test_key = [("authorization", "Bearer sk_test_sim")];
    let refused = caller.send("GET", "/v1/customers", "", &test_key).await.expect("it answers");
    assert_eq!(refused.status, 401);
    assert!(Options::live().secret_key.starts_with("sk_live_"));
}

/// Whether a field of this name has this value anywhere.
fn says(value: &Value, name: &str, wanted: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| says(item, name, wanted)),
        Value::Object(map) => {
            map.get(name) == Some(wanted) || map.values().any(|inner| says(inner, name, wanted))
        }
        _ => false,
    }
}
