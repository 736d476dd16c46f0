//! The API as a subgraph of Apollo Federation: its nodes are entities.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{account, catalogue},
};

const ENTITIES: &str = "query($named: [_Any!]!) { _entities(representations: $named) {
    __typename ... on Node { id } ... on Customer { subscriptions { nodes { price { id } } } } ... on Product { name } } }";

async fn subgraph() -> TestApp {
    let test = TestApp::with(|settings| settings.graphql.billgraph_federation = String::from("on")).await;
    test.know(&[account("a", "user_id"), account("b", "user_id"), catalogue("open", true).into()].concat())
        .await;
    test
}

fn named(entities: &[(&str, &str)]) -> Value {
    let named = entities.iter().map(|(name, id)| json!({ "__typename": name, "id": id }));
    json!({ "named": named.collect::<Value>() })
}

#[tokio::test]
async fn what_is_no_entity_or_is_not_ones_own_is_null() {
    let test = subgraph().await;
    let user = test.linked("a").await;
    let strange = json!({ "named": [
        { "__typename": "Customer", "id": "cus_b" }, { "__typename": "Customer", "id": "cus_none" },
        { "__typename": "Customer", "id": "sub_a" }, { "__typename": "Money", "id": "cus_a" },
        { "__typename": "Customer" }, { "__typename": "Customer", "id": { "x": 1 } }, { "id": "cus_a" }, {}, "cus_a", 1,
    ] });
    let data = test.data(Some(&user), ENTITIES, strange).await;
    assert_eq!(data, json!({ "_entities": [null, null, null, null, null, null, null, null, null, null] }));
    let data = test.data(None, ENTITIES, named(&[("Customer", "cus_a"), ("User", "user:a")])).await;
    assert_eq!(data, json!({ "_entities": [null, null] }));
}

#[tokio::test]
async fn many_entities_cost_what_they_are() {
    let test = subgraph().await;
    let many = named(&vec![("Customer", "cus_a"); 1500]);
    let answer = test.graphql(Some(&test.service(Role::Reader).await), ENTITIES, many).await;
    let refused = "The document asks for more than 20000 objects by its page sizes.";
    assert_eq!(answer["errors"][0]["message"], refused, "{answer}");
}

#[tokio::test]
async fn a_router_finds_nodes_by_their_types_and_ids() {
    let test = subgraph().await;
    let user = test.linked("a").await;
    let wanted = [("Customer", "cus_a"), ("User", "user:a"), ("Product", "prod_open"), ("Invoice", "in_a")];
    let data = test.data(Some(&user), ENTITIES, named(&wanted)).await;
    let expected = json!({ "_entities": [
        { "__typename": "Customer", "id": "cus_a", "subscriptions": { "nodes": [{ "price": { "id": "price_a" } }] } },
        { "__typename": "User", "id": "user:a" },
        { "__typename": "Product", "id": "prod_open", "name": "Plan" },
        { "__typename": "Invoice", "id": "in_a" },
    ] });
    assert_eq!(data, expected);
}

#[tokio::test]
async fn entities_of_a_kind_are_read_at_once() {
    let test = subgraph().await;
    let reader = test.service(Role::Reader).await;
    test.data(Some(&reader), "{ __typename }", json!({})).await;
    test.app().db.seen();
    let data =
        test.data(Some(&reader), ENTITIES, named(&[("Customer", "cus_a"), ("Customer", "cus_b")])).await;
    assert_eq!(data["_entities"][1]["subscriptions"]["nodes"][0]["price"]["id"], "price_b");
    let asked: Vec<String> = test.app().db.seen().into_iter().map(|statement| statement.sql).collect();
    // Customers, subscriptions and prices.
    assert_eq!(asked.len(), 3, "{}", asked.join("\n"));
}

#[tokio::test]
async fn the_subgraphs_schema_is_for_those_who_may_introspect() {
    const SDL: &str = "{ _service { sdl } }";
    let test = subgraph().await;
    for token in [None, Some(test.linked("a").await)] {
        let answer = test.graphql(token.as_deref(), SDL, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        assert!(!answer.to_string().contains("@key"));
    }
    let data = test.data(Some(&test.service(Role::Reader).await), SDL, json!({})).await;
    let sdl = data["_service"]["sdl"].as_str().expect("it is text");
    assert!(sdl.contains("type Customer implements Node @key(fields: \"id\")"));
}

#[tokio::test]
async fn by_default_the_api_is_no_subgraph() {
    let test = TestApp::start().await;
    let reader = test.service(Role::Reader).await;
    for query in ["{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"] {
        let answer = test.graphql(Some(&reader), query, json!({})).await;
        let message = answer["errors"][0]["message"].as_str().expect("it is refused");
        assert!(message.starts_with("Unknown field"), "{message}");
    }
    assert!(!billgraph::graphql::sdl().contains("_entities"));
}
