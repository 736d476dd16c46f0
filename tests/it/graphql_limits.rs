//! How much a request may ask for, and who may ask for the schema.

use std::time::{Duration, Instant};

use async_graphql::parser::parse_schema;
use billgraph::{auth::Role, error::Error};
use reqwest::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::support::{
    TestApp,
    billing::account,
    socket::{Socket, soon},
};

/// The messages of an answer's errors, all of which have this code.
fn messages(answer: &Value, code: &str) -> Vec<String> {
    let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let message = |error: &Value| {
        assert_eq!(error["extensions"]["code"], code, "{answer}");
        assert!(error["extensions"]["requestId"].is_string(), "{answer}");
        error["message"].as_str().expect("it is text").to_owned()
    };
    errors.iter().map(message).collect()
}

/// Expects a document of the limit to be within it, and one of one more to be refused and not executed.
async fn assert_limit(test: &TestApp, document: impl Fn(usize) -> String, limit: usize, refusal: &str) {
    for (count, expected) in [(limit, 0), (limit + 1, 1)] {
        let answer = soon(test.graphql(None, &document(count), json!({}))).await;
        let told = messages(&answer, "INVALID").iter().filter(|message| *message == refusal).count();
        assert_eq!(told, expected, "{count}: {answer}");
        assert!(expected == 0 || answer.get("data").is_none(), "{answer}");
    }
}

fn repeated(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(" ")
}

/// A document of so many tokens.
fn tokens(count: usize) -> String {
    format!("query($a: [ID!] = [{}]) {{ nodes(ids: $a) {{ id }} }}", "1 ".repeat(count - 25))
}

fn aliases(count: usize) -> String {
    format!("{{ viewer {{ {} }} }}", repeated(count, |n| format!("a{n}: id")))
}

fn name(count: usize) -> String {
    format!("query {} {{ __typename }}", "a".repeat(count))
}

fn root_fields(count: usize) -> String {
    format!("{{ {} }}", repeated(count, |n| format!("a{n}: __typename")))
}

/// Half of the directives by a fragment that is there twice.
fn directives(count: usize) -> String {
    let (inside, rest) = (count / 4, count - 2 * (count / 4));
    let id = |_: usize| "id @skip(if: false)".to_owned();
    format!(
        "{{ viewer {{ {} ...f ... on User {{ ...f }} }} }} fragment f on User {{ {} }}",
        repeated(rest, id),
        repeated(inside, id)
    )
}

/// Two of them on a field.
fn directives_of_two(count: usize) -> String {
    let rest = "@include(if: true)".repeat(count % 2);
    format!("{{ viewer {{ {} id {rest} }} }}", "id @skip(if: false) @include(if: true) ".repeat(count / 2))
}

/// A document that expands to so many fields and fragments, by one of a hundred.
fn selections(count: usize) -> String {
    let (spreads, rest) = ((count - 1) / 100, (count - 1) % 100);
    let (spreads, ids) = ("...f ".repeat(spreads), "id ".repeat(rest));
    format!("{{ viewer {{ {spreads} {ids} }} }} fragment f on User {{ {} }}", "id ".repeat(99))
}

/// A document that asks for so many objects: 10 001, 9 901 and the rest.
fn objects(count: usize) -> String {
    let priced = |first: usize| {
        format!("products(first: {first}) {{ nodes {{ prices(first: 98) {{ nodes {{ id }} }} }} }}")
    };
    let rest = count - 10_001 - 9_901 - 1;
    format!("{{ a: {} b: {} products(first: {rest}) {{ nodes {{ id }} }} }}", priced(100), priced(99))
}

/// A document of so many levels of fields.
fn depth(count: usize) -> String {
    let mut inside = "id".to_owned();
    for level in (0..count - 2).rev() {
        inside = format!("... on {} {{ {inside} }}", if level % 2 == 0 { "Customer" } else { "User" });
        inside = format!("{} {{ {inside} }}", if level % 2 == 0 { "customer" } else { "user" });
    }
    format!("{{ viewer {{ {inside} }} }}")
}

