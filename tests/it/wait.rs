//! Whoever made something at Stripe waits until the mirror holds it.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use billgraph::{auth::Role, config::Settings};
use futures_util::future::join;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ORIGIN};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::support::{ENDIVE, MONTHLY, TestApp, TestDatabase, buy, proxy::Proxy, socket::soon};

const LINK: &str = "mutation { linkCustomer(input: {}) { waitToken customer { id } } }";

const CHECKOUT: &str = "mutation($input: CreateCheckoutSessionInput!) {
    createCheckoutSession(input: $input) { checkoutSession { id waitToken } } }";

impl TestApp {
    /// `GET /wait` with these parameters.
    async fn held(&self, caller: Option<&str>, parameters: &str) -> (u16, Value) {
        let mut request = self.client.get(self.url(&format!("/wait?{parameters}")));
        if let Some(caller) = caller {
            request = request.bearer_auth(caller);
        }
        let answer = request.send().await.expect("the gateway answers");
        (answer.status().as_u16(), answer.json().await.expect("the answer is JSON"))
    }

    /// Links a user, and gives the token and the customer.
    async fn made_customer(&self, user: &str) -> (String, Value) {
        let payload = self.data(Some(user), LINK, json!({})).await["linkCustomer"].take();
        (text(&payload["waitToken"]), payload["customer"]["id"].clone())
    }

