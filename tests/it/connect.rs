//! Connected accounts: their objects are kept with their account, and are nobody's and not for sale here.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    TestApp, WEBHOOK_SECRET,
    billing::{MADE, account, catalogue, customer, event},
};

const SECRETS: &str = "whsec_test,whsec_connect";
const CATALOGUE: &str = "{ products { nodes { id } totalCount } prices { nodes { id } totalCount }
    product(id: \"prod_theirs\") { id } price(id: \"price_theirs\") { id } }";

/// Tells of objects of a connected account.
async fn know(test: &TestApp, objects: &[Value]) {
    for object in objects {
        let mut event = event("something.created", MADE, object);
        event["account"] = "acct_other".into();
        test.receive(&event).await;
    }
}

#[tokio::test]
async fn each_endpoints_secret_is_accepted_and_no_other() {
    let test = TestApp::with(|settings| settings.stripe_webhook_secret = Some(SECRETS.to_owned())).await;
    for (secret, expected) in [
        ("whsec_other", StatusCode::BAD_REQUEST),
        (WEBHOOK_SECRET, StatusCode::OK),
        ("whsec_connect", StatusCode::OK),
    ] {
        let mut event = event("customer.created", MADE, &customer(secret, "plan"));
        event["account"] = "acct_other".into();
        let body = event.to_string();
        let signature = stripe_sim::signature(secret, test.sim.now(), body.as_bytes());
        assert_eq!(test.post_webhook(Some(&signature), body).await.0, expected, "{secret}");
    }
    assert_eq!(test.count("customers").await, 2);
}

#[tokio::test]
async fn what_a_connected_account_sells_is_not_for_sale_here() {
    let test = TestApp::start().await;
    know(&test, &catalogue("theirs", true)).await;
    test.know(&catalogue("open", true)).await;
    let seen = test.data(None, CATALOGUE, json!({})).await;
    let list = |id: &str| json!({ "nodes": [{ "id": id }], "totalCount": 1 });
    let expected = json!({ "products": list("prod_open"), "prices": list("price_open"), "product": null, "price": null });
    assert_eq!(seen, expected);
    assert_eq!(test.data(Some(&test.user("u_1")), CATALOGUE, json!({})).await, expected);
    let admin = test.service(billgraph::auth::Role::Reader).await;
    let all = test.data(Some(&admin), CATALOGUE, json!({})).await;
    assert_eq!((&all["products"]["totalCount"], &all["price"]["id"]), (&json!(2), &json!("price_theirs")));
    let input = crate::support::buy("price_theirs");
    let refused = test.checkout(&test.user("u_1"), input).await;
    assert_eq!(crate::support::user_errors(&refused), ["input.lineItems.0.priceId NOT_FOUND"]);
}

#[tokio::test]
async fn events_of_one_second_keep_their_account() {
    let test = TestApp::start().await;
    let mut named = customer("a", "plan");
    named["name"] = "Zoë".into();
    // The later state comes first, and the earlier one is kept for what may follow.
    let mut updated = event("customer.updated", MADE, &named);
    updated["data"]["previous_attributes"] = json!({ "name": "Z" });
    let mut middle = customer("a", "plan");
    middle["name"] = "Z".into();
    let mut before = event("customer.updated", MADE, &middle);
    before["id"] = "evt_before".into();
    before["data"]["previous_attributes"] = json!({ "name": null });
    for mut event in [updated, event("customer.created", MADE, &customer("a", "plan")), before] {
        event["account"] = "acct_other".into();
        test.receive(&event).await;
    }
    let rows = test.rows("SELECT name, account FROM customers").await;
    assert_eq!(rows, [json!({ "name": "Zoë", "account": "acct_other" })]);
}

#[tokio::test]
async fn a_connected_accounts_customer_is_nobody() {
    let test = TestApp::start().await;
    know(&test, &account("a", "user_id")).await;
    assert_eq!(test.rows("SELECT id FROM users").await, [] as [Value; 0]);
    for table in
        ["customers", "subscriptions", "subscription_items", "invoices", "prices", "checkout_sessions"]
    {
        let accounts = test.rows(&format!("SELECT DISTINCT account FROM {table}")).await;
        assert_eq!(accounts, [json!({ "account": "acct_other" })], "{table}");
    }
    let linked = test.link(&test.user("a"), json!({})).await;
    assert_eq!(linked["outcome"], "CREATED");
    assert_ne!(linked["customer"]["id"], "cus_a");
    let admin = test.service(billgraph::auth::Role::Admin).await;
    let refused = test.link(&admin, json!({ "userId": "b", "customerId": "cus_a" })).await;
    assert_eq!(crate::support::user_errors(&refused), ["input.customerId NOT_FOUND"]);
}
