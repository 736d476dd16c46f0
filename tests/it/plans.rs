//! Indexes lead to whatever the API offers as fast: no large table is read from its start to its end.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::{
    parse_schema,
    types::{TypeDefinition, TypeKind, TypeSystemDefinition},
};
use billgraph::auth::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Values};
use serde_json::{Value, json};

use crate::{
    neighbours::{self, Way},
    support::TestApp,
};

const ROWS: usize = 4_000;

/// What a large list offers.
struct List {
    name: String,
    /// The fields of its filter that an index leads to, each asked something.
    questions: Vec<String>,
    /// What it can be ordered by.
    orders: Vec<String>,
}

fn types() -> BTreeMap<String, TypeDefinition> {
    let document = parse_schema(billgraph::graphql::sdl()).expect("it is a schema");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => {
            Some((definition.node.name.node.to_string(), definition.node))
        }
        _ => None,
    });
    types.collect()
}

/// The lists that say of themselves that they may be large.
fn large() -> Vec<List> {
    let types = types();
    let TypeKind::Object(root) = &types["Query"].kind else { panic!("the root is an object") };
    let mut lists = Vec::new();
    for field in &root.fields {
        let description = field.node.description.as_ref().map_or("", |text| text.node.as_str());
        if !description.contains("only an admin gets") {
            continue;
        }
        let filter = field.node.arguments.iter().find(|argument| argument.node.name.node == "filter");
        let filter = filter.expect("every list has a filter").node.ty.node.to_string();
        let order = format!("{}OrderField", filter.trim_end_matches("Filter"));
        lists.push(List {
            name: field.node.name.node.to_string(),
            questions: questions(&types, &filter),
            orders: values(&types, &order),
        });
    }
    lists
}

fn questions(types: &BTreeMap<String, TypeDefinition>, filter: &str) -> Vec<String> {
    let TypeKind::InputObject(object) = &types[filter].kind else { panic!("{filter} is an input") };
    let fields = object.fields.iter().map(|field| &field.node).filter(|field| {
        let description = field.description.as_ref().map_or("", |text| text.node.as_str());
        description.starts_with("By `") && !description.contains("No index")
    });
    let ask = |field: &str, ty: &str| match ty {
        "DateTimeFilter" => {
            format!("{field}: {{ gte: \"2025-06-15T01:00:00Z\", lt: \"2025-06-15T02:00:00Z\" }}")
        }
        "TextFilter" => format!("{field}: {{ startsWith: \"{field}s_77\" }}"),
        "[MetadataFilter!]" => format!("{field}: {{ key: \"order\", eq: \"777\" }}"),
        "IDFilter" | "StringFilter" => format!("{field}: {{ eq: \"{field}s_777\" }}"),
        choice => {
            let value = &values(types, choice.trim_end_matches("Filter"))[0];
            format!("{field}: {{ eq: {value} }}")
        }
    };
    fields.map(|field| ask(&field.name.node, &field.ty.node.to_string())).collect()
}

fn values(types: &BTreeMap<String, TypeDefinition>, name: &str) -> Vec<String> {
    let TypeKind::Enum(choice) = &types[name].kind else { panic!("{name} is an enumeration") };
    choice.values.iter().map(|value| value.node.value.node.to_string()).collect()
}

/// Many rows of each table that lists are of, each with values of its own; the first refers to the first, and so on.
async fn fill(test: &TestApp) {
    let columns = test
        .rows(
            "SELECT table_name::text AS \"table\", column_name::text AS \"column\", data_type::text AS kind FROM information_schema.columns \
             WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position",
        )
        .await;
    let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for column in &columns {
        let string = |name: &str| column[name].as_str().expect("names are text").to_owned();
        let (table, name, kind) = (string("table"), string("column"), string("kind"));
        let value = match (name.as_str(), kind.as_str()) {
            ("id", _) => format!("'{table}_' || n"),
            ("account", _) => "''".to_owned(),
            ("status", _) => "CASE WHEN n % 100 = 0 THEN 'past_due' ELSE 'active' END".to_owned(),
            ("metadata", _) => "jsonb_build_object('order', n::text)".to_owned(),
            (_, "boolean") => "false".to_owned(),
            (_, "integer" | "bigint") => "n".to_owned(),
            (_, "json" | "jsonb") => "'{}'".to_owned(),
            (_, kind) if kind.starts_with("timestamp") => {
                "'2025-06-15T00:00:00Z'::timestamptz + n * interval '1 minute'".to_owned()
            }
            (name, _) => format!("'{name}s_' || n"),
        };
        tables.entry(table).or_default().push((format!("\"{name}\""), value));
    }
    let db = &test.app().db.writer;
    for (table, columns) in tables {
        let is_listed = ["\"raw\"", "\"link_attempts\""];
        if !columns.iter().any(|(name, _)| is_listed.contains(&name.as_str())) {
            continue;
        }
        let (names, values): (Vec<String>, Vec<String>) = columns.into_iter().unzip();
        let (names, values) = (names.join(", "), values.join(", "));
        let rows = format!("INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(1, {ROWS}) n");
        db.execute_unprepared(&rows).await.expect("rows are made");
        db.execute_unprepared(&format!("ANALYZE {table}")).await.expect("rows are counted");
    }
}

