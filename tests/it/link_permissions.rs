//! Who may link whom.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{TestApp, refusal, user_errors};

#[tokio::test]
async fn nobody_and_readers_link_nobody() {
    let test = TestApp::start().await;
    let reader = test.service(Role::Reader).await;
    let inputs = [
        json!({}),
        json!({ "userId": "u_1" }),
        json!({ "organizationId": "org_1" }),
        json!({ "customerId": "cus_1" }),
        json!({ "metadata": { "user_id": "u_1" } }),
    ];
    for input in inputs {
        let anonymous = test.try_link(None, input.clone()).await;
        assert_eq!(refusal(&anonymous), "UNAUTHENTICATED", "{input}");
        let answer = test.try_link(Some(&reader), input.clone()).await;
        assert_eq!(refusal(&answer), "FORBIDDEN", "{input}");
    }
    assert_eq!((test.asked().len(), test.count("users").await), (0, 0));
}

#[tokio::test]
async fn users_do_not_say_who_they_are() {
    let test = TestApp::start().await;
    for input in [
        json!({ "userId": "u_2" }),
        json!({ "userId": "u_1" }),
        json!({ "email": "a@example.com" }),
        json!({ "emailVerified": true }),
        json!({ "customerId": "cus_1" }),
    ] {
        let answer = test.try_link(Some(&test.user("u_1")), input.clone()).await;
        assert_eq!(refusal(&answer), "FORBIDDEN", "{input}");
    }
    assert_eq!((test.asked().len(), test.count("users").await), (0, 0));
}

#[tokio::test]
async fn a_linker_says_whom_to_link() {
    let test = TestApp::start().await;
    let service = test.service(Role::Linker).await;
    assert_eq!(user_errors(&test.link(&service, json!({})).await), ["input.userId REQUIRED"]);
    for id in ["", " ", "user:", "a\nb", &"x".repeat(256)] {
        let payload = test.link(&service, json!({ "userId": id })).await;
        assert_eq!(user_errors(&payload), ["input.userId INVALID"], "{id:?}");
        let payload = test.link(&service, json!({ "organizationId": id.replace("user", "org") })).await;
        assert_eq!(user_errors(&payload), ["input.organizationId INVALID"], "{id:?}");
    }
    let answer = test.try_link(Some(&service), json!({ "userId": "u_1", "customerId": "cus_1" })).await;
    assert_eq!(refusal(&answer), "FORBIDDEN");
}

#[tokio::test]
async fn a_linker_links_any_user() {
    let test = TestApp::start().await;
    let service = test.service(Role::Linker).await;
    let customer = test.at_stripe("/v1/customers", "email=a@example.com").await;
    let unverified = json!({ "userId": "u_1", "email": "a@example.com" });
    assert_eq!(test.link(&service, unverified).await["outcome"], "CREATED");
    let verified = json!({ "userId": "user:u_2", "email": "a@example.com", "emailVerified": true });
    let linked = test.link(&service, verified).await;
    assert_eq!(linked["outcome"], "FOUND_BY_VERIFIED_EMAIL");
    assert_eq!(linked["user"], json!({ "userId": "u_2", "customer": { "id": customer } }));
}

#[tokio::test]
async fn an_admin_links_exactly_the_customer_that_is_named() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let customer = test.at_stripe("/v1/customers", "email=a@example.com").await;
    let exactly = |user: &str, customer: &str| json!({ "userId": user, "customerId": customer });
    for missing in ["cus_missing", "cus_1/../../account", "cus_ 1", ""] {
        let payload = test.link(&admin, exactly("u_1", missing)).await;
        assert_eq!(user_errors(&payload), ["input.customerId NOT_FOUND"], "{missing:?}");
    }
    let linked = test.link(&admin, exactly("u_1", &customer)).await;
    assert_eq!(linked["customer"]["id"], customer);
    assert_eq!(test.link(&admin, exactly("u_1", &customer)).await["outcome"], "ALREADY_LINKED");

    let other = test.at_stripe("/v1/customers", "email=b@example.com").await;
    for taken in [exactly("u_1", &other), exactly("u_2", &customer)] {
        assert_eq!(user_errors(&test.link(&admin, taken).await), ["input.customerId ALREADY_LINKED"]);
    }
    test.delete_at_stripe(&format!("/v1/customers/{other}")).await;
    let payload = test.link(&admin, exactly("u_2", &other)).await;
    assert_eq!(user_errors(&payload), ["input.customerId NOT_FOUND"]);
}

#[tokio::test]
async fn an_admin_may_be_a_user_with_the_admin_claim() {
    let claim = |settings: &mut billgraph::config::Settings| {
        settings.billgraph_admin_claim = Some("app_metadata.role=billing_admin".to_owned());
    };
    let test = TestApp::with(claim).await;
    let customer = test.at_stripe("/v1/customers", "email=a@example.com").await;
    let token = test.token("boss", &json!({ "app_metadata": { "role": "billing_admin" } }));
    let linked = test.link(&token, json!({ "userId": "u_1", "customerId": customer })).await;
    assert_eq!(linked["user"]["customer"]["id"], customer);
}

#[tokio::test]
async fn an_organization_is_linked_by_its_admins_alone() {
    let test = TestApp::start().await;
    let member = |id: &str, role: &str| test.token(id, &org_claims("org_1", role));
    let input = json!({ "organizationId": "org:org_1" });
    let foreign = test.token("u_3", &org_claims("org_2", "org:admin"));
    for outsider in [member("u_1", "org:member"), foreign, test.user("u_4")] {
        assert_eq!(refusal(&test.try_link(Some(&outsider), input.clone()).await), "FORBIDDEN");
    }
    let linked = test.link(&member("u_2", "org:admin"), input.clone()).await;
    assert_eq!(linked["outcome"], "CREATED");
    assert_eq!(linked["organization"]["organizationId"], "org_1");
    assert_eq!(linked["organization"]["customer"], json!({ "id": linked["customer"]["id"] }));
    assert_eq!(test.customers()[0]["metadata"], json!({ "organization_id": "org_1" }));
    assert_eq!(test.customers()[0]["name"], "Acme");

    let service = test.service(Role::Linker).await;
    let again = test.link(&service, input).await;
    assert_eq!(again["outcome"], "ALREADY_LINKED");
    assert_eq!(again["customer"], linked["customer"]);
}

fn org_claims(id: &str, role: &str) -> Value {
    json!({ "org_id": id, "org_role": role, "org_name": "Acme" })
}
