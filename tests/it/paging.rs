//! Relay connections: every row once, from either end.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, customer, event, subscription},
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
    let of_customers =
        |created: Value, id: Value| cursor(&json!(["2 customers -created -id", created, id]).to_string());
    let right = json!({ "after": of_customers(json!(MADE * 1_000_000), json!("cus_01")) });
    test.data(Some(&reader), PAGE, right).await;
    for variables in [
        json!({ "first": 101 }),
        json!({ "first": -1 }),
        json!({ "first": i32::MIN }),
        json!({ "last": 101 }),
        json!({ "last": -1 }),
        json!({ "first": 1, "last": 1 }),
        json!({ "first": 1, "last": 1, "before": of_customers(json!(1), json!("cus_01")) }),
        json!({ "first": 1, "after": "x", "before": of_customers(json!(1), json!("cus_01")) }),
        json!({ "last": 1, "after": of_customers(json!(1), json!("cus_01")), "before": "x" }),
        json!({ "after": "" }),
        json!({ "after": "cus_01" }),
        json!({ "after": "%%%" }),
        json!({ "before": cursor("") }),
        json!({ "before": cursor("[]") }),
        json!({ "before": cursor("{}") }),
        json!({ "after": cursor("1 1 cus_01") }),
        json!({ "after": of_customers(json!("x"), json!("cus_01")) }),
        json!({ "after": of_customers(Value::Null, json!("cus_01")) }),
        json!({ "after": of_customers(json!(i64::MAX), json!("cus_01")) }),
        json!({ "after": of_customers(json!(i64::MIN), json!("cus_01")) }),
        json!({ "after": of_customers(json!(1.5), json!("cus_01")) }),
        json!({ "after": of_customers(json!(1), json!("cus\0")) }),
        json!({ "after": of_customers(json!(1), json!(1)) }),
        json!({ "after": cursor("[\"2 customers -created -id\",1]") }),
        json!({ "after": cursor("[\"3 customers -created -id\",1,\"cus_01\"]") }),
        json!({ "after": cursor("[\"2 customers +created +id\",1,\"cus_01\"]") }),
        json!({ "after": cursor("[\"2 invoices -created -id\",1,\"cus_01\"]") }),
        json!({ "after": format!("{}AAAA", of_customers(json!(1), json!("cus_01"))) }),
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

/// The ids of a page and what it says of its neighbours.
async fn page(test: &TestApp, reader: &str, variables: Value) -> (Vec<String>, bool, bool) {
    let data = test.data(Some(reader), PAGE, variables).await;
    let info = &data["customers"]["pageInfo"];
    let told = |name: &str| info[name].as_bool().expect("it is told");
    (ids(&data["customers"]), told("hasPreviousPage"), told("hasNextPage"))
}

#[tokio::test]
async fn neighbours_are_told_also_where_the_row_of_the_cursor_is_gone() {
    let (test, reader, all) = with_customers().await;
    let data = test.data(Some(&reader), PAGE, json!({ "first": 25 })).await;
    let edges = data["customers"]["edges"].as_array().expect("edges are a list");
    let cursor = |place: usize| edges[place]["cursor"].clone();
    assert_eq!(
        page(&test, &reader, json!({ "first": 2, "after": cursor(0) })).await,
        (all[1..3].to_vec(), true, true)
    );
    assert_eq!(
        page(&test, &reader, json!({ "last": 2, "before": cursor(24) })).await,
        (all[22..24].to_vec(), true, true)
    );
    assert_eq!(page(&test, &reader, json!({ "last": 9, "before": cursor(0) })).await, (vec![], false, true));
    assert_eq!(page(&test, &reader, json!({ "first": 9, "after": cursor(24) })).await, (vec![], true, false));
    for (id, n) in [(&all[0], 0), (&all[24], 1)] {
        let gone = json!({ "id": id, "object": "customer", "deleted": true });
        test.receive(&event("customer.deleted", MADE + 100 + n, &gone)).await;
    }
    let (rows, previous, next) = page(&test, &reader, json!({ "first": 2, "after": cursor(0) })).await;
    assert_eq!((rows, previous, next), (all[1..3].to_vec(), false, true), "nothing is left before it");
    let (rows, previous, next) = page(&test, &reader, json!({ "last": 2, "before": cursor(24) })).await;
    assert_eq!((rows, previous, next), (all[22..24].to_vec(), true, false), "nothing is left after it");
}

/// <https://relay.dev/graphql/connections.htm#ApplyCursorsToEdges()>: what lies between the cursors, then the count.
#[tokio::test]
async fn a_page_lies_between_two_cursors() {
    let (test, reader, all) = with_customers().await;
    let data = test.data(Some(&reader), PAGE, json!({ "first": 25 })).await;
    let edges = data["customers"]["edges"].as_array().expect("edges are a list");
    let cursor = |place: usize| edges[place]["cursor"].clone();
    for (variables, places, previous, next) in [
        (json!({ "first": 3, "before": cursor(10) }), 0..3, false, true),
        (json!({ "first": 10, "before": cursor(10) }), 0..10, false, true),
        (json!({ "first": 20, "before": cursor(10) }), 0..10, false, true),
        (json!({ "first": 20, "before": cursor(0) }), 0..0, false, true),
        (json!({ "last": 3, "after": cursor(10) }), 22..25, true, false),
        (json!({ "last": 14, "after": cursor(10) }), 11..25, true, false),
        (json!({ "last": 20, "after": cursor(10) }), 11..25, true, false),
        (json!({ "last": 20, "after": cursor(24) }), 0..0, true, false),
        (json!({ "first": 3, "after": cursor(4), "before": cursor(10) }), 5..8, true, true),
        (json!({ "first": 5, "after": cursor(4), "before": cursor(10) }), 5..10, true, true),
        (json!({ "last": 3, "after": cursor(4), "before": cursor(10) }), 7..10, true, true),
        (json!({ "last": 9, "after": cursor(4), "before": cursor(10) }), 5..10, true, true),
        (json!({ "after": cursor(4), "before": cursor(10) }), 5..10, true, true),
        (json!({ "first": 9, "after": cursor(10), "before": cursor(4) }), 0..0, true, true),
        (json!({ "first": 0, "after": cursor(4), "before": cursor(10) }), 0..0, true, true),
    ] {
        let told = page(&test, &reader, variables.clone()).await;
        assert_eq!(told, (all[places].to_vec(), previous, next), "{variables}");
    }
}

#[tokio::test]
async fn children_lie_between_two_cursors_for_one_parent_and_for_many() {
    const CHILDREN: &str = "subscriptions(last: 2, after: $after, before: $before) { nodes { id }
        pageInfo { hasNextPage hasPreviousPage } }";
    let (test, reader, all) = with_customers().await;
    let children = all[..2].iter().enumerate().flat_map(|(parent, customer)| {
        (0..6).map(move |n| {
            let mut made = subscription(&format!("{n}{parent}"), "active");
            (made["customer"], made["created"]) = (customer.as_str().into(), (MADE + n).into());
            made
        })
    });
    test.know(&children.collect::<Vec<_>>()).await;
    let place = |n: i64| {
        let cursor = json!(["2 subscriptions -created -id", (MADE + n) * 1_000_000, format!("sub_{n}1")]);
        BASE64_URL_SAFE_NO_PAD.encode(cursor.to_string())
    };
    // The first parent's subscription of the second of a cursor follows it, the other's is the cursor's own.
    let info = json!({ "hasNextPage": true, "hasPreviousPage": true });
    let nodes = |ids: [&str; 2]| json!(ids.map(|id| json!({ "id": id })));
    let expected = [nodes(["sub_30", "sub_20"]), nodes(["sub_31", "sub_21"])];
    let bounds = json!({ "after": place(4), "before": place(1) });
    let many = format!(
        "query($after: String, $before: String) {{ customers(first: 2) {{ nodes {{ {CHILDREN} }} }} }}"
    );
    let found = test.data(Some(&reader), &many, bounds.clone()).await;
    for (index, nodes) in expected.iter().enumerate() {
        let list = json!({ "nodes": nodes, "pageInfo": info });
        assert_eq!(found["customers"]["nodes"][index]["subscriptions"], list, "{found}");
        let one = format!(
            "query($after: String, $before: String) {{ customer(id: \"{}\") {{ {CHILDREN} }} }}",
            all[index]
        );
        let alone = test.data(Some(&reader), &one, bounds.clone()).await;
        assert_eq!(alone["customer"]["subscriptions"], list);
    }
}

