//! Lists of more than one page, and connected accounts, at a server that plays Stripe.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Response,
};
use billgraph::sync::jobs::{self, NewJob};
use chrono::DateTime;
use entity::sync_job::Reason;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::{
    TestApp, anywhere,
    billing::{event, subscription},
};

/// What it was asked: the path with its query, and the account.
type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// The items of the subscription, oldest first; Stripe sends two at a time.
const ITEMS: [&str; 5] = ["si_1", "si_2", "si_3", "si_4", "si_5"];

fn page(after: Option<&str>) -> Value {
    let start = after.and_then(|id| ITEMS.iter().position(|item| *item == id)).map_or(0, |place| place + 1);
    let ids = ITEMS.iter().skip(start).take(2);
    let item = |id: &&str| json!({ "id": id, "object": "subscription_item", "created": 1, "price": { "id": "price_1" } });
    json!({ "object": "list", "data": ids.map(item).collect::<Vec<_>>(), "has_more": start + 2 < ITEMS.len() })
}

fn whole(id: &str) -> Value {
    json!({ "id": id, "object": "subscription", "customer": "cus_1", "status": "active", "created": 1, "items": page(None) })
}

async fn answer(State(asked): State<Asked>, request: Request) -> Response<Body> {
    let account =
        request.headers().get("stripe-account").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let line = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let path = request.uri().path();
    let (status, body) = match path.rsplit('/').next().unwrap_or_default() {
        "subscription_items" if value("subscription").as_deref() == Some("sub_endless") => {
            (200, json!({ "data": [{ "id": "si_1", "object": "subscription_item" }], "has_more": true }))
        }
        "subscription_items" => (200, page(value("starting_after").as_deref())),
        "sub_secret" => (403, json!({ "error": { "message": "The key may not read this." } })),
        id => (200, whole(id)),
    };
    // Each answer is a minute later than the one before.
    let minute = {
        let mut asked = asked.lock().expect("not poisoned");
        asked.push((line, account));
        asked.len() - 1
    };
    let date = format!("Fri, 20 Nov 2026 12:{minute:02}:00 GMT");
    Response::builder()
        .status(status)
        .header("date", date)
        .body(Body::from(body.to_string()))
        .expect("an answer")
}

/// A gateway whose Stripe is that server.
async fn start() -> (TestApp, Asked) {
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind(anywhere()).await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it listens"));
    let app = Router::new().fallback(answer).with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (TestApp::with(|settings| settings.stripe_api_base = base).await, asked)
}

async fn fetch(test: &TestApp, id: &str, account: &str) {
    let job = NewJob {
        object: "subscription".to_owned(),
        object_id: id.to_owned(),
        account: account.to_owned(),
        path: None,
        reason: Reason::LongList,
    };
    let app = test.app();
    jobs::enqueue(&app.db.writer, &[job], app.clock.now()).await.expect("it is noted");
    test.catch_up().await;
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_before_anything_is_removed() {
    let (test, asked) = start().await;
    // The mirror knows an item that Stripe has no more.
    let known = subscription("1", "active");
    test.receive(&event("customer.subscription.created", 1_750_000_000, &known)).await;
    fetch(&test, "sub_1", "").await;
    let lines: Vec<String> =
        asked.lock().expect("not poisoned").iter().map(|(line, _)| line.clone()).collect();
    let list = "/v1/subscription_items?subscription=sub_1&limit=100";
    assert_eq!(
        lines,
        [
            "/v1/subscriptions/sub_1".to_owned(),
            list.to_owned(),
            format!("{list}&starting_after=si_2"),
            format!("{list}&starting_after=si_4")
        ]
    );
    let items = test.rows("SELECT id, stamp FROM subscription_items ORDER BY id").await;
    let ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(ids, ITEMS);
    let stamp = DateTime::parse_from_rfc3339("2026-11-20T12:00:00Z").expect("a time").timestamp();
    let row = &test.rows("SELECT stamp, raw, deleted FROM subscriptions").await[0];
    assert_eq!(row["stamp"], stamp, "what changed after the first answer has events of its own");
    assert!(items.iter().all(|item| item["stamp"] == stamp));
    let raw = row["raw"].as_str().map_or(row["raw"].clone(), |raw| serde_json::from_str(raw).expect("JSON"));
    assert_eq!(raw["items"], page(None), "what Stripe sent is kept");
    assert!(test.rows("SELECT object_id FROM sync_jobs").await.is_empty());
}

#[tokio::test]
async fn a_list_without_an_end_and_a_refusal_are_told() {
    let (test, _asked) = start().await;
    for (id, reason, longest) in [("sub_endless", "does not end", 5), ("sub_secret", "may not read", 3600)] {
        fetch(&test, id, "").await;
        let jobs = test.rows(&format!("SELECT * FROM sync_jobs WHERE object_id = '{id}'")).await;
        assert!(jobs[0]["last_error"].as_str().is_some_and(|text| text.contains(reason)), "{jobs:?}");
        let run_at =
            DateTime::parse_from_rfc3339(jobs[0]["run_at"].as_str().expect("a time")).expect("a time");
        let wait = (run_at.to_utc() - test.app().clock.now()).num_seconds();
        assert!((longest / 2 - 1..=longest).contains(&wait), "{id} waits {wait} s");
    }
    assert_eq!(test.count("subscriptions").await, 0, "nothing is written in part");
}

#[tokio::test]
async fn a_connected_account_is_asked_as_itself() {
    let (test, asked) = start().await;
    fetch(&test, "sub_2", "acct_1").await;
    assert!(
        asked.lock().expect("not poisoned").iter().all(|(_, account)| account.as_deref() == Some("acct_1"))
    );
    for table in ["subscriptions", "subscription_items"] {
        let rows = test.rows(&format!("SELECT account FROM {table}")).await;
        assert!(!rows.is_empty() && rows.iter().all(|row| row["account"] == "acct_1"), "{rows:?}");
    }
}
