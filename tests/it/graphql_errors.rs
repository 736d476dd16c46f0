//! Errors say what a caller can do, in our words; and the routes around the API.

use async_graphql::parser::parse_schema;
use billgraph::auth::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestApp, anywhere, billing::LINK, socket::soon};

/// The code and the message of an answer's one error, which names the request and nothing of the machinery.
fn error(answer: &Value) -> (String, String) {
    let [error] = answer["errors"].as_array().map_or(&[][..], Vec::as_slice) else {
        panic!("one error: {answer}")
    };
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    assert!(text(&error["extensions"]["requestId"]).starts_with("req_"), "{error}");
    let shown = answer.to_string().to_lowercase();
    for leak in ["select ", "sql", "no such table", "relation", "pool", "sea_orm", "column:", "127.0.0.1"] {
        assert!(!shown.contains(leak), "{leak} is in {shown}");
    }
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

async fn get(client: &Client, url: String) -> (StatusCode, String) {
    let response = client.get(url).send().await.expect("the gateway answers");
    assert!(response.headers().contains_key("x-request-id"));
    (response.status(), response.text().await.expect("the answer is text"))
}

#[tokio::test]
async fn a_wrong_document_is_told_where_it_is_wrong() {
    let test = TestApp::start().await;
    for (query, line) in [
        ("{\n  nothing }", 2),
        ("{ customers }", 1),
        ("{\n\n  customer { id } }", 3),
        ("{ a: viewer { id }", 1),
        ("subscription { subscriptionChanged { kind } }", 1),
    ] {
        let answer = test.graphql(None, query, json!({ "id": 1 })).await;
        assert_eq!(error(&answer).0, "INVALID", "{query}: {answer}");
        if !query.starts_with("subscription") {
            assert_eq!(answer["errors"][0]["locations"][0]["line"], line, "{query}: {answer}");
        }
        assert_eq!(answer.get("data"), None, "{query} was not executed");
    }
}

#[tokio::test]
async fn a_query_has_limits_which_introspection_keeps() {
    let test = TestApp::start().await;
    let deep = format!(
        "{{ node(id: \"cus_a\") {{ {} id {} }} }}",
        "... on Customer { user { customer {".repeat(12),
        "} } }".repeat(12)
    );
    let aliases: Vec<String> = (0..2501).map(|n| format!("a{n}: viewer {{ id }}")).collect();
    let aliases = aliases.join(" ");
    let nodes = json!({ "ids": vec!["cus_a"; 101] });
    for query in
        [deep, format!("{{ {aliases} }}"), "{ __typename ".to_owned() + &"@skip(if: false) ".repeat(51) + "}"]
    {
        assert_eq!(error(&test.graphql(None, &query, json!({})).await).0, "INVALID", "{}", &query[..40]);
    }
    let answer = test.graphql(None, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", nodes).await;
    assert_eq!(error(&answer).0, "INVALID");
    // What GraphiQL and code generators ask: types nine levels deep.
    let of_type = "ofType { kind name ".repeat(9) + &"} ".repeat(9);
    let introspection = format!(
        "{{ __schema {{ queryType {{ name }} subscriptionType {{ name }} directives {{ name args {{ ...V }} }} types {{ kind name description
            fields(includeDeprecated: true) {{ name args {{ ...V }} type {{ ...T }} }} inputFields {{ ...V }}
            interfaces {{ ...T }} enumValues(includeDeprecated: true) {{ name }} possibleTypes {{ ...T }} }} }} }}
         fragment V on __InputValue {{ name type {{ ...T }} defaultValue }} fragment T on __Type {{ kind name {of_type} }}"
    );
    let schema = test.data(None, &introspection, json!({})).await;
    let types = schema["__schema"]["types"].as_array().map_or(0, Vec::len);
    let document = parse_schema(billgraph::graphql::sdl()).expect("the SDL is one");
    assert!(types >= document.definitions.len() - 1, "{types} types");
}

/// A small document that expands to very many selections.
fn bomb(doublings: usize) -> String {
    let fragment = |n: usize| format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1);
    let fragments = (0..doublings).map(fragment).collect::<Vec<_>>().concat();
    format!("{{ ...f0 }} {fragments} fragment f{doublings} on Query {{ __typename }}")
}

