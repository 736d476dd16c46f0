//! What a customer is entitled to, of which Stripe tells only by a summary that has no id.

use serde_json::{Value, json};

use crate::support::{
    ENDIVE, TestApp,
    billing::{MADE, account, event, subscription},
};

/// A summary that lists entitlements of a customer, as an event.
fn summary(id: &str, at: i64, entitled: &[&str], previous: Option<&[&str]>) -> Value {
    let entitlements = |entitled: &[&str]| {
        let entitlement = |key: &&str| {
            json!({ "id": format!("ent_{key}"), "object": "entitlements.active_entitlement",
                    "feature": format!("feat_{key}"), "livemode": false, "lookup_key": key })
        };
        let data: Vec<Value> = entitled.iter().map(entitlement).collect();
        json!({ "object": "list", "data": data, "has_more": false })
    };
    let object = json!({ "object": "entitlements.active_entitlement_summary", "customer": "cus_1",
                         "livemode": false, "entitlements": entitlements(entitled) });
    let mut data = json!({ "object": object });
    if let Some(previous) = previous {
        data["previous_attributes"] = json!({ "entitlements": entitlements(previous) });
    }
    json!({ "id": id, "object": "event", "type": "entitlements.active_entitlement_summary.updated",
            "created": at, "api_version": ENDIVE, "data": data })
}

/// What the customer is entitled to, and whether no more.
async fn held(test: &TestApp) -> Vec<(String, bool)> {
    let sql = "SELECT lookup_key, customer, deleted FROM active_entitlements ORDER BY lookup_key";
    let rows = test.rows(sql).await;
    assert!(rows.iter().all(|row| row["customer"] == "cus_1"), "the summary says whose they are");
    let row = |row: &Value| {
        let ended = row["deleted"].as_bool().unwrap_or(row["deleted"] == 1);
        (row["lookup_key"].as_str().expect("a key").to_owned(), ended)
    };
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn a_summary_gives_and_takes() {
    let test = TestApp::start().await;
    test.receive(&summary("evt_1", MADE, &["chat", "export"], None)).await;
    assert_eq!(held(&test).await, [("chat".to_owned(), false), ("export".to_owned(), false)]);
    test.receive(&summary("evt_2", MADE + 1, &["export"], None)).await;
    assert_eq!(held(&test).await, [("chat".to_owned(), true), ("export".to_owned(), false)]);
    let summaries = test.rows("SELECT id, customer FROM active_entitlement_summaries").await;
    assert_eq!(summaries, [json!({ "id": "cus_1", "customer": "cus_1" })]);
}

#[tokio::test]
async fn summaries_of_one_second_end_the_same_in_any_order() {
    let first = summary("evt_b", MADE, &["chat"], Some(&[]));
    let second = summary("evt_a", MADE, &["chat", "export"], Some(&["chat"]));
    for events in [[&first, &second], [&second, &first]] {
        let test = TestApp::start().await;
        for event in events {
            test.receive(event).await;
        }
        assert_eq!(held(&test).await, [("chat".to_owned(), false), ("export".to_owned(), false)]);
    }
}

#[tokio::test]
async fn where_an_account_stands_is_the_standing_of_its_best_subscription() {
    let test = TestApp::start().await;
    test.know(&account("1", "user_id")).await;
    let user = test.linked("1").await;
    // A subscription whose status is new at Stripe may well be paid for.
    for (at, [mine, other, standing]) in (MADE + 1..).zip([
        ["active", "past_due", "ACTIVE"],
        ["canceled", "incomplete_expired", "CANCELED"],
        ["canceled", "on_the_house", "UNKNOWN"],
        ["on_the_house", "past_due", "PAST_DUE"],
        ["unpaid", "on_the_house", "UNKNOWN"],
    ]) {
        for (id, status) in [("sub_1", mine), ("sub_other", other)] {
            let mut subscription = subscription("1", status);
            subscription["id"] = id.into();
            test.receive(&event("customer.subscription.updated", at, &subscription)).await;
        }
        let data = test.data(Some(&user), "{ viewer { status } }", json!({})).await;
        assert_eq!(data["viewer"]["status"], standing, "{mine}, {other}");
    }
}