/// The statements that a document leads to, each with its plan.
async fn plans(test: &TestApp, token: &str, query: &str, variables: Value) -> Vec<(String, String)> {
    // The first answer also looks up who asks.
    test.data(Some(token), "{ __typename }", json!({})).await;
    test.app().db.seen();
    test.data(Some(token), query, variables).await;
    let mut plans = Vec::new();
    for Statement { sql, values, .. } in test.app().db.seen() {
        let explain = format!("EXPLAIN {sql}");
        let values = values.unwrap_or(Values(Vec::new()));
        let explain = Statement::from_sql_and_values(DbBackend::Postgres, explain, values.0);
        let rows = test.app().db.reader.query_all_raw(explain).await.expect("the statement has a plan");
        let lines = rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a plan is text"));
        plans.push((sql, lines.collect::<Vec<_>>().join("\n")));
    }
    assert!(!plans.is_empty(), "{query} leads to statements");
    plans
}

/// No plan reads one of these tables from its start to its end.
async fn assert_indexed(test: &TestApp, tables: &[String], token: &str, query: &str, variables: Value) {
    for (sql, plan) in plans(test, token, query, variables).await {
        let scanned = tables.iter().find(|table| {
            let lines = plan.lines().filter(|line| line.contains("Seq Scan on"));
            lines.flat_map(str::split_whitespace).any(|word| word == table.as_str())
        });
        assert_eq!(scanned, None, "{query}\n{sql}\n{plan}");
    }
}

/// The tables of lists, which their statements name.
async fn tables(test: &TestApp, token: &str, lists: &[List]) -> Vec<String> {
    let mut tables = Vec::new();
    for list in lists {
        let query = format!("{{ {}(first: 1) {{ nodes {{ id }} }} }}", list.name);
        let (sql, _) = plans(test, token, &query, json!({})).await.remove(0);
        let table = sql.split(" FROM \"").nth(1).and_then(|rest| rest.split('"').next());
        tables.push(table.expect("a list is read from a table").to_owned());
    }
    tables
}

async fn with_rows() -> Option<TestApp> {
    let test = TestApp::start().await;
    if test.app().db.reader.get_database_backend() != DbBackend::Postgres {
        return None;
    }
    fill(&test).await;
    Some(test)
}

