//! How changes are carried: `graphql-transport-ws` to the letter, its official client, and server-sent events.

use std::{path::Path, process::Command, time::Duration};

use billgraph::{commands::issuer::Issuer, config::Config};
use reqwest::StatusCode;
use serde_json::{Value, json};
use stripe_sim::{Options, Sim};

use crate::support::{
    TestApp, TestDatabase, anywhere,
    billing::{MADE, account, event, subscription},
    config,
    process::Running,
    socket::{PROTOCOL, Socket, soon},
};

const CHANGED: &str = "subscription { subscriptionChanged { cursor subscription { id status } } }";

async fn with_account() -> (TestApp, String) {
    let test = TestApp::with(|settings| {
        settings.billgraph_cors_origins = Some("https://app.example.com".to_owned());
    });
    let test = test.await;
    test.know(&account("a", "user_id")).await;
    let a = test.linked("a").await;
    (test, a)
}

/// An event after which A's subscription is past due.
fn past_due(at: i64) -> Value {
    event("customer.subscription.updated", MADE + at, &subscription("a", "past_due"))
}

#[tokio::test]
async fn other_protocols_and_other_sites_get_no_socket() {
    let (test, _) = with_account().await;
    let url = test.url("/graphql");
    for protocol in ["graphql-ws", "mqtt", "graphql-transport-wss"] {
        assert_eq!(
            Socket::open(&url, protocol, &[]).await.err(),
            Some(StatusCode::BAD_REQUEST),
            "{protocol}"
        );
    }
    for origin in
        ["https://evil.example.com", "https://app.example.com.evil.example", "http://app.example.com", "null"]
    {
        let refused = Socket::open(&url, PROTOCOL, &[("origin", origin)]).await.err();
        assert_eq!(refused, Some(StatusCode::FORBIDDEN), "{origin}");
    }
    assert!(Socket::open(&url, PROTOCOL, &[("origin", "https://app.example.com")]).await.is_ok());
}

#[tokio::test]
async fn only_a_websocket_is_changed_to() {
    let (test, a) = with_account().await;
    let url = format!("{}?query=%7B__typename%7D", test.url("/graphql"));
    let get = async |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(test.client.get(&url), |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.expect("the gateway answers");
        (response.status(), response.json::<Value>().await.expect("the answer is JSON"))
    };
    for other in ["h2c", "TLS/1.0", "websockets", ""] {
        let (status, answer) = get(&[("upgrade", other), ("connection", "Upgrade")]).await;
        assert_eq!((status, &answer["data"]["__typename"]), (StatusCode::OK, &json!("Query")), "{other}");
    }
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let socket = [("upgrade", "websocket"), ("connection", "Upgrade")];
    for (headers, expected) in [
        (vec![], StatusCode::BAD_REQUEST),
        (vec![("sec-websocket-key", key)], StatusCode::BAD_REQUEST),
        (vec![("sec-websocket-key", key), ("sec-websocket-version", "8")], StatusCode::BAD_REQUEST),
        (vec![("sec-websocket-version", "13")], StatusCode::BAD_REQUEST),
    ] {
        let (status, refused) = get(&[&socket[..], &headers].concat()).await;
        assert_eq!((status, &refused["code"]), (expected, &json!("INVALID")), "{headers:?}: {refused}");
        let id = refused["requestId"].as_str().unwrap_or_default();
        assert!(id.starts_with("req_") && refused["message"].is_string(), "{refused}");
    }
    let mut open = Socket::open(&test.url("/graphql"), PROTOCOL, &[("upgrade", "WebSocket")]).await;
    let open = open.as_mut().expect("a name of a protocol is in upper or lower case");
    open.init(json!({ "authorization": format!("Bearer {a}") })).await;
    assert_eq!(open.next().await, json!({ "type": "connection_ack" }));
}

