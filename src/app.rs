//! The gateway: what all routes share, the router on one screen, and how it starts and stops.

use std::{
    io,
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};
use tracing::Instrument;

use crate::{
    admin,
    auth::{Auth, Viewer},
    changes::Changes,
    clock::Clock,
    config::Config,
    db::Database,
    error::{Code, Error, Result},
    graphql, metrics,
    mirror::{
        account::Account,
        writer::{self, Writer, Writing},
    },
    stripe::Stripe,
    sync, wait, webhook,
};

/// How long running requests may take to finish when the gateway stops.
const GRACE: Duration = Duration::from_secs(10);

/// What all routes share; clones are the same gateway.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What a gateway consists of.
pub struct Parts {
    pub config: Config,
    pub db: Database,
    pub clock: Clock,
    pub stripe: Stripe,
    pub account: Account,
    pub auth: Auth,
    pub changes: Changes,
    pub writer: Writer,
    pub schema: graphql::Schema,
    /// The documents that clients may name instead of sending them.
    pub documents: graphql::Documents,
    /// What requests ask the database for together.
    pub batches: graphql::Batches,
    /// Told when there is something to ask Stripe for.
    pub jobs: Arc<Notify>,
    /// What requests started and that outlives them.
    pub tasks: Tasks,
    /// Turns true when the gateway stops.
    pub stopping: watch::Receiver<bool>,
}

/// The id of a request: in its answer, in its errors and in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// A gateway that listens.
pub struct Gateway {
    pub app: App,
    /// Where the public routes are.
    pub address: SocketAddr,
    /// Where the routes for Stripe and operators are, if not there.
    pub internal_address: Option<SocketAddr>,
    core: Core,
    servers: Vec<JoinHandle<io::Result<()>>>,
    syncing: Vec<JoinHandle<()>>,
}

/// A gateway without routes and background tasks, as commands use it.
pub struct Core {
    pub app: App,
    stop: watch::Sender<bool>,
    writing: Writing,
}

impl Core {
    /// Brings the database up to date.
    pub async fn open(config: Config, clock: Clock, stripe: Stripe) -> Result<Self> {
        let db = Database::connect(&config.database).await?;
        db.migrate_up().await?;
        let account = Account::open(&db, config.stripe.secret_key.as_ref()).await?;
        let changes = Changes::default();
        let jobs = Arc::<Notify>::default();
        let (writer, writing) = Writer::start(writer::Settings {
            db: db.clone(),
            clock: clock.clone(),
            changes: changes.clone(),
            keep_payloads: config.keep_payloads,
            jobs: jobs.clone(),
            link_metadata_keys: config.link_metadata_keys.clone(),
            exclusions: config.exclusions.clone(),
        })
        .await?;
        let (stop, stopping) = watch::channel(false);
        let auth = Auth::new(&config.auth, db.reader.clone(), clock.clone());
        let schema = graphql::schema(&config.graphql);
        let documents = graphql::Documents::new(config.graphql.documents.clone());
        let tasks = Tasks::default();
        let app = App(Arc::new(Parts {
            config,
            db,
            clock,
            stripe,
            account,
            auth,
            changes,
            writer,
            schema,
            documents,
            batches: graphql::Batches::default(),
            jobs,
            tasks,
            stopping,
        }));
        Ok(Self { app, stop, writing })
    }

    /// Has what runs stop where it can go on later.
    pub fn stop(&self) {
        // No receiver is no error: nothing runs any more.
        let _ = self.stop.send(true);
    }

    /// Stops, and lets what is being written finish.
    pub async fn close(self) {
        self.stop();
        let tasks = self.app.tasks.clone();
        drop(self.app);
        tasks.finish().await;
        self.writing.end().await;
    }
}

/// Tasks that requests started and that outlive them; clones are the same.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    /// Runs a task until it ends by itself, which it does when the gateway stops.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().expect("nothing panics under the lock");
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    async fn finish(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().expect("nothing panics under the lock"));
        while tasks.join_next().await.is_some() {}
    }
}

impl Gateway {
    /// Brings the database up to date and starts to listen.
    pub async fn start(config: Config, clock: Clock, stripe: Stripe) -> Result<Self> {
        let core = Core::open(config, clock, stripe).await?;
        let app = &core.app;
        app.warn_of_what_is_missing();
        let (public, internal) = routers(app);
        let listener = listen(app.config.listen).await?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let mut servers = vec![serve(listener, public, app.stopping.clone())];
        let mut internal_address = None;
        if let Some(internal_listen) = app.config.internal_listen {
            let listener = listen(internal_listen).await?;
            internal_address = Some(listener.local_addr().map_err(Error::internal)?);
            servers.push(serve(listener, internal, app.stopping.clone()));
        }
        let warming = app.auth.clone();
        tokio::spawn(async move { warming.warm().await });
        let syncing = sync::start(app);
        if app.config.ask_whose_key {
            tokio::spawn(app.account.clone().recognize(app.stripe.clone(), app.stopping.clone()));
        }
        let app = app.clone();
        Ok(Self { app, address, internal_address, core, servers, syncing })
    }

