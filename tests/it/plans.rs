//! Indexes lead to whatever the API offers as fast: no large table is read from its start to its end.

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use billgraph::auth::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::support::{TestApp, billing::account};

/// The tables that grow with the customers, and the lists of them.
const LARGE: [(&str, &str, &str); 7] = [
    ("customers", "customers", "Customer"),
    ("subscriptions", "subscriptions", "Subscription"),
    ("subscription_items", "subscriptionItems", "SubscriptionItem"),
    ("invoices", "invoices", "Invoice"),
    ("payment_intents", "payments", "Payment"),
    ("charges", "charges", "Charge"),
    ("refunds", "refunds", "Refund"),
];

const ROWS: usize = 4_000;

/// The fields of an input type that an index leads to, with their types.
fn indexed(kind: &str) -> Vec<(String, String)> {
    let document = parse_schema(billgraph::graphql::sdl()).expect("it is a schema");
    let fields = document.definitions.into_iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) if definition.node.name.node == format!("{kind}Filter") => {
            match definition.node.kind {
                TypeKind::InputObject(object) => Some(object.fields),
                _ => None,
            }
        }
        _ => None,
    });
    let described =
        |text: Option<&str>| text.is_some_and(|text| text.starts_with("By `") && !text.contains("No index"));
    let fields = fields.expect("the list has a filter").into_iter().map(|field| field.node);
    let fields = fields.filter(|field| described(field.description.as_ref().map(|text| text.node.as_str())));
    fields.map(|field| (field.name.node.to_string(), field.ty.node.to_string())).collect()
}

/// Many rows of each large table: copies of the one that is there, each with values of its own.
async fn fill(test: &TestApp) {
    for (table, _, _) in LARGE {
        let statement = format!(
            "INSERT INTO {table} SELECT (copy).* FROM (SELECT jsonb_populate_record(one, jsonb_build_object( \
             'id', one.id || n, 'email', n || '@example.com', 'name', 'Name ' || n, 'number', 'N-' || n, \
             'customer', 'cus_a' || n, 'subscription', 'sub_a' || n, 'invoice', 'in_a' || n, \
             'payment_intent', 'pi_a' || n, 'charge', 'ch_a' || n, 'price', 'price_a' || n % 50, \
             'status', CASE WHEN n % 100 = 0 THEN 'past_due' ELSE 'active' END, \
             'created', one.created + n * interval '1 minute', \
             'metadata', jsonb_build_object('order', n::text))) AS copy \
             FROM {table} one, generate_series(1, {ROWS}) n) copies"
        );
        let db = &test.app().db.writer;
        db.execute_unprepared(&statement).await.expect("rows are copied");
        db.execute_unprepared(&format!("ANALYZE {table}")).await.expect("rows are counted");
    }
}

/// The plans of the statements that a document leads to.
async fn plans(test: &TestApp, token: &str, query: &str, variables: Value) -> Vec<String> {
    // The first answer also looks the token up.
    test.data(Some(token), "{ __typename }", json!({})).await;
    test.app().db.seen();
    test.data(Some(token), query, variables).await;
    let mut plans = Vec::new();
    for Statement { sql, values, .. } in test.app().db.seen() {
        let values = values.unwrap_or(sea_orm::Values(Vec::new()));
        let db = &test.app().db.reader;
        let explain = format!("EXPLAIN {sql}");
        let explain = Statement::from_sql_and_values(DbBackend::Postgres, explain, values.0);
        let rows = db.query_all_raw(explain).await.expect("the statement has a plan");
        let lines = rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a plan is text"));
        plans.push(format!("{sql}\n{}", lines.collect::<Vec<_>>().join("\n")));
    }
    assert!(!plans.is_empty(), "{query} leads to statements");
    plans
}

fn assert_indexed(plans: &[String]) {
    for plan in plans {
        for (table, _, _) in LARGE {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
        }
    }
}

