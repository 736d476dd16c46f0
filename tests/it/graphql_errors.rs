//! Errors say what a caller can do, in our words; and the routes around the API.

use billgraph::auth::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    TestApp, anywhere,
    billing::{LINK, account},
};

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

/// Neither the parser's words nor those of the libraries that read values.
#[tokio::test]
async fn what_cannot_be_read_is_told_in_our_words() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let deep = "{ a ".repeat(70) + &"}".repeat(70);
    let summary = |from: &str| format!("{{ billingSummary(from: {from}) {{ months {{ month }} }} }}");
    let moment = "The value is no `DateTime`: it is text such as \"2026-01-31T12:00:00Z\".";
    let with_moment = "query($from: DateTime) { billingSummary(from: $from) { months { month } } }";
    let backfill =
        "mutation { startBackfill(input: { created: { gte: \"soon\" } }) { userErrors { code } } }";
    for (query, told, place) in [
        ("{ viewer { id }", "Syntax Error: Unexpected end of the document.", Some((1, 16))),
        ("{\n  viewer { id ] }", "Syntax Error: Unexpected \"]\".", Some((2, 15))),
        ("query { a(b: $) }", "Syntax Error: Unexpected \")\".", Some((1, 15))),
        ("", "The request has no `query`.", None),
        (" ", "Syntax Error: Unexpected end of the document.", Some((1, 2))),
        (&deep, "The document nests too many selection sets or values.", None),
        (
            "query A { viewer { id } } query A { viewer { id } }",
            "There can be only one operation named \"A\".",
            Some((1, 27)),
        ),
        (&summary("\"yesterday\""), moment, Some((1, 24))),
        (&summary("\"2026-13-01T00:00:00Z\""), moment, Some((1, 24))),
        (&summary("1"), moment, Some((1, 24))),
        (with_moment, moment, Some((1, 47))),
        (backfill, moment, Some((1, 33))),
    ] {
        let answer = test.graphql(Some(&admin), query, json!({ "from": "2026-01-01 noon" })).await;
        assert_eq!(error(&answer), ("INVALID".to_owned(), told.to_owned()), "{query}: {answer}");
        let location = place.map(|(line, column)| json!({ "line": line, "column": column }));
        assert_eq!(answer["errors"][0]["locations"].get(0), location.as_ref(), "{query}: {answer}");
    }
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
    let told = error(&test.graphql(Some(&test.user("a")), "{ viewer { id } }", json!({})).await);
    assert_eq!(told, ("UNAVAILABLE".to_owned(), "The database cannot be reached.".to_owned()));
    let (status, body) = get(&test.client, test.url("/readyz")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(get(&test.client, test.url("/healthz")).await, (StatusCode::OK, "ok".to_owned()));
}

#[tokio::test]
async fn what_did_not_fail_is_answered() {
    let test = TestApp::start().await;
    test.know(&account("a", "user_id")).await;
    let a = test.linked("a").await;
    let query =
        "query($n: Int) { viewer { userId customer { id bad: subscriptions(first: $n) { nodes { id } }
        subscriptions { nodes { id } } } } }";
    let answer = test.graphql(Some(&a), query, json!({ "n": -1 })).await;
    assert_eq!(error(&answer).0, "INVALID", "{answer}");
    assert_eq!(answer["errors"][0]["path"], json!(["viewer", "customer", "bad"]));
    assert_eq!(answer["errors"][0]["locations"], json!([{ "line": 1, "column": 48 }]));
    // What may not be null takes what holds it with it, and nothing beyond.
    assert_eq!(answer["data"], json!({ "viewer": { "userId": "a", "customer": null } }));

    let twice = test.graphql(Some(&a), "{ viewer { nothing } neither { id } }", json!({})).await;
    let errors = twice["errors"].as_array().expect("a list of errors");
    assert_eq!((errors.len(), twice.get("data")), (2, None), "all that is wrong is told: {twice}");
    for error in errors {
        assert_eq!(error["extensions"]["code"], "INVALID");
        assert!(error["locations"][0]["line"].is_u64() && error.get("path").is_none(), "{error}");
        assert!(!error["message"].as_str().unwrap_or_default().is_empty());
    }
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
        ("/metrics", 404, 200),
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
