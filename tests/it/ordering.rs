//! The order of lists: by several fields, either way, with every row once.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, customer},
};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $order: CustomerOrder) {
    customers(first: $first, after: $after, last: $last, before: $before, orderBy: $order) { nodes { id }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// Nine customers, of three seconds and with three addresses; three of them have none.
async fn with_customers() -> (TestApp, String) {
    let test = TestApp::start().await;
    let mut customers: Vec<Value> = Vec::new();
    for email in [json!("a@x"), json!("b@x"), Value::Null] {
        for second in 0..3 {
            let mut customer = customer(&customers.len().to_string(), "user_id");
            customer["created"] = (MADE + second).into();
            customer["email"] = email.clone();
            customers.push(customer);
        }
    }
    test.know(&customers).await;
    let admin = test.service(Role::Admin).await;
    (test, admin)
}

fn ids(page: &Value) -> String {
    let nodes = page["nodes"].as_array().expect("nodes are a list");
    nodes.iter().map(|node| node["id"].as_str().expect("an id is text").trim_start_matches("cus_")).collect()
}

#[tokio::test]
async fn wrong_orders_are_refused() {
    let (test, admin) = with_customers().await;
    let by = |field: &str| json!({ "field": field });
    let within = |field: &str, then: Value| json!({ "field": field, "thenBy": then });
    for order in [
        json!({}),
        json!({ "direction": "ASC" }),
        by("RAW"),
        by("METADATA"),
        by("created"),
        json!({ "field": "CREATED", "direction": "SIDEWAYS" }),
        json!([by("CREATED"), by("ID")]),
        within("CREATED", by("CREATED")),
        within("CREATED", within("EMAIL", within("ID", by("CREATED")))),
    ] {
        let answer = test.graphql(Some(&admin), PAGE, json!({ "order": order })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{order}: {answer}");
    }
}

#[tokio::test]
async fn a_cursor_is_of_one_order() {
    let (test, admin) = with_customers().await;
    let order = json!({ "field": "EMAIL" });
    let data = test.data(Some(&admin), PAGE, json!({ "first": 1, "order": order })).await;
    let after = &data["customers"]["pageInfo"]["endCursor"];
    test.data(Some(&admin), PAGE, json!({ "after": after, "order": order })).await;
    for other in [Value::Null, json!({ "field": "ID" }), json!({ "field": "EMAIL", "direction": "DESC" })] {
        let answer = test.graphql(Some(&admin), PAGE, json!({ "after": after, "order": other })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{other}: {answer}");
    }
}

#[tokio::test]
async fn a_whole_table_is_sorted_for_an_admin_alone() {
    let (test, admin) = with_customers().await;
    let reader = test.service(Role::Reader).await;
    let query = "query($order: CustomerOrder, $filter: CustomerFilter) {
        customers(orderBy: $order, filter: $filter) { nodes { id } } }";
    let by = |field: &str, direction: &str| json!({ "field": field, "direction": direction });
    let within = |mut order: Value, then: Value| {
        order["thenBy"] = then;
        order
    };
    let mixed = within(by("EMAIL", "ASC"), by("CREATED", "DESC"));
    for (order, filter, is_fast) in [
        (Value::Null, json!({}), true),
        (by("ID", "DESC"), json!({}), true),
        (by("EMAIL", "ASC"), json!({}), true),
        (within(by("EMAIL", "DESC"), by("CREATED", "DESC")), json!({}), true),
        (mixed.clone(), json!({}), false),
        (within(by("CREATED", "ASC"), by("EMAIL", "ASC")), json!({}), false),
        (mixed, json!({ "email": { "startsWith": "a" } }), true),
    ] {
        let variables = json!({ "order": order, "filter": filter });
        test.data(Some(&admin), query, variables.clone()).await;
        let answer = test.graphql(Some(&reader), query, variables).await;
        let refused = answer["errors"][0]["extensions"]["code"] == "INVALID";
        assert_eq!(refused, !is_fast, "{order} {filter}: {answer}");
    }
}

#[tokio::test]
async fn every_order_has_every_row_once_from_either_end() {
    let (test, admin) = with_customers().await;
    let by = |field: &str, direction: &str| json!({ "field": field, "direction": direction });
    let within = |mut order: Value, then: Value| {
        order["thenBy"] = then;
        order
    };
    for (order, expected) in [
        (Value::Null, "852741630"),
        (by("CREATED", "ASC"), "036147258"),
        (by("ID", "DESC"), "876543210"),
        (json!({ "field": "ID" }), "012345678"),
        // What is absent counts as the greatest.
        (by("EMAIL", "ASC"), "012345678"),
        (by("EMAIL", "DESC"), "876543210"),
        (within(by("EMAIL", "ASC"), by("ID", "DESC")), "210543876"),
        (within(by("EMAIL", "DESC"), by("CREATED", "ASC")), "678345012"),
        (within(by("CREATED", "DESC"), by("EMAIL", "ASC")), "258147036"),
        (within(by("CREATED", "ASC"), within(by("EMAIL", "DESC"), by("ID", "ASC"))), "630741852"),
    ] {
        for size in [1, 2, 4, 9] {
            let (mut forward, mut backward) = (String::new(), String::new());
            let mut after = Value::Null;
            while forward.len() < 9 {
                let variables = json!({ "first": size, "after": after, "order": order });
                let page = test.data(Some(&admin), PAGE, variables).await["customers"].take();
                let info = &page["pageInfo"];
                assert_eq!(info["hasPreviousPage"], !forward.is_empty(), "{order} by {size}");
                forward += &ids(&page);
                assert_eq!(info["hasNextPage"], forward.len() < 9, "{order} by {size} after {forward}");
                after = info["endCursor"].clone();
            }
            let mut before = Value::Null;
            while backward.len() < 9 {
                let variables = json!({ "last": size, "before": before, "order": order });
                let page = test.data(Some(&admin), PAGE, variables).await["customers"].take();
                let info = &page["pageInfo"];
                assert_eq!(info["hasNextPage"], !backward.is_empty(), "{order} by {size}");
                backward = ids(&page) + &backward;
                assert_eq!(
                    info["hasPreviousPage"],
                    backward.len() < 9,
                    "{order} by {size} before {backward}"
                );
                before = info["startCursor"].clone();
            }
            assert_eq!((forward.as_str(), backward.as_str()), (expected, expected), "{order} by {size}");
        }
    }
}
