//! `POST /webhooks/stripe`: what is refused, what is taken in, and what it does.

use billgraph::config::Settings;
use futures_util::future::join_all;
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};

use crate::support::{TestApp, TestDatabase, WEBHOOK_SECRET, proxy::Proxy};

fn event(id: &str, kind: &str, created: i64, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "api_version": "2026-09-30.endive", "created": created, "type": kind,
        "livemode": false, "data": { "object": object }, "pending_webhooks": 1,
    })
}

fn customer(name: &str) -> Value {
    json!({
        "id": "cus_1", "object": "customer", "name": name, "email": "a@example.com", "created": 1_700_000_000,
        "livemode": false, "metadata": {}, "balance": 0,
    })
}

#[tokio::test]
async fn what_stripe_did_not_sign_is_refused_and_not_stored() {
    let test = TestApp::start().await;
    let (now, body) = (test.sim.now(), event("evt_1", "customer.created", 1, &customer("A")).to_string());
    let sign = |secret, time: i64, body: &str| stripe_sim::signature(secret, time, body.as_bytes());
    for header in [
        None,
        Some("nonsense".to_owned()),
        Some(sign("whsec_other", now, &body)),
        Some(sign(WEBHOOK_SECRET, now - 301, &body)),
        Some(sign(WEBHOOK_SECRET, now + 301, &body)),
        Some(sign(WEBHOOK_SECRET, now, "{}")),
    ] {
        let (status, answer) = test.post_webhook(header.as_deref(), body.clone()).await;
        assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!("INVALID")), "{header:?}");
        assert!(answer["requestId"].as_str().is_some_and(|id| id.starts_with("req_")));
        assert!(answer["message"].is_string());
    }
    assert_eq!((test.count("webhook_events").await, test.count("customers").await), (0, 0));
}