#[tokio::test]
async fn a_message_is_as_long_as_a_body_may_be() {
    let test = TestApp::with(|settings| settings.graphql.billgraph_limit_body = "1000".to_owned()).await;
    test.know(&account("a", "user_id")).await;
    let a = test.linked("a").await;
    let message = |length: usize| {
        let padded = |padding: usize| {
            json!({ "type": "subscribe", "id": "1", "payload": {
                "query": "{ __typename }", "extensions": { "padding": "x".repeat(padding) } } })
        };
        padded(length - padded(0).to_string().len())
    };
    let mut socket = Socket::signed_in(&test, &a).await;
    socket.send(message(1000)).await;
    assert_eq!(socket.data().await, json!({ "__typename": "Query" }));
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));
    socket.send(message(1001)).await;
    assert!(socket.ends().await, "it is not read");
    assert_eq!(
        Socket::signed_in(&test, &a).await.ask("{ __typename }").await,
        json!({ "__typename": "Query" })
    );
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_the_socket() {
    let (test, a) = with_account().await;
    let bearer = |token: &str| json!({ "authorization": format!("Bearer {token}") });
    let init = |payload: Value| json!({ "type": "connection_init", "payload": payload });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": CHANGED } });
    let foreign = Issuer::with_seed([8; 32]).at(test.issuer.url());
    let forged = foreign.user_token("a", "a@example.com", 3600, test.app().clock.now());
    for (messages, code) in [
        (vec![subscribe.clone()], 4401),
        (vec![json!({ "type": "start" })], 4400),
        (vec![json!({ "type": "nonsense" })], 4400),
        (vec![init(bearer("nonsense"))], 4403),
        (vec![init(bearer(&forged))], 4403),
        (vec![init(json!({ "authorization": "Basic YTpi" }))], 4403),
        (vec![init(bearer(&a)), init(bearer(&a))], 4429),
        (vec![init(bearer(&a)), subscribe.clone(), subscribe.clone()], 4409),
    ] {
        let mut socket =
            Socket::open(&test.url("/graphql"), PROTOCOL, &[]).await.expect("the gateway upgrades");
        for message in &messages {
            socket.send(message.clone()).await;
        }
        if messages.len() > 1 {
            assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        }
        assert_eq!(socket.next().await, json!({ "closed": code }), "{messages:?}");
    }
    let headers = [("authorization", "Bearer nonsense")];
    let mut socket =
        Socket::open(&test.url("/graphql"), PROTOCOL, &headers).await.expect("the gateway upgrades");
    socket.init(json!({})).await;
    assert_eq!(socket.next().await, json!({ "closed": 4403 }), "by a header");
}

#[tokio::test]
async fn an_operation_ends_once_and_its_id_is_free_again() {
    let (test, a) = with_account().await;
    let mut socket = Socket::signed_in(&test, &a).await;
    for refused in ["{ nothing }", "{", ""] {
        socket.subscribe(refused).await;
        let mut error = socket.next().await;
        assert!(error["payload"][0]["message"].is_string(), "{error}");
        assert_eq!(error["payload"][0]["extensions"]["code"], "INVALID", "{error}");
        error["payload"].take();
        assert_eq!(error, json!({ "type": "error", "id": "1", "payload": null }), "{refused}");
        socket.assert_quiet().await;
    }
    for at in [1, 2] {
        socket.follow(&test, CHANGED).await;
        test.receive(&past_due(at)).await;
        assert_eq!(socket.data().await["subscriptionChanged"]["subscription"]["id"], "sub_a");
        socket.send(json!({ "type": "complete", "id": "1" })).await;
        socket.assert_quiet().await;
    }
    socket.follow(&test, CHANGED).await;
    for _ in 0..2 {
        // The first time it ends what is under way, the second time nothing.
        socket.send(json!({ "type": "complete", "id": "1" })).await;
        socket.subscribe("{ __typename }").await;
        assert_eq!(socket.data().await, json!({ "__typename": "Query" }));
        assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));
        socket.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_quiet_socket_stays_open_while_its_client_answers() {
    let (database, sim) = (TestDatabase::create(), Sim::new(Options::default()));
    let issuer = Issuer::with_seed([7; 32]);
    issuer.listen(anywhere()).await.expect("a port is free");
    let settings = config(&database, &sim, &issuer, |_| {});
    let config = Config { socket_silence: Duration::from_secs(3), sync_tasks: 0, ..settings };
    let test = TestApp::configured(database, sim, issuer, config).await.expect("the gateway starts");
    test.know(&account("a", "user_id")).await;
    let a = test.linked("a").await;
    let mut silent = Socket::signed_in(&test, &a).await;
    let mut nobody = Socket::open(&test.url("/graphql"), PROTOCOL, &[]).await.expect("the gateway upgrades");
    let mut socket = Socket::signed_in(&test, &a).await;
    socket.follow(&test, CHANGED).await;
    // Pinged three times in the time that it may be silent, it is there for longer.
    for _ in 0..5 {
        assert_eq!(socket.heard().await, json!({ "type": "ping" }));
        socket.send(json!({ "type": "pong" })).await;
    }
    test.receive(&past_due(1)).await;
    assert_eq!(socket.data().await["subscriptionChanged"]["subscription"]["id"], "sub_a");
    let mut last = silent.heard().await;
    while last == json!({ "type": "ping" }) {
        last = silent.heard().await;
    }
    assert_eq!(last, json!({ "closed": 3008 }), "whoever answers nothing is gone");
    assert_eq!(nobody.heard().await, json!({ "closed": 4408 }), "whoever does not say who they are");
}

