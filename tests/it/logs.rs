//! What the log holds: ids and codes, never secrets, personal data or SQL.

use std::{
    backtrace::Backtrace,
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use billgraph::{
    app::Gateway,
    auth::Role,
    clock::Clock,
    commands::issuer::Issuer,
    config::Config,
    network,
    stripe::{RetryPolicy, Stripe},
};
use chrono::DateTime;
use sea_orm::ConnectionTrait;
use serde_json::json;
use stripe_sim::{Fault, Options, Sim};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::support::{ENDIVE, TestApp, TestDatabase, WEBHOOK_SECRET, anywhere, config};

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Keeps what is logged until the guard is dropped.
    fn keep(&self) -> DefaultGuard {
        let filter = EnvFilter::new("billgraph=trace,info");
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(self.clone()).finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("nobody panics").clone()).expect("logs are text")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn secrets_people_and_sql_stay_out_of_the_log() {
    let log = Log::default();
    let _logging = log.keep();

    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let (user, service) = (test.user("user-1"), test.service(Role::Admin).await);
    let link = "mutation { linkCustomer(input: { name: \"Ada Example\" }) { customer { id } } }";
    test.sim.faults().next(1, Fault::ServerError);
    test.graphql(Some(&user), link, json!({})).await;
    test.data(Some(&user), link, json!({})).await;
    test.deliver().await;
    test.graphql(Some("nonsense"), link, json!({})).await;
    test.post_webhook(Some("t=1,v1=00"), "{}").await;
    test.app().db.writer.execute_unprepared("DROP TABLE subscriptions").await.expect("it is there");
    let broken = test.graphql(Some(&service), "{ subscriptions { nodes { id } } }", json!({})).await;
    assert_eq!(broken["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(broken["errors"][0]["message"], "Internal error.");

    let log = log.text();
    assert!(
        log.contains("customer linked") && log.contains("request failed"),
        "the log tells what happened: {log}"
    );
    let secrets = [WEBHOOK_SECRET, "sk_test_sim", user.as_str(), service.as_str(), "nonsense"];
    for hidden in
        secrets.into_iter().chain(["user-1@example.com", "Ada Example", "SELECT ", "select ", "INSERT "])
    {
        assert!(!log.contains(hidden), "the log holds {hidden}: {log}");
    }
}

/// A gateway whose clock panics where the resolver of `viewer` asks it, once that is switched on.
async fn with_broken_clock(is_broken: Arc<AtomicBool>) -> TestApp {
    let (database, sim) = (TestDatabase::create(), Sim::new(Options::default()));
    let issuer = Issuer::with_seed([7; 32]);
    issuer.listen(anywhere()).await.expect("a port is free");
    let config = Config { sync_tasks: 0, ..config(&database, &sim, &issuer, |_| {}) };
    let clock = {
        let sim = sim.clone();
        Clock::from_fn(move || {
            let is_broken = is_broken.load(Ordering::Relaxed);
            assert!(
                !is_broken || !Backtrace::force_capture().to_string().contains("unlinked"),
                "what a panic says"
            );
            DateTime::from_timestamp(sim.now(), 0).expect("the simulation's time is a time")
        })
    };
    let stripe = Stripe::with(&config.stripe, RetryPolicy::default(), clock.clone());
    let gateway = Gateway::start(config, clock, stripe).await.expect("the gateway starts");
    TestApp { gateway, sim, issuer, client: network::client(|builder| builder), database }
}

#[tokio::test]
async fn a_resolver_that_panics_is_one_masked_error_and_a_line() {
    let log = Log::default();
    let _logging = log.keep();
    let is_broken = Arc::<AtomicBool>::default();
    let test = with_broken_clock(is_broken.clone()).await;
    let (user, query) = (test.user("u_1"), "{ viewer { id } products { totalCount } }");
    let expected = json!({ "viewer": { "id": "user:u_1" }, "products": { "totalCount": 0 } });
    assert_eq!(test.data(Some(&user), query, json!({})).await, expected);
    is_broken.store(true, Ordering::Relaxed);
    let answer = test.graphql(Some(&user), query, json!({})).await;
    let error = &answer["errors"][0];
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!((&error["message"], &answer["data"]), (&json!("Internal error."), &json!(null)), "{answer}");
    assert_eq!(error["extensions"]["code"], "INTERNAL", "{answer}");
    let id = error["extensions"]["requestId"].as_str().expect("it has the request's id");
    assert!(!answer.to_string().contains("what a panic says"), "{answer}");
    let log = log.text();
    let line = log.lines().find(|line| line.contains("a resolver panicked"));
    assert!(line.is_some_and(|line| line.contains("ERROR") && line.contains(id)), "{id}: {log}");
    is_broken.store(false, Ordering::Relaxed);
    assert_eq!(test.data(Some(&user), query, json!({})).await, expected, "the server lives");
}