#[tokio::test]
async fn each_limit_holds_to_the_number() {
    let test = TestApp::start().await;
    assert_limit(&test, tokens, 2000, "The document has more than 2000 tokens.").await;
    assert_limit(&test, aliases, 30, "The document has more than 30 aliases.").await;
    assert_limit(&test, name, 200, "The document has a name of more than 200 characters.").await;
    assert_limit(&test, root_fields, 10, "The document selects more than 10 fields at its root.").await;
    assert_limit(&test, directives, 50, "The document has more than 50 directives.").await;
    assert_limit(&test, depth, 12, "The document nests more than 12 levels of fields.").await;
    assert_limit(&test, selections, 5000, "The document selects more than 5000 fields and fragments.").await;
    assert_limit(&test, objects, 20000, "The document asks for more than 20000 objects by its page sizes.")
        .await;
    let small = TestApp::with(|settings| {
        settings.graphql.billgraph_limit_tokens = "60".to_owned();
        settings.graphql.billgraph_limit_aliases = "3".to_owned();
        settings.graphql.billgraph_limit_root_fields = "2".to_owned();
        settings.graphql.billgraph_limit_directives = "4".to_owned();
        settings.graphql.billgraph_limit_depth = "3".to_owned();
        settings.graphql.billgraph_limit_selections = "8".to_owned();
        settings.graphql.billgraph_limit_cost = "21".to_owned();
        settings.graphql.billgraph_limit_body = "1000".to_owned();
    });
    let small = small.await;
    let few = |count: usize| format!("{{ viewer {{ {} }} }}", "id ".repeat(count - 1));
    let rows = |count: usize| format!("{{ products(first: {}) {{ nodes {{ id }} }} }}", count - 1);
    assert_limit(&small, tokens, 60, "The document has more than 60 tokens.").await;
    assert_limit(&small, directives_of_two, 4, "The document has more than 4 directives.").await;
    assert_limit(&small, aliases, 3, "The document has more than 3 aliases.").await;
    assert_limit(&small, root_fields, 2, "The document selects more than 2 fields at its root.").await;
    assert_limit(&small, depth, 3, "The document nests more than 3 levels of fields.").await;
    assert_limit(&small, few, 8, "The document selects more than 8 fields and fragments.").await;
    assert_limit(&small, rows, 21, "The document asks for more than 21 objects by its page sizes.").await;
    let body = json!({ "query": "{ __typename }", "filler": "x".repeat(1000) });
    let response = small.client.post(small.url("/graphql")).json(&body).send().await;
    assert_eq!(response.expect("the gateway answers").status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn fragments_do_not_multiply_the_work() {
    let bomb = |doublings: usize| {
        let fragment = |n: usize| format!("fragment f{n} on User {{ ...f{0} ...f{0} }}", n + 1);
        let fragments = repeated(doublings, fragment);
        format!("{{ viewer {{ ...f0 }} }} {fragments} fragment f{doublings} on User {{ id }}")
    };
    let test = TestApp::start().await;
    let endless = "{ viewer { ...f } } fragment f on User { ...f ...g } fragment g on User { ...f ...g id }";
    let unused =
        format!("{{ __typename }} {}", bomb(40).split_once("} }").expect("a query and its fragments").1);
    let inside = |inside: &str| "... { ".repeat(40) + inside + &" }".repeat(40);
    let nested = format!(
        "{{ viewer {{ ...f }} }} fragment f on User {{ {} }} fragment g on User {{ {} }}",
        inside("...g"),
        inside("id")
    );
    let refusal = "The document selects more than 5000 fields and fragments.";
    for (query, told) in [
        (bomb(11), refusal),
        (bomb(60), refusal),
        (unused, refusal),
        (endless.to_owned(), "Cannot spread fragment \"f\" within itself."),
        ("{ a ".repeat(101) + &"}".repeat(101), "The document nests more than 100 brackets."),
        ("[".repeat(1500), "The document nests more than 100 brackets."),
        ("{ a ".repeat(70) + &"}".repeat(70), "The document nests too many selection sets or values."),
        (nested, "The document nests more than 64 selection sets."),
    ] {
        let answer = soon(test.graphql(None, &query, json!({}))).await;
        assert_eq!(messages(&answer, "INVALID"), [told], "{query}");
    }
    let data = test.data(Some(&test.user("a")), &bomb(10), json!({})).await;
    assert_eq!(data, json!({ "viewer": { "id": "user:a" } }));
    let url = format!("{}?query={}", test.url("/graphql"), "[".repeat(1500));
    let refused = test.client.get(url).send().await.expect("the gateway answers");
    let answer: Value = refused.json().await.expect("the answer is JSON");
    assert_eq!(messages(&answer, "INVALID"), ["The document nests more than 100 brackets."], "by a URL");
}

/// Through all of a request's way, and the answer's back.
#[tokio::test]
async fn a_small_bomb_is_refused_at_once() {
    let test = TestApp::start().await;
    let fragment = |n: usize| format!("fragment f{n} on User {{ ...f{0} ...f{0} }}", n + 1);
    let bomb = format!("{{ viewer {{ ...f0 }} }} {} fragment f20 on User {{ id }}", repeated(20, fragment));
    assert!(bomb.len() <= 845, "{} bytes", bomb.len());
    let mut fastest = Duration::MAX;
    for _ in 0..50 {
        let start = Instant::now();
        let answer = test.graphql(None, &bomb, json!({})).await;
        fastest = fastest.min(start.elapsed());
        let refusal = "The document selects more than 5000 fields and fragments.";
        assert_eq!(messages(&answer, "INVALID"), [refusal]);
    }
    assert!(fastest < Duration::from_millis(10), "{fastest:?}");
}

#[tokio::test]
async fn an_operation_that_waits_for_stripe_ends_in_time() {
    let test = TestApp::with(|settings| settings.graphql.billgraph_query_timeout = "1".to_owned()).await;
    test.know(&account("a", "user_id")).await;
    let mut open = account("a", "user_id").pop().expect("the last one is a session");
    (open["id"], open["status"]) = ("cs_open".into(), "open".into());
    test.know(&[open]).await;
    let a = test.linked("a").await;
    test.sim.faults().always_on("GET /v1/checkout", Fault::Latency(Duration::from_mins(10)));
    let query = "{ checkoutSession(id: \"cs_open\") { id } }";
    let answer = soon(test.graphql(Some(&a), query, json!({}))).await;
    let told = ["The operation took longer than 1 s. Ask for less, or later."];
    assert_eq!(messages(&answer, "UNAVAILABLE"), told, "{answer}");
    assert!(answer["data"].is_null(), "{answer}");
    test.sim.faults().clear();
    let viewer = test.data(Some(&a), "{ viewer { id } }", json!({})).await;
    assert_eq!(viewer, json!({ "viewer": { "id": "user:a" } }), "the server lives");
}

#[tokio::test]
async fn a_request_costs_what_its_pages_may_hold() {
    let test = TestApp::start().await;
    let ask = async |query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables, "extensions": { "cost": true } });
        let response = test.client.post(test.url("/graphql")).json(&body).send().await;
        response.expect("the gateway answers").json::<Value>().await.expect("the answer is JSON")
    };
    for (query, variables, cost) in [
        ("{ __typename }", json!({}), 0),
        ("{ viewer { id status } }", json!({}), 1),
        ("{ customers { totalCount pageInfo { hasNextPage } } }", json!({}), 1),
        ("{ customers { nodes { id } } }", json!({}), 21),
        ("{ customers(last: 7) { edges { cursor node { id } } } }", json!({}), 8),
        ("query($n: Int) { customers(first: $n) { nodes { id } } }", json!({ "n": 50 }), 51),
        ("query($n: Int = 30) { customers(first: $n) { nodes { id } } }", json!({}), 31),
        ("query($n: Int = 30) { customers(first: $n) { nodes { id } } }", json!({ "n": null }), 21),
        (
            "{ customers(first: 3) { ...c } } fragment c on CustomerConnection { nodes { id user { id } } }",
            json!({}),
            7,
        ),
        (
            "{ customers(first: 10) { nodes { subscriptions(first: 5) { nodes { price { id } } } payments(first: 2) { nodes { id } } } } }",
            json!({}),
            1 + 10 * (1 + (1 + 5 * 2) + (1 + 2)),
        ),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ["cus_a", "cus_b"] }), 2),
        ("{ node(id: \"cus_a\") { ... on Customer { subscriptions { nodes { id } } } } }", json!({}), 22),
        // A list without pages is taken to have ten.
        ("{ customer(id: \"cus_a\") { products { id } } }", json!({}), 1 + 10),
        (
            "{ customers(first: 5) { nodes { products { id prices(first: 2) { nodes { id } } } } } }",
            json!({}),
            1 + 5 * (1 + 10 * (1 + (1 + 2))),
        ),
        ("{ viewer { entitlements { id } organizations { id customer { id } } } }", json!({}), 1 + 10 + 20),
        ("{ __schema { types { fields { type { name } } } } }", json!({}), 4),
    ] {
        let answer = ask(query, variables).await;
        let told = json!({ "requested": cost, "limit": 20000, "left": 20000 - cost });
        assert_eq!(answer["extensions"]["cost"], told, "{query}: {answer}");
    }
    let nested = |n: i64| {
        format!(
            "{{ customers(first: {n}) {{ nodes {{ subscriptions(first: {n}) {{ nodes {{ items(first: {n}) {{ nodes {{ id }} }} }} }} }} }} }}"
        )
    };
    for n in [30, 100, 65_536, i64::from(i32::MAX), i64::MAX] {
        let answer = ask(&nested(n), json!({})).await;
        let refusal = "The document asks for more than 20000 objects by its page sizes.";
        assert_eq!(messages(&answer, "INVALID"), [refusal], "{n}");
        assert_eq!(
            (&answer["extensions"]["cost"]["left"], answer.get("data")),
            (&json!(0), None),
            "{answer}"
        );
    }
    let silent = test.graphql(None, "{ customers { nodes { id } } }", json!({})).await;
    assert_eq!(silent.get("extensions"), None, "nobody asked");
}