#[tokio::test]
async fn what_is_not_an_event_is_refused() {
    let test = TestApp::start().await;
    for body in ["", "not json", "[]", "{}", r#"{"id":"evt_1","type":"a","created":1}"#, "\u{0}"] {
        let signature = stripe_sim::signature(WEBHOOK_SECRET, test.sim.now(), body.as_bytes());
        let (status, answer) = test.post_webhook(Some(&signature), body).await;
        assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!("INVALID")), "{body}");
    }
    let body = vec![b' '; 2 << 20];
    let (status, answer) = test.post_webhook(None, body).await;
    assert_eq!((status, &answer["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("INVALID")));
}

#[tokio::test]
async fn each_of_several_secrets_is_accepted_and_none_is_503() {
    let body = event("evt_1", "customer.created", 1, &customer("A")).to_string();
    let secrets = format!("whsec_old,{WEBHOOK_SECRET}");
    let test = TestApp::with(|settings| settings.stripe_webhook_secret = Some(secrets)).await;
    for secret in ["whsec_old", WEBHOOK_SECRET] {
        let signature = stripe_sim::signature(secret, test.sim.now(), body.as_bytes());
        assert_eq!(test.post_webhook(Some(&signature), body.clone()).await.0, StatusCode::OK);
    }
    let without = TestApp::with(|settings| settings.stripe_webhook_secret = None).await;
    let (status, answer) = without.post_webhook(Some("t=1,v1=00"), body).await;
    assert_eq!((status, &answer["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE")));
}

#[tokio::test]
async fn an_event_counts_once_however_often_it_arrives() {
    let test = TestApp::start().await;
    let created = event("evt_1", "customer.created", 10, &customer("A"));
    join_all((0..50).map(|_| test.receive(&created))).await;
    test.receive(&created).await;
    assert_eq!((test.count("webhook_events").await, test.count("customers").await), (1, 1));
    assert_eq!(test.rows("SELECT seq FROM changes").await.len(), 1);
}

#[tokio::test]
async fn an_older_event_never_overwrites_a_newer_row() {
    let test = TestApp::start().await;
    test.receive(&event("evt_2", "customer.updated", 20, &customer("new"))).await;
    test.receive(&event("evt_1", "customer.created", 10, &customer("old"))).await;
    let rows = test.rows("SELECT name, stamp, stamp_event, api_version FROM customers").await;
    let expected =
        json!({ "name": "new", "stamp": 20, "stamp_event": "evt_2", "api_version": "2026-09-30.endive" });
    assert_eq!(rows, [expected]);
    let states = test.rows("SELECT id, state, payload FROM webhook_events ORDER BY id").await;
    let state = |row: &Value| row["state"].as_str().map(str::to_owned);
    assert_eq!(states.iter().filter_map(state).collect::<Vec<_>>(), ["stale", "applied"]);
    assert!(states[0]["payload"].is_string(), "the body of a stale event may be needed again");
    assert!(states[1]["payload"].is_null(), "the body of an applied event is in its row");
}

/// SQLite has no booleans of its own.
fn is_false(value: &Value) -> bool {
    *value == json!(false) || *value == json!(0)
}

#[tokio::test]
async fn a_late_update_does_not_bring_a_deleted_customer_back() {
    let test = TestApp::start().await;
    test.receive(&event("evt_1", "customer.created", 10, &customer("A"))).await;
    test.receive(&event("evt_3", "customer.deleted", 30, &customer("A"))).await;
    for (id, created) in [("evt_2", 20), ("evt_4", 30), ("evt_5", 40)] {
        test.receive(&event(id, "customer.updated", created, &customer("late"))).await;
    }
    let rows = test.rows("SELECT name, deleted, stamp FROM customers").await;
    assert_eq!((&rows[0]["name"], &rows[0]["stamp"]), (&json!("A"), &json!(30)));
    assert!(!is_false(&rows[0]["deleted"]));
}

#[tokio::test]
async fn an_id_that_is_created_again_comes_back() {
    let test = TestApp::start().await;
    let product = json!({ "id": "gold", "object": "product", "name": "Gold", "active": true, "created": 5 });
    for (id, kind, created) in [("evt_1", "created", 10), ("evt_2", "deleted", 20), ("evt_3", "created", 30)]
    {
        test.receive(&event(id, &format!("product.{kind}"), created, &product)).await;
        let rows = test.rows("SELECT deleted FROM products").await;
        assert_eq!(is_false(&rows[0]["deleted"]), kind == "created", "{id}");
    }
}

#[tokio::test]
async fn a_payment_may_arrive_before_its_customer() {
    let test = TestApp::start().await;
    let payment = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 500, "currency": "usd", "customer": "cus_1",
        "status": "succeeded", "created": 9,
    });
    test.receive(&event("evt_1", "payment_intent.succeeded", 9, &payment)).await;
    test.receive(&event("evt_2", "customer.created", 10, &customer("A"))).await;
    let joined =
        test.rows("SELECT p.id, c.name FROM payment_intents p JOIN customers c ON c.id = p.customer").await;
    assert_eq!(joined, [json!({ "id": "pi_1", "name": "A" })]);
}

#[tokio::test]
async fn what_nothing_identifies_is_kept_in_the_inbox() {
    let test = TestApp::start().await;
    for (id, kind, object) in [
        ("evt_2", "invoice.upcoming", json!({ "object": "invoice", "customer": "cus_1" })),
        ("evt_3", "something.new", json!({ "anything": [1, 2, 3] })),
        ("evt_4", "customer.created", json!({ "object": "customer", "id": 7 })),
    ] {
        let event = event(id, kind, 10, &object);
        test.receive(&event).await;
        let rows = test.rows(&format!("SELECT state, payload FROM webhook_events WHERE id = '{id}'")).await;
        assert_eq!(rows[0]["state"], "ignored");
        let kept: Value =
            serde_json::from_str(rows[0]["payload"].as_str().expect("the body is kept")).expect("JSON");
        assert_eq!(kept, event);
    }
}

