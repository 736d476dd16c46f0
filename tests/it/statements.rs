//! The number of statements is the number of levels that a query has, however many rows there are.
//!
//! A level is a field that leads to a table; a list that is counted, or looked back from, asks one question more.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, Type, TypeKind, TypeSystemDefinition},
};
use billgraph::auth::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, account},
    socket::Socket,
};

const VIEWER: &str = "{ viewer { customer { subscriptions { nodes { price { product { name } } } } } } }";

const ACCOUNTS: usize = 12;

/// What each shape leads to, and how many statements it takes.
const SHAPES: [(&str, &str, usize); 27] = [
    ("a list", "{ customers(first: $n) { nodes { id email } } }", 1),
    ("edges", "{ customers(first: $n) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }", 1),
    ("a list, counted", "{ customers(first: $n) { totalCount nodes { id } } }", 2),
    ("two levels", "{ customers(first: $n) { nodes { subscriptions { nodes { id } } } } }", 2),
    ("three", "{ customers(first: $n) { nodes { subscriptions { nodes { items { nodes { id } } } } } } }", 3),
    (
        "five, down to the product",
        "{ customers(first: $n) { nodes { subscriptions { nodes { items { nodes { price { product { name } } } } } } } } }",
        5,
    ),
    ("lists counted", "{ customers(first: $n) { nodes { invoices { totalCount nodes { id } } } } }", 3),
    ("upwards", "{ refunds(first: $n) { nodes { charge { payment { invoice { customer { email } } } } } } }", 5),
    ("there and back", "{ invoices(first: $n) { nodes { customer { invoices { nodes { number } } } } } }", 3),
    ("back to users", "{ payments(first: $n) { nodes { customer { user { userId } organization { id } } } } }", 4),
    (
        "beside each other",
        "{ customers(first: $n) { nodes { subscriptions { nodes { id } } invoices { nodes { id } } payments { nodes { id } } } } }",
        4,
    ),
    (
        "`__typename` everywhere",
        "{ __typename customers(first: $n) { __typename nodes { __typename subscriptions { __typename
            edges { __typename node { __typename latestInvoice { __typename id } } } } } } }",
        3,
    ),
    (
        "aliases",
        "{ all: customers(first: $n) { rows: nodes { mine: subscriptions { they: nodes { paid: latestInvoice { id } } } } } }",
        3,
    ),
    (
        "two aliases of one list",
        "{ customers(first: $n) { nodes { one: subscriptions { nodes { id } } other: subscriptions { nodes { status } } } } }",
        2,
    ),
    (
        "two lists by aliases",
        "{ customers(first: $n) { nodes { active: subscriptions(filter: { status: { eq: ACTIVE } }) { nodes { id } }
            late: subscriptions(filter: { status: { eq: PAST_DUE } }) { nodes { id } } } } }",
        3,
    ),
    (
        "a fragment",
        "{ customers(first: $n) { nodes { ...Bought } } }
            fragment Bought on Customer { subscriptions { nodes { ...What } } }
            fragment What on BillingSubscription { price { product { name } } }",
        4,
    ),
    (
        "fragments that select the same",
        "{ customers(first: $n) { ...Page nodes { subscriptions { nodes { id price { id } } } } } }
            fragment Page on CustomerConnection { nodes { ...Bought } edges { node { ...Bought } } }
            fragment Bought on Customer { subscriptions { nodes { status price { product { id } } } } }",
        4,
    ),
    (
        "inline fragments",
        "{ customers(first: $n) { nodes { ... { subscriptions { nodes { ... on BillingSubscription { items { nodes { id } } } } } } } } }",
        3,
    ),
    (
        "what is skipped",
        "{ customers(first: $n) { nodes { subscriptions @skip(if: true) { nodes { items { nodes { id } } } }
            ... @include(if: false) { invoices { nodes { id } } } payments @include(if: true) { nodes { id } } } } }",
        2,
    ),
    ("one object", "{ customer(id: \"cus_0\") { subscriptions { nodes { price { product { id } } } } } }", 4),
    (
        "a node",
        "{ node(id: \"sub_0\") { id ... on BillingSubscription { customer { id } items { nodes { price { id } } } } } }",
        4,
    ),
    (
        "nodes of several kinds",
        "{ nodes(ids: [\"sub_0\", \"sub_1\", \"in_0\", \"in_1\", \"sub_0\"]) {
            ... on BillingSubscription { price { id } } ... on Invoice { payment { id } } } }",
        4,
    ),
    ("nodes whose ids merchants choose", "{ nodes(ids: [\"prod_0\", \"prod_1\", \"nothing\"]) { id } }", 3),
    (
        "objects that a column lists",
        "{ subscriptions(first: $n) { nodes { discounts { id coupon { id } } } } }",
        3,
    ),
    ("what customers bought", "{ customers(first: $n) { nodes { id products { id name } } } }", 2),
    (
        "objects of any kind",
        "{ balanceTransactions(first: $n) { nodes { source { id ... on Charge { customer { id } } } } } }",
        3,
    ),
    (
        "filters and orders",
        "{ customers(first: $n, filter: { subscriptions: { status: { eq: ACTIVE } } }, orderBy: { field: ID }) {
            nodes { payments(first: 1, filter: { amount: { gt: 1 } }, orderBy: { field: STATUS }) { nodes { id } } } } }",
        2,
    ),
];

