//! Stripe fails in every way it can, and a user ends with one customer all the same.

use std::{net::TcpListener, time::Duration};

use serde_json::{Value, json};
use stripe_sim::Fault;
use tokio::time::{Instant, timeout};

use crate::support::{ENDIVE, TestApp, anywhere, refusal};

const SEARCH: &str = "GET /v1/customers/search";
const CREATE: &str = "POST /v1/customers";

#[tokio::test]
async fn without_a_key_the_reason_is_told() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = None).await;
    let answer = test.try_link(Some(&test.user("u_1")), json!({})).await;
    assert_eq!(refusal(&answer), "UNAVAILABLE");
    assert_eq!(answer["errors"][0]["message"], "STRIPE_SECRET_KEY is not set.");
}

#[tokio::test]
async fn without_a_key_a_mirrored_customer_is_linked_as_it_comes() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = None).await;
    test.connect_webhooks(ENDIVE);
    test.at_stripe("/v1/customers", "metadata[user_id]=u_1").await;
    test.deliver().await;
    assert_eq!(test.link(&test.user("u_1"), json!({})).await["outcome"], "ALREADY_LINKED");
}

#[tokio::test]
async fn a_key_that_stripe_does_not_accept_is_not_told() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = Some("sk_test_wrong".to_owned())).await;
    let answer = test.try_link(Some(&test.user("u_1")), json!({})).await;
    assert_eq!(refusal(&answer), "STRIPE");
}

#[tokio::test]
async fn a_stripe_that_is_down_is_unavailable() {
    let closed = TcpListener::bind(anywhere()).expect("a port is free").local_addr().expect("bound");
    let test = TestApp::with(|settings| settings.stripe_api_base = format!("http://{closed}")).await;
    let answer = test.try_link(Some(&test.user("u_1")), json!({})).await;
    assert_eq!(refusal(&answer), "UNAVAILABLE");
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let test = TestApp::start().await;
    test.sim.faults().next_on(SEARCH, 2, Fault::RateLimited { retry_after: None });
    test.sim.faults().next_on(CREATE, 1, Fault::RateLimited { retry_after: Some(1) });
    let started = Instant::now();
    assert_eq!(test.link(&test.user("u_1"), json!({})).await["outcome"], "CREATED");
    assert!(started.elapsed() >= Duration::from_secs(1), "as long as Stripe asks for");
}

#[tokio::test]
async fn a_fault_that_lasts_is_told_and_leaves_no_second_customer() {
    for at in [SEARCH, CREATE] {
        for fault in [
            Fault::ServerError,
            Fault::ServerErrorAfter,
            Fault::ServerErrorHtml,
            Fault::DroppedBefore,
            Fault::DroppedAfter,
        ] {
            assert_eq!(fail_then_succeed(at, fault).await, "UNAVAILABLE", "{fault:?} at {at}");
        }
        let limit = Fault::RateLimited { retry_after: None };
        assert_eq!(fail_then_succeed(at, limit).await, "RATE_LIMITED");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again() {
    let test = TestApp::start().await;
    test.sim.faults().next_on("/v1/customers", 3, Fault::DroppedAfter);
    test.sim.faults().next_on(CREATE, 2, Fault::DroppedAfter);
    assert_eq!(test.link(&test.user("u_1"), json!({})).await["outcome"], "CREATED");
    assert_eq!(test.customers().len(), 1);
}

#[tokio::test]
async fn a_customer_is_not_made_twice_although_search_does_not_know_it() {
    let test = TestApp::start().await;
    for (user, fault) in [("u_1", Fault::ServerErrorAfter), ("u_2", Fault::DroppedAfter)] {
        test.sim.faults().always(Fault::SearchLag(true));
        test.sim.faults().always_on(CREATE, fault);
        let answer = test.try_link(Some(&test.user(user)), json!({})).await;
        assert_eq!(refusal(&answer), "UNAVAILABLE");
        test.sim.faults().clear();
        test.sim.faults().always(Fault::SearchLag(true));
        test.link(&test.user(user), json!({})).await;
        assert_eq!(named(&test, user).len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_repeated() {
    let test = TestApp::start().await;
    test.sim.faults().next_on(SEARCH, 1, Fault::Latency(Duration::from_secs(5)));
    assert_eq!(test.link(&test.user("u_1"), json!({})).await["outcome"], "CREATED");
}

#[tokio::test]
async fn a_customer_whose_making_takes_too_long_is_the_one_that_is_linked() {
    let test = TestApp::start().await;
    test.sim.faults().next_on(CREATE, 1, Fault::Latency(Duration::from_secs(3)));
    let answer = test.try_link(Some(&test.user("u_1")), json!({})).await;
    assert_eq!(refusal(&answer), "CONFLICT");
    let linked = timeout(Duration::from_secs(10), link_at_last(&test)).await.expect("Stripe is done in time");
    assert_eq!(linked["customer"]["id"], test.customers()[0]["id"]);
    assert_eq!(test.customers().len(), 1);
}

/// The code that a user is told while a fault lasts; afterwards they have one customer, and only one.
async fn fail_then_succeed(at: &str, fault: Fault) -> String {
    let test = TestApp::start().await;
    test.sim.faults().always_on(at, fault);
    let answer = test.try_link(Some(&test.user("u_1")), json!({})).await;
    test.sim.faults().clear();
    let linked = test.link(&test.user("u_1"), json!({})).await;
    let customers = named(&test, "u_1");
    assert_eq!(customers.len(), 1, "{fault:?} at {at}");
    assert_eq!(linked["customer"]["id"], customers[0]["id"]);
    refusal(&answer)
}

/// The customers at Stripe that name a user.
fn named(test: &TestApp, user: &str) -> Vec<Value> {
    test.customers().into_iter().filter(|customer| customer["metadata"]["user_id"] == user).collect()
}

/// Calls as a frontend does, again while the first request is under way.
async fn link_at_last(test: &TestApp) -> Value {
    loop {
        let mut answer = test.try_link(Some(&test.user("u_1")), json!({})).await;
        if answer.get("errors").is_none() {
            return answer["data"]["linkCustomer"].take();
        }
        assert_eq!(refusal(&answer), "CONFLICT");
    }
}