#[tokio::test]
async fn odd_values_do_not_fail_an_event() {
    let test = TestApp::start().await;
    let subscription = json!({
        "id": "sub_1", "object": "subscription", "status": "hibernating", "customer": { "id": "cus_1", "object": "customer" },
        "created": 1e300, "cancel_at_period_end": null, "metadata": null, "quantity": 99_999_999_999_i64,
        "items": { "object": "list", "data": [null, 7, { "id": "si_1", "object": "subscription_item" }], "has_more": false },
        "description": "nul \u{0} here", "cancel_at": "soon",
    });
    test.receive(&event("evt_1", "customer.subscription.updated", 10, &subscription)).await;
    test.receive(&event("evt_2", "customer.created", 10, &json!({ "id": "cus_1", "object": "customer" })))
        .await;
    let rows = test.rows("SELECT status, customer, description, cancel_at FROM subscriptions").await;
    let expected = json!({ "status": "hibernating", "customer": "cus_1", "description": "nul  here", "cancel_at": null });
    assert_eq!(rows, [expected]);
    assert_eq!(test.count("subscription_items").await, 1);
    let admin = test.service(billgraph::auth::Role::Admin).await;
    let query = "{ subscription(id: \"sub_1\") { status cancelAtPeriodEnd metadata customer { id name } } }";
    let data = test.data(Some(&admin), query, json!({})).await;
    let expected = json!({
        "status": "UNKNOWN", "cancelAtPeriodEnd": false, "metadata": {}, "customer": { "id": "cus_1", "name": null },
    });
    assert_eq!(data["subscription"], expected);
}

#[tokio::test]
async fn items_that_a_complete_list_no_longer_names_are_gone() {
    let test = TestApp::start().await;
    let subscription = |items: &[&str], has_more: bool| {
        let item = |id: &&str| json!({ "id": id, "object": "subscription_item", "quantity": 1 });
        let items: Vec<Value> = items.iter().map(item).collect();
        json!({ "id": "sub_1", "object": "subscription", "status": "active", "created": 1,
                "items": { "object": "list", "data": items, "has_more": has_more } })
    };
    let live = "SELECT id FROM subscription_items WHERE NOT deleted ORDER BY id";
    let kind = "customer.subscription.updated";
    test.receive(&event("evt_1", kind, 10, &subscription(&["si_1", "si_2"], false))).await;
    test.receive(&event("evt_2", kind, 20, &subscription(&["si_3"], true))).await;
    assert_eq!(test.rows(live).await.len(), 3, "an incomplete list removes nothing");
    test.receive(&event("evt_3", kind, 30, &subscription(&["si_3"], false))).await;
    test.receive(&event("evt_0", kind, 5, &subscription(&["si_1"], false))).await;
    assert_eq!(test.rows(live).await, [json!({ "id": "si_3" })]);
}

#[tokio::test]
async fn a_column_that_a_newer_version_adds_while_this_one_runs_stops_nothing() {
    let test = TestApp::start().await;
    test.receive(&event("evt_1", "customer.created", 10, &customer("old"))).await;
    let tx = test.app().db.begin().await.expect("the database answers");
    for table in ["customers", "webhook_events", "changes"] {
        let column = format!("ALTER TABLE {table} ADD COLUMN of_a_newer_version text");
        tx.execute_unprepared(&column).await.expect("the column is added");
    }
    tx.commit().await.expect("the database answers");

    test.receive(&event("evt_2", "customer.updated", 20, &customer("new"))).await;
    assert_eq!(test.rows("SELECT name FROM customers").await, [json!({ "name": "new" })]);
    assert_eq!(test.rows("SELECT event_id FROM changes").await.len(), 2);
    let states = test.rows("SELECT state FROM webhook_events WHERE id = 'evt_2'").await;
    assert_eq!(states, [json!({ "state": "applied" })]);
}

#[tokio::test]
async fn without_its_database_the_gateway_answers_503_and_takes_the_event_in_later() {
    let created = event("evt_1", "customer.created", 10, &customer("A"));
    let database = TestDatabase::create();
    let (test, restored) = if database.backend() == DbBackend::Postgres {
        let (proxy, through) = Proxy::before(&database.url).await;
        let change = |settings: &mut Settings| settings.database_url = through;
        let test = TestApp::with_database(database, change).await;
        proxy.cut();
        (test, Some(proxy))
    } else {
        let test = TestApp::with_database(database, |_| {}).await;
        test.app().db.writer.clone().close().await.expect("the pool closes");
        (test, None)
    };
    let (status, answer) = test.post_event(&created).await;
    assert_eq!((status, &answer["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("UNAVAILABLE")));
    assert!(!answer.to_string().to_lowercase().contains("sql"), "{answer}");
    let test = match &restored {
        Some(proxy) => {
            proxy.mend();
            test
        }
        // An embedded database is not restored without its process.
        None => TestApp::over(test.database.clone(), test.sim.clone(), test.issuer.clone(), |_| {}).await,
    };
    test.receive(&created).await;
    assert_eq!(test.count("customers").await, 1);
}
