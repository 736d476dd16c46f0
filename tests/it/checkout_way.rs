//! From a price to a subscription: the session, the payment page, and what is seen afterwards.

use serde_json::{Value, json};

use crate::support::{ENDIVE, MONTHLY, THANKS, TestApp, buy, user_errors, with};

const OUTCOME: &str = "query($id: ID!) { checkoutSession(id: $id) { id status paymentStatus url
    subscription { id status customer { id } items(first: 5) { nodes { quantity price { id } } } } } }";
const VIEWER: &str = "{ viewer { status customer { id subscriptions(first: 5) { nodes { id status } } } } }";

#[tokio::test]
async fn nobody_sees_a_session_of_somebody_else() {
    let test = TestApp::start().await;
    let id = session_id(&test.checkout(&test.user("u_1"), buy(&test.price(MONTHLY).await)).await);
    let other = test.user("u_2");
    for (token, id) in [
        (None, id.as_str()),
        (Some(&other), id.as_str()),
        (Some(&other), "cs_test_missing"),
        (Some(&other), "cs_/../account"),
        (Some(&other), "cs_ 1"),
        (Some(&other), ""),
    ] {
        let data = test.data(token.map(String::as_str), OUTCOME, json!({ "id": id })).await;
        assert_eq!(data, json!({ "checkoutSession": null }), "{id:?}");
    }
}

