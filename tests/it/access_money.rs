//! What is the merchant's own is for those who see everything; what is a customer's is also for the customer.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, account},
};

/// Nobody's objects.
fn merchants() -> Vec<Value> {
    let of = |id: &str, object: &str| {
        json!({ "id": id, "object": object, "created": MADE, "amount": 900, "currency": "usd", "customer": "cus_a",
                "charge": "ch_a", "source": "ch_a", "status": "active" })
    };
    vec![
        of("po_a", "payout"),
        of("txn_a", "balance_transaction"),
        of("issfr_a", "radar.early_fraud_warning"),
        of("prv_a", "review"),
        of("feat_a", "entitlements.feature"),
        of("mtr_a", "billing.meter"),
        of("tr_a", "transfer"),
        of("acct_a", "account"),
        of("bpc_a", "billing_portal.configuration"),
        of("clock_a", "test_helpers.test_clock"),
    ]
}

/// Objects that belong to the customer of A.
fn customers() -> Vec<Value> {
    vec![
        json!({ "id": "mandate_a", "object": "mandate", "payment_method": "pm_a", "status": "active" }),
        json!({ "id": "ent_a", "object": "entitlements.active_entitlement", "customer": "cus_a",
                "feature": "feat_a", "lookup_key": "export" }),
        json!({ "id": "ent_b", "object": "entitlements.active_entitlement", "customer": "cus_a",
                "feature": "feat_b", "lookup_key": "chat" }),
        json!({ "id": "prodft_a", "object": "product_feature", "product": "prod_a",
                "entitlement_feature": { "id": "feat_a", "lookup_key": "export", "name": "Export" } }),
        json!({ "id": "credgr_a", "object": "billing.credit_grant", "customer": "cus_a", "created": MADE,
                "amount": { "type": "monetary", "monetary": { "value": 5, "currency": "usd" } } }),
        json!({ "id": "cbtxn_a", "object": "billing.credit_balance_transaction", "created": MADE,
                "credit_grant": "credgr_a", "type": "debit",
                "debit": { "amount": { "monetary": { "value": 3, "currency": "usd" } } } }),
        json!({ "id": "cbtxn_c", "object": "customer_balance_transaction", "customer": "cus_a", "created": MADE,
                "amount": -500, "ending_balance": -700, "currency": "usd" }),
    ]
}

async fn shop() -> TestApp {
    let test = TestApp::start().await;
    let objects = [account("a", "user_id"), account("b", "user_id"), merchants(), customers()].concat();
    test.know(&objects).await;
    test
}

/// The ids of the objects that a caller gets by their ids.
async fn seen(test: &TestApp, token: Option<&str>, objects: &[Value]) -> usize {
    let ids: Vec<&Value> = objects.iter().map(|object| &object["id"]).collect();
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let data = test.data(token, query, json!({ "ids": ids })).await;
    let nodes = data["nodes"].as_array().expect("nodes are a list");
    for (node, id) in nodes.iter().zip(ids) {
        assert!(node.is_null() || node["id"] == *id, "{node} is {id}");
    }
    nodes.iter().filter(|node| !node.is_null()).count()
}

#[tokio::test]
async fn each_sees_their_own() {
    let test = shop().await;
    let (a, b) = (test.linked("a").await, test.linked("b").await);
    let reader = test.service(Role::Reader).await;
    let (merchants, customers) = (merchants(), customers());
    for (token, of_merchant, of_customer) in [
        (Some(reader.as_str()), merchants.len(), customers.len()),
        (Some(a.as_str()), 0, customers.len()),
        (Some(b.as_str()), 0, 0),
        (None, 0, 0),
    ] {
        assert_eq!(seen(&test, token, &merchants).await, of_merchant);
        assert_eq!(seen(&test, token, &customers).await, of_customer);
    }
}

#[tokio::test]
async fn a_customer_leads_to_entitlements_and_credit() {
    let test = shop().await;
    let a = test.linked("a").await;
    let query = "{ viewer { entitlements { lookupKey feature { id } } customer {
        activeEntitlements(first: 1) { totalCount nodes { id } pageInfo { endCursor hasNextPage } }
        creditGrants { nodes { amount { decimal } transactions { nodes { amount { decimal } type } } } }
        balanceTransactions { nodes { amount { decimal } endingBalance { decimal } } } } }
        product(id: \"prod_a\") { features { nodes { lookupKey name } } } }";
    let data = test.data(Some(&a), query, json!({})).await;
    let customer = &data["viewer"]["customer"];
    assert_eq!(
        data["viewer"]["entitlements"],
        json!([{ "lookupKey": "chat", "feature": null }, { "lookupKey": "export", "feature": null }])
    );
    let entitlements = &customer["activeEntitlements"];
    assert_eq!(
        (&entitlements["totalCount"], &entitlements["nodes"]),
        (&json!(2), &json!([{ "id": "ent_b" }]))
    );
    assert_eq!(
        customer["creditGrants"]["nodes"],
        json!([{ "amount": { "decimal": "0.05" },
                 "transactions": { "nodes": [{ "amount": { "decimal": "0.03" }, "type": "DEBIT" }] } }])
    );
    assert_eq!(
        customer["balanceTransactions"]["nodes"],
        json!([{ "amount": { "decimal": "-5.00" }, "endingBalance": { "decimal": "-7.00" } }])
    );
    assert_eq!(data["product"]["features"]["nodes"], json!([{ "lookupKey": "export", "name": "Export" }]));
    let next = "query($after: String) { viewer { customer {
        activeEntitlements(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage } } } } }";
    let after = &entitlements["pageInfo"]["endCursor"];
    let data = test.data(Some(&a), next, json!({ "after": after })).await;
    assert_eq!(
        data["viewer"]["customer"]["activeEntitlements"],
        json!({ "nodes": [{ "id": "ent_a" }], "pageInfo": { "hasNextPage": false } })
    );
}

#[tokio::test]
async fn the_balance_leads_back_to_what_moved_it() {
    let test = shop().await;
    let reader = test.service(Role::Reader).await;
    let query = "{ node(id: \"txn_a\") { ... on BalanceTransaction { amount { decimal } source { __typename id } } } }";
    let data = test.data(Some(&reader), query, json!({})).await;
    let expected =
        json!({ "amount": { "decimal": "9.00" }, "source": { "__typename": "Charge", "id": "ch_a" } });
    assert_eq!(data["node"], expected);
}
