//! Tokens as attackers, careless issuers and proper ones send them.

mod keys;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use base64::{Engine, prelude::*};
use chrono::DateTime;
use futures_util::FutureExt;
use jsonwebtoken::{Algorithm, Header};
use sea_orm::{ConnectionTrait, DatabaseConnection, Schema};
use serde_json::{Value, json};

use self::keys::{RSA_PUBLIC, Server, Signer};
use super::*;
use crate::{
    commands,
    config::{AdminClaim, Issuer, Secret},
    error::Code,
};

const NOW: i64 = 1_800_000_000;
const SECRET: &str = "super-secret-jwt-token-with-at-least-32-characters";

struct World {
    auth: Auth,
    seconds: Arc<AtomicI64>,
    clock: Clock,
    db: DatabaseConnection,
}

impl World {
    async fn new(config: AuthConfig) -> Self {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let db = sea_orm::Database::connect(options).await.expect("a database in memory");
        let schema = Schema::new(db.get_database_backend());
        let table = schema.create_table_from_entity(entity::service_token::Entity);
        db.execute(&table).await.expect("an empty database");
        let seconds = Arc::new(AtomicI64::new(NOW));
        let read = Arc::clone(&seconds);
        let now = move || DateTime::from_timestamp(read.load(Ordering::Relaxed), 0).expect("a time");
        let clock = Clock::from_fn(now);
        Self { auth: Auth::new(&config, db.clone(), clock.clone()), seconds, clock, db }
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn ask(&self, token: &str) -> Result<Viewer> {
        self.auth.viewer(Some(&format!("Bearer {token}"))).await
    }

    async fn user(&self, token: &str) -> User {
        let viewer = self.ask(token).await.expect("an accepted token");
        viewer.user().cloned().expect("a user's token")
    }

    async fn refused(&self, token: &str) -> String {
        let error = self.ask(token).await.expect_err("a refused token");
        assert_eq!(error.code, Code::Unauthenticated, "{token}");
        assert!(token.len() < 8 || !error.chain().contains(token), "the token is in the error");
        error.message.into_owned()
    }
}

fn trusting(urls: &[(Option<&str>, &str)]) -> AuthConfig {
    let issuer = |(alias, url): &(Option<&str>, &str)| Issuer {
        alias: alias.map(str::to_owned),
        url: (*url).to_owned(),
    };
    AuthConfig { issuers: urls.iter().map(issuer).collect(), ..AuthConfig::default() }
}

fn sharing_secret(config: AuthConfig) -> AuthConfig {
    AuthConfig { jwt_secret: Some(Secret::new(SECRET)), ..config }
}

fn claims(issuer: &str) -> Value {
    json!({ "iss": issuer, "sub": "user_1", "exp": NOW + 60 })
}

fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

/// A token put together by hand, with no signature worth the name.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", encode(header), encode(claims))
}

#[tokio::test]
async fn what_is_no_bearer_token_is_refused() {
    let world = World::new(AuthConfig::default()).await;
    assert_eq!(world.auth.viewer(None).await.expect("nobody"), Viewer::anonymous());
    for value in ["", " ", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "user_1", "Bearertoken", "bg_x", "ü"] {
        let error = world.auth.viewer(Some(value)).await.expect_err(value);
        assert_eq!(error.code, Code::Unauthenticated);
    }
    let long = format!("e30.{}.x", "a".repeat(16 << 10));
    for garbage in ["a", "a.b", "a.b.c", "...", "e30.e30.", "a.b.c.d", "ü.ü.ü", "\0", "null", &long] {
        assert_eq!(world.refused(garbage).await, "The token is not valid.");
    }
}

#[tokio::test]
async fn each_kind_of_key_verifies_its_own_algorithms() {
    let (rsa, edwards) = (Signer::rsa(Algorithm::RS256), Signer::ed25519(1, "ed"));
    let server = Server::start(&[&rsa, &edwards]).await;
    let world = World::new(trusting(&[(None, &server.url)])).await;
    let mut signers = vec![edwards];
    signers.extend([Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256].map(Signer::rsa));
    for signer in signers {
        assert_eq!(world.user(&signer.sign(&claims(&server.url))).await.id, "user_1");
    }
    let unnamed = Signer::ed25519(1, "").sign_with(&Header::new(Algorithm::EdDSA), &claims(&server.url));
    assert_eq!(world.user(&unnamed).await.id, "user_1");
    assert_eq!(server.fetches(), 1);
}

