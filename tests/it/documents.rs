//! Documents that clients name: those that the operator trusts, and those that were sent before.

use std::{fs, path::PathBuf};

use billgraph::auth::Role;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::{
    TestApp,
    socket::{PROTOCOL, Socket},
};

const LISTED: &str = "query Listed { __typename }";
const LISTED_MUTATION: &str = "mutation Listed { linkCustomer(input: {}) { outcome } }";
const OTHER: &str = "query Other { __typename }";

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A manifest as relay-compiler writes it.
fn manifest(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("persisted_queries.json");
    let texts = json!({ "0f4b": LISTED, hash(LISTED_MUTATION): LISTED_MUTATION });
    fs::write(&path, texts.to_string()).expect("a file can be written");
    path
}

async fn with_manifest() -> (TestApp, TempDir) {
    let folder = TempDir::with_prefix("billgraph-test-").expect("a folder can be made");
    let path = manifest(&folder).display().to_string();
    (TestApp::with(|settings| settings.graphql.billgraph_trusted_documents = Some(path)).await, folder)
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("the gateway answers");
    (response.status(), response.json().await.expect("the answer is JSON"))
}

async fn post(test: &TestApp, token: Option<&str>, body: Value) -> (StatusCode, Value) {
    let request = test.client.post(test.url("/graphql")).json(&body);
    answer(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
}

fn error(answer: &Value) -> (&str, &str) {
    let error = &answer["errors"][0];
    assert!(error["extensions"]["requestId"].is_string() && answer.get("data").is_none(), "{answer}");
    let code = error["extensions"]["code"].as_str().expect("an error has a code");
    (code, error["message"].as_str().expect("an error has a message"))
}

fn persisted(text: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(text) } })
}

#[tokio::test]
async fn the_public_executes_what_is_listed_and_nothing_else() {
    let (test, _folder) = with_manifest().await;
    let user = test.user("a");
    let id = format!("sha256:{}", hash(LISTED));
    for token in [None, Some(user.as_str())] {
        for body in [
            json!({ "query": OTHER }),
            json!({ "query": LISTED }),
            json!({ "query": OTHER, "documentId": id }),
            json!({ "query": OTHER, "extensions": persisted(OTHER) }),
            json!({ "query": OTHER, "extensions": { "documentId": id } }),
        ] {
            let (status, answer) = post(&test, token, body.clone()).await;
            assert_eq!((status, error(&answer).0), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{body}");
        }
        for body in [
            json!({}),
            json!({ "documentId": format!("sha256:{}", hash(OTHER)) }),
            json!({ "documentId": hash(LISTED) }),
            json!({ "documentId": "sha256:" }),
            json!({ "documentId": "" }),
            json!({ "documentId": id, "extensions": persisted(LISTED) }),
            json!({ "extensions": { "documentId": 1 } }),
            json!({ "extensions": { "persistedQuery": {} } }),
            json!({ "extensions": { "persistedQuery": "a" } }),
            json!({ "documentId": 1 }),
        ] {
            let (status, answer) = post(&test, token, body.clone()).await;
            assert_eq!((status, error(&answer).0), (StatusCode::BAD_REQUEST, "INVALID"), "{body}");
        }
        for body in [
            json!({ "documentId": id }),
            json!({ "documentId": "0f4b", "operationName": "Listed" }),
            json!({ "extensions": persisted(LISTED) }),
        ] {
            let told = (StatusCode::OK, json!({ "data": { "__typename": "Query" } }));
            assert_eq!(post(&test, token, body.clone()).await, told, "{body}");
        }
        assert_eq!(
            error(&post(&test, token, json!({ "extensions": persisted(OTHER) })).await.1).1,
            "PersistedQueryNotFound"
        );
    }
    let url = |id: &str| test.url(&format!("/graphql?documentId={id}"));
    let told = answer(test.client.get(url(&id))).await;
    assert_eq!(told, (StatusCode::OK, json!({ "data": { "__typename": "Query" } })), "by a URL");
    let (status, _) = answer(test.client.get(url(&hash(LISTED_MUTATION)))).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "a link changes nothing");
    let reader = test.service(Role::Reader).await;
    assert_eq!(
        post(&test, Some(&reader), json!({ "query": OTHER })).await.0,
        StatusCode::OK,
        "staff may ask anything"
    );
    assert_eq!(post(&test, Some(&reader), json!({ "documentId": id })).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_socket_is_no_way_around() {
    let (test, _folder) = with_manifest().await;
    let payload = |query: &str, extensions: Value| json!({ "type": "subscribe", "id": "1", "payload": { "query": query, "extensions": extensions } });
    for (message, told) in [
        (payload(OTHER, json!({})), "FORBIDDEN"),
        (payload("", json!({ "documentId": "none" })), "INVALID"),
        (payload("", json!({ "documentId": "0f4b" })), "Query"),
    ] {
        let mut socket =
            Socket::open(&test.url("/graphql"), PROTOCOL, &[]).await.expect("the gateway upgrades");
        socket.init(json!({})).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket.send(message).await;
        let answer = socket.next().await.to_string();
        assert!(answer.contains(told), "{told} in {answer}");
        assert_eq!(answer.contains("requestId"), told != "Query", "{answer}");
    }
    let streamed = test.client.post(test.url("/graphql")).header("accept", "text/event-stream");
    let (status, answer) = answer(streamed.json(&json!({ "query": OTHER }))).await;
    assert_eq!((status, error(&answer).0), (StatusCode::FORBIDDEN, "FORBIDDEN"));
}

#[tokio::test]
async fn a_document_that_was_sent_may_be_named_by_its_hash() {
    let test = TestApp::start().await;
    let data = json!({ "data": { "__typename": "Query" } });
    let (status, unknown) = post(&test, None, json!({ "extensions": persisted(OTHER) })).await;
    assert_eq!((status, error(&unknown)), (StatusCode::OK, ("NOT_FOUND", "PersistedQueryNotFound")));
    let (status, wrong) = post(&test, None, json!({ "query": OTHER, "extensions": persisted(LISTED) })).await;
    assert_eq!((status, error(&wrong).0), (StatusCode::BAD_REQUEST, "INVALID"), "another document's hash");
    let sent = post(&test, None, json!({ "query": OTHER, "extensions": persisted(OTHER) })).await;
    assert_eq!(sent, (StatusCode::OK, data.clone()));
    assert_eq!(
        post(&test, None, json!({ "extensions": persisted(OTHER) })).await,
        (StatusCode::OK, data.clone())
    );
    let url = reqwest::Url::parse_with_params(
        &test.url("/graphql"),
        [("extensions", persisted(OTHER).to_string())],
    );
    let by_url = answer(test.client.get(url.expect("a URL"))).await;
    assert_eq!(by_url, (StatusCode::OK, data), "by a URL");
}