#[tokio::test]
async fn no_filter_or_order_that_is_offered_as_fast_reads_a_large_table() {
    let Some(test) = with_rows().await else { return };
    let (lists, reader) = (large(), test.service(Role::Reader).await);
    let tables = tables(&test, &reader, &lists).await;
    for large in
        ["customers", "subscriptions", "invoices", "payment_intents", "balance_transactions", "users"]
    {
        assert!(tables.iter().any(|table| table == large), "{large} is among {tables:?}");
    }
    for List { name: list, questions, orders } in &lists {
        let pages = format!(
            "query($after: String, $before: String) {{ {list}(first: 5, after: $after) {{
                pageInfo {{ endCursor hasPreviousPage }} }} back: {list}(last: 5, before: $before) {{ nodes {{ id }} }} }}"
        );
        let first = test.data(Some(&reader), &pages, json!({})).await;
        let cursor = &first[list]["pageInfo"]["endCursor"];
        for variables in [json!({}), json!({ "after": cursor, "before": cursor })] {
            assert_indexed(&test, &tables, &reader, &pages, variables).await;
        }
        for question in questions {
            let query = format!("{{ {list}(first: 5, filter: {{ {question} }}) {{ nodes {{ id }} }} }}");
            assert_indexed(&test, &tables, &reader, &query, json!({})).await;
        }
        for order in orders {
            let query = format!(
                "{{ {list}(first: 5, orderBy: {{ field: {order} }}) {{ nodes {{ id }} }}
                    back: {list}(first: 5, orderBy: {{ field: {order}, direction: DESC }}) {{ nodes {{ id }} }} }}"
            );
            assert_indexed(&test, &tables, &reader, &query, json!({})).await;
        }
    }
    for question in [
        // Relations, both ways.
        "{ customers(first: 5, filter: { subscriptions: { id: { eq: \"subscriptions_7\" } } }) { nodes { id } } }",
        "{ customers(first: 5, filter: { subscriptions: { status: { eq: PAST_DUE }, items: { price: { id: { eq: \"prices_700\" } } } } }) { nodes { id } } }",
        "{ payments(first: 5, filter: { customer: { email: { startsWith: \"emails_77\" } } }) { nodes { id } } }",
        "{ payments(first: 5, filter: { customer: { organization: { organizationId: { eq: \"organizations_7\" } } } }) { nodes { id } } }",
        "{ invoices(first: 5, filter: { number: { eq: \"numbers_7\" }, customer: { name: { startsWith: \"names_7\" } } }) { nodes { id } } }",
        "{ subscriptions(first: 5, filter: { status: { eq: PAST_DUE }, currency: { eq: \"usd\" } }) { nodes { id } } }",
        "{ customers(first: 5, filter: { or: [{ email: { startsWith: \"emails_77\" } }, { name: { startsWith: \"names_77\" } }] }) { nodes { id } } }",
        // Several fields that an index has in this order.
        "{ subscriptions(first: 5, orderBy: { field: STATUS, direction: DESC, thenBy: { field: CREATED, direction: DESC } }) { nodes { id } } }",
        "{ payments(last: 5, orderBy: { field: STATUS, direction: DESC }) { nodes { id } } }",
        // Joins of many rows at once.
        "{ customers(first: 5) { nodes { subscriptions(first: 2) { totalCount nodes { items(first: 2) { nodes { id } } } }
           payments(first: 2, filter: { status: { eq: SUCCEEDED } }) { nodes { charges(first: 1) { nodes { id } } } } } } }",
    ] {
        assert_indexed(&test, &tables, &reader, question, json!({})).await;
    }
}

/// The relations that the filters of all lists have: the list, the relation, a field of its filter that is an id, and what
/// is said of it.
fn relations() -> Vec<[String; 4]> {
    let types = types();
    let TypeKind::Object(root) = &types["Query"].kind else { panic!("the root is an object") };
    let mut relations = Vec::new();
    for list in &root.fields {
        let filter = list.node.arguments.iter().find(|argument| argument.node.name.node == "orderBy");
        let Some(order) = filter.map(|argument| argument.node.ty.node.to_string()) else { continue };
        let filter = format!("{}Filter", order.trim_end_matches("Order"));
        let TypeKind::InputObject(filter) = &types[&filter].kind else { panic!("{filter} is an input") };
        for field in filter.fields.iter().map(|field| &field.node) {
            let told = field.description.as_ref().map_or("", |text| text.node.as_str());
            let other = types.get(&field.ty.node.to_string()).map(|other| &other.kind);
            let Some(TypeKind::InputObject(other)) = other else { continue };
            if !told.starts_with("The `") && !told.starts_with("One of the `") {
                continue;
            }
            let id = other.fields.iter().find(|field| field.node.ty.node.to_string() == "IDFilter");
            let id = id.expect("every object is found by its id").node.name.node.to_string();
            relations.push([
                list.node.name.node.to_string(),
                field.name.node.to_string(),
                id,
                told.to_owned(),
            ]);
        }
    }
    relations
}

/// The columns that indexes begin with, each with its table.
async fn leading_columns(test: &TestApp) -> BTreeSet<(String, String)> {
    let of_sqlite =
        "SELECT t.name AS \"table\", c.name AS \"column\" FROM sqlite_master t, pragma_index_list(t.name) i,
                     pragma_index_info(i.name) c JOIN sqlite_master d ON d.name = i.name
                     WHERE t.type = 'table' AND c.seqno = 0
                     AND (i.partial = 0 OR d.sql LIKE '% WHERE ' || c.name || ' IS NOT NULL')
                     UNION SELECT t.name, c.name FROM sqlite_master t, pragma_index_list(t.name) i,
                     pragma_index_info(i.name) c WHERE t.type = 'table' AND c.seqno = 0 AND i.partial = 0";
    let of_postgres = "SELECT t.relname::text AS \"table\", c.attname::text AS \"column\" FROM pg_index i
                       JOIN pg_class t ON t.oid = i.indrelid
                       JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = i.indkey[0]
                       WHERE t.relnamespace = current_schema()::regnamespace AND (i.indpred IS NULL
                       OR pg_get_expr(i.indpred, i.indrelid) = '(' || c.attname || ' IS NOT NULL)')";
    let is_postgres = test.app().db.reader.get_database_backend() == DbBackend::Postgres;
    let rows = test.rows(if is_postgres { of_postgres } else { of_sqlite }).await;
    let told = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (told(row, "table"), told(row, "column"))).collect()
}

