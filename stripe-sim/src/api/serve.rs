//! The way of a request: log, faults, key, version, idempotency, execution.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, Response};
use serde_json::Value;

use super::expand;
use super::idempotency::Begun;
use super::reply::Reply;
use super::route::{self, Call};
use super::wire::Switch;
use crate::auth;
use crate::error::{Answer, ApiError};
use crate::events::Cause;
use crate::faults::Fault;
use crate::form;
use crate::options::Request as Logged;
use crate::params::Params;
use crate::render::render;
use crate::sim::Sim;
use crate::state::State;
use crate::version::Version;

/// The largest body that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// A request as the pipeline sees it.
struct Arrived {
    method: Method,
    path: String,
    params: Value,
    headers: HeaderMap,
    id: String,
    position: usize,
}

impl Arrived {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The idempotency key; only POST uses it.
    fn key(&self) -> Option<&str> {
        self.header("idempotency-key").filter(|key| self.method == Method::POST && !key.is_empty())
    }
}

/// Answers a request to the API; it is executed to its end even if the caller goes away.
pub(crate) async fn serve(sim: Sim, request: Request<Body>) -> Response<Body> {
    tokio::spawn(handle(sim, request)).await.expect("the task of a request is neither aborted nor panics")
}

async fn handle(sim: Sim, request: Request<Body>) -> Response<Body> {
    let switch = request.extensions().get::<ConnectInfo<Switch>>().map(|info| info.0.clone());
    let arrived = arrive(&sim, request).await;
    let fault = sim.faults().take(arrived.method.as_str(), &arrived.path);
    let reply = answer(&sim, &arrived, fault).await;
    let dropped = matches!(fault, Some(Fault::DroppedBefore | Fault::DroppedAfter));
    sim.happened();
    let mut state = sim.state();
    if dropped {
        cut(switch.as_ref());
    } else if let Some(logged) = state.requests.get_mut(arrived.position) {
        logged.status = Some(reply.status);
    }
    reply.with("request-id", arrived.id).into_response(state.now())
}

fn cut(switch: Option<&Switch>) {
    if let Some(switch) = switch {
        switch.cut();
    } else {
        tracing::warn!("a connection can only be dropped by a simulation that listens by itself");
    }
}

async fn arrive(sim: &Sim, request: Request<Body>) -> Arrived {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.unwrap_or_else(|_| Bytes::new());
    let mut params = form::parse(parts.uri.query().unwrap_or_default().as_bytes());
    form::merge(&mut params, form::parse(&body));
    let mut state = sim.state();
    state.catch_up();
    let mut arrived = Arrived {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        params,
        headers: parts.headers,
        id: state.id("req", 14),
        position: state.requests.len(),
    };
    arrived.position = state.requests.len();
    state.requests.push(logged(&arrived));
    arrived
}

fn logged(arrived: &Arrived) -> Logged {
    let header = |name| arrived.header(name).map(str::to_owned);
    Logged {
        method: arrived.method.to_string(),
        path: arrived.path.clone(),
        params: arrived.params.clone(),
        idempotency_key: header("idempotency-key"),
        api_version: header("stripe-version"),
        user_agent: header("user-agent"),
        account: header("stripe-account"),
        status: None,
    }
}

async fn answer(sim: &Sim, arrived: &Arrived, fault: Option<Fault>) -> Reply {
    match fault {
        Some(Fault::RateLimited { retry_after }) => rate_limited(retry_after),
        Some(Fault::KeyRevoked) => Reply::error(&ApiError::invalid("Expired API Key provided").status(401)),
        Some(Fault::Forbidden) => Reply::error(&ApiError::forbidden(arrived.method.as_str(), &arrived.path)),
        Some(Fault::ServerErrorHtml | Fault::DroppedBefore) => {
            Reply::html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>".to_owned())
        }
        _ => match begin(sim, arrived) {
            Err(reply) => reply,
            Ok(version) => {
                tokio::time::sleep(latency(fault)).await;
                finish(sim, arrived, &version, fault)
            }
        },
    }
}

