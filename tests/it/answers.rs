//! What is done once for many requests, or not at all where nobody asks for it, changes no answer.

use async_graphql::parser::types::{TypeDefinition, TypeKind};
use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::{
    neighbours::lists,
    schema::types,
    support::{ENDIVE, TestApp, billing::account},
};

async fn text(test: &TestApp, token: &str, query: &str) -> String {
    let request = test.client.post(test.url("/graphql")).bearer_auth(token);
    let answer = request.json(&json!({ "query": query })).send().await.expect("the gateway answers");
    answer.text().await.expect("the answer is text")
}

#[tokio::test]
async fn fields_stand_in_the_order_of_the_document() {
    let test = TestApp::start().await;
    test.know(&account("1", "user_id")).await;
    let reader = test.service(Role::Reader).await;
    for (query, expected) in [
        // What has to be asked of the database stands before what is there.
        (
            "{ customer(id: \"cus_1\") { products { name } id } __typename price(id: \"none\") { id } }",
            r#"{"customer":{"products":[{"name":"Plan"}],"id":"cus_1"},"__typename":"Query","price":null}"#,
        ),
        (
            "{ invoices { totalCount nodes { customer { id } id } } z: customer(id: \"none\") { id } a: __typename }",
            r#"{"invoices":{"totalCount":1,"nodes":[{"customer":{"id":"cus_1"},"id":"in_1"}]},"z":null,"a":"Query"}"#,
        ),
        (
            "{ ...Root a: __typename } fragment Root on Query { customer(id: \"cus_1\") { ...One ... on Node { id } ... { x: id } } }
             fragment One on Customer { products { id name } currency }",
            r#"{"customer":{"products":[{"id":"prod_1","name":"Plan"}],"currency":"usd","id":"cus_1","x":"cus_1"},"a":"Query"}"#,
        ),
        // What is selected twice stands where it was selected first, with all that is selected of it.
        (
            "{ customer(id: \"cus_1\") { subscriptions { nodes { price { id } } } id subscriptions { nodes { statusRaw price { product { name } } } } } }",
            r#"{"customer":{"subscriptions":{"nodes":[{"price":{"id":"price_1","product":{"name":"Plan"}},"statusRaw":"active"}]},"id":"cus_1"}}"#,
        ),
        (
            "{ customer(id: \"cus_1\") { id @skip(if: true) currency @include(if: true) products @skip(if: false) { id } created @include(if: false) } }",
            r#"{"customer":{"currency":"usd","products":[{"id":"prod_1"}]}}"#,
        ),
        // Of what nothing is selected, there is nothing.
        ("{ customer(id: \"cus_1\") { id @skip(if: true) } }", r#"{"customer":{}}"#),
        ("{ customer(id: \"cus_1\") @skip(if: true) { id } }", "{}"),
        (
            "{ node(id: \"sub_1\") { ... on BillingSubscription { price { product { name } id } statusRaw } id __typename } }",
            r#"{"node":{"price":{"product":{"name":"Plan"},"id":"price_1"},"statusRaw":"active","id":"sub_1","__typename":"BillingSubscription"}}"#,
        ),
    ] {
        // The second time nothing is read that the first one left behind.
        for _ in 0..2 {
            assert_eq!(text(&test, &reader, query).await, format!("{{\"data\":{expected}}}"), "{query}");
        }
    }
}

/// A list's objects are read from their rows where that is all there is to do; one that is found as a `Node` has its
/// resolvers asked.
#[tokio::test]
async fn what_is_read_from_rows_is_what_resolvers_say() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    test.sim.generate(400);
    test.deliver().await;
    let reader = test.service(Role::Reader).await;
    let ask = async |query: String| {
        let answer = test.graphql(Some(&reader), &query, json!({})).await;
        assert!(answer.get("errors").is_none(), "{query} {answer}");
        answer["data"].clone()
    };
    for (ty, list) in [
        ("Customer", "customers"),
        ("BillingSubscription", "subscriptions"),
        ("PaymentIntent", "payments"),
        ("Invoice", "invoices"),
        ("Price", "prices"),
        ("Product", "products"),
    ] {
        let shape = "type { kind name ofType { kind name } }";
        let described =
            ask(format!("{{ __type(name: \"{ty}\") {{ fields {{ name args {{ name }} {shape} }} }} }}"));
        let described = described.await;
        let fields = described["__type"]["fields"].as_array().expect("fields").iter();
        let selected = fields.filter_map(|field| {
            let (name, ty) = (field["name"].as_str()?, &field["type"]);
            let ty = if ty["kind"] == "NON_NULL" { &ty["ofType"] } else { ty };
            match ty["kind"].as_str()? {
                "SCALAR" | "ENUM" => Some(name.to_owned()),
                "OBJECT" if ty["name"] == "Money" => {
                    let amount =
                        format!("{name} {{ ... on Money {{ units: minorUnits }} __typename currency }}");
                    Some(format!("{amount} whole{name}: {name} {{ decimal }}"))
                }
                _ => None,
            }
        });
        let selected: Vec<String> = selected.collect();
        assert!(selected.len() > 5, "{selected:?}");
        let selected = format!("id __typename {} again: id", selected.join(" "));
        let listed = ask(format!("{{ {list}(first: 50) {{ nodes {{ {selected} }} }} }}")).await;
        let nodes = listed[list]["nodes"].as_array().expect("a list");
        assert!(nodes.len() > 3, "{list}");
        for node in nodes {
            let query = format!("{{ node(id: {}) {{ ... on {ty} {{ {selected} }} }} }}", node["id"]);
            assert_eq!(ask(query).await["node"].to_string(), node.to_string());
        }
    }
}