#[tokio::test]
async fn the_demos_issuer_is_understood() {
    let issuer = commands::issuer::Issuer::new();
    issuer.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let world = World::new(trusting(&[(None, issuer.url())])).await;
    world.auth.warm().await;
    let token = issuer.user_token("user_1", "a@example.com", 60, world.clock.now());
    let viewer = world.auth.viewer(Some(&format!("bEARER  {token} "))).await.expect("an accepted token");
    assert_eq!(viewer.expires_at, DateTime::from_timestamp(NOW + 60 + 30, 0), "with the leeway");
    let user = viewer.user().expect("a user");
    assert_eq!(
        (user.email.as_deref(), user.email_verified, user.admin),
        (Some("a@example.com"), true, false)
    );
    assert_eq!(viewer.id(), "user:user_1");
}

#[tokio::test]
async fn a_token_that_nobody_signed_is_refused() {
    let (rsa, edwards) = (Signer::rsa(Algorithm::RS256), Signer::ed25519(1, "ed"));
    let server = Server::start(&[&rsa, &edwards]).await;
    let world = World::new(sharing_secret(trusting(&[(None, &server.url)]))).await;
    let claims = claims(&server.url);
    for alg in ["none", "None", "NONE", "", "HS256", "HS512", "RS256", "ES256", "EdDSA", "XX"] {
        for kid in ["rsa", "ed"] {
            let header = json!({ "alg": alg, "typ": "JWT", "kid": kid });
            for signature in ["", "AAAA", "."] {
                world.refused(&forged(&header, &claims, signature)).await;
            }
        }
    }
    let token = edwards.sign(&claims);
    let (content, _) = token.rsplit_once('.').expect("three parts");
    let other = Signer::ed25519(2, "ed").sign(&claims);
    let (_, signature) = other.rsplit_once('.').expect("three parts");
    world.refused(&format!("{content}.{signature}")).await;
    world.refused(&format!("{token}=")).await;
    let own_key = Header {
        jwk: serde_json::from_value(Signer::ed25519(2, "x").public()).ok(),
        ..Header::new(Algorithm::EdDSA)
    };
    world.refused(&Signer::ed25519(2, "x").sign_with(&own_key, &claims)).await;
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::EdDSA) };
    world.refused(&edwards.sign_with(&critical, &claims)).await;
    assert_eq!(world.user(&token).await.id, "user_1");
}

#[tokio::test]
async fn a_public_key_is_no_secret_and_the_secret_is_no_key() {
    let (rsa, edwards) = (Signer::rsa(Algorithm::RS256), Signer::ed25519(1, "ed"));
    let server = Server::start(&[&rsa, &edwards]).await;
    let issuer = trusting(&[(None, &server.url)]);
    let der = BASE64_STANDARD.decode(RSA_PUBLIC).expect("base64");
    let lines: Vec<_> = RSA_PUBLIC.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    let jwk = |signer: &Signer, name: &str| signer.public()[name].as_str().expect("text").to_owned();
    let raw = |text: String| BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64");
    let (modulus, point) = (jwk(&rsa, "n"), jwk(&edwards, "x"));
    for config in [issuer.clone(), sharing_secret(issuer)] {
        let world = World::new(config).await;
        for secret in [
            der.clone(),
            pem.trim().as_bytes().to_vec(),
            pem.clone().into_bytes(),
            rsa.public().to_string().into_bytes(),
            edwards.public().to_string().into_bytes(),
            raw(modulus.clone()),
            raw(point.clone()),
            modulus.clone().into_bytes(),
            point.clone().into_bytes(),
            Vec::new(),
        ] {
            for id in ["rsa", "ed"] {
                world.refused(&Signer::secret(&secret, id).sign(&claims(&server.url))).await;
            }
        }
    }
    let world = World::new(sharing_secret(AuthConfig::default())).await;
    assert_eq!(world.refused(&rsa.sign(&claims(&server.url))).await, "No accepted issuer.");
}