fn latency(fault: Option<Fault>) -> Duration {
    if let Some(Fault::Latency(latency)) = fault { latency } else { Duration::ZERO }
}

fn rate_limited(retry_after: Option<u64>) -> Reply {
    let error =
        ApiError::invalid("Too many requests hit the API too quickly.").code("rate_limit").status(429);
    let reply = Reply::error(&error).with("stripe-rate-limited-reason", "global-rate");
    match retry_after {
        Some(seconds) => reply.with("retry-after", seconds.to_string()),
        None => reply,
    }
}

/// Checks the key, the account and the version, and takes the idempotency key; or the answer, where it is already clear.
fn begin(sim: &Sim, arrived: &Arrived) -> Result<Version, Reply> {
    let mut state = sim.state();
    auth::check(&state.options, arrived.header("authorization")).map_err(|error| Reply::error(&error))?;
    check_account(&state, arrived).map_err(|error| Reply::error(&error))?;
    let version = version(&state, arrived).map_err(|error| Reply::error(&error))?;
    let Some(key) = arrived.key() else { return Ok(version) };
    let fingerprint = format!("{} {}", arrived.path, arrived.params);
    let now = state.now();
    match state.keys.begin(key, &fingerprint, now) {
        Begun::Run => Ok(version),
        Begun::Replay(reply) => Err(reply.with("idempotent-replayed", "true")),
        Begun::Refuse(error) => Err(Reply::error(&error)),
    }
}

/// Refuses a request that acts for an account of which the simulation was not told.
fn check_account(state: &State, arrived: &Arrived) -> Answer<()> {
    match arrived.header("stripe-account") {
        Some(id) if !state.options.knows_account(id) => Err(ApiError::no_access(id)),
        _ => Ok(()),
    }
}

fn version(state: &State, arrived: &Arrived) -> Answer<Version> {
    let Some(name) = arrived.header("stripe-version") else { return Ok(state.version.clone()) };
    Version::parse(name).ok_or_else(|| ApiError::invalid(format!("Invalid Stripe API version: {name}")))
}

fn finish(sim: &Sim, arrived: &Arrived, version: &Version, fault: Option<Fault>) -> Reply {
    let done = execute(sim, arrived, version, fault);
    let done = done.and_then(|(value, call)| show(sim, value, &call).map_err(ApiError::executed));
    let unexecuted = done.as_ref().is_err_and(|error| error.unexecuted);
    let reply = done.unwrap_or_else(|error| Reply::error(&error)).with("stripe-version", version.name());
    let Some(key) = arrived.key() else { return reply };
    let reply = reply.with("idempotency-key", key).with("original-request", &arrived.id);
    let keys = &mut sim.state().keys;
    if unexecuted {
        keys.forget(key);
    } else {
        keys.keep(key, &reply);
    }
    reply
}

/// Does what is asked for, and gives the stored object.
fn execute(sim: &Sim, arrived: &Arrived, version: &Version, fault: Option<Fault>) -> Answer<(Value, Call)> {
    let failed = || ApiError::invalid("An unknown error occurred").kind("api_error").status(500).executed();
    if fault == Some(Fault::ServerError) {
        return Err(failed());
    }
    let call = Call {
        ids: Vec::new(),
        params: Params::new(arrived.params.clone()),
        version: version.clone(),
        path: arrived.path.clone(),
    };
    let mut state = sim.state();
    state.cause = Cause { id: Some(arrived.id.clone()), idempotency_key: arrived.key().map(str::to_owned) };
    let done = route::run(&mut state, arrived.method.as_str(), call);
    state.cause = Cause::default();
    if fault == Some(Fault::ServerErrorAfter) {
        return done.and_then(|_| Err(failed()));
    }
    done
}

/// The answer that shows an object; others need not wait while it is written.
fn show(sim: &Sim, value: Value, call: &Call) -> Answer<Reply> {
    let mut value = render(value, &call.version);
    let paths = call.params.texts("expand");
    if !paths.is_empty() {
        expand::expand(&sim.state(), &mut value, &paths, &call.version)?;
    }
    Ok(Reply::json(200, &value))
}
