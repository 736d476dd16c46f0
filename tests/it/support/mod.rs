//! What stories start from.

pub mod billing;
pub mod cluster;
pub mod process;
pub mod proxy;
pub mod random;
pub mod sender;
mod shop;
pub mod socket;
pub mod tables;
mod whole;

pub use process::{Running, run};
pub use shop::{MONTHLY, THANKS, buy, refusal, user_errors, with};

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use billgraph::{
    app::{App, Gateway},
    auth::{Role, service_token},
    clock::Clock,
    commands::issuer::Issuer,
    config::{Config, Settings},
    error::{Error, is_lost_connection},
    network,
    stripe::{RetryPolicy, Stripe},
    sync::worker,
};
use chrono::{DateTime, TimeDelta};
use clap::Parser;
use reqwest::{Client, StatusCode};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, JsonValue, Statement};
use serde_json::{Value, json};
use stripe_sim::{Endpoint, Options, Sim};
use tempfile::TempDir;

pub const WEBHOOK_SECRET: &str = "whsec_test";
pub const ENDIVE: &str = "2026-09-30.endive";
pub const ACACIA: &str = "2024-11-20.acacia";

/// Any free port on this machine.
pub fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A gateway with a database of its own, a simulated Stripe and an issuer of tokens.
pub struct TestApp {
    pub gateway: Gateway,
    pub sim: Sim,
    pub issuer: Issuer,
    pub client: Client,
    pub database: TestDatabase,
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
}

