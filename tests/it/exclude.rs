//! Fields that are never stored, by whatever way they come.

use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, customer, event, subscription},
    process::{billgraph, run, text},
    with,
};

/// What is in the excluded fields.
const PRIVATE: &str = "0155 private";

const TABLES: [&str; 7] = [
    "customers",
    "charges",
    "subscriptions",
    "subscription_items",
    "webhook_events",
    "changes",
    "other_objects",
];

const FIELDS: &str =
    "customer.phone,customer.address.line1,subscription_item.metadata,charge.billing_details,*.ip";

async fn start() -> TestApp {
    let change = |settings: &mut billgraph::config::Settings| {
        settings.billgraph_exclude_fields = Some(FIELDS.to_owned());
        "all".clone_into(&mut settings.billgraph_keep_payloads);
    };
    TestApp::with(change).await
}

impl TestApp {
    async fn assert_not_stored(&self) {
        for table in TABLES {
            let rows = self.rows(&format!("SELECT * FROM {table}")).await;
            assert!(!Value::from(rows.clone()).to_string().contains(PRIVATE), "{table}: {rows:#?}");
        }
    }
}

fn private_customer() -> Value {
    let private = json!({ "name": "Ann", "phone": PRIVATE, "address": { "line1": PRIVATE, "city": "Bonn" }, "ip": PRIVATE });
    with(customer("a", "user_id"), &private)
}

#[tokio::test]
async fn events_lose_them_before_they_are_recorded() {
    let test = start().await;
    let mut updated = event("customer.updated", MADE, &private_customer());
    updated["data"]["previous_attributes"] = json!({ "phone": format!("{PRIVATE} before"), "name": "Anna" });
    let before = with(private_customer(), &json!({ "phone": format!("{PRIVATE} before"), "name": "Anna" }));
    test.receive(&updated).await;
    test.receive(&event("customer.created", MADE, &before)).await;
    let charge = json!({ "id": "ch_1", "object": "charge", "created": MADE, "amount": 5, "currency": "usd",
                         "status": "succeeded", "customer": private_customer(),
                         "billing_details": { "email": PRIVATE } });
    test.receive(&event("charge.succeeded", MADE, &charge)).await;
    let mut subscription = subscription("a", "active");
    subscription["items"]["data"][0]["metadata"] = json!({ "note": PRIVATE });
    test.receive(&event("customer.subscription.created", MADE, &subscription)).await;
    let order = json!({ "id": "climorder_1", "object": "climate.order", "ip": PRIVATE });
    test.receive(&event("climate.order.created", MADE, &order)).await;
    test.assert_not_stored().await;
    let rows = test.rows("SELECT name, phone FROM customers WHERE NOT unsettled").await;
    assert_eq!(rows, [json!({ "name": "Ann", "phone": null })], "the chain of the second is whole");
    let rows = test.rows("SELECT raw FROM customers").await;
    let raw = rows[0]["raw"]
        .as_str()
        .map_or(rows[0]["raw"].clone(), |text| serde_json::from_str(text).expect("JSON"));
    assert_eq!((&raw["address"], &raw["name"]), (&json!({ "city": "Bonn" }), &json!("Ann")));
    assert_eq!(test.rows("SELECT customer FROM charges").await, [json!({ "customer": "cus_a" })]);
    assert_eq!(test.count("webhook_events").await, 5);
}

#[tokio::test]
async fn what_is_fetched_loses_them_too() {
    let test = start().await;
    let id =
        test.at_stripe("/v1/customers", "name=Ann&phone=0155%20private&address[line1]=0155%20private").await;
    let thin = json!({
        "id": "evt_thin", "object": "v2.core.event", "type": "v1.customer.updated", "livemode": false,
        "created": "2026-10-28T12:00:00.750Z", "context": null,
        "related_object": { "id": id, "type": "customer", "url": format!("/v1/customers/{id}") },
    });
    test.receive(&thin).await;
    test.catch_up().await;
    assert_eq!(
        test.rows("SELECT name, phone FROM customers").await,
        [json!({ "name": "Ann", "phone": null })]
    );
    test.assert_not_stored().await;
}

#[tokio::test]
async fn what_is_stored_already_loses_them_when_it_is_projected() {
    let test = TestApp::start().await;
    test.receive(&event("customer.created", MADE, &private_customer())).await;
    let settings = [("BILLGRAPH_EXCLUDE_FIELDS", FIELDS)];
    let ended = run(billgraph(&test.database, &["project"], &settings), "").await;
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    test.assert_not_stored().await;
    assert_eq!(
        test.rows("SELECT name, phone FROM customers").await,
        [json!({ "name": "Ann", "phone": null })]
    );
}