#[tokio::test]
async fn pages_are_stable_under_inserts() {
    let (test, reader, all) = with_customers().await;
    let first = test.data(Some(&reader), PAGE, json!({ "first": 10 })).await;
    let after = &first["customers"]["pageInfo"]["endCursor"];
    // One comes in before the page, and one into the second it ends in, behind it.
    let mut newer = customer("newer", "user_id");
    newer["created"] = (MADE + 100).into();
    let mut older = customer("14_", "user_id");
    older["created"] = (MADE + 14 / 4).into();
    test.know(&[newer, older]).await;
    let (rows, ..) = page(&test, &reader, json!({ "first": 3, "after": after })).await;
    assert_eq!(rows, ["cus_14_", all[10].as_str(), all[11].as_str()]);
}

#[tokio::test]
async fn a_cursor_is_asked_about_once_for_all_parents() {
    const BOTH: &str =
        "query($after: String) { customers(first: 3) { nodes { subscriptions(first: 1, after: $after) {
        nodes { id } pageInfo { hasPreviousPage } } } } }";
    let (test, reader, all) = with_customers().await;
    let subscriptions: Vec<Value> = all[..3]
        .iter()
        .enumerate()
        .map(|(n, customer)| {
            let mut made = subscription(&n.to_string(), "active");
            made["customer"] = customer.as_str().into();
            made
        })
        .collect();
    test.know(&subscriptions).await;
    let list = "{ subscriptions { edges { cursor node { id } } } }";
    let data = test.data(Some(&reader), list, json!({})).await;
    let newest = data["subscriptions"]["edges"].as_array().expect("edges are a list");
    let one = newest.iter().find(|edge| edge["node"]["id"] == "sub_1").expect("it is listed");
    let before = test.app().db.statements();
    let data = test.data(Some(&reader), BOTH, json!({ "after": one["cursor"] })).await;
    let told = |n: usize| &data["customers"]["nodes"][n]["subscriptions"];
    let page =
        |ids: Value, previous: bool| json!({ "nodes": ids, "pageInfo": { "hasPreviousPage": previous } });
    assert_eq!(told(0), &page(json!([{ "id": "sub_0" }]), false));
    assert_eq!(told(1), &page(json!([]), true));
    assert_eq!(told(2), &page(json!([]), true));
    assert_eq!(test.app().db.statements() - before, 3, "customers, their pages, and what is behind them");
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