    /// Returns once the gateway asked its database something more.
    async fn is_looking(&self, before: u64) {
        let db = &self.app().db;
        soon(async {
            while db.statements() == before {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Another gateway for the same Stripe account, with a database of its own, which hears of it by webhooks alone.
    async fn elsewhere(&self) -> Self {
        let (sim, issuer) = (self.sim.clone(), self.issuer.clone());
        let other = Self::over(TestDatabase::create(), sim, issuer, |_| {}).await;
        other.connect_webhooks(ENDIVE);
        other
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

#[tokio::test]
async fn what_a_mutation_made_is_held_at_once() {
    let origin = "https://shop.example.com";
    let test = TestApp::with(|settings| {
        settings.billgraph_cors_origins = Some("https://shop.example.com".to_owned());
    })
    .await;
    let (user, reader) = (test.user("ada"), test.service(Role::Reader).await);
    let (token, customer) = test.made_customer(&user).await;
    let price = test.price(MONTHLY).await;
    let made = test.data(Some(&user), CHECKOUT, json!({ "input": buy(&price) })).await;
    let session = &made["createCheckoutSession"]["checkoutSession"];
    for (object, id, token) in
        [("customer", &customer, &token), ("checkout.session", &session["id"], &text(&session["waitToken"]))]
    {
        for caller in [&user, &reader] {
            let answer = test.held(Some(caller), &format!("token={token}&timeout=0")).await;
            assert_eq!(answer, (200, json!({ "object": object, "id": id })));
        }
    }
    let url = test.url(&format!("/wait?token={token}"));
    let answer = test.client.get(url).bearer_auth(&user).header(ORIGIN, origin).send().await;
    let answer = answer.expect("the gateway answers");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], origin);
    let query = format!("{{ checkoutSession(id: {}) {{ waitToken }} }}", session["id"]);
    let read = test.data(Some(&user), &query, json!({})).await;
    assert_eq!(read, json!({ "checkoutSession": { "waitToken": null } }), "nothing was made");
}

#[tokio::test]
async fn elsewhere_it_is_held_once_the_webhook_lands() {
    let test = TestApp::start().await;
    let other = test.elsewhere().await;
    let user = test.user("ada");
    let (token, customer) = test.made_customer(&user).await;
    for timeout in [0, 1] {
        let (status, answer) = other.held(Some(&user), &format!("token={token}&timeout={timeout}")).await;
        assert_eq!((status, &answer["code"]), (504, &json!("UNAVAILABLE")), "{answer}");
    }
    let before = other.app().db.statements();
    let delivering = async {
        other.is_looking(before).await;
        other.deliver().await;
    };
    // It waits for longer than the test does.
    let parameters = format!("token={token}&timeout=60");
    let waiting = other.held(Some(&user), &parameters);
    let (answer, ()) = soon(join(waiting, delivering)).await;
    assert_eq!(answer, (200, json!({ "object": "customer", "id": customer })));
}

#[tokio::test]
async fn of_one_database_each_gateway_sees_what_the_other_writes() {
    let test = TestApp::start().await;
    let (database, sim, issuer) = (test.database.clone(), test.sim.clone(), test.issuer.clone());
    let other = TestApp::over(database, sim, issuer, |_| {}).await;
    test.connect_webhooks(ENDIVE);
    let user = test.user("ada");
    let (token, customer) = test.made_customer(&user).await;
    test.app().db.writer.execute_unprepared("DELETE FROM customers").await.expect("they are removed");
    let before = other.app().db.statements();
    let delivering = async {
        other.is_looking(before).await;
        test.deliver().await;
    };
    let parameters = format!("token={token}&timeout=60");
    let waiting = other.held(Some(&user), &parameters);
    let (answer, ()) = soon(join(waiting, delivering)).await;
    assert_eq!(answer, (200, json!({ "object": "customer", "id": customer })));
}

#[tokio::test]
async fn a_customer_that_could_not_be_fetched_is_waited_for() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let user = test.user("ada");
    let (_, customer) = test.made_customer(&user).await;
    test.deliver().await;
    test.app().db.writer.execute_unprepared("DELETE FROM customers").await.expect("they are removed");
    test.sim.faults().always_on("/v1/customers", Fault::ServerError);
    let (token, missing) = test.made_customer(&user).await;
    assert_eq!(missing, Value::Null, "Stripe does not answer");
    test.sim.faults().clear();
    assert_eq!(test.held(Some(&user), &format!("token={token}&timeout=0")).await.0, 504);
    test.at_stripe(&format!("/v1/customers/{}", text(&customer)), "name=Bea").await;
    test.deliver().await;
    let answer = test.held(Some(&user), &format!("token={token}&timeout=0")).await;
    assert_eq!(answer, (200, json!({ "object": "customer", "id": customer })));
}

#[tokio::test]
async fn only_with_a_token_of_both_kinds() {
    let test = TestApp::start().await;
    let user = test.user("ada");
    let (token, _) = test.made_customer(&user).await;
    for caller in [None, Some("bg_forged"), Some("hunter2")] {
        let (status, answer) = test.held(caller, &format!("token={token}")).await;
        assert_eq!((status, &answer["code"]), (401, &json!("UNAUTHENTICATED")), "{answer}");
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(&token).expect("it is written so");
    *bytes.last_mut().expect("it is long") ^= 1;
    let changed = URL_SAFE_NO_PAD.encode(&bytes);
    let unsealed = URL_SAFE_NO_PAD.encode([&[0; 32], b"1 0 customer cus_1".as_slice()].concat());
    let (cut, long) = (&token[..token.len() - 4], "A".repeat(20_000));
    let hostile =
        [changed.as_str(), &unsealed, cut, &long, "", "hunter2", "%00", "%FF", "..%2F..", "'%20OR%201=1"];
    for wrong in hostile {
        let (status, answer) = test.held(Some(&user), &format!("token={wrong}&timeout=0")).await;
        let shown: String = wrong.chars().take(60).collect();
        assert_eq!((status, &answer["code"]), (400, &json!("INVALID")), "{shown}: {answer}");
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
    }
    for wrong in ["timeout=1", "", &format!("token={token}&token={token}")] {
        assert_eq!(test.held(Some(&user), wrong).await.0, 400, "{wrong}");
    }
    for timeout in ["", "-1", "61", "1.5", "10s", "hunter2", "%00", "99999999999999999999"] {
        let (status, answer) = test.held(Some(&user), &format!("token={token}&timeout={timeout}")).await;
        assert_eq!((status, &answer["code"]), (400, &json!("INVALID")), "{timeout}: {answer}");
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
    }
}

#[tokio::test]
async fn a_gateway_with_another_key_or_none_knows_no_such_token() {
    let test = TestApp::start().await;
    let user = test.user("ada");
    let (token, _) = test.made_customer(&user).await;
    for (key, expected) in [(Some("sk_test_other"), 400), (None, 503)] {
        let (sim, issuer) = (test.sim.clone(), test.issuer.clone());
        let other = TestApp::over(TestDatabase::create(), sim, issuer, |settings| {
            settings.stripe_secret_key = key.map(str::to_owned);
        });
        let (status, answer) = other.await.held(Some(&user), &format!("token={token}&timeout=0")).await;
        assert_eq!(status, expected, "{answer}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_gateway_that_stops() {
    let test = TestApp::start().await;
    let other = test.elsewhere().await;
    let user = test.user("ada");
    let (token, _) = test.made_customer(&user).await;
    let before = other.app().db.statements();
    let request = other.client.get(other.url(&format!("/wait?token={token}&timeout=60"))).bearer_auth(&user);
    let waiting = tokio::spawn(request.send());
    other.is_looking(before).await;
    soon(other.gateway.stop()).await;
    let answer = soon(waiting).await.expect("nothing panics").expect("the gateway answers");
    assert_eq!(answer.status().as_u16(), 503);
}

/// Has the database go away while Stripe is asked for a session; gives the answer of the mutation, and a gateway for which
/// the database is there again.
async fn sold_without_a_database() -> (TestApp, Value) {
    let database = TestDatabase::create();
    let proxied = database.backend() == DbBackend::Postgres;
    let proxy = if proxied { Some(Proxy::before(&database.url).await) } else { None };
    let through = proxy.as_ref().map(|(_, through)| through.clone());
    let change = |settings: &mut Settings| {
        settings.database_url = through.unwrap_or(settings.database_url.clone());
    };
    let test = TestApp::with_database(database, change).await;
    let (user, price) = (test.user("ada"), test.price(MONTHLY).await);
    let sessions = "POST /v1/checkout/sessions";
    test.sim.faults().next_on(sessions, 1, Fault::Latency(Duration::from_millis(500)));
    let going_away = async {
        while !test.asked().iter().any(|asked| asked == sessions) {
            tokio::task::yield_now().await;
        }
        match &proxy {
            Some((proxy, _)) => proxy.cut(),
            None => test.app().db.writer.clone().close().await.expect("the pool closes"),
        }
    };
    let query = CHECKOUT.replace("id waitToken", "id url waitToken status mode clientReferenceId successUrl");
    let buying = test.graphql(Some(&user), &query, json!({ "input": buy(&price) }));
    let (answer, ()) = soon(join(buying, going_away)).await;
    let (database, sim, issuer) = (test.database.clone(), test.sim.clone(), test.issuer.clone());
    (TestApp::over(database, sim, issuer, |_| {}).await, answer)
}

#[tokio::test]
async fn a_session_that_could_not_be_written_is_sold_all_the_same() {
    let (test, answer) = sold_without_a_database().await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    let session = &answer["data"]["createCheckoutSession"]["checkoutSession"];
    let known = &test.sessions()[0];
    for (field, name) in [
        ("id", "id"),
        ("url", "url"),
        ("clientReferenceId", "client_reference_id"),
        ("successUrl", "success_url"),
    ] {
        assert_eq!(session[field], known[name], "{session}");
    }
    assert_eq!((&session["status"], &session["mode"]), (&json!("OPEN"), &json!("SUBSCRIPTION")));
    let (user, token) = (test.user("ada"), text(&session["waitToken"]));
    let parameters = format!("token={token}&timeout=0");
    assert_eq!(test.held(Some(&user), &parameters).await.0, 504);
    test.connect_webhooks(ENDIVE);
    test.pay(&text(&session["url"])).await;
    test.deliver().await;
    let answer = test.held(Some(&user), &parameters).await;
    assert_eq!(answer, (200, json!({ "object": "checkout.session", "id": session["id"] })));
}

#[tokio::test]
async fn a_customer_that_could_not_be_written_is_linked_and_waited_for() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let user = test.user("ada");
    let refuse = match test.database.backend() {
        DbBackend::Postgres => "ALTER TABLE customers ADD CONSTRAINT refused CHECK (id = '')",
        _ => "CREATE TRIGGER refused BEFORE INSERT ON customers BEGIN SELECT RAISE(ABORT, 'refused'); END",
    };
    let allow = match test.database.backend() {
        DbBackend::Postgres => "ALTER TABLE customers DROP CONSTRAINT refused",
        _ => "DROP TRIGGER refused",
    };
    let writer = &test.app().db.writer;
    writer.execute_unprepared(refuse).await.expect("customers are refused");
    let (token, shown) = test.made_customer(&user).await;
    assert_eq!((shown, test.count("customers").await), (Value::Null, 0));
    let parameters = format!("token={token}&timeout=0");
    assert_eq!(test.held(Some(&user), &parameters).await.0, 504);
    writer.execute_unprepared(allow).await.expect("customers are taken");
    test.deliver().await;
    let id = &test.customers()[0]["id"];
    assert_eq!(test.held(Some(&user), &parameters).await, (200, json!({ "object": "customer", "id": id })));
    let linked = test.rows("SELECT customer FROM users").await;
    assert_eq!(linked, [json!({ "customer": id })]);
}