/// Accounts with all that belongs to them, each with a discount and what its payment moved.
async fn with_accounts() -> TestApp {
    let test = TestApp::start().await;
    for n in 0..ACCOUNTS {
        let mut objects = account(&n.to_string(), "user_id");
        for object in &mut objects {
            match object["object"].as_str() {
                Some("subscription") => object["discounts"] = json!([format!("di_{n}")]),
                Some("charge") => object["balance_transaction"] = format!("txn_{n}").into(),
                _ => {}
            }
        }
        objects.extend([
            json!({ "id": format!("di_{n}"), "object": "discount", "coupon": format!("coupon_{n}"), "start": MADE }),
            json!({ "id": format!("coupon_{n}"), "object": "coupon", "created": MADE, "duration": "forever" }),
            json!({ "id": format!("txn_{n}"), "object": "balance_transaction", "amount": 900, "currency": "usd",
                    "created": MADE, "status": "available", "source": format!("ch_{n}") }),
        ]);
        test.know(&objects).await;
    }
    test
}

/// The statements that a document takes.
async fn statements(test: &TestApp, token: &str, document: &str) -> (Vec<String>, Value) {
    // The first answer also looks up who asks.
    test.data(Some(token), "{ __typename }", json!({})).await;
    test.app().db.seen();
    let data = test.data(Some(token), document, json!({})).await;
    let statements = test.app().db.seen().into_iter();
    (statements.map(|statement| statement.sql).collect(), data)
}

#[tokio::test]
async fn statements_are_as_many_as_levels() {
    let test = with_accounts().await;
    let reader = test.service(Role::Reader).await;
    for (name, shape, levels) in SHAPES {
        let mut sizes = Vec::new();
        for n in [2, ACCOUNTS] {
            let (asked, data) = statements(&test, &reader, &shape.replace("$n", &n.to_string())).await;
            assert_eq!(asked.len(), levels, "{name}, of {n} rows: {shape}\n{}", asked.join("\n"));
            assert!(asked.iter().all(|sql| !sql.contains("\"raw\"")), "{name}\n{}", asked.join("\n"));
            sizes.push(data.to_string().len());
        }
        assert!(sizes[0] > 30, "{name} has an answer");
        assert_eq!(shape.contains("$n"), sizes[0] < sizes[1], "{name} has more rows");
    }
}

/// Over a socket each operation has loaders of its own: it takes as many statements again.
#[tokio::test]
async fn statements_over_a_socket_are_as_many_as_over_http() {
    let test = with_accounts().await;
    let (reader, user) = (test.service(Role::Reader).await, test.linked("0").await);
    let mut socket = Socket::signed_in(&test, &reader).await;
    for (name, shape, _) in SHAPES {
        let shape = shape.replace("$n", "5");
        let (expected, data) = statements(&test, &reader, &shape).await;
        for time in ["first", "second"] {
            assert_eq!(socket.ask(&shape).await, data, "{name}");
            let asked: Vec<_> = test.app().db.seen().into_iter().map(|statement| statement.sql).collect();
            assert_eq!(asked.len(), expected.len(), "{name}, the {time} time\n{}", asked.join("\n"));
        }
    }
    let mut socket = Socket::signed_in(&test, &user).await;
    let (expected, data) = statements(&test, &user, VIEWER).await;
    assert_eq!(socket.ask(VIEWER).await, data);
    assert_eq!(test.app().db.seen().len(), expected.len());
}