#[tokio::test]
async fn time_issuer_and_audience_are_checked() {
    let signer = Signer::ed25519(1, "ed");
    let server = Server::start(&[&signer]).await;
    let config = AuthConfig { audiences: vec!["billing".to_owned()], ..trusting(&[(None, &server.url)]) };
    let world = World::new(config).await;
    let good = with(claims(&server.url), "aud", "billing");
    assert_eq!(world.user(&signer.sign(&good)).await.id, "user_1");
    for (name, value, message) in [
        ("exp", json!(NOW - 30), "The token has expired."),
        ("exp", json!(-1), "The token has expired."),
        ("exp", json!(null), "The token is not valid."),
        ("nbf", json!(NOW + 31), "The token is not valid yet."),
        ("iss", json!("https://evil.example"), "No accepted issuer."),
        ("iss", json!([server.url]), "No accepted issuer."),
        ("iss", json!(server.url.to_uppercase()), "No accepted issuer."),
        ("iss", json!(format!("{}//", server.url)), "No accepted issuer."),
        ("iss", json!(format!("{}.evil.example", server.url)), "No accepted issuer."),
        ("aud", json!("other"), "The token is not valid."),
        ("aud", json!([]), "The token is not valid."),
        ("aud", json!(null), "The token is not valid."),
        ("sub", json!(null), "The token is not valid."),
    ] {
        let token = signer.sign(&with(good.clone(), name, value.clone()));
        assert_eq!(world.refused(&token).await, message, "{name} {value}");
    }
    for (name, value) in [
        ("exp", json!(NOW - 29)),
        ("exp", json!(1_800_000_060.5)),
        ("nbf", json!(NOW + 30)),
        ("iss", json!(format!("{}/", server.url))),
        ("aud", json!(["other", "billing"])),
    ] {
        assert_eq!(world.user(&signer.sign(&with(good.clone(), name, value))).await.id, "user_1");
    }
}

#[tokio::test]
async fn unknown_key_ids_do_not_reach_the_issuer() {
    let signer = Signer::ed25519(1, "ed");
    let server = Server::start(&[&signer]).await;
    let world = World::new(trusting(&[(None, &server.url)])).await;
    world.user(&signer.sign(&claims(&server.url))).await;
    for round in 1..=3 {
        world.pass(30);
        for number in 0..20 {
            let header = Header { kid: Some(format!("{round}-{number}")), ..Header::new(Algorithm::EdDSA) };
            let lasting = with(claims(&server.url), "exp", NOW + 3600);
            world.refused(&signer.sign_with(&header, &lasting)).await;
        }
        assert_eq!(server.fetches(), 1 + round);
    }
}

#[tokio::test]
async fn keys_are_rotated() {
    let (old, new) = (Signer::ed25519(1, "old"), Signer::ed25519(2, "new"));
    let server = Server::start(&[&old]).await;
    let world = World::new(trusting(&[(None, &server.url)])).await;
    let lasting = with(claims(&server.url), "exp", NOW + 36_000);
    world.user(&old.sign(&lasting)).await;
    server.publish(&[&new]);
    world.refused(&new.sign(&lasting)).await;
    world.pass(30);
    world.user(&new.sign(&lasting)).await;
    world.refused(&old.sign(&lasting)).await;
    assert_eq!(server.fetches(), 2);
    server.answer_with(500);
    for minutes in 1..=3 {
        world.pass(minutes * 660);
        world.user(&new.sign(&lasting)).await;
        world.auth.warm().await;
    }
    assert!(server.fetches() >= 5);
    server.publish(&[&old, &new]);
    server.answer_with(200);
    world.pass(30);
    world.user(&old.sign(&lasting)).await;
}

#[tokio::test]
async fn without_its_keys_an_issuer_is_unavailable() {
    let signer = Signer::ed25519(1, "ed");
    let server = Server::start(&[&signer]).await;
    server.answer_with(503);
    let (moved, away) = (format!("{}/moved", server.url), format!("{}/away", server.url));
    let trusted = [(None, server.url.as_str()), (Some("moved"), &moved), (Some("away"), &away)];
    let world = World::new(trusting(&trusted)).await;
    let token = signer.sign(&claims(&server.url));
    for _ in 0..5 {
        let error = world.ask(&token).await.expect_err("there are no keys");
        assert_eq!(error.code, Code::Unavailable);
    }
    assert_eq!(server.fetches(), 1);
    server.answer_with(200);
    world.pass(1);
    assert_eq!(world.user(&token).await.id, "user_1");
    assert_eq!(world.user(&signer.sign(&claims(&moved))).await.id, "moved|user_1");
    assert_eq!(server.fetches(), 3);
    let error =
        world.ask(&signer.sign(&claims(&away))).await.expect_err("another host's keys are not fetched");
    assert_eq!((error.code, server.fetches()), (Code::Unavailable, 3));
}

