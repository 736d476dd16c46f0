//! Joins: complete, both ways, and with no more statements than fields that lead to tables, however many rows there are.

use billgraph::auth::Role;
use serde_json::json;

use crate::support::{ENDIVE, TestApp};

const DEEP: &str = "query($first: Int!) { customers(first: $first) { nodes { id email
    subscriptions(first: 5) { totalCount nodes { id status price { id product { id name } }
        items(first: 5) { edges { node { id quantity price { id product { id name } } } } } latestInvoice { id total { decimal } } } }
    payments(first: 5) { nodes { id amount { minorUnits } invoice { id number } latestCharge { id } } } } } }";

#[tokio::test]
async fn statements_do_not_grow_with_rows() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    test.sim.generate(1800);
    test.deliver().await;
    let reader = test.service(Role::Reader).await;
    let mut counted = Vec::new();
    for first in [5, 50] {
        // The first answer also looks the token up.
        test.data(Some(&reader), "{ mirror: __typename }", json!({})).await;
        let before = test.app().db.statements();
        let data = test.data(Some(&reader), DEEP, json!({ "first": first })).await;
        counted.push(test.app().db.statements() - before);
        assert_eq!(data["customers"]["nodes"].as_array().map(Vec::len), Some(first));
        let joined = data.to_string();
        for shown in ["prod_", "price_", "si_", "in_", "pi_", "ch_"] {
            assert!(joined.contains(shown), "{shown} is among what {first} customers lead to");
        }
    }
    // Fewer where fields that lead to one table happen to be read together.
    assert!(
        counted.iter().all(|statements| (9..=12).contains(statements)),
        "one for each field: {counted:?}"
    );
}