#[tokio::test]
async fn a_field_that_failed_stands_in_its_place() {
    let test = TestApp::start().await;
    let reader = test.service(Role::Reader).await;
    let answer = text(&test, &reader, "{ a: __typename syncRun(id: \"none\") { id } z: __typename }").await;
    assert!(answer.starts_with(r#"{"data":{"a":"Query","syncRun":null,"z":"Query"},"errors":["#), "{answer}");
}

#[tokio::test]
async fn a_document_that_was_read_before_is_checked_like_any_other() {
    let test = TestApp::start().await;
    test.know(&account("1", "user_id")).await;
    let reader = test.service(Role::Reader).await;
    let page = "query($n: Int, $on: Boolean = true) { customers(first: $n) { nodes { id email @include(if: $on) } } }";
    let one = "query($id: ID!) { customer(id: $id) { id } }";
    let filtered = "query($filter: CustomerFilter) { customers(filter: $filter) { nodes { id } } }";
    let chosen = "query($status: SubscriptionStatus) { subscriptions(filter: { status: { eq: $status } }) { nodes { id } } }";
    let named = "query A($id: ID!) { customer(id: $id) { id } } query B($n: Int!) { customers(first: $n) { totalCount } }";
    let asked = [
        (page, None, json!({ "n": 1 })),
        (page, None, json!({ "n": 100 })),
        (page, None, json!({ "n": 101 })),
        (page, None, json!({ "n": 1_000_000_000 })),
        (page, None, json!({ "n": -1 })),
        (page, None, json!({ "n": "1" })),
        (page, None, json!({ "n": 1.5 })),
        (page, None, json!({ "n": null })),
        (page, None, json!({})),
        (page, None, json!({ "n": 1, "on": false })),
        (page, None, json!({ "n": 1, "on": "no" })),
        (page, None, json!({ "n": 1, "on": [false] })),
        (one, None, json!({ "id": "cus_1" })),
        (one, None, json!({ "id": 1 })),
        (one, None, json!({ "id": 1.5 })),
        (one, None, json!({ "id": null })),
        (one, None, json!({ "id": ["cus_1"] })),
        (one, None, json!({ "id": { "id": "cus_1" } })),
        (one, None, json!({ "other": "cus_1" })),
        (one, Some("Other"), json!({ "id": "cus_1" })),
        (filtered, None, json!({ "filter": { "id": { "eq": "cus_1" } } })),
        (filtered, None, json!({ "filter": { "nothing": { "eq": "cus_1" } } })),
        (filtered, None, json!({ "filter": null })),
        (chosen, None, json!({ "status": "ACTIVE" })),
        (chosen, None, json!({ "status": "NO_STATUS" })),
        (named, Some("A"), json!({ "id": "cus_1" })),
        (named, Some("B"), json!({ "n": 1 })),
        (named, Some("A"), json!({ "n": 1 })),
        (named, Some("B"), json!({ "n": 101 })),
        (named, None, json!({ "id": "cus_1", "n": 1 })),
    ];
    for (number, (document, operation, variables)) in asked.into_iter().enumerate() {
        let mut answers = Vec::new();
        // One that nobody sent before, and one that was sent with all that came before.
        for document in [format!("{document} # {number}"), document.to_owned()] {
            let body = json!({ "query": document, "operationName": operation, "variables": variables });
            let request = test.client.post(test.url("/graphql")).bearer_auth(&reader).json(&body);
            let mut answer: Value =
                request.send().await.expect("it answers").json().await.expect("the answer is JSON");
            for error in answer["errors"].as_array_mut().into_iter().flatten() {
                error["extensions"]["requestId"].take();
            }
            answers.push(answer);
        }
        assert_eq!(answers[0], answers[1], "{document} {variables}");
    }
}

#[tokio::test]
async fn a_schema_that_staff_asked_for_stays_hidden_from_others() {
    const SCHEMA: &str = "{ __schema { queryType { name } } }";
    let test = TestApp::start().await;
    let reader = test.service(Role::Reader).await;
    for _ in 0..2 {
        assert_eq!(
            test.data(Some(&reader), SCHEMA, json!({})).await["__schema"]["queryType"]["name"],
            "Query"
        );
        let refused = test.graphql(None, SCHEMA, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    }
}

/// The fields of the API's objects, each with what is selected of it; none that takes arguments or leads to objects that
/// have an id.
fn plain_fields(types: &[TypeDefinition], object: &str) -> Vec<String> {
    let find = |name: &str| types.iter().find(|ty| ty.name.node == name);
    let Some(TypeKind::Object(fields)) = find(object).map(|ty| &ty.kind) else {
        panic!("{object} is an object")
    };
    let fields = fields.fields.iter().map(|field| &field.node).filter(|field| field.arguments.is_empty());
    let selected = fields.filter_map(|field| {
        let name = field.name.node.as_str();
        let ty = field.ty.node.to_string();
        match find(ty.trim_matches(['!', '[', ']'])).map(|ty| &ty.kind) {
            Some(TypeKind::Object(inner))
                if inner.fields.iter().any(|field| field.node.name.node == "id") =>
            {
                None
            }
            Some(TypeKind::Interface(_)) => None,
            Some(TypeKind::Object(inner)) => {
                let inner: Vec<_> = inner.fields.iter().map(|field| field.node.name.node.as_str()).collect();
                Some(format!("{name} {{ {} }}", inner.join(" ")))
            }
            _ => Some(name.to_owned()),
        }
    });
    selected.collect()
}

/// The fields that have nothing to show, although each object has a value in every field.
const SILENT: [&str; 1] = ["CheckoutSession.waitToken"];

#[tokio::test]
async fn a_field_by_itself_shows_what_it_shows_among_others() {
    let test = TestApp::start().await;
    test.know_one_of_each().await;
    let reader = test.service(Role::Reader).await;
    let types = types();
    let (mut shown, mut silent) = (0, Vec::new());
    for (list, object) in lists() {
        let selected = plain_fields(&types, &object);
        let ask = async |fields: &str| {
            let query = format!("{{ {list} {{ nodes {{ {fields} }} }} }}");
            test.data(Some(&reader), &query, json!({})).await[&list]["nodes"][0].take()
        };
        let all = ask(&selected.join(" ")).await;
        for field in selected {
            let name = field.split(' ').next().unwrap_or_default();
            assert_eq!(ask(&field).await[name], all[name], "{object}.{name}");
            shown += 1;
            silent.extend(all[name].is_null().then(|| format!("{object}.{name}")));
        }
    }
    assert!(shown > 500, "{shown} fields");
    assert_eq!(silent, SILENT);
}

/// The columns that a document reads of a table.
async fn columns(test: &TestApp, token: &str, table: &str, document: &str) -> Vec<String> {
    test.data(Some(token), "{ __typename }", json!({})).await;
    test.app().db.seen();
    test.data(Some(token), document, json!({})).await;
    let from = format!(" FROM \"{table}\"");
    let seen = test.app().db.seen();
    let read = seen.iter().find_map(|statement| statement.sql.split_once(&from));
    let (read, _) = read.unwrap_or_else(|| panic!("{document} reads {table}"));
    let mut names: Vec<&str> = read.split('"').skip(1).step_by(2).filter(|name| *name != table).collect();
    names.sort_unstable();
    names.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn only_columns_that_are_needed_are_read() {
    let test = TestApp::start().await;
    test.know_one_of_each().await;
    let reader = test.service(Role::Reader).await;
    for (table, document, expected) in [
        ("invoices", "{ invoices { nodes { id } } }", "created id"),
        ("invoices", "{ invoices { nodes { __typename } } }", "created id"),
        ("invoices", "{ invoices { nodes { total { decimal } } } }", "created currency id total"),
        ("invoices", "{ invoices { nodes { customer { id } } } }", "created customer id"),
        ("invoices", "{ invoices { nodes { lines { nodes { id } } } } }", "created id"),
        (
            "invoices",
            "{ invoices { nodes { status billingReasonRaw } } }",
            "billing_reason created id status",
        ),
        ("customers", "{ invoices { nodes { customer { name } } } }", "id name"),
        (
            "invoice_line_items",
            "{ invoice(id: \"in_1\") { lines { nodes { amount { decimal } } } } }",
            "amount currency id",
        ),
        ("payment_methods", "{ paymentMethods { nodes { type } } }", "created id type"),
        ("promotion_codes", "{ promotionCodes { nodes { active code } } }", "active code created id"),
        ("checkout_sessions", "{ checkoutSessions { nodes { waitToken url } } }", "created id url"),
        ("setup_intents", "{ setupIntents { nodes { usageRaw } } }", "created id usage"),
        ("balance_transactions", "{ balanceTransactions { nodes { source { id } } } }", "created id source"),
        ("users", "{ users { nodes { userId } } }", "created id"),
        ("users", "{ users { nodes { status } } }", "created customer id"),
        ("subscriptions", "{ users { nodes { status } } }", "created id status"),
        ("active_entitlements", "{ users { nodes { entitlements { lookupKey } } } }", "id lookup_key"),
        ("organizations", "{ organizations { nodes { organizationId } } }", "created id"),
    ] {
        assert_eq!(columns(&test, &reader, table, document).await.join(" "), expected, "{document}");
    }
}
