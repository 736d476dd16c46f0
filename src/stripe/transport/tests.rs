//! A server that misbehaves as told, and what is made of it.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Response as HttpResponse,
};
use stripe_core::customer::{CreateCustomer, RetrieveCustomer};

use super::{super::limit::BURST, *};
use crate::stripe::Stripe;

/// One answer: status, headers, body. A status of 0 never answers, 1 drops the connection.
type Play = (u16, &'static [(&'static str, &'static str)], &'static str);

const FINE: Play = (
    200,
    &[("date", "Fri, 20 Nov 2026 12:00:00 GMT"), ("request-id", "req_1")],
    r#"{"id":"cus_1", "object":"customer"}"#,
);

/// What it saw: method and URL, headers, body.
type Seen = (String, HeaderMap, String);

#[derive(Clone, Default)]
struct Server {
    plays: Arc<Mutex<VecDeque<Play>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    fn keys(&self) -> Vec<Option<String>> {
        self.seen().iter().map(|(_, headers, _)| text(headers, "idempotency-key")).collect()
    }
}

async fn answer(State(server): State<Server>, request: Request) -> HttpResponse<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a short body");
    let body = String::from_utf8_lossy(&body).into_owned();
    let line = format!("{} {}", parts.method, parts.uri);
    server.seen.lock().expect("not poisoned").push((line, parts.headers, body));
    let play = server.plays.lock().expect("not poisoned").pop_front().unwrap_or(FINE);
    match play {
        (0, ..) => std::future::pending().await,
        (1, ..) => {
            let broken = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("dropped"))]);
            HttpResponse::new(Body::from_stream(broken))
        }
        (status, headers, body) => {
            let builder = HttpResponse::builder().status(status);
            let builder =
                headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
            builder.body(Body::from(body)).expect("a fine answer")
        }
    }
}

fn quick() -> RetryPolicy {
    RetryPolicy {
        attempts: 4,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(4),
        longest_retry_after: Duration::from_millis(20),
        attempt_timeout: Duration::from_secs(4),
        deadline: Duration::from_secs(5),
    }
}

fn config(api_base: String, rate_limit: u32) -> StripeConfig {
    StripeConfig {
        secret_key: Some(Secret::new("sk_test_hunter2")),
        webhook_secrets: Vec::new(),
        api_base,
        rate_limit: NonZeroU32::new(rate_limit).expect("not zero"),
    }
}