#[tokio::test]
async fn a_session_is_the_viewers_and_is_there_at_once() {
    let test = TestApp::start().await;
    let price = test.price(MONTHLY).await;
    let input = with(buy(&price), &json!({ "lineItems": [{ "priceId": price, "quantity": 3 }] }));
    let payload = test.checkout(&test.user("u_1"), input).await;
    let (session, customers) = (&payload["checkoutSession"], test.customers());
    let id = session_id(&payload);
    let expected = json!({
        "id": id, "url": format!("{}/pay/{id}", test.sim.base_url()), "mode": "SUBSCRIPTION", "status": "OPEN",
        "paymentStatus": "UNPAID", "clientReferenceId": "u_1", "successUrl": THANKS,
        "amountTotal": { "minorUnits": 8700 }, "customer": { "id": customers[0]["id"] },
    });
    assert_eq!(session, &expected);
    let links = test.rows("SELECT id, customer FROM users").await;
    assert_eq!(links, [json!({ "id": "u_1", "customer": customers[0]["id"] })]);
    for table in ["prices", "customers", "checkout_sessions"] {
        assert_eq!(test.count(table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn what_is_bought_once_is_a_payment() {
    let test = TestApp::start().await;
    let payload = test.checkout(&test.user("u_1"), buy(&test.price("").await)).await;
    assert_eq!(payload["checkoutSession"]["mode"], "PAYMENT");
    let location = test.pay(payload["checkoutSession"]["url"].as_str().expect("a page")).await;
    assert_eq!(location, THANKS.replace("{CHECKOUT_SESSION_ID}", &session_id(&payload)));
    let payment =
        "query($id: ID!) { checkoutSession(id: $id) { status payment { status amount { minorUnits } } } }";
    let data = test.data(Some(&test.user("u_1")), payment, json!({ "id": session_id(&payload) })).await;
    let paid = json!({ "status": "SUCCEEDED", "amount": { "minorUnits": 2900 } });
    assert_eq!(data["checkoutSession"], json!({ "status": "COMPLETE", "payment": paid }));
}

#[tokio::test]
async fn an_organization_buys_by_its_admin() {
    let test = TestApp::start().await;
    let admin = test.token("u_1", &json!({ "org_id": "org_1", "org_role": "org:admin" }));
    let input = with(buy(&test.price(MONTHLY).await), &json!({ "organizationId": "org_1" }));
    let payload = test.checkout(&admin, input).await;
    let links = test.rows("SELECT id, customer FROM organizations").await;
    let customer = &payload["checkoutSession"]["customer"]["id"];
    assert_eq!(links, [json!({ "id": "org_1", "customer": customer })]);
}

#[tokio::test]
async fn a_key_makes_one_session_for_each_user() {
    let test = TestApp::start().await;
    let input = with(buy(&test.price(MONTHLY).await), &json!({ "idempotencyKey": "order-1" }));
    let (one, two) = (test.user("u_1"), test.user("u_2"));
    let first = test.checkout(&one, input.clone()).await;
    assert_eq!(test.checkout(&one, input.clone()).await, first);
    let other = test.checkout(&two, input.clone()).await;
    assert_ne!(session_id(&other), session_id(&first));
    assert_eq!(test.sessions().len(), 2);
    let changed = test.checkout(&one, with(input, &json!({ "locale": "de" }))).await;
    assert_eq!(user_errors(&changed), ["input.idempotencyKey INVALID"]);
    assert_eq!(test.sessions().len(), 2);
}

#[tokio::test]
async fn a_repeated_session_is_shown_as_it_is_now() {
    let test = TestApp::start().await;
    let input = with(buy(&test.price(MONTHLY).await), &json!({ "idempotencyKey": "order-1" }));
    let user = test.user("u_1");
    let first = test.checkout(&user, input.clone()).await;
    test.sim.advance(60);
    test.pay(first["checkoutSession"]["url"].as_str().expect("a page")).await;
    test.data(Some(&user), OUTCOME, json!({ "id": session_id(&first) })).await;
    let again = test.checkout(&user, input).await;
    assert_eq!(again["checkoutSession"]["status"], "COMPLETE");
}

#[tokio::test]
async fn a_paid_session_is_a_subscription_once_webhooks_arrive() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let price = test.price(MONTHLY).await;
    let user = test.user("u_1");
    let payload = test.checkout(&user, buy(&price)).await;
    test.pay(payload["checkoutSession"]["url"].as_str().expect("a page")).await;
    test.deliver().await;
    let asked = test.asked();
    assert_bought(&test, &session_id(&payload), &price).await;
    assert_eq!(test.asked(), asked, "the mirror knows");
    let subscription = test.sim.objects("subscription", ENDIVE).remove(0);
    let viewer = &test.data(Some(&user), VIEWER, json!({})).await["viewer"];
    assert_eq!(viewer["status"], "ACTIVE");
    assert_eq!(viewer["customer"]["id"], payload["checkoutSession"]["customer"]["id"]);
    let nodes = json!([{ "id": subscription["id"], "status": "ACTIVE" }]);
    assert_eq!(viewer["customer"]["subscriptions"]["nodes"], nodes);
}

#[tokio::test]
async fn a_paid_session_is_a_subscription_before_webhooks_arrive() {
    let test = TestApp::start().await;
    let price = test.price(MONTHLY).await;
    let payload = test.checkout(&test.user("u_1"), buy(&price)).await;
    test.pay(payload["checkoutSession"]["url"].as_str().expect("a page")).await;
    assert_bought(&test, &session_id(&payload), &price).await;
    let viewer = &test.data(Some(&test.user("u_1")), VIEWER, json!({})).await["viewer"];
    assert_eq!(viewer["status"], "ACTIVE");
}

/// The session is complete for its buyer, with the subscription that came of it.
async fn assert_bought(test: &TestApp, id: &str, price: &str) {
    let data = test.data(Some(&test.user("u_1")), OUTCOME, json!({ "id": id })).await;
    let subscription = test.sim.objects("subscription", ENDIVE).remove(0);
    let expected = json!({
        "id": id, "status": "COMPLETE", "paymentStatus": "PAID", "url": null, "subscription": {
            "id": subscription["id"], "status": "ACTIVE", "customer": { "id": subscription["customer"] },
            "items": { "nodes": [{ "quantity": 1, "price": { "id": price } }] },
        },
    });
    assert_eq!(data["checkoutSession"], expected);
}

fn session_id(payload: &Value) -> String {
    let id = payload["checkoutSession"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{payload}")).to_owned()
}
