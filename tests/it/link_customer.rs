//! From a user to their customer: what is certain comes before what is new.

use serde_json::{Value, json};

use crate::support::{ENDIVE, TestApp, user_errors};

const SEARCH: &str = "GET /v1/customers/search";
const LIST: &str = "GET /v1/customers";
const CREATE: &str = "POST /v1/customers";

#[tokio::test]
async fn a_stored_link_needs_no_stripe() {
    let test = TestApp::start().await;
    let first = test.link(&test.user("u_1"), json!({})).await;
    let asked = test.asked();
    let second = test.link(&test.user("u_1"), json!({ "name": "Another" })).await;
    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("CREATED"), &json!("ALREADY_LINKED")));
    assert_eq!(first["customer"], second["customer"]);
    assert_eq!(test.asked(), asked);
}

#[tokio::test]
async fn a_customer_that_only_stripe_has_is_found_by_each_configured_key() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    for key in ["user_id", "supabase_user_id", "auth0_user_id", "clerk_user_id"] {
        let customer = test.at_stripe("/v1/customers", &format!("metadata[{key}]={key}_1")).await;
        let linked = test.link(&test.user(&format!("{key}_1")), json!({})).await;
        assert_eq!(linked["outcome"], "FOUND_BY_METADATA");
        assert_eq!(linked["customer"]["id"], customer);
    }
    test.deliver().await;
    assert_eq!(test.asked(), [SEARCH; 4]);
    assert_eq!(test.rows("SELECT user_id FROM link_conflicts").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_customer_that_only_stripe_has_is_found_by_search() {
    let test = TestApp::start().await;
    let form = "email=old@example.com&metadata[auth0_user_id]=auth0|1";
    let customer = test.at_stripe("/v1/customers", form).await;
    let linked = test.link(&test.user("auth0|1"), json!({})).await;
    assert_eq!(linked["outcome"], "FOUND_BY_METADATA");
    assert_eq!(linked["customer"], json!({ "id": customer, "email": "old@example.com", "name": null }));
    assert_eq!(test.asked(), [SEARCH]);
}

#[tokio::test]
async fn an_id_that_differs_in_case_is_another_users() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "metadata[user_id]=User_A").await;
    let linked = test.link(&test.user("user_a"), json!({})).await;
    assert_eq!(linked["outcome"], "CREATED");
    assert_ne!(linked["customer"]["id"], customer);
}

#[tokio::test]
async fn a_customer_with_the_verified_address_is_found() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "email=u_1@example.com").await;
    let linked = test.link(&test.user("u_1"), json!({})).await;
    assert_eq!(linked["outcome"], "FOUND_BY_VERIFIED_EMAIL");
    assert_eq!(linked["user"], json!({ "userId": "u_1", "customer": { "id": customer } }));
    assert_eq!(test.asked(), [SEARCH, LIST]);
    assert_eq!(test.rows("SELECT id FROM customers").await, [json!({ "id": customer })]);
}

#[tokio::test]
async fn an_address_that_is_not_verified_finds_nobody() {
    let test = TestApp::start().await;
    let theirs = test.at_stripe("/v1/customers", "email=a@example.com").await;
    let claims = [
        json!({ "email": "a@example.com" }),
        json!({ "email": "a@example.com", "email_verified": false }),
        json!({ "email": "a@example.com", "user_metadata": { "email_verified": true } }),
    ];
    for (index, claims) in claims.into_iter().enumerate() {
        let linked = test.link(&test.token(&format!("u_{index}"), &claims), json!({})).await;
        assert_eq!(linked["outcome"], "CREATED");
        assert_ne!(linked["customer"]["id"], theirs);
    }
}

#[tokio::test]
async fn a_customer_that_is_somebody_elses_is_not_found_by_its_address() {
    let test = TestApp::start().await;
    for named in ["metadata[clerk_user_id]=u_2", "metadata[organization_id]=org_1"] {
        test.at_stripe("/v1/customers", &format!("email=u_1@example.com&{named}")).await;
    }
    let linked = test.link(&test.user("u_1"), json!({})).await;
    assert_eq!(linked["outcome"], "CREATED");

    test.at_stripe("/v1/customers", "email=shared@example.com").await;
    let claims = json!({ "email": "shared@example.com", "email_verified": true });
    let first = test.link(&test.token("u_3", &claims), json!({})).await;
    let second = test.link(&test.token("u_4", &claims), json!({})).await;
    let outcomes = (first["outcome"].as_str(), second["outcome"].as_str());
    assert_eq!(outcomes, (Some("FOUND_BY_VERIFIED_EMAIL"), Some("CREATED")));
}

#[tokio::test]
async fn a_new_customer_is_in_the_mirror_before_any_webhook() {
    let test = TestApp::start().await;
    let input = json!({ "name": "Zoë", "metadata": { "plan": "team" } });
    let linked = test.link(&test.user("u_1"), input).await;
    assert_eq!(linked["outcome"], "CREATED");
    assert_eq!(linked["customer"]["email"], "u_1@example.com");
    assert_eq!(linked["customer"]["name"], "Zoë");
    assert_eq!(test.asked(), [SEARCH, LIST, CREATE]);
    let made = test.customers();
    assert_eq!(made[0]["metadata"], json!({ "plan": "team", "user_id": "u_1" }));
    assert_eq!(test.rows("SELECT id FROM customers").await, [json!({ "id": made[0]["id"] })]);
}

#[tokio::test]
async fn a_customer_that_search_does_not_know_yet_is_found_by_its_address() {
    let test = TestApp::start().await;
    test.sim.faults().always(stripe_sim::Fault::SearchLag(true));
    let form = "email=u_1@example.com&metadata[user_id]=u_1";
    let customer = test.at_stripe("/v1/customers", form).await;
    let linked = test.link(&test.user("u_1"), json!({})).await;
    assert_eq!(linked["outcome"], "FOUND_BY_METADATA");
    assert_eq!(linked["customer"]["id"], customer);
}

#[tokio::test]
async fn metadata_that_names_somebody_or_is_beyond_stripes_limits_is_refused() {
    let test = TestApp::start().await;
    let many: Value = (0..51).map(|index| (format!("k{index}"), json!("v"))).collect();
    for metadata in [
        json!({ "user_id": "u_2" }),
        json!({ "clerk_user_id": "u_2" }),
        json!({ "organization_id": "org_2" }),
        json!({ "": "v" }),
        json!({ "k".repeat(41): "v" }),
        json!({ "a[b]": "v" }),
        json!({ "k": "v".repeat(501) }),
        many,
    ] {
        let payload = test.link(&test.user("u_1"), json!({ "metadata": metadata })).await;
        assert_eq!(user_errors(&payload), ["input.metadata INVALID"]);
    }
    assert_eq!(test.asked(), [""; 0]);
}
