//! Stripe fails while a session is made, and one key makes one session all the same.

use std::{net::TcpListener, time::Duration};

use serde_json::{Value, json};
use stripe_sim::Fault;
use tokio::time::{Instant, timeout};

use crate::support::{ENDIVE, MONTHLY, TestApp, anywhere, buy, refusal, with};

const CREATE: &str = "POST /v1/checkout/sessions";

#[tokio::test]
async fn without_a_key_or_with_a_stripe_that_is_down_nothing_is_sold() {
    let closed = TcpListener::bind(anywhere()).expect("a port is free").local_addr().expect("bound");
    let base = (Some("sk_test_sim".to_owned()), Some(format!("http://{closed}")));
    for (key, base) in [(None, None), base] {
        let test = TestApp::with(|settings| {
            settings.stripe_secret_key = key;
            settings.stripe_api_base = base.unwrap_or(settings.stripe_api_base.clone());
        })
        .await;
        test.connect_webhooks(ENDIVE);
        let price = test.price(MONTHLY).await;
        test.deliver().await;
        let answer = test.try_checkout(Some(&test.user("u_1")), buy(&price)).await;
        assert_eq!(refusal(&answer), "UNAVAILABLE");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let test = TestApp::start().await;
    let input = buy(&test.price(MONTHLY).await);
    test.sim.faults().next_on(CREATE, 1, Fault::RateLimited { retry_after: Some(1) });
    test.sim.faults().next_on("GET /v1/prices", 2, Fault::RateLimited { retry_after: None });
    let started = Instant::now();
    test.checkout(&test.user("u_1"), input).await;
    assert!(started.elapsed() >= Duration::from_secs(1), "as long as Stripe asks for");
    assert_eq!(test.sessions().len(), 1);
}

#[tokio::test]
async fn a_fault_that_lasts_is_told_and_its_key_makes_one_session() {
    for (fault, code) in [
        (Fault::RateLimited { retry_after: None }, "RATE_LIMITED"),
        (Fault::ServerErrorHtml, "UNAVAILABLE"),
        (Fault::DroppedBefore, "UNAVAILABLE"),
        (Fault::DroppedAfter, "UNAVAILABLE"),
    ] {
        let test = TestApp::start().await;
        let input = keyed(&test).await;
        test.sim.faults().always_on(CREATE, fault);
        let answer = test.try_checkout(Some(&test.user("u_1")), input.clone()).await;
        assert_eq!(refusal(&answer), code, "{fault:?}");
        test.sim.faults().clear();
        let payload = test.checkout(&test.user("u_1"), input).await;
        assert_eq!(test.sessions().len(), 1, "{fault:?}");
        assert_eq!(payload["checkoutSession"]["id"], test.sessions()[0]["id"]);
    }
}

/// Stripe keeps a server error under its key for a day, and so does a client's key: another one gets on.
#[tokio::test]
async fn a_server_error_makes_no_second_session_under_its_key() {
    for fault in [Fault::ServerError, Fault::ServerErrorAfter] {
        let test = TestApp::start().await;
        let input = keyed(&test).await;
        test.sim.faults().next_on(CREATE, 1, fault);
        for _ in 0..2 {
            let answer = test.try_checkout(Some(&test.user("u_1")), input.clone()).await;
            assert_eq!(refusal(&answer), "UNAVAILABLE", "{fault:?}");
        }
        assert_eq!(test.sessions().len(), usize::from(fault == Fault::ServerErrorAfter));
        let other = with(input, &json!({ "idempotencyKey": "order-2" }));
        assert_eq!(test.checkout(&test.user("u_1"), other).await["userErrors"], json!([]));
    }
}

#[tokio::test]
async fn a_session_whose_making_takes_too_long_is_the_one_that_is_opened() {
    let test = TestApp::start().await;
    let input = keyed(&test).await;
    test.sim.faults().next_on(CREATE, 1, Fault::Latency(Duration::from_secs(3)));
    let answer = test.try_checkout(Some(&test.user("u_1")), input.clone()).await;
    assert_eq!(refusal(&answer), "CONFLICT");
    let payload = timeout(Duration::from_secs(10), open_at_last(&test, &input)).await;
    let payload = payload.expect("Stripe is done in time");
    assert_eq!(payload["checkoutSession"]["id"], test.sessions()[0]["id"]);
    assert_eq!(test.sessions().len(), 1);
}

#[tokio::test]
async fn a_customer_that_cannot_be_linked_buys_nothing() {
    let test = TestApp::start().await;
    let input = keyed(&test).await;
    test.sim.faults().always_on("POST /v1/customers", Fault::ServerError);
    let answer = test.try_checkout(Some(&test.user("u_1")), input.clone()).await;
    assert_eq!(refusal(&answer), "UNAVAILABLE");
    test.sim.faults().clear();
    test.checkout(&test.user("u_1"), input).await;
    assert_eq!((test.customers().len(), test.sessions().len()), (1, 1));
}

/// An input under a key of the client's.
async fn keyed(test: &TestApp) -> Value {
    with(buy(&test.price(MONTHLY).await), &json!({ "idempotencyKey": "order-1" }))
}

/// Calls as a frontend does, again while the first request is under way.
async fn open_at_last(test: &TestApp, input: &Value) -> Value {
    loop {
        let mut answer = test.try_checkout(Some(&test.user("u_1")), input.clone()).await;
        if answer.get("errors").is_none() {
            return answer["data"]["createCheckoutSession"].take();
        }
        assert_eq!(refusal(&answer), "CONFLICT");
    }
}
