//! One account, one mode: a database belongs to the Stripe account and the mode of its first key or event.

use std::time::Duration;

use billgraph::{
    config::{Config, Settings},
    error::{Code, Error},
};
use futures_util::future::join;
use reqwest::StatusCode;
use serde_json::{Value, json};
use stripe_sim::{Fault, Options, Sim};
use tokio::time::{sleep, timeout};

use crate::support::{
    TestApp, TestDatabase, anywhere,
    billing::{MADE, customer, event},
    config,
    process::{billgraph, run, text},
};

const ROW: &str = "SELECT id, livemode FROM stripe_accounts";

fn with_key(key: &str) -> impl FnOnce(&mut Settings) {
    let key = Some(key.to_owned()).filter(|key| !key.is_empty());
    move |settings| settings.stripe_secret_key = key
}

/// An event of a mode, about a customer of that name.
fn of_mode(who: &str, livemode: bool) -> Value {
    let mut event = event("customer.created", MADE, &customer(who, "plan"));
    event["livemode"] = livemode.into();
    event
}

/// The same of a connected account.
fn of_account(account: &str, mut event: Value) -> Value {
    event["account"] = account.into();
    event
}

/// A gateway over the same database, Stripe and issuer, with another key.
async fn beside(test: &TestApp, key: &str, change: impl FnOnce(&mut Config)) -> Result<TestApp, Error> {
    let (database, sim, issuer) = (test.database.clone(), test.sim.clone(), test.issuer.clone());
    let mut config = config(&database, &sim, &issuer, with_key(key));
    change(&mut config);
    TestApp::configured(database, sim, issuer, config).await
}

/// Waits until something is so.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("it comes to be so");
}

async fn stored_id(test: &TestApp) -> Value {
    test.rows(ROW).await.first().map_or(Value::Null, |row| row["id"].clone())
}

#[tokio::test]
async fn a_key_of_the_other_mode_does_not_start() {
    let test = TestApp::start().await;
    for key in ["sk_live_x", "rk_live_x"] {
        let refused = beside(&test, key, |_| {}).await.err().expect("it is of the other mode");
        assert_eq!(refused.code, Code::Invalid);
        for part in ["STRIPE_SECRET_KEY", "live", "test", "DATABASE_URL", "BILLGRAPH_DB_SCHEMA"] {
            assert!(refused.message.contains(part), "{part} in {}", refused.message);
        }
        assert!(!refused.message.contains(key), "{}", refused.message);
    }
    for key in ["sk_test_rolled", "rk_test_x", "sk_demo", ""] {
        assert!(beside(&test, key, |_| {}).await.is_ok(), "{key} is of no other mode");
    }
    assert_eq!(test.rows("SELECT singleton FROM stripe_accounts").await.len(), 1);
}

#[tokio::test]
async fn the_program_ends_with_2_over_a_database_of_the_other_mode() {
    let test = TestApp::start().await;
    let settings = [("STRIPE_SECRET_KEY", "sk_live_hunter2"), ("BILLGRAPH_LISTEN", "127.0.0.1:0")];
    let ended = run(billgraph(&test.database, &["serve"], &settings), "").await;
    let told = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(told.contains("STRIPE_SECRET_KEY is a live key, and the database holds test data."), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn an_event_of_the_other_mode_is_a_conflict_and_not_stored() {
    let test = TestApp::start().await;
    let (status, answer) = test.post_event(&of_mode("a", true)).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("CONFLICT")), "{answer}");
    let message = answer["message"].as_str().expect("a message");
    assert!(message.starts_with("This is a live event, and the database holds test data."), "{message}");
    assert_eq!((test.count("webhook_events").await, test.count("customers").await), (0, 0));
    test.receive(&of_mode("a", false)).await;
    assert_eq!(test.count("customers").await, 1);
}

#[tokio::test]
async fn test_events_of_connected_accounts_are_acknowledged_by_a_live_endpoint_and_not_stored() {
    let test = TestApp::with(with_key("sk_live_x")).await;
    test.receive(&of_account("acct_other", of_mode("a", false))).await;
    assert_eq!((test.count("webhook_events").await, test.count("customers").await), (0, 0));
    test.receive(&of_account("acct_other", of_mode("a", true))).await;
    assert_eq!(test.count("webhook_events").await, 1);
}