#[tokio::test]
async fn the_schema_is_for_whoever_may_read_it() {
    let asked = "{ __schema { queryType { name } } }";
    let hidden = "query($a: Boolean = true) { ... on Query { ...f @include(if: $a) } } fragment f on Query { __type(name: \"User\") { name } }";
    let misspelt = "{ customer(id: 1) { emial } custmers(frst: 1) { totalCount } }";
    for (setting, public, staff) in [("staff", false, true), ("public", true, true), ("off", false, false)] {
        let test =
            TestApp::with(|settings| settings.graphql.billgraph_introspection = setting.to_owned()).await;
        let (user, linker) = (test.user("a"), test.service(Role::Linker).await);
        let (reader, admin) = (test.service(Role::Reader).await, test.service(Role::Admin).await);
        for (token, allowed) in [
            (None, public),
            (Some(&user), public),
            (Some(&linker), public),
            (Some(&reader), staff),
            (Some(&admin), staff),
        ] {
            let token = token.map(String::as_str);
            for query in [asked, hidden] {
                let answer = test.graphql(token, query, json!({})).await;
                assert_eq!(messages(&answer, "FORBIDDEN").is_empty(), allowed, "{setting}: {answer}");
                assert_eq!(answer.get("data").is_some(), allowed, "{answer}");
            }
            let told = messages(&test.graphql(token, misspelt, json!({})).await, "INVALID").join(" ");
            assert!(told.contains("emial") && told.contains("custmers"), "{told}");
            assert_eq!(told.contains("Did you mean") || told.contains("email"), allowed, "{setting}: {told}");
            assert_eq!(test.data(token, "{ __typename }", json!({})).await, json!({ "__typename": "Query" }));
        }
        let mut socket = Socket::signed_in(&test, &user).await;
        socket.subscribe(asked).await;
        let told = socket.next().await.to_string();
        assert_eq!(!told.contains("FORBIDDEN"), public, "by a socket: {told}");
    }
}

