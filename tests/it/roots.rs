//! Every object can be asked for by its id and as a list, by those who may see it.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use billgraph::{auth::Role, mirror::MIRRORS};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, account},
};

/// The fields of an object of the schema: their names, arguments and types.
type Fields = BTreeMap<String, (Vec<String>, String)>;

/// The objects of the schema that have an id, and the fields of its root.
fn schema() -> (Vec<String>, Fields) {
    let document = parse_schema(billgraph::graphql::sdl()).expect("it is a schema");
    let (mut nodes, mut root) = (Vec::new(), Fields::new());
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        if object.implements.iter().any(|interface| interface.node == "Node") {
            nodes.push(definition.node.name.node.to_string());
        }
        if definition.node.name.node == "Query" {
            root.extend(object.fields.into_iter().map(|field| {
                let arguments =
                    field.node.arguments.iter().map(|argument| argument.node.name.node.to_string());
                (field.node.name.node.to_string(), (arguments.collect(), field.node.ty.node.to_string()))
            }));
        }
    }
    (nodes, root)
}

/// The fields of the root that are lists of mirrored objects, of users and of organizations.
fn lists() -> Vec<String> {
    let (_, root) = schema();
    let is_list = |arguments: &[String], ty: &str| {
        ty.ends_with("Connection!") && arguments.iter().any(|argument| argument == "orderBy")
    };
    let lists = root.into_iter().filter(|(_, (arguments, ty))| is_list(arguments, ty));
    lists.map(|(name, _)| name).collect()
}

#[test]
fn every_object_is_in_the_root_by_its_id_and_as_a_list() {
    let (nodes, root) = schema();
    // Of the objects, one is a customer's list of others that is in the API itself.
    assert_eq!(nodes.len(), MIRRORS.len() - 1 + ["user", "organization"].len());
    for node in nodes {
        let id = vec!["id".to_owned()];
        assert!(root.values().any(|field| *field == (id.clone(), node.clone())), "{node} by its id");
        let list = root.values().find(|(_, ty)| *ty == format!("{node}Connection!"));
        let (arguments, _) = list.unwrap_or_else(|| panic!("a list of {node}"));
        assert_eq!(*arguments, ["after", "before", "filter", "first", "last", "orderBy"], "{node}");
    }
}

/// How many rows each list has that has any.
async fn counts(test: &TestApp, token: Option<&str>, arguments: &str) -> BTreeMap<String, Value> {
    let mut counts = BTreeMap::new();
    // A document has a limit.
    for lists in lists().chunks(10) {
        let fields = lists.iter().map(|list| format!("{list}{arguments} {{ totalCount nodes {{ id }} }} "));
        let data = test.data(token, &format!("{{ {} }}", fields.collect::<String>()), json!({})).await;
        for list in lists {
            let ids: Vec<&Value> = data[list]["nodes"]
                .as_array()
                .expect("nodes are a list")
                .iter()
                .map(|node| &node["id"])
                .collect();
            assert_eq!(data[list]["totalCount"], ids.len(), "{list}");
            if !ids.is_empty() {
                counts.insert(list.clone(), json!(ids));
            }
        }
    }
    counts
}

#[tokio::test]
async fn lists_hold_what_may_be_seen() {
    let test = TestApp::start().await;
    let merchant = ["payout", "transfer", "balance_transaction", "coupon", "tax_rate", "payment_link"];
    let merchants: Vec<Value> = merchant
        .into_iter()
        .map(|object| {
            json!({ "id": format!("{object}_m"), "object": object, "created": MADE, "amount": 1, "currency": "usd",
                    "active": true, "status": "paid" })
        })
        .collect();
    test.know(&[account("a", "user_id"), account("b", "user_id"), merchants].concat()).await;
    let (a, _) = (test.linked("a").await, test.linked("b").await);
    let own = counts(&test, Some(&a), "").await;
    for (list, prefix) in [
        ("charges", "ch"),
        ("checkoutSessions", "cs"),
        ("customers", "cus"),
        ("invoicePayments", "inpay"),
        ("invoices", "in"),
        ("paymentMethods", "pm"),
        ("payments", "pi"),
        ("prices", "price"),
        ("products", "prod"),
        ("refunds", "re"),
        ("subscriptionItems", "si"),
        ("subscriptions", "sub"),
    ] {
        assert_eq!(own.get(list), Some(&json!([format!("{prefix}_a")])), "{list} of A");
    }
    assert_eq!(own.get("users"), Some(&json!(["user:a"])));
    assert_eq!(own.len(), 13, "{own:?}");
    assert_eq!(counts(&test, None, "").await, BTreeMap::new(), "of nobody");
    assert_eq!(counts(&test, Some(&test.user("stranger")), "").await, BTreeMap::new(), "of a stranger");
    let reader = test.service(Role::Reader).await;
    let all = counts(&test, Some(&reader), "").await;
    for list in ["balanceTransactions", "coupons", "paymentLinks", "payouts", "taxRates", "transfers"] {
        assert_eq!(all[list].as_array().map(Vec::len), Some(1), "{list}");
    }
    for list in own.keys() {
        assert_eq!(all[list].as_array().map(Vec::len), Some(2), "{list}");
    }
}
