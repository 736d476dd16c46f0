//! What a Checkout session may be asked for, and by whom.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{ENDIVE, MONTHLY, TestApp, buy, refusal, user_errors, with};

#[tokio::test]
async fn only_users_buy() {
    let test = TestApp::start().await;
    let input = buy(&test.price(MONTHLY).await);
    assert_eq!(refusal(&test.try_checkout(None, input.clone()).await), "UNAUTHENTICATED");
    for role in Role::ALL {
        let service = test.service(role).await;
        assert_eq!(refusal(&test.try_checkout(Some(&service), input.clone()).await), "FORBIDDEN");
    }
    let member = test.token("u_1", &json!({ "org_id": "org_1", "org_role": "org:member" }));
    let input = with(input, &json!({ "organizationId": "org:org_1" }));
    assert_eq!(refusal(&test.try_checkout(Some(&member), input).await), "FORBIDDEN");
    assert_eq!(test.asked(), [""; 0]);
}

#[tokio::test]
async fn pages_lead_to_configured_origins_alone() {
    let test = TestApp::start().await;
    let price = mirrored_price(&test, MONTHLY).await;
    for url in [
        "https://evil.example/thanks",
        "https://shop.example.com.evil.example/",
        "https://shop.example.com@evil.example/",
        "https://evil@shop.example.com/",
        "https://shop.example.com:8443/",
        "http://shop.example.com/",
        "https:\\\\shop.example.com/",
        "https://shop.example.com\\@evil.example/",
        " https://shop.example.com/",
        "https://shop.example.com/a b",
        "https://shop.example.com/\na",
        "//shop.example.com/",
        "/thanks",
        "javascript:alert(1)//https://shop.example.com",
        "data:text/html,hi",
        "",
    ] {
        for field in ["successUrl", "cancelUrl"] {
            let input = with(buy(&price), &json!({ field: url }));
            let expected = format!("input.{field} REDIRECT_NOT_ALLOWED");
            assert_eq!(errors(&test, input).await, [expected], "{url:?}");
        }
    }
    let missing = json!({ "lineItems": [{ "priceId": price }] });
    assert_eq!(errors(&test, missing).await, ["input.successUrl REQUIRED"]);
    let embedded = with(buy(&price), &json!({ "uiMode": "EMBEDDED_PAGE" }));
    assert_eq!(errors(&test, embedded).await, ["input.successUrl INVALID", "input.returnUrl REQUIRED"]);
    assert_eq!(test.asked(), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_bought_is_named() {
    let test = TestApp::start().await;
    let (price, once) = (mirrored_price(&test, MONTHLY).await, mirrored_price(&test, "").await);
    let archived = mirrored_price(&test, MONTHLY).await;
    test.at_stripe(&format!("/v1/prices/{archived}"), "active=false").await;
    test.deliver().await;
    let items = |items: Value| with(buy(&price), &json!({ "lineItems": items }));
    for quantity in [0, -1, 1_000_000] {
        let input = items(json!([{ "priceId": price }, { "priceId": once, "quantity": quantity }]));
        assert_eq!(errors(&test, input).await, ["input.lineItems.1.quantity INVALID"]);
    }
    for missing in ["price_missing", "price_1/../../account", "price 1", ""] {
        let input = items(json!([{ "priceId": price }, { "priceId": missing }]));
        assert_eq!(errors(&test, input).await, ["input.lineItems.1.priceId NOT_FOUND"], "{missing:?}");
    }
    assert_eq!(errors(&test, buy(&archived)).await, ["input.lineItems.0.priceId INACTIVE"]);
    assert_eq!(errors(&test, items(json!([]))).await, ["input.lineItems REQUIRED"]);
    let many = vec![json!({ "priceId": price }); 101];
    assert_eq!(errors(&test, items(json!(many))).await, ["input.lineItems INVALID"]);
    for (price, mode) in [(&price, "PAYMENT"), (&once, "SUBSCRIPTION"), (&price, "SETUP")] {
        let input = with(buy(price), &json!({ "mode": mode }));
        assert_eq!(errors(&test, input).await, ["input.lineItems INVALID"], "{mode}");
    }
    assert_eq!((test.sessions().len(), test.customers().len()), (0, 0));
}

#[tokio::test]
async fn trials_are_limited() {
    let limit = |settings: &mut billgraph::config::Settings| {
        settings.billgraph_max_trial_days = "14".to_owned();
        settings.billgraph_admin_claim = Some("role=admin".to_owned());
    };
    let test = TestApp::with(limit).await;
    let (price, once) = (mirrored_price(&test, MONTHLY).await, mirrored_price(&test, "").await);
    let trial = |price: &str, days: i32| with(buy(price), &json!({ "trialPeriodDays": days }));
    for input in [trial(&price, 0), trial(&price, -1), trial(&price, 15), trial(&once, 14)] {
        assert_eq!(errors(&test, input).await, ["input.trialPeriodDays INVALID"]);
    }
    assert_eq!(errors(&test, trial(&price, 14)).await, [""; 0]);
    let admin = test.token("boss", &json!({ "role": "admin" }));
    assert_eq!(user_errors(&test.checkout(&admin, trial(&price, 60)).await), [""; 0]);
    let asked = |days: &str| {
        let asked = test.sim.requests();
        asked.iter().filter(|call| call.params["subscription_data"]["trial_period_days"] == days).count()
    };
    assert_eq!((asked("14"), asked("60"), test.sessions().len()), (1, 1, 2));
}

#[tokio::test]
async fn discounts_are_promotion_codes_and_for_admins_coupons() {
    let claim = |settings: &mut billgraph::config::Settings| {
        settings.billgraph_admin_claim = Some("role=admin".to_owned());
    };
    let test = TestApp::with(claim).await;
    let price = mirrored_price(&test, MONTHLY).await;
    test.at_stripe("/v1/coupons", "id=FREE&percent_off=100&duration=forever").await;
    let coupon = with(buy(&price), &json!({ "couponId": "FREE" }));
    assert_eq!(refusal(&test.try_checkout(Some(&test.user("u_1")), coupon.clone()).await), "FORBIDDEN");
    assert_eq!(test.asked(), [""; 0]);
    let admin = test.token("boss", &json!({ "role": "admin" }));
    let payload = test.checkout(&admin, coupon).await;
    assert_eq!(payload["checkoutSession"]["amountTotal"]["minorUnits"], 0, "{payload}");
}

#[tokio::test]
async fn metadata_that_names_somebody_is_refused() {
    let test = TestApp::start().await;
    let price = mirrored_price(&test, MONTHLY).await;
    for field in ["metadata", "subscriptionMetadata"] {
        let input = with(buy(&price), &json!({ field: { "user_id": "u_2" } }));
        assert_eq!(errors(&test, input).await, [format!("input.{field} INVALID")]);
    }
    assert_eq!(test.asked(), [""; 0]);
}

/// What a user is told about an input.
async fn errors(test: &TestApp, input: Value) -> Vec<String> {
    user_errors(&test.checkout(&test.user("u_1"), input).await)
}

/// A price that the gateway has heard of.
async fn mirrored_price(test: &TestApp, form: &str) -> String {
    if test.count("prices").await == 0 {
        test.connect_webhooks(ENDIVE);
    }
    let price = test.price(form).await;
    test.deliver().await;
    price
}
