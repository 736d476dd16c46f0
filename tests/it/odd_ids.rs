//! Texts that can be no ids: they name nothing, and go nowhere.

use billgraph::auth::Role;
use serde_json::json;

use crate::support::{TestApp, billing::account};

/// The root fields that take an id.
const FIELDS: [&str; 10] = [
    "checkoutSession",
    "customer",
    "invoice",
    "node",
    "organization",
    "payment",
    "price",
    "product",
    "subscription",
    "user",
];

async fn with_account() -> (TestApp, String) {
    let test = TestApp::start().await;
    test.know(&account("a", "user_id")).await;
    let a = test.linked("a").await;
    (test, a)
}

#[tokio::test]
async fn an_id_is_no_path_at_stripe() {
    const SESSION: &str = "query($id: ID!) { checkoutSession(id: $id) { id } }";
    let (test, a) = with_account().await;
    let asked = test.sim.requests().len();
    for id in [
        "cs_/../../customers/cus_a",
        "cs_a/line_items",
        "cs_a?expand[]=customer",
        "cs_a#x",
        "cs_%2e%2e/x",
        "cs_\\..\\x",
        "cs_ a",
        "cs_\0",
        &format!("cs_{}", "a".repeat(300)),
    ] {
        assert_eq!(
            test.data(Some(&a), SESSION, json!({ "id": id })).await,
            json!({ "checkoutSession": null }),
            "{id}"
        );
    }
    assert_eq!(test.sim.requests().len(), asked, "Stripe was not asked");
    test.data(Some(&a), SESSION, json!({ "id": "cs_nobody" })).await;
    assert_eq!(test.sim.requests().len(), asked + 1, "for an id, it was");
}

#[tokio::test]
async fn what_can_be_no_id_is_nobodys() {
    let (test, a) = with_account().await;
    let (reader, linker) = (test.service(Role::Reader).await, test.service(Role::Linker).await);
    let fields = FIELDS.into_iter();
    let asked: String =
        fields.map(|field| format!("{field}(id: $id) {{ id }} ")).collect::<Vec<_>>().concat();
    for id in [
        "",
        " ",
        "\0",
        "cus_a\0",
        "user:",
        "user:\0",
        "' OR 1=1 --",
        "%",
        "cus_%",
        "\u{10ffff}",
        &"x".repeat(5000),
    ] {
        for token in [None, Some(&a), Some(&reader), Some(&linker)] {
            let query = format!("query($id: ID!) {{ {asked} }}");
            let data = test.data(token.map(String::as_str), &query, json!({ "id": id })).await;
            let found =
                data.as_object().expect("data is an object").values().filter(|value| !value.is_null());
            assert_eq!(found.count(), 0, "{id:?}: {data}");
        }
    }
}