#[tokio::test]
async fn users_of_several_issuers_are_told_apart() {
    let (first, second) = (Signer::ed25519(1, "ed"), Signer::ed25519(2, "ed"));
    let (one, two) = (Server::start(&[&first]).await, Server::start(&[&second]).await);
    let world = World::new(trusting(&[(None, &one.url), (Some("clerk"), &two.url)])).await;
    let member = |url: &str| with(claims(url), "org_id", "org_1");
    let user = world.user(&first.sign(&member(&one.url))).await;
    assert_eq!((user.id.as_str(), user.organization.expect("a member").id.as_str()), ("user_1", "org_1"));
    let user = world.user(&second.sign(&member(&two.url))).await;
    assert_eq!(
        (user.id.as_str(), user.organization.expect("a member").id.as_str()),
        ("clerk|user_1", "clerk|org_1")
    );
    world.refused(&second.sign(&claims(&one.url))).await;
    world.refused(&first.sign(&with(claims(&one.url), "sub", "clerk|user_1"))).await;
}

#[tokio::test]
async fn older_supabase_projects_share_a_secret() {
    let shared = Signer::secret(SECRET.as_bytes(), "ignored");
    let alone = World::new(sharing_secret(AuthConfig::default())).await;
    let unnamed = json!({ "sub": "user_1", "exp": NOW + 60, "role": "authenticated" });
    assert_eq!(alone.user(&shared.sign(&unnamed)).await.id, "user_1");
    let url = "https://project.supabase.co/auth/v1";
    let both = World::new(sharing_secret(trusting(&[(Some("sb"), url)]))).await;
    assert_eq!(both.refused(&shared.sign(&unnamed)).await, "No accepted issuer.");
    assert_eq!(both.user(&shared.sign(&claims(url))).await.id, "sb|user_1");
    let anon = json!({ "iss": "supabase", "ref": "project", "role": "anon", "exp": NOW + 60 });
    let service = with(anon.clone(), "role", "service_role");
    let neither = World::new(AuthConfig::default()).await;
    for world in [&alone, &both, &neither] {
        assert_eq!(world.ask(&shared.sign(&anon)).await.expect("the anon key"), Viewer::anonymous());
        world.refused(&shared.sign(&service)).await;
        world.refused(&shared.sign(&with(service.clone(), "sub", "user_1"))).await;
        world.refused(&shared.sign(&with(anon.clone(), "exp", NOW - 60))).await;
    }
    alone.refused(&Signer::secret(b"another secret of 32 bytes or so", "x").sign(&anon)).await;
    neither.refused(&shared.sign(&unnamed)).await;
}

#[tokio::test]
async fn only_the_server_makes_admins() {
    let shared = Signer::secret(SECRET.as_bytes(), "ignored");
    let path = |path: &[&str]| path.iter().map(|name| (*name).to_owned()).collect();
    let claim = AdminClaim { path: path(&["app_metadata", "role"]), value: "admin".to_owned() };
    let config = sharing_secret(AuthConfig { admin_claim: Some(claim), ..AuthConfig::default() });
    let world = World::new(config).await;
    let role = json!({ "role": "admin" });
    let token = |name| shared.sign(&with(claims("any"), name, role.clone()));
    assert!(!world.user(&token("user_metadata")).await.admin);
    assert!(world.user(&token("app_metadata")).await.admin);
}

#[tokio::test]
async fn service_tokens_are_believed_until_they_are_revoked() {
    let world = World::new(AuthConfig::default()).await;
    let token =
        service_token::create(&world.db, &world.clock, "ci", Role::Reader, None).await.expect("a token");
    let viewer = world.ask(token.expose()).await.expect("an accepted token");
    assert!(viewer.is_staff() && !viewer.is_admin());
    assert_eq!(viewer.id(), "service:ci");
    world.refused(&format!("{}x", token.expose())).await;
    service_token::revoke(&world.db, &world.clock, "ci").await.expect("it is there");
    world.pass(10);
    assert_eq!(world.refused(token.expose()).await, "The token is not valid.");
    let minute = service_token::parse_expiry("1m").ok();
    let token =
        service_token::create(&world.db, &world.clock, "ci", Role::Admin, minute).await.expect("a token");
    assert!(world.ask(token.expose()).await.expect("an accepted token").is_admin());
    world.pass(60);
    assert_eq!(world.refused(token.expose()).await, "The token has expired.");
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_keep_the_keys_from_others() {
    let signer = Signer::ed25519(1, "ed");
    let server = Server::start(&[&signer]).await;
    let world = World::new(trusting(&[(None, &server.url)])).await;
    let token = signer.sign(&claims(&server.url));
    assert!(world.ask(&token).now_or_never().is_none(), "the keys are on their way");
    assert_eq!(world.user(&token).await.id, "user_1");
    assert_eq!(server.fetches(), 1);
}