/// `raw` is what the mirror keeps for itself.
#[tokio::test]
async fn no_list_reads_what_stripe_sent() {
    let test = with_accounts().await;
    let admin = test.service(Role::Admin).await;
    let lists = roots();
    assert!(lists.len() > 40, "{lists:?}");
    for (list, fields) in lists {
        let shape = format!("{{ {list}(first: 2) {{ nodes {{ {} }} }} }}", fields.join(" "));
        let (asked, _) = statements(&test, &admin, &shape).await;
        assert!(!asked.is_empty(), "{list} is read");
        assert!(asked.iter().all(|sql| !sql.contains("\"raw\"")), "{shape}\n{}", asked.join("\n"));
    }
}

/// The lists of the query's root that have pages, each with the fields of its objects that are plain.
fn roots() -> Vec<(String, Vec<String>)> {
    let document = parse_schema(billgraph::graphql::sdl()).expect("it is a schema");
    let types: BTreeMap<_, _> = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some((ty.node.name.node.to_string(), ty.node.kind)),
            _ => None,
        })
        .collect();
    let fields = |ty: &str| match types.get(ty) {
        Some(TypeKind::Object(object)) => object.fields.as_slice(),
        _ => &[],
    };
    let named = |ty: &Type| ty.to_string().trim_end_matches('!').to_owned();
    let lists = fields("Query").iter().filter_map(|list| {
        let ty = named(&list.node.ty.node).strip_suffix("Connection")?.to_owned();
        let plain = fields(&ty).iter().map(|field| &field.node).filter(|field| {
            let ty = types.get(&named(&field.ty.node));
            field.arguments.is_empty() && matches!(ty, None | Some(TypeKind::Scalar | TypeKind::Enum(_)))
        });
        let plain = plain.filter(|field| !matches!(field.ty.node.base, BaseType::List(_)));
        Some((list.node.name.node.to_string(), plain.map(|field| field.name.node.to_string()).collect()))
    });
    lists.collect()
}

#[tokio::test]
async fn a_page_between_two_others_asks_once_what_lies_behind() {
    let test = with_accounts().await;
    let reader = test.service(Role::Reader).await;
    let first = "{ customers(first: 3) { nodes { id } pageInfo { endCursor } } }";
    let (_, data) = statements(&test, &reader, first).await;
    let after = data["customers"]["pageInfo"]["endCursor"].as_str().expect("there is a page").to_owned();
    for (info, levels) in [("hasNextPage", 1), ("hasPreviousPage hasNextPage", 2)] {
        let next = format!(
            "{{ customers(first: 3, after: \"{after}\") {{ nodes {{ id }} pageInfo {{ {info} }} }} }}"
        );
        assert_eq!(statements(&test, &reader, &next).await.0.len(), levels, "{info}");
    }
}

#[tokio::test]
async fn what_users_see_takes_one_statement_more() {
    let test = with_accounts().await;
    let user = test.linked("0").await;
    let (asked, data) = statements(&test, &user, VIEWER).await;
    assert_eq!(
        data.pointer("/viewer/customer/subscriptions/nodes/0/price/product/name"),
        Some(&json!("Plan"))
    );
    // What belongs to the user, and five levels.
    assert_eq!(asked.len(), 6, "{}", asked.join("\n"));
}

/// Connections are kept between statements, so that one of them may be closed by the server meanwhile.
#[tokio::test]
async fn a_connection_that_the_server_closed_fails_once() {
    let test = TestApp::start().await;
    let db = &test.app().db;
    let ask = async |sql: &str| {
        let statement = Statement::from_string(db.quick.get_database_backend(), sql);
        db.quick.query_one_raw(statement).await
    };
    if db.quick.get_database_backend() == DbBackend::Postgres {
        let row = ask("SELECT pg_backend_pid() AS pid").await.expect("it answers").expect("a row");
        let pid: i32 = row.try_get("", "pid").expect("a number");
        let again = ask("SELECT pg_backend_pid() AS pid").await.expect("it answers").expect("a row");
        assert_eq!(again.try_get::<i32>("", "pid").expect("a number"), pid, "it is kept");
        db.writer.execute_unprepared(&format!("SELECT pg_terminate_backend({pid})")).await.expect("it ends");
        ask("SELECT 1 AS one").await.expect_err("nobody could know");
    }
    for _ in 0..3 {
        assert!(ask("SELECT 1 AS one").await.expect("it answers").is_some());
    }
}