    /// Takes no new requests, lets running ones and what is being written finish, and closes sockets.
    pub async fn stop(self) {
        self.core.stop();
        drop(self.app);
        let finish = async {
            for server in self.servers {
                let _ = server.await;
            }
            for task in self.syncing {
                let _ = task.await;
            }
            self.core.close().await;
        };
        if tokio::time::timeout(GRACE, finish).await.is_err() {
            tracing::warn!("some requests did not finish in {} s", GRACE.as_secs());
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Who asks, by the headers of a request.
    pub async fn viewer(&self, headers: &HeaderMap) -> Result<Viewer> {
        // What is no text is no token.
        let authorization = headers.get(header::AUTHORIZATION);
        let authorization = authorization.map(|value| value.to_str().unwrap_or_default());
        self.auth.viewer(authorization).await
    }

    fn warn_of_what_is_missing(&self) {
        if self.config.stripe.secret_key.is_none() {
            tracing::warn!("STRIPE_SECRET_KEY is not set: what needs Stripe is unavailable");
        }
        if self.config.stripe.webhook_secrets.is_empty() {
            tracing::warn!("STRIPE_WEBHOOK_SECRET is not set: webhooks are answered 503");
        }
        if self.config.auth.issuers.is_empty() && self.config.auth.jwt_secret.is_none() {
            tracing::warn!("neither BILLGRAPH_ISSUERS nor BILLGRAPH_JWT_SECRET is set: no user can sign in");
        }
    }
}

/// The public routes, and those for Stripe and operators: these are public too unless they have an address.
fn routers(app: &App) -> (Router, Router) {
    let internal = Router::new()
        .route("/webhooks/stripe", post(webhook::receive))
        .layer(DefaultBodyLimit::max(webhook::BODY_LIMIT))
        .route("/metrics", get(metrics::show))
        .merge(admin::routes());
    let operators = Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready));
    let public = graphql::routes(&app.config.graphql).merge(wait::routes());
    let public = public.layer(cors(app)).merge(operators.clone());
    let finish = |router: Router<App>| {
        router
            .fallback(|| async { Error::new(Code::NotFound, "There is no such route.") })
            .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
                Error::internal("a request panicked").into_response()
            }))
            .layer(middleware::from_fn(with_request_id))
            .with_state(app.clone())
    };
    match app.config.internal_listen {
        Some(_) => (finish(public), finish(internal.merge(operators))),
        None => (finish(public.merge(internal)), Router::new()),
    }
}

/// Whether requests can be served: the database answers, and with the schema that this version needs.
async fn ready(State(app): State<App>) -> Result<&'static str> {
    app.db.reader.execute_unprepared("SELECT 1 FROM changes LIMIT 1").await?;
    Ok("ready")
}

fn cors(app: &App) -> CorsLayer {
    let origins = app.config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT])
        .expose_headers([HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_hours(1))
}

/// Gives each request an id, and each error its body.
async fn with_request_id(mut request: Request, next: Next) -> Response {
    let id = RequestId(request_id());
    let span = tracing::info_span!("request", request.id = id.0, method = %request.method(), path = request.uri().path());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span).await;
    if let Some(error) = response.extensions_mut().remove::<Error>() {
        let body = json!({ "code": error.code.name(), "message": error.message, "requestId": id.0 });
        let (parts, _) = response.into_parts();
        response = (parts.status, parts.headers, Json(body)).into_response();
    } else if response.status() == StatusCode::PAYLOAD_TOO_LARGE && is_text(&response) {
        let error = json!({ "code": "INVALID", "message": "The body is too large.", "requestId": id.0 });
        response = (response.status(), Json(error)).into_response();
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Whether it is axum's own refusal: ours are JSON.
fn is_text(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_none_or(|ty| ty.as_bytes().starts_with(b"text/"))
}

fn request_id() -> String {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    format!("req_{}", hex::encode(bytes))
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let unavailable = |error| Error::unavailable(format!("{address} cannot be listened on.")).because(error);
    TcpListener::bind(address).await.map_err(unavailable)
}

fn serve(
    listener: TcpListener,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) -> JoinHandle<io::Result<()>> {
    let stopped = async move {
        // The sender is gone: that is a stop too.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await })
}