#[tokio::test]
async fn fragments_do_not_multiply_the_work() {
    let test = TestApp::start().await;
    let endless =
        "{ ...f } fragment f on Query { ...f ...g } fragment g on Query { ...f ...g __typename }".to_owned();
    for query in [bomb(24), bomb(200), endless] {
        let answer = soon(test.graphql(None, &query, json!({}))).await;
        assert_eq!(error(&answer).0, "INVALID", "{answer}");
    }
    let data = test.data(None, &bomb(6), json!({})).await;
    assert_eq!(data, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn a_failing_database_is_unavailable_and_nothing_more() {
    const QUERIES: [&str; 4] = [
        "{ customers { nodes { id } } }",
        "{ node(id: \"cus_a\") { id } }",
        "{ customer(id: \"cus_a\") { id } }",
        "{ products { totalCount } }",
    ];
    let test = TestApp::start().await;
    let reader = test.service(Role::Reader).await;
    test.data(Some(&reader), "{ __typename }", json!({})).await;
    test.rows("SELECT 1 AS one FROM users").await;
    let db = test.app().db.clone();
    for table in ["customers", "products"] {
        sea_orm::ConnectionTrait::execute_unprepared(&db.writer, &format!("DROP TABLE {table}"))
            .await
            .expect(table);
    }
    for query in QUERIES {
        let told = error(&test.graphql(Some(&reader), query, json!({})).await);
        assert_eq!(told, ("INTERNAL".to_owned(), "Internal error.".to_owned()), "{query}");
    }
    db.reader.close().await.expect("the pool closes");
    for query in QUERIES {
        let told = error(&test.graphql(Some(&reader), query, json!({})).await);
        assert_eq!(told, ("UNAVAILABLE".to_owned(), "The database cannot be reached.".to_owned()), "{query}");
    }
    let told = test.graphql(Some(&test.user("a")), "{ viewer { id } }", json!({})).await;
    assert_eq!(
        (&told["code"], &told["message"]),
        (&json!("UNAVAILABLE"), &json!("The database cannot be reached."))
    );
    let (status, body) = get(&test.client, test.url("/readyz")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(get(&test.client, test.url("/healthz")).await, (StatusCode::OK, "ok".to_owned()));
}

#[tokio::test]
async fn without_stripe_what_needs_it_is_unavailable() {
    let test = TestApp::with(|settings| settings.stripe_secret_key = None).await;
    let answer = test.graphql(Some(&test.user("a")), LINK, json!({ "input": {} })).await;
    let (code, message) = error(&answer);
    assert_eq!(code, "UNAVAILABLE");
    assert!(message.contains("STRIPE_SECRET_KEY"), "{message} says why");
}

#[tokio::test]
async fn routes_have_their_address() {
    let test =
        TestApp::with(|settings| settings.billgraph_internal_listen = Some(anywhere().to_string())).await;
    let internal = test.gateway.internal_address.expect("it is configured");
    let event = json!({ "id": "evt_1", "type": "a.b", "created": test.sim.now(), "data": { "object": {} } });
    let (status, body) = test.post_event(&event).await;
    assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")), "the public address");
    let signature = stripe_sim::signature("whsec_test", test.sim.now(), event.to_string().as_bytes());
    let request =
        test.client.post(format!("http://{internal}/webhooks/stripe")).header("Stripe-Signature", signature);
    let response = request.body(event.to_string()).send().await.expect("the gateway answers");
    assert_eq!(response.status(), StatusCode::OK, "the internal address");
    for (path, public, private) in [
        ("/healthz", 200, 200),
        ("/readyz", 200, 200),
        ("/graphql?query={__typename}", 200, 404),
        ("/", 404, 404),
        ("/Graphql", 404, 404),
    ] {
        for (url, expected) in [(test.url(path), public), (format!("http://{internal}{path}"), private)] {
            let (status, body) = get(&test.client, url).await;
            assert_eq!(status, expected, "{path}: {body}");
            assert!(
                status != StatusCode::NOT_FOUND || body.contains("\"code\":\"NOT_FOUND\""),
                "{path}: {body}"
            );
        }
    }
    let open = TestApp::start().await;
    assert_eq!(open.post_event(&event).await.0, StatusCode::OK, "with one address, that one serves all");
}