/// A value of a filter's type, in its literal form.
fn question(field: &str, ty: &str) -> String {
    match ty {
        "DateTimeFilter" => {
            format!("{field}: {{ gte: \"2025-06-20T00:00:00Z\", lt: \"2025-06-21T00:00:00Z\" }}")
        }
        "TextFilter" => format!("{field}: {{ startsWith: \"777\" }}"),
        "[MetadataFilter!]" => format!("{field}: {{ key: \"order\", eq: \"777\" }}"),
        "SubscriptionStatusFilter" => format!("{field}: {{ eq: PAST_DUE }}"),
        "InvoiceStatusFilter" => format!("{field}: {{ eq: OPEN }}"),
        "PaymentIntentStatusFilter" => format!("{field}: {{ eq: REQUIRES_ACTION }}"),
        _ => format!("{field}: {{ eq: \"777\" }}"),
    }
}

#[tokio::test]
async fn no_filter_that_is_offered_as_fast_reads_a_large_table() {
    let test = TestApp::start().await;
    if test.app().db.reader.get_database_backend() != DbBackend::Postgres {
        return;
    }
    test.know(&account("a", "user_id")).await;
    fill(&test).await;
    let reader = test.service(Role::Reader).await;
    for (_, list, kind) in LARGE {
        let fields = indexed(kind);
        assert!(fields.iter().any(|(name, _)| name == "id"), "{kind} is found by its id: {fields:?}");
        for (field, ty) in fields {
            let query = format!(
                "{{ {list}(first: 5, filter: {{ {} }}) {{ nodes {{ id }} }} }}",
                question(&field, &ty)
            );
            assert_indexed(&plans(&test, &reader, &query, json!({})).await);
        }
        let pages = format!(
            "query($after: String) {{ {list}(first: 5, after: $after) {{ pageInfo {{ endCursor hasPreviousPage }} }} }}"
        );
        assert_indexed(&plans(&test, &reader, &pages, json!({})).await);
        let first = test.data(Some(&reader), &pages, json!({})).await;
        let after = json!({ "after": first[list]["pageInfo"]["endCursor"] });
        assert_indexed(&plans(&test, &reader, &pages, after).await);
    }
    for question in [
        // Relations, both ways.
        "{ customers(first: 5, filter: { subscriptions: { id: { eq: \"sub_a7\" } } }) { nodes { id } } }",
        "{ payments(first: 5, filter: { customer: { email: { startsWith: \"77@\" } } }) { nodes { id } } }",
        "{ invoices(first: 5, filter: { number: { eq: \"N-7\" }, customer: { name: { startsWith: \"name 7\" } } }) { nodes { id } } }",
        "{ subscriptions(first: 5, filter: { status: { eq: PAST_DUE }, currency: { eq: \"usd\" } }) { nodes { id } } }",
        "{ customers(first: 5, filter: { or: [{ email: { startsWith: \"77@\" } }, { name: { startsWith: \"name 77\" } }] }) { nodes { id } } }",
        // Orders.
        "{ customers(first: 5, orderBy: { field: EMAIL }) { nodes { id } } }",
        "{ customers(first: 5, orderBy: { field: ID, direction: DESC }) { nodes { id } } }",
        "{ subscriptions(first: 5, orderBy: { field: STATUS, direction: DESC, thenBy: { field: CREATED, direction: DESC } }) { nodes { id } } }",
        "{ payments(last: 5, orderBy: { field: STATUS, direction: DESC }) { nodes { id } } }",
        "{ invoices(first: 5, orderBy: { field: STATUS, thenBy: { field: CREATED } }) { nodes { id } } }",
        // Joins of many rows at once.
        "{ customers(first: 5) { nodes { subscriptions(first: 2) { totalCount nodes { items(first: 2) { nodes { id } } } }
           payments(first: 2, filter: { status: { eq: SUCCEEDED } }) { nodes { charges(first: 1) { nodes { id } } } } } } }",
    ] {
        assert_indexed(&plans(&test, &reader, question, json!({})).await);
    }
}
