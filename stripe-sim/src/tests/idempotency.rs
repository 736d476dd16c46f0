//! One key, one execution.

use std::time::Duration;

use super::caller::{Answered, Caller};
use crate::Fault;

async fn keyed(caller: &Caller, key: &str, body: &str) -> Option<Answered> {
    caller.send("POST", "/v1/customers", body, &[("idempotency-key", key)]).await
}

async fn customers(caller: &Caller) -> usize {
    caller.get("/v1/customers").await.json()["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn the_same_request_is_answered_with_the_first_answer() {
    let caller = Caller::new().await;
    let first = keyed(&caller, "k1", "name=a").await.expect("the simulation answers");
    let second = keyed(&caller, "k1", "name=a").await.expect("the simulation answers");
    assert_eq!(first.json(), second.json());
    assert_eq!((first.header("idempotent-replayed"), second.header("idempotent-replayed")), ("", "true"));
    assert_eq!(second.header("original-request"), first.header("request-id"));
    let other = keyed(&caller, "k1", "name=b").await.expect("the simulation answers");
    assert_eq!((other.status, other.json()["error"]["type"].clone()), (400, "idempotency_error".into()));
    assert_eq!(customers(&caller).await, 1);
    let event = caller.sim.events("2026-09-30.endive").pop().expect("the customer was created");
    assert_eq!(event["request"]["idempotency_key"], "k1");
}

#[tokio::test]
async fn a_key_in_use_conflicts() {
    let caller = Caller::new().await;
    caller.sim.faults().next(1, Fault::Latency(Duration::from_millis(150)));
    let (first, second) = tokio::join!(keyed(&caller, "k2", "name=a"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        keyed(&caller, "k2", "name=a").await
    });
    assert_eq!(first.expect("the simulation answers").status, 200);
    let second = second.expect("the simulation answers");
    assert_eq!(second.error(), (409, "idempotency_key_in_use".to_owned(), String::new()));
    assert_eq!(second.header("stripe-should-retry"), "true");
    assert_eq!(customers(&caller).await, 1);
}

#[tokio::test]
async fn a_server_error_is_kept_and_a_refusal_is_not() {
    let caller = Caller::new().await;
    caller.sim.faults().next(1, Fault::ServerError);
    assert_eq!(keyed(&caller, "k3", "name=a").await.expect("the simulation answers").status, 500);
    assert_eq!(keyed(&caller, "k3", "name=a").await.expect("the simulation answers").status, 500);
    assert_eq!(keyed(&caller, "k4", "emial=a").await.expect("the simulation answers").status, 400);
    assert_eq!(keyed(&caller, "k4", "email=a").await.expect("the simulation answers").status, 200);
    caller.sim.faults().next(1, Fault::RateLimited { retry_after: Some(2) });
    assert_eq!(keyed(&caller, "k5", "name=a").await.expect("the simulation answers").status, 429);
    assert_eq!(keyed(&caller, "k5", "name=a").await.expect("the simulation answers").status, 200);
}

#[tokio::test]
async fn a_request_is_executed_even_if_its_caller_gives_up() {
    let caller = Caller::new().await;
    caller.sim.faults().next(1, Fault::Latency(Duration::from_millis(60)));
    let given_up = tokio::time::timeout(Duration::from_millis(20), keyed(&caller, "k7", "name=a")).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let retried = keyed(&caller, "k7", "name=a").await.expect("the simulation answers");
    assert_eq!(retried.header("idempotent-replayed"), "true");
    assert_eq!(customers(&caller).await, 1);
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_executes_nothing_twice() {
    let caller = Caller::new().await;
    caller.sim.faults().next(1, Fault::DroppedAfter);
    assert!(keyed(&caller, "k6", "name=a").await.is_none());
    let retried = keyed(&caller, "k6", "name=a").await.expect("the simulation answers");
    assert_eq!(retried.header("idempotent-replayed"), "true");
    assert_eq!(customers(&caller).await, 1);
}