#[tokio::test]
async fn the_first_event_decides_where_no_key_did() {
    let test = TestApp::with(with_key("")).await;
    assert_eq!(test.rows(ROW).await, [] as [Value; 0]);
    test.receive(&of_mode("a", true)).await;
    assert_eq!(test.post_event(&of_mode("b", false)).await.0, StatusCode::CONFLICT);
    test.receive(&of_mode("c", true)).await;
    let refused = beside(&test, "sk_test_x", |_| {}).await.err().expect("it is of the other mode");
    assert!(refused.message.contains("test key") && refused.message.contains("live data"));
    assert_eq!(test.count("customers").await, 2);
    // Another process learns it from the database.
    let other = beside(&test, "", |_| {}).await.expect("it starts");
    assert_eq!(other.post_event(&of_mode("b", false)).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_test_event_of_a_connected_account_decides_nothing() {
    let test = TestApp::with(with_key("")).await;
    let connected = |who: &str, livemode: bool| of_account("acct_other", of_mode(who, livemode));
    let (status, answer) = test.post_event(&connected("a", false)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "Stripe delivers it again: {answer}");
    assert_eq!(test.count("webhook_events").await, 0);
    test.receive(&connected("b", true)).await;
    test.receive(&connected("a", false)).await;
    assert_eq!(test.rows("SELECT object_id FROM webhook_events").await, [json!({ "object_id": "cus_b" })]);
}

#[tokio::test]
async fn of_two_processes_one_event_decides() {
    for round in 0..5 {
        let one = TestApp::with(with_key("")).await;
        let other = beside(&one, "", |_| {}).await.expect("it starts");
        let (live, test) = (of_mode("live", true), of_mode("test", false));
        let (first, second) = join(one.post_event(&live), other.post_event(&test)).await;
        let mut statuses = [first.0, second.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT], "round {round}");
        assert_eq!(one.count("webhook_events").await, 1);
    }
}

#[tokio::test]
async fn the_account_of_the_first_key_is_the_databases() {
    let first = TestApp::start().await;
    assert_eq!(stored_id(&first).await, Value::Null, "tests are not asked whose key it is");
    first.sim.faults().next_on("/v1/account", 5, Fault::ServerErrorHtml);
    let asking = beside(&first, "sk_test_sim", |config| config.ask_whose_key = true).await;
    let asking = asking.expect("it starts while Stripe is away");
    until(async || stored_id(&asking).await == "acct_sim").await;
    assert_eq!(asking.link(&asking.user("u_1"), json!({})).await["outcome"], "CREATED");
}

#[tokio::test]
async fn a_key_of_another_account_asks_nothing_of_stripe() {
    let first = TestApp::start().await;
    let same = beside(&first, "sk_test_sim", |config| config.ask_whose_key = true).await.expect("it starts");
    until(async || stored_id(&same).await == "acct_sim").await;

    let others = Sim::new(Options { account_id: "acct_others".to_owned(), ..Options::default() });
    others.listen(anywhere()).await.expect("a port is free");
    let (database, issuer): (TestDatabase, _) = (first.database.clone(), first.issuer.clone());
    let mut config = config(&database, &others, &issuer, |_| {});
    config.ask_whose_key = true;
    let test = TestApp::configured(database, others, issuer, config).await.expect("it starts");
    let token = test.user("u_1");
    let reason = "STRIPE_SECRET_KEY is a key of another Stripe account than this database's.";
    until(async || {
        let answer = test.try_link(Some(&token), json!({ "userId": null })).await;
        answer["errors"][0]["message"] == reason && answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    })
    .await;
    let asked = test.asked();
    test.try_link(Some(&test.user("u_2")), json!({})).await;
    assert_eq!(test.asked(), asked, "Stripe is not asked");
    assert_eq!(stored_id(&test).await, "acct_sim");
    let ready = test.client.get(test.url("/readyz")).send().await.expect("it answers");
    assert_eq!(ready.status(), StatusCode::OK, "reading and webhooks go on");
}

#[tokio::test]
async fn a_key_without_the_permission_leaves_the_account_open() {
    let first = TestApp::start().await;
    let wrong = beside(&first, "rk_test_wrong", |config| config.ask_whose_key = true).await;
    let wrong = wrong.expect("it starts");
    until(async || wrong.sim.requests().iter().any(|request| request.path == "/v1/account")).await;
    assert_eq!(stored_id(&wrong).await, Value::Null);
}
