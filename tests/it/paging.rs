//! Relay connections: every row once, from either end.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, customer, subscription},
};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String) {
    customers(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { id }
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// Twenty-five customers, some of the same second; their ids, newest first.
async fn with_customers() -> (TestApp, String, Vec<String>) {
    let test = TestApp::start().await;
    let customers: Vec<Value> = (0..25)
        .map(|n| {
            let mut customer = customer(&format!("{n:02}"), "user_id");
            customer["created"] = (MADE + n / 4).into();
            customer
        })
        .collect();
    test.know(&customers).await;
    let reader = test.service(Role::Reader).await;
    (test, reader, (0..25).rev().map(|n| format!("cus_{n:02}")).collect())
}

fn ids(page: &Value) -> Vec<String> {
    let nodes: Vec<Value> = page["nodes"].as_array().expect("nodes are a list").clone();
    let edges = page["edges"].as_array().expect("edges are a list").iter().map(|edge| edge["node"].clone());
    assert_eq!(edges.collect::<Vec<_>>(), nodes);
    nodes.iter().map(|node| node["id"].as_str().expect("an id is text").to_owned()).collect()
}

#[tokio::test]
async fn wrong_arguments_are_refused() {
    let (test, reader, _) = with_customers().await;
    let cursor = |place: &str| BASE64_URL_SAFE_NO_PAD.encode(place);
    for variables in [
        json!({ "first": 101 }),
        json!({ "first": -1 }),
        json!({ "first": i32::MIN }),
        json!({ "last": 101 }),
        json!({ "last": -1 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "first": 1, "before": cursor("1 1 cus_01") }),
        json!({ "last": 1, "after": cursor("1 1 cus_01") }),
        json!({ "after": "" }),
        json!({ "after": "cus_01" }),
        json!({ "after": "%%%" }),
        json!({ "before": cursor("") }),
        json!({ "after": cursor("1 x cus_01") }),
        json!({ "after": cursor("2 1 cus_01") }),
        json!({ "after": cursor("1 9223372036854775807 cus_01") }),
        json!({ "after": cursor("1 1 cus\0") }),
    ] {
        let answer = test.graphql(Some(&reader), PAGE, variables.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{variables}: {answer}");
    }
}

#[tokio::test]
async fn pages_hold_every_row_once_forward_and_backward() {
    let (test, reader, all) = with_customers().await;
    for size in [1, 7, 25, 100] {
        let (mut forward, mut backward) = (Vec::new(), Vec::new());
        let mut after = Value::Null;
        loop {
            let data = test.data(Some(&reader), PAGE, json!({ "first": size, "after": after })).await;
            let (page, info) = (&data["customers"], &data["customers"]["pageInfo"]);
            assert_eq!(info["hasPreviousPage"], !forward.is_empty(), "{size}");
            forward.extend(ids(page));
            assert_eq!((&info["hasNextPage"], &page["totalCount"]), (&json!(forward.len() < 25), &json!(25)));
            after = info["endCursor"].clone();
            if forward.len() >= 25 {
                break;
            }
        }
        assert_eq!(forward, all, "forward by {size}");
        let mut before = Value::Null;
        while backward.len() < 25 {
            let data = test.data(Some(&reader), PAGE, json!({ "last": size, "before": before })).await;
            let (page, info) = (&data["customers"], &data["customers"]["pageInfo"]);
            assert_eq!(info["hasNextPage"], !backward.is_empty(), "{size}");
            backward.splice(0..0, ids(page));
            assert_eq!(info["hasPreviousPage"], backward.len() < 25);
            before = info["startCursor"].clone();
        }
        assert_eq!(backward, all, "backward by {size}");
        let data = test.data(Some(&reader), PAGE, json!({ "first": size, "after": after })).await;
        assert_eq!(
            (ids(&data["customers"]).len(), &data["customers"]["pageInfo"]["hasNextPage"]),
            (0, &json!(false))
        );
    }
}

#[tokio::test]
async fn a_page_without_rows_counts_all_the_same() {
    let (test, reader, _) = with_customers().await;
    let data = test.data(Some(&reader), PAGE, json!({ "first": 0 })).await;
    let info =
        json!({ "hasNextPage": true, "hasPreviousPage": false, "startCursor": null, "endCursor": null });
    assert_eq!(data["customers"], json!({ "totalCount": 25, "nodes": [], "edges": [], "pageInfo": info }));
    let data = test.data(Some(&reader), PAGE, json!({})).await;
    assert_eq!(ids(&data["customers"]).len(), 20, "where nothing is said");
}

#[tokio::test]
async fn children_are_paged_alike_for_one_parent_and_for_many() {
    const CHILDREN: &str = "subscriptions(first: 2, after: $after) { totalCount nodes { id }
        pageInfo { hasNextPage hasPreviousPage endCursor } }";
    let (test, reader, all) = with_customers().await;
    let mut subscriptions = Vec::new();
    for customer in &all[..3] {
        for n in 0..3 {
            let mut made = subscription(&format!("{customer}{n}"), "active");
            made["customer"] = customer.as_str().into();
            subscriptions.push(made);
        }
    }
    test.know(&subscriptions).await;
    let many = format!("query($after: String) {{ customers(first: 3) {{ nodes {{ id {CHILDREN} }} }} }}");
    let one = format!("query($id: ID!, $after: String) {{ customer(id: $id) {{ id {CHILDREN} }} }}");
    let first = test.data(Some(&reader), &many, json!({})).await;
    for (index, customer) in all[..3].iter().enumerate() {
        let page = &first["customers"]["nodes"][index];
        let same = test.data(Some(&reader), &one, json!({ "id": customer })).await;
        assert_eq!(same["customer"], *page);
        let nodes = json!([{ "id": format!("sub_{customer}2") }, { "id": format!("sub_{customer}1") }]);
        assert_eq!(
            (&page["subscriptions"]["nodes"], &page["subscriptions"]["totalCount"]),
            (&nodes, &json!(3))
        );
        let after = &page["subscriptions"]["pageInfo"]["endCursor"];
        let rest = test.data(Some(&reader), &one, json!({ "id": customer, "after": after })).await;
        let rest = &rest["customer"]["subscriptions"];
        assert_eq!(rest["nodes"], json!([{ "id": format!("sub_{customer}0") }]));
        let ends = json!({ "hasNextPage": false, "hasPreviousPage": true, "endCursor": rest["pageInfo"]["endCursor"] });
        assert_eq!(rest["pageInfo"], ends);
    }
}