impl TestApp {
    /// A gateway with everything configured.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::with_database(TestDatabase::create(), change).await
    }

    /// The same over a database that is there already.
    pub async fn with_database(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        let sim = Sim::new(Options::default());
        sim.listen(anywhere()).await.expect("a port is free");
        let issuer = Issuer::with_seed([7; 32]);
        issuer.listen(anywhere()).await.expect("a port is free");
        Self::over(database, sim, issuer, change).await
    }

    /// A gateway over parts that are there already.
    pub async fn over(
        database: TestDatabase,
        sim: Sim,
        issuer: Issuer,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut config = config(&database, &sim, &issuer, change);
        // What is asked of Stripe in the background would come between what tests count.
        config.sync_tasks = 0;
        Self::configured(database, sim, issuer, config).await.expect("the gateway starts")
    }

    /// A gateway over parts that are there already, with checked settings.
    pub async fn configured(
        database: TestDatabase,
        sim: Sim,
        issuer: Issuer,
        config: Config,
    ) -> Result<Self, Error> {
        let clock = {
            let sim = sim.clone();
            Clock::from_fn(move || {
                DateTime::from_timestamp(sim.now(), 0).expect("the simulation's time is a time")
            })
        };
        let patience = RetryPolicy {
            first_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(20),
            attempt_timeout: Duration::from_millis(1500),
            ..RetryPolicy::default()
        };
        let stripe = Stripe::with(&config.stripe, patience, clock.clone());
        let gateway = Gateway::start(config, clock, stripe).await?;
        Ok(Self { gateway, sim, issuer, client: network::client(|builder| builder), database })
    }

    pub fn app(&self) -> &App {
        &self.gateway.app
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address)
    }

    /// Has the simulation send its events to the gateway, in an API version.
    pub fn connect_webhooks(&self, api_version: &str) {
        let endpoint = Endpoint::new(self.url("/webhooks/stripe"), WEBHOOK_SECRET).pinned(api_version);
        self.sim.add_endpoint(endpoint);
    }

    /// Delivers what happened, and expects every event to be taken in.
    pub async fn deliver(&self) {
        assert_eq!(self.sim.deliver().await.failed, 0, "every event is taken in");
    }

    /// Signs an event as Stripe does, and posts it.
    pub async fn post_event(&self, event: &Value) -> (StatusCode, Value) {
        let body = event.to_string();
        let signature = stripe_sim::signature(WEBHOOK_SECRET, self.sim.now(), body.as_bytes());
        self.post_webhook(Some(&signature), body).await
    }

    /// Posts an event and expects it to be taken in.
    pub async fn receive(&self, event: &Value) {
        assert_eq!(self.post_event(event).await, (StatusCode::OK, json!({ "received": true })));
    }

    /// Posts a body with a signature header.
    pub async fn post_webhook(
        &self,
        signature: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.post(self.url("/webhooks/stripe")).body(body);
        if let Some(signature) = signature {
            request = request.header("Stripe-Signature", signature);
        }
        let response = request.send().await.expect("the gateway answers");
        let status = response.status();
        (status, response.json().await.expect("the answer is JSON"))
    }

    /// A token of a user with a verified e-mail address `<id>@example.com`.
    pub fn user(&self, id: &str) -> String {
        self.issuer.user_token(id, &format!("{id}@example.com"), 3600, self.app().clock.now())
    }

    /// A service token.
    pub async fn service(&self, role: Role) -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{}-{}", role.name(), MADE.fetch_add(1, Ordering::Relaxed));
        let app = self.app();
        let token = service_token::create(&app.db.writer, &app.clock, &name, role, None).await;
        token.expect("the name is free").expose().to_owned()
    }

    /// A GraphQL answer, whole.
    pub async fn graphql(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let mut request = self.client.post(self.url("/graphql"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let request = request.json(&json!({ "query": query, "variables": variables }));
        request.send().await.expect("the gateway answers").json().await.expect("the answer is JSON")
    }

    /// The data of a GraphQL answer without errors.
    pub async fn data(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let mut answer = self.graphql(token, query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// Asks Stripe for what the mirror lacks, as far as that is due.
    pub async fn catch_up(&self) {
        let app = self.app();
        worker::drain(app, app.clock.now()).await.expect("the database answers");
    }

    /// The same, so many seconds later.
    pub async fn catch_up_after(&self, seconds: i64) {
        let later = self.app().clock.now() + TimeDelta::seconds(seconds);
        worker::drain(self.app(), later).await.expect("the database answers");
    }

    /// The rows of a statement, as JSON objects.
    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        let db = &self.app().db.reader;
        loop {
            let statement = Statement::from_string(db.get_database_backend(), sql);
            match JsonValue::find_by_statement(statement).all(db).await {
                // The database was away: each of the pool's connections finds out by itself.
                Err(error) if is_lost_connection(&error) => {}
                rows => break rows.expect(sql),
            }
        }
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> u64 {
        let rows = self.rows(&format!("SELECT id FROM {table}")).await;
        rows.len() as u64
    }
}

/// Settings for a test, checked.
pub fn config(
    database: &TestDatabase,
    sim: &Sim,
    issuer: &Issuer,
    change: impl FnOnce(&mut Settings),
) -> Config {
    let mut settings = Cli::parse_from(["billgraph"]).settings;
    settings.database_url.clone_from(&database.url);
    settings.billgraph_db_schema.clone_from(&database.schema);
    settings.billgraph_listen = anywhere().to_string();
    settings.stripe_secret_key = Some("sk_test_sim".to_owned());
    settings.stripe_webhook_secret = Some(WEBHOOK_SECRET.to_owned());
    settings.stripe_api_base = sim.base_url();
    settings.stripe_rate_limit = Some("10000".to_owned());
    settings.billgraph_issuers = Some(issuer.url().to_owned());
    settings.billgraph_redirect_origins = Some("https://shop.example.com".to_owned());
    change(&mut settings);
    let checked = settings.check().expect("the settings of the test are right");
    Config { ask_whose_key: false, ..checked }
}

/// A database of a test's own: a file, or a schema in the PostgreSQL database that is given.
#[derive(Clone)]
pub struct TestDatabase {
    pub url: String,
    pub schema: String,
    /// Removed with the last clone.
    _place: Arc<Place>,
}

enum Place {
    Folder { _deleted_when_dropped: TempDir },
    Schema { url: String, name: String },
}

impl Drop for Place {
    /// A test ends without waiting, even for its own transactions: the schema is dropped on a thread and a runtime of
    /// its own, after whoever still holds something in it is sent away.
    fn drop(&mut self) {
        let Self::Schema { url, name } = self else { return };
        let away = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
             WHERE relnamespace = to_regnamespace('{name}') AND pid <> pg_backend_pid()"
        );
        let (url, sql) = (url.clone(), format!("{away}; DROP SCHEMA IF EXISTS {name} CASCADE"));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                let db = sea_orm::Database::connect(url).await?;
                db.execute_unprepared(&sql).await
            })
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("a test's schema was left behind: {error}");
        }
    }
}

impl TestDatabase {
    pub fn create() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the suite's only setting")]
        let postgres = std::env::var("TEST_DATABASE_URL").ok();
        postgres.map_or_else(Self::file, |url| Self::on_server(&url))
    }

    /// A file, whatever the suite runs on.
    pub fn file() -> Self {
        let folder = TempDir::with_prefix("billgraph-test-").expect("a folder can be made");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        let place = Place::Folder { _deleted_when_dropped: folder };
        Self { url, schema: "stripe".to_owned(), _place: Arc::new(place) }
    }

    /// A schema in this PostgreSQL database.
    pub fn on_server(url: &str) -> Self {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        let schema = format!("test_{}", hex::encode(bytes));
        let place = Place::Schema { url: url.to_owned(), name: schema.clone() };
        Self { url: url.to_owned(), schema, _place: Arc::new(place) }
    }

    pub fn backend(&self) -> DbBackend {
        if self.url.starts_with("sqlite:") { DbBackend::Sqlite } else { DbBackend::Postgres }
    }
}
