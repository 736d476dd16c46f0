//! One customer for each user, whatever happens at the same time, and none that was deleted.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{ENDIVE, TestApp};

#[tokio::test]
async fn parallel_first_calls_make_one_customer() {
    let test = TestApp::start().await;
    let answers = link_often([&test]).await;
    assert_one(&test, &answers).await;
}

#[tokio::test]
async fn parallel_first_calls_find_one_customer() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "metadata[user_id]=u_1").await;
    let answers = link_often([&test]).await;
    assert_one(&test, &answers).await;
    assert_eq!(answers[0]["customer"]["id"], customer);
}

#[tokio::test]
async fn two_gateways_make_one_customer() {
    let one = TestApp::start().await;
    let (database, sim, issuer) = (one.database.clone(), one.sim.clone(), one.issuer.clone());
    let other = TestApp::over(database, sim, issuer, |_| {}).await;
    let answers = link_often([&one, &other]).await;
    assert_one(&one, &answers).await;
}

#[tokio::test]
async fn users_who_share_an_address_do_not_share_a_customer() {
    let test = TestApp::start().await;
    let theirs = test.at_stripe("/v1/customers", "email=shared@example.com").await;
    let claims = json!({ "email": "shared@example.com", "email_verified": true });
    let tokens: Vec<String> = (0..4).map(|id| test.token(&format!("u_{id}"), &claims)).collect();
    let answers = join_all(tokens.iter().map(|token| test.link(token, json!({})))).await;
    let customers: HashSet<String> =
        answers.iter().map(|answer| answer["customer"]["id"].to_string()).collect();
    assert_eq!(customers.len(), 4, "{answers:?}");
    assert!(customers.contains(&json!(theirs).to_string()));
    assert_eq!(test.customers().len(), 4);
}

#[tokio::test]
async fn deleted_customers_are_not_taken() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    for form in ["metadata[user_id]=u_1", "email=u_1@example.com"] {
        let customer = test.at_stripe("/v1/customers", form).await;
        test.deliver().await;
        test.delete_at_stripe(&format!("/v1/customers/{customer}")).await;
        test.deliver().await;
    }
    // Stripe's search is behind: this one it still names.
    let customer = test.at_stripe("/v1/customers", "email=u_1@example.com&metadata[user_id]=u_1").await;
    test.receive(&deletion(&test, &customer)).await;
    let linked = test.link(&test.user("u_1"), json!({})).await;
    assert_eq!(linked["outcome"], "CREATED");
    assert_ne!(linked["customer"]["id"], customer);
}

#[tokio::test]
async fn a_customer_that_was_deleted_is_replaced_by_one_new_one() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let first = test.link(&test.user("u_1"), json!({})).await;
    let path = format!("/v1/customers/{}", first["customer"]["id"].as_str().expect("a customer"));
    test.delete_at_stripe(&path).await;
    test.deliver().await;
    let answers = link_often([&test]).await;
    assert_one(&test, &answers).await;
    assert_ne!(answers[0]["customer"]["id"], first["customer"]["id"]);
}

/// Twenty calls at once of one user.
async fn link_often<const N: usize>(gateways: [&TestApp; N]) -> Vec<Value> {
    let token = gateways[0].user("u_1");
    let calls = (0..20).map(|call| gateways[call % N].link(&token, json!({})));
    join_all(calls).await
}

/// All answers name the user's one customer: at Stripe, in the mirror and in the link.
async fn assert_one(test: &TestApp, answers: &[Value]) {
    let customers = test.customers();
    assert_eq!(customers.len(), 1, "{customers:?}");
    for answer in answers {
        assert_eq!(answer["customer"]["id"], customers[0]["id"], "{answer}");
    }
    let fresh = answers.iter().filter(|answer| answer["outcome"] != "ALREADY_LINKED").count();
    assert_eq!(fresh, 1, "{answers:?}");
    let links = test.rows("SELECT id, customer FROM users").await;
    assert_eq!(links, [json!({ "id": "u_1", "customer": customers[0]["id"] })]);
}

fn deletion(test: &TestApp, customer: &str) -> Value {
    let object = test.customers().into_iter().find(|known| known["id"] == customer).expect("a customer");
    json!({
        "id": "evt_deletion", "object": "event", "api_version": ENDIVE, "created": test.sim.now(),
        "livemode": false, "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null },
        "type": "customer.deleted", "data": { "object": object },
    })
}