#[tokio::test]
async fn a_token_comes_in_the_first_message_or_in_a_header() {
    const VIEWER: &str = "{ viewer { id } }";
    let (test, a) = with_account().await;
    let bearer = format!("Bearer {a}");
    let header: &[_] = &[("authorization", bearer.as_str())];
    for (protocol, headers, payload) in [
        (PROTOCOL, header, Value::Null),
        (PROTOCOL, header, json!({})),
        (PROTOCOL, &[], json!({ "authorization": bearer })),
        (PROTOCOL, &[], json!({ "Authorization": bearer, "other": 1 })),
        ("graphql-transport-ws, graphql-ws", &[], json!({ "AUTHORIZATION": bearer })),
        ("graphql-ws, graphql-transport-ws", &[], json!({ "authorization": bearer })),
    ] {
        let mut socket =
            Socket::open(&test.url("/graphql"), protocol, headers).await.expect("the gateway upgrades");
        socket.init(payload.clone()).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }), "{protocol} {payload}");
        socket.subscribe(VIEWER).await;
        assert_eq!(socket.data().await, json!({ "viewer": { "id": "user:a" } }), "{protocol} {payload}");
        assert_eq!(socket.next().await, json!({ "type": "complete", "id": "1" }));
    }
}

#[tokio::test]
async fn a_socket_ends_with_its_token_and_with_the_gateway() {
    let (test, a) = with_account().await;
    let short = test.issuer.user_token("a", "a@example.com", 60, test.app().clock.now());
    let (mut first, mut second) =
        (Socket::signed_in(&test, &short).await, Socket::signed_in(&test, &a).await);
    first.follow(&test, CHANGED).await;
    second.follow(&test, CHANGED).await;
    test.sim.advance(60 + 30);
    assert_eq!(first.next().await, json!({ "closed": 4403 }));
    second.assert_quiet().await;
    soon(test.gateway.stop()).await;
    assert_eq!(second.next().await, json!({ "closed": 1001 }));
}

#[tokio::test]
async fn server_sent_events_carry_changes_until_the_token_expires() {
    let (test, _) = with_account().await;
    let token = test.issuer.user_token("a", "a@example.com", 60, test.app().clock.now());
    let url = format!(
        "{}?query={}",
        test.url("/graphql"),
        CHANGED.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D")
    );
    let body = json!({ "query": CHANGED });
    let mut streams = Vec::new();
    for request in [test.client.post(test.url("/graphql")).json(&body), test.client.get(url)] {
        let before = test.app().db.statements();
        let response = request.bearer_auth(&token).header("accept", "text/event-stream").send().await;
        let response = response.expect("the gateway answers");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        // Who asks is one statement, where to start is another.
        soon(async {
            while test.app().db.statements() < before + 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        streams.push(response);
    }
    test.receive(&past_due(1)).await;
    for stream in &mut streams {
        let event = soon(stream.chunk()).await.expect("the stream goes on").expect("the stream goes on");
        let event = String::from_utf8(event.to_vec()).expect("events are text");
        let data = event.strip_prefix("event: next\ndata: ").unwrap_or_else(|| panic!("{event}"));
        let data: Value = serde_json::from_str(data.trim_end()).expect("data is JSON");
        assert_eq!(
            data["data"]["subscriptionChanged"]["subscription"],
            json!({ "id": "sub_a", "status": "PAST_DUE" })
        );
    }
    test.sim.advance(60 + 30);
    for stream in &mut streams {
        assert_eq!(soon(stream.chunk()).await.expect("the stream ends in order"), None);
    }
}

#[tokio::test]
async fn the_official_client_is_served() {
    let (test, a) = with_account().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    assert!(
        folder.join("node_modules/graphql-ws").is_dir(),
        "run `npm install` in tests/node, or scripts/test"
    );
    let mut socket = Socket::signed_in(&test, &a).await;
    socket.follow(&test, CHANGED).await;
    test.receive(&past_due(1)).await;
    let cursor = socket.data().await["subscriptionChanged"]["cursor"].take();
    let query = CHANGED.replace("Changed {", &format!("Changed(after: {cursor}) {{"));
    let mut node = Command::new("node");
    node.current_dir(folder).args([
        "graphql_ws_client.mjs",
        &test.url("/graphql").replace("http", "ws"),
        &a,
        &query,
        "2",
    ]);
    let mut client = Running::start(node);
    assert_eq!(soon(client.lines.recv()).await.as_deref(), Some("{\"ready\":true}"));
    test.receive(&past_due(2)).await;
    test.receive(&past_due(3)).await;
    let (status, results) = client.end().await;
    assert!(status.success(), "{results:?}");
    let shown = results.iter().filter(|result| result.contains("\"status\":\"PAST_DUE\""));
    assert_eq!(shown.count(), 2, "{results:?}");
}
