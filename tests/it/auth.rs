//! Tokens as they come over HTTP: what is not believed is 401, and is never repeated.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use billgraph::{
    auth::{Role, service_token},
    commands::issuer::Issuer,
};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::TestApp;

const SECRET: &str = "a-secret-of-an-older-project-with-more-than-32-bytes";
const VIEWER: &str = "{ viewer { id email } }";

/// A token put together by hand, signed with a secret.
fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length will do");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Expects an `Authorization` value to be refused with 401, in a body that tells nothing of it.
async fn assert_refused(test: &TestApp, authorization: &str, why: &str) {
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        let request = test.client.post(test.url("/graphql")).json(&json!({ "query": VIEWER }));
        let request = request.header("authorization", authorization).header("accept", accept);
        let response = request.send().await.expect("the gateway answers");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{why}");
        let id = response.headers()["x-request-id"].to_str().expect("an id is text").to_owned();
        let body: Value = response.json().await.expect("the answer is JSON");
        let message = body["errors"][0]["message"].as_str().expect("it says why");
        let extensions = json!({ "code": "UNAUTHENTICATED", "requestId": id });
        assert_eq!(body, json!({ "errors": [{ "message": message, "extensions": extensions }] }), "{why}");
        let secrets = authorization.split([' ', '.']).filter(|part| part.len() > 6);
        for part in secrets {
            assert!(!message.contains(part), "{message} repeats the token");
        }
    }
}

/// What is asked of an issuer for its public key.
async fn published_key(test: &TestApp) -> Value {
    let url = format!("{}/.well-known/jwks.json", test.issuer.url());
    let keys = test.client.get(url).send().await.expect("the issuer answers").json::<Value>().await;
    keys.expect("keys are JSON")["keys"][0].take()
}

#[tokio::test]
async fn what_is_not_believed_is_refused() {
    let test = TestApp::with(|settings| settings.billgraph_audience = Some("billing".to_owned())).await;
    let now = test.sim.now();
    let claims = json!({ "iss": test.issuer.url(), "sub": "a", "aud": "billing", "exp": now + 3600 });
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        test.issuer.token(claims)
    };
    let (header, payload) = {
        let token = test.issuer.token(claims.clone());
        let parts: Vec<&str> = token.split('.').collect();
        (parts[0].to_owned(), parts[1].to_owned())
    };
    let unsigned = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT" }).to_string());
    let nobody = Issuer::with_seed([9; 32]).at(test.issuer.url());
    for (token, why) in [
        (with("exp", json!(now - 31)), "expired"),
        (with("exp", json!("tomorrow")), "an odd expiry"),
        (with("nbf", json!(now + 60)), "not valid yet"),
        (with("iss", json!("https://id.example.com")), "another issuer"),
        (with("iss", json!(format!("{}/x", test.issuer.url()))), "nearly the issuer"),
        (with("aud", json!("mail")), "another audience"),
        (with("sub", json!("")), "nobody"),
        (with("role", json!("service_role")), "a master key"),
        (nobody.token(claims.clone()), "another key"),
        (format!("{unsigned}.{payload}."), "alg none"),
        (format!("{unsigned}.{payload}"), "alg none, two parts"),
        (format!("{header}.{payload}."), "no signature"),
        (format!("{header}.{payload}.AAAA"), "a short signature"),
        (hs256(&json!({ "alg": "HS256" }), &claims, b""), "an empty secret"),
        ("garbage-without-dots".to_owned(), "garbage"),
        ("bg_0000000000000000000000000000000000000000000".to_owned(), "no service's"),
        ("x".repeat(20_000), "too long"),
    ] {
        assert_refused(&test, &format!("Bearer {token}"), why).await;
    }
    let token = test.issuer.token(claims.clone());
    for scheme in ["Basic", "Token", "Bearer:", "BearerBearer"] {
        assert_refused(&test, &format!("{scheme} {token}"), scheme).await;
    }
    assert_refused(&test, &token, "no scheme").await;
    let data = test.data(Some(&token), VIEWER, json!({})).await;
    assert_eq!(data, json!({ "viewer": { "id": "user:a", "email": null } }), "the token itself is right");
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let test = TestApp::with(|settings| settings.billgraph_jwt_secret = Some(SECRET.to_owned())).await;
    let key = published_key(&test).await;
    let coordinate = |name: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(key[name].as_str().expect("a coordinate is text"))
            .expect("it is base64url")
    };
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let claims = json!({ "iss": test.issuer.url(), "sub": "a", "exp": test.sim.now() + 3600 });
    let header = json!({ "alg": "HS256", "kid": key["kid"] });
    let texts = [key.to_string(), json!({ "keys": [key] }).to_string(), key["x"].to_string()];
    let secrets = texts.into_iter().map(String::into_bytes).chain([
        coordinate("x"),
        coordinate("y"),
        point,
        Vec::new(),
    ]);
    for secret in secrets {
        let token = hs256(&header, &claims, &secret);
        assert_refused(&test, &format!("Bearer {token}"), &String::from_utf8_lossy(&secret)).await;
    }
    for alg in ["HS384", "HS512", "none", "ES256", "hs256"] {
        let token = hs256(&json!({ "alg": alg, "kid": key["kid"] }), &claims, SECRET.as_bytes());
        assert_refused(&test, &format!("Bearer {token}"), alg).await;
    }
    let token = hs256(&header, &claims, SECRET.as_bytes());
    assert_eq!(test.data(Some(&token), VIEWER, json!({})).await["viewer"]["id"], "user:a", "by the secret");
}

#[tokio::test]
async fn a_secret_is_enough_where_there_is_no_issuer() {
    let test = TestApp::with(|settings| {
        settings.billgraph_issuers = None;
        settings.billgraph_jwt_secret = Some(SECRET.to_owned());
    });
    let test = test.await;
    let now = test.sim.now();
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let token = |claims: Value| hs256(&header, &claims, SECRET.as_bytes());
    assert_refused(&test, &format!("Bearer {}", test.user("a")), "no issuer is trusted").await;
    assert_refused(&test, &format!("Bearer {}", token(json!({ "sub": "a" }))), "it never expires").await;
    let viewer = test.data(Some(&token(json!({ "sub": "a", "exp": now + 60 }))), VIEWER, json!({})).await;
    assert_eq!(viewer["viewer"]["id"], "user:a");
    let anon = token(json!({ "role": "anon", "exp": now + 60 }));
    assert_eq!(
        test.data(Some(&anon), VIEWER, json!({})).await,
        json!({ "viewer": null }),
        "Supabase's anon key"
    );
}

#[tokio::test]
async fn a_service_token_ends_when_it_is_revoked_or_expires() {
    let test = TestApp::start().await;
    let (db, clock) = (&test.app().db.writer, &test.app().clock);
    let hour = Some(chrono::Duration::hours(1));
    let short =
        service_token::create(db, clock, "short", Role::Reader, hour).await.expect("the name is free");
    let long = service_token::create(db, clock, "long", Role::Reader, None).await.expect("the name is free");
    for token in [&short, &long] {
        test.data(Some(token.expose()), "{ customers { totalCount } }", json!({})).await;
    }
    test.sim.advance(3600);
    assert_refused(&test, &format!("Bearer {}", short.expose()), "expired").await;
    test.data(Some(long.expose()), "{ customers { totalCount } }", json!({})).await;
    service_token::revoke(db, clock, "long").await.expect("it is there");
    // It may be believed for ten seconds more.
    test.sim.advance(10);
    assert_refused(&test, &format!("Bearer {}", long.expose()), "revoked").await;
}