#[tokio::test]
async fn introspection_may_be_deep_and_not_endless() {
    let test = TestApp::start().await;
    let reader = test.service(Role::Reader).await;
    // What GraphiQL and code generators ask: types nine levels deep.
    let of_type = "ofType { kind name ".repeat(9) + &"} ".repeat(9);
    let introspection = format!(
        "{{ __schema {{ queryType {{ name }} subscriptionType {{ name }} directives {{ name args {{ ...V }} }} types {{ kind name description
            fields(includeDeprecated: true) {{ name args {{ ...V }} type {{ ...T }} }} inputFields {{ ...V }}
            interfaces {{ ...T }} enumValues(includeDeprecated: true) {{ name }} possibleTypes {{ ...T }} }} }} }}
         fragment V on __InputValue {{ name type {{ ...T }} defaultValue }} fragment T on __Type {{ kind name {of_type} }}"
    );
    let schema = test.data(Some(&reader), &introspection, json!({})).await;
    let types = schema["__schema"]["types"].as_array().map_or(0, Vec::len);
    let document = parse_schema(billgraph::graphql::sdl()).expect("the SDL is one");
    assert!(types >= document.definitions.len() - 1, "{types} types");
    let fields = "fields { type { ".repeat(3) + "name" + &" } }".repeat(3);
    let answer =
        test.graphql(Some(&reader), &format!("{{ __schema {{ types {{ {fields} }} }} }}"), json!({})).await;
    assert_eq!(messages(&answer, "INVALID"), ["The document nests more than 2 lists of the schema's types."]);
}

#[tokio::test]
async fn the_database_ends_a_statement_that_takes_too_long() {
    let test = TestApp::with(|settings| settings.graphql.billgraph_query_timeout = "1".to_owned()).await;
    let reader = &test.app().db.reader;
    let endless = "WITH RECURSIVE n(one) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n";
    let error = soon(reader.execute_unprepared(endless)).await.expect_err("it does not end by itself");
    let error = Error::from(error);
    assert_eq!(
        (error.code.name(), &*error.message),
        ("UNAVAILABLE", "The database took too long. Ask for less, or later.")
    );
    test.data(None, "{ products { totalCount } }", json!({})).await;
}