#[tokio::test]
async fn relations_say_whether_an_index_leads_back() {
    let test = TestApp::start().await;
    let (admin, leading) = (test.service(Role::Admin).await, leading_columns(&test).await);
    let mut counts = [0, 0];
    for [list, relation, id, told] in relations() {
        let query = format!(
            "{{ {list}(first: 1, filter: {{ {relation}: {{ {id}: {{ eq: \"x\" }} }} }}) {{ nodes {{ id }} }} }}"
        );
        test.app().db.seen();
        test.data(Some(&admin), &query, json!({})).await;
        let seen = test.app().db.seen();
        let sql = seen
            .iter()
            .map(|statement| &statement.sql)
            .find(|sql| sql.contains(" IN (SELECT "))
            .expect(&query);
        let table = sql.split(" FROM \"").nth(1).and_then(|rest| rest.split('"').next()).expect(sql);
        let (before, _) = sql.split_once(" IN (SELECT ").expect("it has one");
        let column = before.trim_end_matches('"').rsplit('"').next().expect(sql);
        let is_indexed = leading.contains(&(table.to_owned(), column.to_owned()));
        assert_eq!(!told.contains("No index leads there"), is_indexed, "{query}\n{sql}");
        counts[usize::from(is_indexed)] += 1;
    }
    assert!(counts[0] > 10 && counts[1] > 100, "{counts:?}");
}

#[tokio::test]
async fn what_no_index_leads_to_is_for_admins() {
    let test = TestApp::start().await;
    let (reader, admin) = (test.service(Role::Reader).await, test.service(Role::Admin).await);
    let of_transaction = "balanceTransaction: { id: { eq: \"txn_a\" } }";
    for (list, filter, is_fast) in [
        ("charges", of_transaction.to_owned(), false),
        (
            "charges",
            format!("or: [{{ customer: {{ id: {{ eq: \"cus_a\" }} }} }}, {{ {of_transaction} }}]"),
            false,
        ),
        ("charges", format!("customer: {{ id: {{ eq: \"cus_a\" }} }}, {of_transaction}"), true),
        ("refunds", format!("charge: {{ {of_transaction} }}"), false),
        ("setupIntents", "paymentMethod: { id: { eq: \"pm_a\" } }".to_owned(), true),
        ("organizations", "name: { startsWith: \"a\" }".to_owned(), true),
        ("organizations", "name: { contains: \"a\" }".to_owned(), false),
        ("organizations", "organizationId: { eq: \"a\" }".to_owned(), true),
    ] {
        let query = format!("{{ {list}(first: 1, filter: {{ {filter} }}) {{ nodes {{ id }} }} }}");
        test.data(Some(&admin), &query, json!({})).await;
        let answer = test.graphql(Some(&reader), &query, json!({})).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(*code, if is_fast { Value::Null } else { json!("INVALID") }, "{query}: {answer}");
    }
}

#[tokio::test]
async fn indexes_lead_to_all_neighbours_of_an_object() {
    let Some(test) = with_rows().await else { return };
    let reader = test.service(Role::Reader).await;
    let tables = tables(&test, &reader, &large()).await;
    let ways = neighbours::ways();
    for (list, object) in neighbours::lists() {
        for Way { field, is_list, .. } in &ways[&object] {
            let few = if *is_list { "(first: 2) { totalCount nodes { id } }" } else { "{ id }" };
            for first in [1, 5] {
                let query = format!("{{ {list}(first: {first}) {{ nodes {{ {field} {few} }} }} }}");
                assert_indexed(&test, &tables, &reader, &query, json!({})).await;
            }
        }
    }
}

#[tokio::test]
async fn what_users_own_is_found_by_indexes() {
    let Some(test) = with_rows().await else { return };
    let (lists, reader) = (large(), test.service(Role::Reader).await);
    let tables = tables(&test, &reader, &lists).await;
    let user = test.user("users_7");
    let viewer = "{ viewer { customer { id subscriptions { nodes { id } } } } }";
    let own = test.data(Some(&user), viewer, json!({})).await;
    assert_eq!(own.pointer("/viewer/customer/subscriptions/nodes/0/id"), Some(&json!("subscriptions_7")));
    for List { name: list, .. } in &lists {
        let query = format!("{{ {list}(first: 5) {{ totalCount nodes {{ id }} }} }}");
        assert_indexed(&test, &tables, &user, &query, json!({})).await;
    }
}
