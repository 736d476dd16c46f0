//! Tax rates: told by what is taxed, and found from there and back.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{TestApp, billing::MADE};

fn rate(id: &str, percentage: i64) -> Value {
    json!({ "id": id, "object": "tax_rate", "created": MADE, "active": true, "percentage": percentage })
}

fn list(objects: &Value) -> Value {
    json!({ "object": "list", "data": objects, "has_more": false })
}

/// A subscription and an invoice with 19 %, an item of each with 7 %, and objects without either.
fn taxed() -> Vec<Value> {
    let item = |id: &str, rates: Value| json!({ "id": id, "object": "subscription_item", "created": MADE, "tax_rates": rates });
    let subscription = |n: i64, rates: Value, items: Value| {
        json!({ "id": format!("sub_{n}"), "object": "subscription", "created": MADE + n, "status": "active",
                "default_tax_rates": rates, "items": list(&items) })
    };
    let line = json!({ "id": "il_1", "object": "line_item", "amount": 100,
                       "taxes": [{ "amount": 7, "tax_rate_details": { "tax_rate": "txr_7" } }] });
    vec![
        subscription(1, json!([rate("txr_19", 19)]), json!([item("si_1", json!([rate("txr_7", 7)]))])),
        subscription(2, json!([rate("txr_19", 19), rate("txr_7", 7)]), json!([item("si_2", json!([]))])),
        subscription(3, json!([rate("txr_19", 19)]), json!([item("si_3", Value::Null)])),
        subscription(4, json!([]), json!([])),
        json!({ "id": "in_1", "object": "invoice", "created": MADE, "status": "open",
                "default_tax_rates": [rate("txr_19", 19)], "lines": list(&json!([line])) }),
        json!({ "id": "ii_1", "object": "invoiceitem", "date": MADE, "amount": 100, "tax_rates": [rate("txr_7", 7)] }),
        json!({ "id": "qt_1", "object": "quote", "created": MADE, "status": "draft", "default_tax_rates": ["txr_19"] }),
    ]
}

const THERE: &str = "{ subscriptions(orderBy: { field: ID }) { nodes { id defaultTaxRates { id percentage }
        items { nodes { id taxRates { id } } } } }
    invoice(id: \"in_1\") { defaultTaxRates { id } lines { nodes { id taxRates { percentage } } } }
    invoiceItem(id: \"ii_1\") { taxRates { id } }
    quote(id: \"qt_1\") { defaultTaxRates { id } } }";

const BACK: &str = "{ taxRates(orderBy: { field: ID }) { nodes { id
    subscriptions(first: 2) { totalCount nodes { id } pageInfo { hasNextPage endCursor } }
    subscriptionItems { nodes { id } } invoices { nodes { id } } invoiceItems { nodes { id } }
    quotes { totalCount nodes { id } } } } }";

const PAGE: &str = "query($after: String) { taxRates(orderBy: { field: ID }) { nodes {
    subscriptions(first: 2, after: $after) { nodes { id } pageInfo { hasPreviousPage } } } } }";

#[tokio::test]
async fn they_come_with_what_is_taxed_and_lead_back() {
    let test = TestApp::start().await;
    test.know(&taxed()).await;
    let reader = test.service(Role::Reader).await;
    let there = test.data(Some(&reader), THERE, json!({})).await;
    let first = &there["subscriptions"]["nodes"][0];
    assert_eq!(first["defaultTaxRates"], json!([{ "id": "txr_19", "percentage": "19" }]));
    assert_eq!(first["items"]["nodes"][0]["taxRates"], json!([{ "id": "txr_7" }]));
    for (path, ids) in [
        ("/subscriptions/nodes/1/defaultTaxRates", &["txr_19", "txr_7"][..]),
        ("/subscriptions/nodes/2/items/nodes/0/taxRates", &[]),
        ("/subscriptions/nodes/3/defaultTaxRates", &[]),
        ("/invoice/defaultTaxRates", &["txr_19"]),
        ("/invoiceItem/taxRates", &["txr_7"]),
        ("/quote/defaultTaxRates", &["txr_19"]),
    ] {
        let rates: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        let shown = there.pointer(path).map(|rates| rates.as_array().into_iter().flatten());
        let shown: Vec<Value> = shown.expect(path).map(|rate| json!({ "id": rate["id"] })).collect();
        assert_eq!(shown, rates, "{path}");
    }
    assert_eq!(there["invoice"]["lines"]["nodes"][0]["taxRates"], json!([{ "percentage": "7" }]));

    let back = test.data(Some(&reader), BACK, json!({})).await;
    let [nineteen, seven] = [&back["taxRates"]["nodes"][0], &back["taxRates"]["nodes"][1]];
    let ids = |list: &Value| -> Vec<String> {
        let nodes = list["nodes"].as_array().expect("a list has nodes").iter();
        nodes.map(|node| node["id"].as_str().expect("an id").to_owned()).collect()
    };
    for (rate, list, expected) in [
        (nineteen, "subscriptions", &["sub_3", "sub_2"][..]),
        (seven, "subscriptions", &["sub_2"]),
        (nineteen, "subscriptionItems", &[]),
        (seven, "subscriptionItems", &["si_1"]),
        (nineteen, "invoices", &["in_1"]),
        (seven, "invoices", &[]),
        (seven, "invoiceItems", &["ii_1"]),
        (nineteen, "quotes", &["qt_1"]),
    ] {
        assert_eq!(ids(&rate[list]), expected, "{list} of {rate}");
    }
    let subscriptions = &nineteen["subscriptions"];
    let told = (&subscriptions["totalCount"], &subscriptions["pageInfo"]["hasNextPage"]);
    assert_eq!(told, (&json!(3), &json!(true)));
    assert_eq!(
        (&seven["subscriptions"]["totalCount"], &seven["quotes"]["totalCount"]),
        (&json!(1), &json!(0))
    );

    // A page of each, of which what lies behind is asked too.
    let after = json!({ "after": subscriptions["pageInfo"]["endCursor"] });
    let rest = test.data(Some(&reader), PAGE, after).await;
    let [nineteen, seven] = [0, 1].map(|rate| &rest["taxRates"]["nodes"][rate]["subscriptions"]);
    assert_eq!((ids(nineteen), ids(seven)), (vec!["sub_1".to_owned()], vec![]));
    assert_eq!([nineteen, seven].map(|page| &page["pageInfo"]["hasPreviousPage"]), [true, true]);
    // Of one alone.
    let query = "{ taxRate(id: \"txr_19\") { subscriptions(last: 1) { totalCount nodes { id } } } }";
    let one = test.data(Some(&reader), query, json!({})).await;
    assert_eq!(one["taxRate"]["subscriptions"], json!({ "totalCount": 3, "nodes": [{ "id": "sub_1" }] }));
}

#[tokio::test]
async fn what_tells_of_them_itself_is_newer() {
    let test = TestApp::start().await;
    test.know(&[rate("txr_19", 20)]).await;
    test.know(&taxed()).await;
    let rows = test.rows("SELECT id, percentage FROM tax_rates ORDER BY id").await;
    assert_eq!(
        rows,
        [json!({ "id": "txr_19", "percentage": "20" }), json!({ "id": "txr_7", "percentage": "7" })]
    );
}
