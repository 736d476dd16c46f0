//! GraphQL over HTTP: what is refused and how, and in which form answers come.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, catalogue, event},
};

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// A request without headers of its own.
fn post(test: &TestApp, content_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    test.client.post(test.url("/graphql")).header("content-type", content_type).body(body)
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("the gateway answers")
}

/// The status and the body of an answer that is an error of the request, whose id is in its header.
async fn refused(request: RequestBuilder) -> (StatusCode, String, String) {
    let response = send(request).await;
    let (status, id) = (response.status(), response.headers()["x-request-id"].clone());
    let body: Value = response.json().await.expect("the answer is JSON");
    let error = &body["errors"][0];
    assert_eq!(error["extensions"]["requestId"].as_str(), id.to_str().ok(), "{body}");
    assert_eq!((body.get("data"), body["errors"].as_array().map(Vec::len)), (None, Some(1)), "{body}");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    (status, text(&error["extensions"]["code"]), text(&error["message"]))
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let test = TestApp::start().await;
    let bad = StatusCode::BAD_REQUEST;
    for (body, name) in [
        ("", "nothing"),
        ("{", "no JSON"),
        ("null", "null"),
        ("\"{ viewer { id } }\"", "a text"),
        ("{}", "no query"),
        (r#"{ "query": null }"#, "no query"),
        (r#"{ "query": 1 }"#, "a number"),
        (r#"[{ "query": "{ __typename }" }]"#, "a batch"),
        (r#"{ "query": "{ __typename }", "variables": [] }"#, "variables"),
        (r#"{ "query": "{ __typename }", "variables": "{}" }"#, "variables"),
        (r#"{ "query": "{ __typename }", "extensions": 1 }"#, "extensions"),
        (r#"{ "query": "{ __typename }", "operationName": {} }"#, "operationName"),
    ] {
        let (status, code, message) = refused(post(&test, JSON, body)).await;
        assert_eq!((status, code.as_str()), (bad, "INVALID"), "{name}: {message}");
        assert!(!message.contains("line 1"), "{message} is the parser's");
    }
    for path in [
        "/graphql",
        "/graphql?variables={}",
        "/graphql?query={__typename}&variables=[",
        "/graphql?query={__typename}&extensions=1",
        "/graphql?query=",
        "/graphql?query=1&query=2",
    ] {
        let (status, code, _) = refused(test.client.get(test.url(path))).await;
        assert_eq!((status, code.as_str()), (bad, "INVALID"), "{path}");
    }
}

#[tokio::test]
async fn what_a_foreign_site_can_send_is_refused() {
    let test = TestApp::start().await;
    let query = json!({ "query": "{ __typename }" }).to_string();
    let form = "application/x-www-form-urlencoded";
    let multipart = "multipart/form-data; boundary=x";
    for content_type in
        ["text/plain", form, multipart, "", "application/graphql", "application/json; charset=latin1"]
    {
        let (status, code, _) = refused(post(&test, content_type, query.clone())).await;
        assert_eq!(
            (status, code.as_str()),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID"),
            "{content_type}"
        );
    }
    let mutation = "/graphql?query=mutation{linkCustomer(input:{}){outcome}}";
    let named = "/graphql?operationName=M&query=query%20Q{__typename}%20mutation%20M{linkCustomer(input:{}){outcome}}";
    for path in [mutation, named] {
        let response = send(test.client.get(test.url(path))).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()["allow"], "POST");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let response = send(test.client.request(method.clone(), test.url("/graphql"))).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(test.sim.requests().len(), 0, "Stripe was not asked");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let test = TestApp::start().await;
    let body = |size: usize| {
        let rest = json!({ "query": "{ __typename }", "filler": "" }).to_string().len();
        json!({ "query": "{ __typename }", "filler": "x".repeat(size - rest) }).to_string()
    };
    let (status, code, _) = refused(post(&test, JSON, body((256 << 10) + 1))).await;
    assert_eq!((status, code.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "INVALID"));
    assert_eq!(send(post(&test, JSON, body(256 << 10))).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_client_chooses_the_media_type() {
    let test = TestApp::start().await;
    let valid = json!({ "query": "{ __typename }" });
    let invalid = json!({ "query": "{ nothing }" });
    let syntax = json!({ "query": "{" });
    let failing = json!({ "query": "{ customers(first: 101) { totalCount } }" });
    for (accept, media_type, status) in [
        ("application/json", JSON, StatusCode::OK),
        ("text/html, application/json;q=0.9", JSON, StatusCode::OK),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL, StatusCode::BAD_REQUEST),
        ("application/json;q=0.9, application/graphql-response+json", GRAPHQL, StatusCode::BAD_REQUEST),
        ("application/graphql-response+json;q=0, application/json", JSON, StatusCode::OK),
        ("application/graphql-response+json;q=0.1, */*;q=0.01", GRAPHQL, StatusCode::BAD_REQUEST),
        ("*/*", JSON, StatusCode::OK),
    ] {
        for (query, status) in
            [(&valid, StatusCode::OK), (&failing, StatusCode::OK), (&invalid, status), (&syntax, status)]
        {
            let request = test.client.post(test.url("/graphql")).json(query).header("accept", accept);
            let response = send(request).await;
            assert_eq!(response.status(), status, "{accept} {query}");
            let content_type = &response.headers()["content-type"];
            assert_eq!(*content_type, format!("{media_type}; charset=utf-8"), "{accept}");
            assert!(response.headers().contains_key("x-request-id"));
        }
    }
    for accept in ["text/html", "image/*", "application/xml, text/plain"] {
        let (status, code, _) =
            refused(test.client.post(test.url("/graphql")).json(&valid).header("accept", accept)).await;
        assert_eq!((status, code.as_str()), (StatusCode::NOT_ACCEPTABLE, "INVALID"), "{accept}");
    }
}

#[tokio::test]
async fn a_request_is_answered() {
    let test = TestApp::start().await;
    let typename = json!({ "data": { "__typename": "Query" } });
    let query = "query A { __typename } query B($n: Int!) { customers(first: $n) { totalCount } }";
    let customers = json!({ "data": { "customers": { "totalCount": 0 } } });
    for (body, expected) in [
        (
            json!({ "query": "{ __typename }", "variables": null, "extensions": { "a": 1 }, "id": 7 }),
            &typename,
        ),
        (json!({ "query": query, "operationName": "A" }), &typename),
        (json!({ "query": query, "operationName": "B", "variables": { "n": 1, "more": [] } }), &customers),
    ] {
        let response = send(post(&test, "Application/JSON; charset=UTF-8", body.to_string())).await;
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.json::<Value>().await.expect("the answer is JSON"), *expected, "{body}");
    }
    for path in [
        "?query={__typename}",
        "?query=query%20A{__typename}&operationName=A&variables={}",
        "?query={__typename}&variables=",
    ] {
        let response = send(test.client.get(test.url(&format!("/graphql{path}")))).await;
        assert_eq!(response.json::<Value>().await.expect("the answer is JSON"), typename, "{path}");
    }
}

#[tokio::test]
async fn browsers_of_configured_origins_may_ask() {
    let test = TestApp::with(|settings| {
        settings.billgraph_cors_origins =
            Some("https://app.example.com, https://other.example.com".to_owned());
    });
    let test = test.await;
    for (origin, allowed) in [
        ("https://evil.example.com", false),
        ("https://app.example.com.evil.example", false),
        ("http://app.example.com", false),
        ("null", false),
        ("https://app.example.com", true),
        ("https://other.example.com", true),
    ] {
        let preflight = test.client.request(Method::OPTIONS, test.url("/graphql")).header("origin", origin);
        let preflight = preflight.header("access-control-request-method", "POST");
        let preflight = preflight.header("access-control-request-headers", "authorization,content-type");
        let request = test.client.post(test.url("/graphql")).header("origin", origin);
        for request in [preflight, request.json(&json!({ "query": "{ __typename }" }))] {
            let response = send(request).await;
            let named =
                response.headers().get("access-control-allow-origin").and_then(|value| value.to_str().ok());
            assert_eq!(named, allowed.then_some(origin));
            assert!(!response.headers().contains_key("access-control-allow-credentials"));
        }
    }
}

#[tokio::test]
async fn a_list_of_operations_is_answered_where_that_is_wanted() {
    let test = TestApp::with(|settings| settings.graphql.billgraph_limit_batch = "3".to_owned()).await;
    let query = |query: &str| json!({ "query": query });
    for list in [json!([]), json!(vec![query("{ __typename }"); 4]), json!([query("{ __typename }"), {}, 1])]
    {
        let (status, code, message) = refused(post(&test, JSON, list.to_string())).await;
        assert_eq!((status, code.as_str()), (StatusCode::BAD_REQUEST, "INVALID"), "{list}: {message}");
    }
    let link = "mutation { linkCustomer(input: { userId: \"user:a\" }) { outcome } }";
    let list = json!([query("{ __typename }"), query("{ nothing }"), query(link)]);
    let streamed = post(&test, JSON, list.to_string()).header("accept", "text/event-stream");
    assert_eq!(refused(streamed).await.0, StatusCode::BAD_REQUEST, "a stream has one operation");
    let response = send(post(&test, JSON, list.to_string())).await;
    assert_eq!(response.status(), StatusCode::OK);
    let answers: Vec<Value> = response.json().await.expect("the answer is a list");
    assert_eq!(answers[0], json!({ "data": { "__typename": "Query" } }));
    assert_eq!(
        (&answers[1]["errors"][0]["extensions"]["code"], answers[1].get("data")),
        (&json!("INVALID"), None)
    );
    assert!(answers[2]["errors"][0]["extensions"]["requestId"].is_string(), "{answers:?}");
    assert_eq!(answers.len(), 3);
}

#[tokio::test]
async fn the_catalogue_is_read_again_only_when_it_has_changed() {
    let test = TestApp::start().await;
    test.know(&catalogue("open", true)).await;
    let url = test.url("/graphql?query={products{nodes{id%20name}}}");
    let ask = |held: &str| send(test.client.get(&url).header("if-none-match", held));
    let first = ask("").await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()["cache-control"], "private, no-cache");
    let name = first.headers()["etag"].to_str().expect("a name is text").to_owned();
    assert!(name.starts_with("W/\"") && name.ends_with('"'), "{name}");
    let body: Value = first.json().await.expect("the answer is JSON");
    assert_eq!(body, json!({ "data": { "products": { "nodes": [{ "id": "prod_open", "name": "Plan" }] } } }));
    for held in [name.as_str(), &name[2..], &format!("\"other\", {name}"), "*"] {
        let again = ask(held).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{held}");
        assert_eq!(again.headers()["etag"], name);
        assert_eq!(again.headers()["cache-control"], "private, no-cache");
        assert_eq!(again.text().await.expect("nothing"), "");
    }
    assert_eq!(ask("W/\"other\"").await.status(), StatusCode::OK);
    let mut renamed = catalogue("open", true)[0].clone();
    renamed["name"] = "Better plan".into();
    test.receive(&event("product.updated", MADE + 1, &renamed)).await;
    let changed = ask(&name).await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(changed.headers()["etag"], name);

    let signed_in =
        send(test.client.get(&url).bearer_auth(test.user("a")).header("if-none-match", "*")).await;
    let failed = send(test.client.get(test.url("/graphql?query={customers(first:101){totalCount}}"))).await;
    let posted = send(post(&test, JSON, r#"{ "query": "{ products { nodes { id } } }" }"#)).await;
    for (response, what) in [(signed_in, "a user's"), (failed, "an error"), (posted, "a POST")] {
        assert_eq!(response.status(), StatusCode::OK, "{what}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{what}");
        assert!(!response.headers().contains_key("etag"), "{what}");
    }
}
