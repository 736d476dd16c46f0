//! Global ids: each is that of one object, which `node` finds again by it.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, account},
};

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id } }";

/// A plan, as Stripe still tells of prices that are paid again and again, and the price that it is.
fn plan(id: &str, product: &str) -> [Value; 2] {
    let with = |object: &str, amount: &str| json!({ "id": id, "object": object, "product": product, "active": true, "created": MADE, "currency": "usd", amount: 900 });
    [with("plan", "amount"), with("price", "unit_amount")]
}

#[tokio::test]
async fn a_plan_and_its_price_have_an_id_each() {
    let test = TestApp::start().await;
    test.know(&["gold", "plan_old", "price_new"].map(|id| plan(id, "prod_1")).concat()).await;
    let reader = test.service(Role::Reader).await;
    let lists = "{ plans { nodes { __typename id planId } } prices { nodes { __typename id } } }";
    let data = test.data(Some(&reader), lists, json!({})).await;
    let nodes = ["plans", "prices"].map(|list| data[list]["nodes"].as_array().expect("a list").clone());
    assert_eq!(nodes.each_ref().map(Vec::len), [3, 3], "{data}");
    for mut node in nodes.concat() {
        let plan_id = node.as_object_mut().expect("it is an object").remove("planId");
        if let Some(id) = plan_id {
            assert_eq!(node["id"], format!("plan:{}", id.as_str().expect("it is text")));
        }
        let again = test.data(Some(&reader), NODE, json!({ "id": node["id"] })).await;
        assert_eq!(again["node"], node);
    }
    let several = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let ids = json!({ "ids": ["gold", "plan:gold", "plan:none", "plan:", "plan_old", "plan:plan_old"] });
    let data = test.data(Some(&reader), several, ids).await;
    let node = |ty: &str, id: &str| json!({ "__typename": ty, "id": id });
    let expected = json!([
        node("Price", "gold"),
        node("Plan", "plan:gold"),
        null,
        null,
        node("Price", "plan_old"),
        node("Plan", "plan:plan_old"),
    ]);
    assert_eq!(data["nodes"], expected);
    for id in ["gold", "plan:gold"] {
        let one = test
            .data(Some(&reader), "query($id: ID!) { plan(id: $id) { id planId } }", json!({ "id": id }))
            .await;
        assert_eq!(one["plan"], json!({ "id": "plan:gold", "planId": "gold" }));
    }
    let found = "{ plans(filter: { planId: { eq: \"gold\" } }) { nodes { id } } }";
    let found = test.data(Some(&reader), found, json!({})).await;
    assert_eq!(found["plans"]["nodes"], json!([{ "id": "plan:gold" }]));
}

#[tokio::test]
async fn payment_methods_of_all_ages_are_found() {
    let test = TestApp::start().await;
    let methods = ["pm_1", "card_1", "src_1", "ba_1"].map(|id| {
        json!({ "id": id, "object": "payment_method", "type": "card", "customer": "cus_a", "created": MADE })
    });
    test.know(&[account("a", "user_id"), methods.to_vec()].concat()).await;
    let (own, other) = (test.linked("a").await, test.user("b"));
    for id in methods.iter().map(|method| &method["id"]) {
        let node = json!({ "__typename": "PaymentMethod", "id": id });
        assert_eq!(test.data(Some(&own), NODE, json!({ "id": id })).await, json!({ "node": node }));
        assert_eq!(test.data(Some(&other), NODE, json!({ "id": id })).await, json!({ "node": null }));
    }
}