async fn playing(plays: &[Play], policy: RetryPolicy) -> (Stripe, Server) {
    let server = Server::default();
    server.plays.lock().expect("not poisoned").extend(plays);
    let app = Router::new().fallback(answer).with_state(server.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it listens"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let clock = Clock::from_fn(|| DateTime::from_timestamp(1_000, 0).expect("a time"));
    (Stripe::with(&config(base, 1_000), policy, clock), server)
}

async fn create(stripe: &Stripe) -> Result<Answer, StripeError> {
    stripe.send(&CreateCustomer::new().email("a+b@example.com"), None).await
}

#[tokio::test]
async fn what_stripe_refuses_is_not_asked_again() {
    for status in [400, 401, 402, 403, 404, 409] {
        let body = r#"{"error":{"type":"card_error","code":"card_declined","param":"x","message":"No."}}"#;
        let (stripe, server) = playing(&[(status, &[("request-id", "req_2")], body)], quick()).await;
        let Err(StripeError::Refused(refusal)) = create(&stripe).await else { panic!("{status}") };
        assert_eq!((refusal.status, refusal.code.as_deref()), (status, Some("card_declined")));
        assert_eq!(
            (refusal.kind.as_deref(), refusal.request_id.as_deref()),
            (Some("card_error"), Some("req_2"))
        );
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn stripes_word_on_retrying_is_kept() {
    let (stripe, server) = playing(&[(503, &[("stripe-should-retry", "false")], "")], quick()).await;
    assert!(matches!(create(&stripe).await, Err(StripeError::Failing { status: 503, .. })));
    assert_eq!(server.seen().len(), 1);
    let (stripe, server) = playing(&[(400, &[("stripe-should-retry", "true")], "{}"), FINE], quick()).await;
    assert!(create(&stripe).await.is_ok());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_may_pass_is_asked_again_with_the_same_key() {
    let locked = r#"{"error":{"code":"idempotency_key_in_use"}}"#;
    let plays = [(429, &[("retry-after", "9999")][..], "{}"), (500, &[], "{}"), (409, &[], locked), FINE];
    let (stripe, server) = playing(&plays, quick()).await;
    let answer = create(&stripe).await.expect("the fourth attempt succeeds");
    assert_eq!((answer.at, answer.request_id.as_deref()), (1_795_176_000, Some("req_1")));
    assert_eq!(answer.object["id"], "cus_1");
    assert_eq!(answer.raw, FINE.2);
    let keys = server.keys();
    assert!(keys.len() == 4 && keys[0].as_ref().is_some_and(|key| key.len() == 36));
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert!(server.seen().iter().all(|(.., body)| body == "email=a%2Bb@example.com"));
}

#[tokio::test]
async fn lost_connections_and_silence_are_tried_again() {
    let policy = RetryPolicy { attempt_timeout: Duration::from_millis(200), ..quick() };
    let (stripe, server) = playing(&[(1, &[], ""), (0, &[], ""), FINE], policy).await;
    let answer = create(&stripe).await.expect("the third attempt succeeds");
    assert!(!answer.replayed);
    assert_eq!(server.keys().iter().collect::<std::collections::BTreeSet<_>>().len(), 1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it listens"));
    drop(listener);
    let error = create(&Stripe::with(&config(base.clone(), 1_000), quick(), Clock::system())).await;
    let error = error.expect_err("nobody listens");
    assert!(matches!(error, StripeError::Unreachable(_)));
    assert!(!network::chain(&error).contains(&base), "the address stays out of the log");
}

#[tokio::test]
async fn attempts_and_time_are_limited() {
    let page = (502, &[][..], "<html>Bad gateway</html>");
    let (stripe, server) = playing(&[page; 4], quick()).await;
    assert!(matches!(create(&stripe).await, Err(StripeError::Failing { status: 502, .. })));
    assert_eq!(server.seen().len(), 4);
    let (stripe, _) = playing(&[(429, &[][..], ""); 4], quick()).await;
    assert!(matches!(create(&stripe).await, Err(StripeError::RateLimited)));
    let hasty = RetryPolicy { deadline: Duration::from_millis(200), ..quick() };
    let (stripe, server) = playing(&[(0, &[], "")], hasty).await;
    assert!(matches!(create(&stripe).await, Err(StripeError::Unreachable(_))));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_does_not_get_the_key() {
    let (stripe, server) = playing(&[(302, &[("location", "/elsewhere")], "")], quick()).await;
    assert!(matches!(create(&stripe).await, Err(StripeError::Failing { status: 302, .. })));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_not_believed() {
    let (stripe, _) = playing(&[(200, &[], "hunter2")], quick()).await;
    let error = create(&stripe).await.expect_err("not JSON");
    assert!(matches!(error, StripeError::Unreadable(_)));
    assert!(!network::chain(&error).contains("hunter2"));
}

#[tokio::test]
async fn a_request_says_who_asks_and_in_which_version() {
    let replay = (200, &[("idempotent-replayed", "true"), ("date", "yesterday")][..], "{}");
    let (stripe, server) = playing(&[FINE, replay], quick()).await;
    stripe.send(&RetrieveCustomer::new("cus_1"), None).await.expect("an answer");
    let answer = stripe.send(&CreateCustomer::new(), Some("our-key".to_owned())).await.expect("an answer");
    assert_eq!((answer.at, answer.replayed, answer.api_version.as_str()), (1_000, true, "2026-09-30.endive"));
    let seen = server.seen();
    assert_eq!(seen[0].0, "GET /v1/customers/cus_1?");
    assert_eq!(text(&seen[0].1, "stripe-version").as_deref(), Some("2026-09-30.endive"));
    assert_eq!(text(&seen[0].1, "authorization").as_deref(), Some("Bearer sk_test_hunter2"));
    assert_eq!(text(&seen[0].1, "user-agent").as_deref(), Some("billgraph/0.1.0"));
    assert_eq!(server.keys(), [None, Some("our-key".to_owned())]);
}

#[tokio::test]
async fn a_hostile_id_or_key_is_not_sent() {
    let (stripe, server) = playing(&[], quick()).await;
    for id in
        ["", "..", "cus_1/../../account", "cus_1?expand[]=x", "cus_1#", "%2e%2E", "cus 1", "cus\n1", "ü"]
    {
        let error = stripe.send(&RetrieveCustomer::new(id), None).await.expect_err(id);
        assert!(matches!(error, StripeError::NotAnId), "{id}");
    }
    for key in [String::new(), "x".repeat(256), "a\nb".to_owned()] {
        let error = stripe.send(&CreateCustomer::new(), Some(key)).await.expect_err("a bad key");
        assert!(matches!(error, StripeError::Unsendable(_)));
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    let unset = StripeConfig { secret_key: None, ..config("http://127.0.0.1:1".to_owned(), 1) };
    let stripe = Stripe::new(&unset);
    assert!(!stripe.is_configured());
    assert!(matches!(create(&stripe).await, Err(StripeError::NotConfigured)));
}

#[tokio::test]
async fn requests_keep_to_the_limit() {
    let (_, server) = playing(&[], quick()).await;
    let app = Router::new().fallback(|| async { "{}" });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it listens"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let stripe = Stripe::with(&config(base.clone(), 40), quick(), Clock::system());
    let start = Instant::now();
    for _ in 0..BURST + 4 {
        create(&stripe).await.expect("an answer");
    }
    assert!(start.elapsed() >= Duration::from_millis(90), "four requests had to wait 25 ms each");
    let impatient = RetryPolicy { deadline: Duration::from_millis(300), ..quick() };
    let stripe = Stripe::with(&config(base, 1), impatient, Clock::system());
    create(&stripe).await.expect("the first is free");
    assert!(matches!(create(&stripe).await, Err(StripeError::RateLimited)));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn who_is_waited_for_goes_first() {
    let (_, server) = playing(&[], quick()).await;
    let app = Router::new().fallback(answer).with_state(server.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it listens"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let stripe = Stripe::with(&config(base, 40), quick(), Clock::system());
    let background = (0..60).map(|_| {
        let stripe = stripe.background();
        tokio::spawn(async move { stripe.get("/prices/price_1").await.map(drop) })
    });
    let background: Vec<_> = background.collect();
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let foreground = (0..30).map(|_| stripe.get("/customers/cus_1"));
    for answer in futures_util::future::join_all(foreground).await {
        answer.expect("an answer");
    }
    let before = server.seen().iter().filter(|(line, ..)| line.contains("prices")).count();
    assert!(before <= 30, "{before} of 60 that nobody waits for went before 30 that somebody waits for");
    stripe.background().get("/prices/price_1").await.expect("its turn comes");
    for task in background {
        task.abort();
    }
}

#[tokio::test]
async fn a_connected_account_is_named() {
    let missing =
        (404, &[("date", "Fri, 20 Nov 2026 12:00:00 GMT")][..], r#"{"error":{"code":"not_found"}}"#);
    let (stripe, server) = playing(&[FINE, FINE, missing], quick()).await;
    let connected = stripe.on_behalf_of("acct_1");
    let answer = connected.get("/customers/cus_1?expand[]=tax").await.expect("an answer");
    assert_eq!(answer.account, "acct_1");
    stripe.get("/v1/customers/cus_1").await.expect("an answer");
    let error = connected.get("/v2/core/accounts/acct_2").await.expect_err("it is missing");
    assert_eq!(error.refusal().and_then(|refusal| refusal.at), Some(1_795_176_000));
    let hostile = stripe.on_behalf_of("acct_1\nx: y").get("/customers/cus_1").await;
    assert!(matches!(hostile, Err(StripeError::NotAnId)));
    let seen: Vec<_> = server
        .seen()
        .iter()
        .map(|(line, headers, _)| format!("{line} {:?}", text(headers, "stripe-account")))
        .collect();
    assert_eq!(
        seen,
        [
            r#"GET /v1/customers/cus_1?expand[]=tax Some("acct_1")"#,
            "GET /v1/customers/cus_1 None",
            r#"GET /v2/core/accounts/acct_2 Some("acct_1")"#
        ]
    );
}
