//! The handle of a simulation.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request as HttpRequest};
use axum::routing::{any, get};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::api::serve::serve;
use crate::api::wire::{Switch, Wires};
use crate::billing::due;
use crate::client::{self, HttpClient};
use crate::deliver::{self, Delivered, Refused};
use crate::faults::Faults;
use crate::history;
use crate::options::{Delivery, DeliveryMode, Endpoint, Options, Request};
use crate::pay;
use crate::render::render_whole;
use crate::resources::subscription_items;
use crate::state::{State, text};
use crate::table::{Row, Table};
use crate::version::Version;

/// How many events of the past are held until they are forgotten.
const FORGOTTEN_AT_ONCE: usize = 10_000;

/// A cheap handle of one simulated Stripe account.
#[derive(Clone)]
pub struct Sim {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    faults: Arc<Faults>,
    happened: Notify,
    client: HttpClient,
}

impl Sim {
    /// A simulation of an empty account.
    #[must_use]
    pub fn new(options: Options) -> Sim {
        let faults = Arc::new(Faults::default());
        let state = Mutex::new(State::new(options, faults.clone()));
        Sim { inner: Arc::new(Inner { state, faults, happened: Notify::new(), client: client::new() }) }
    }

    /// The API under `/v1`, the payment page under `/pay` and the customer portal under `/portal`.
    pub fn router(&self) -> Router {
        let (api, page, portal) = (self.clone(), self.clone(), self.clone());
        Router::new()
            .route(
                "/pay/{id}",
                any(move |Path(id): Path<String>, request: HttpRequest<Body>| pay::pay(page, id, request)),
            )
            .route("/portal/{id}", get(async move |Path(id): Path<String>| pay::portal(&portal, &id)))
            .fallback(move |request: HttpRequest<Body>| serve(api, request))
    }

    /// Serves the router in a spawned task on a loopback address, and gives the bound address.
    pub async fn listen(&self, address: SocketAddr) -> std::io::Result<SocketAddr> {
        if !address.ip().is_loopback() {
            let message = "the simulation listens on loopback addresses only";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        self.state().base_url = format!("http://{bound}");
        let service = self.router().into_make_service_with_connect_info::<Switch>();
        tokio::spawn(axum::serve(Wires(listener), service).into_future());
        Ok(bound)
    }

    /// The URL at which it listens, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.state().base_url.clone()
    }

    /// The present second of its clock.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.state().now()
    }

    /// Moves the clock forward; what falls due meanwhile happens at its time.
    pub fn advance(&self, seconds: i64) {
        let mut state = self.state();
        let target = state.now() + seconds;
        due::advance_to(&mut state, target);
        drop(state);
        self.happened();
    }

    /// Adds a webhook endpoint, which gets the events that happen from now on.
    pub fn add_endpoint(&self, endpoint: Endpoint) {
        self.state().outbox.open(None, endpoint);
    }

    /// Puts every event so far back into the queue of each endpoint that wants its type.
    pub fn resend(&self) {
        let mut state = self.state();
        let State { outbox, events, .. } = &mut *state;
        for (position, event) in events.kept() {
            outbox.add(event.kind, position);
        }
        drop(state);
        self.happened();
    }

    /// Delivers every pending event of each endpoint, with up to three retries each.
    pub async fn deliver(&self) -> Delivered {
        deliver::deliver(self, Refused::Passed).await
    }

    /// Sets how events reach the endpoints; the automatic mode needs a Tokio runtime.
    pub fn set_delivery(&self, delivery: Delivery) {
        let automatic = delivery.mode == DeliveryMode::Automatic;
        let mut state = self.state();
        let was = std::mem::replace(&mut state.outbox.delivery, delivery).mode == DeliveryMode::Automatic;
        drop(state);
        if automatic && !was {
            tokio::spawn(deliver::keep_delivering(self.clone()));
        }
    }

    /// The faults that can be switched on.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// All live objects of a type, rendered in an API version with the whole of their lists, and sorted by id.
    #[must_use]
    pub fn objects(&self, object: &str, api_version: &str) -> Vec<Value> {
        let (version, state) = (Version::named(api_version), self.state());
        let stored: Vec<Value> = if object == "subscription_item" {
            subscription_items::all(&state).cloned().collect()
        } else {
            let rows = state.table(object).into_iter().flat_map(Table::newest_first);
            rows.map(Row::to_value).collect()
        };
        drop(state);
        let mut objects: Vec<Value> = stored.into_iter().map(|value| render_whole(value, &version)).collect();
        objects.sort_by_key(|value| text(value, "id"));
        objects
    }

    /// The ids of the deleted objects of a type, in the order of their deletion.
    #[must_use]
    pub fn deleted(&self, object: &str) -> Vec<String> {
        self.state().table(object).map(|table| table.deleted().to_vec()).unwrap_or_default()
    }

    /// All events in the order of happening, as an endpoint of this API version gets them.
    #[must_use]
    pub fn events(&self, api_version: &str) -> Vec<Value> {
        self.events_from(0, api_version).1
    }

    /// The events behind the first so many that are not forgotten, and how many happened by now.
    #[must_use]
    pub fn events_from(&self, position: usize, api_version: &str) -> (usize, Vec<Value>) {
        let version = Version::named(api_version);
        let state = self.state();
        let happened = state.events.happened();
        let news: Vec<_> = state.events.since(position).cloned().collect();
        drop(state);
        let known = news.iter().filter(|event| event.exists_in(&version));
        (happened, known.map(|event| event.render(&version, 1)).collect())
    }

    /// Continues the generated history for so many events, and forgets all that happened so far, as Stripe does after 30
    /// days (<https://docs.stripe.com/api/events>): only the objects are left of it.
    pub fn generate_past(&self, events: usize) {
        let mut state = self.state();
        let end = state.events.happened() + events;
        while state.events.happened() < end {
            let some = (end - state.events.happened()).min(FORGOTTEN_AT_ONCE);
            history::generate(&mut state, some);
            state.events.forget();
            state.tables.values_mut().for_each(Table::rest);
        }
    }

    /// Continues the generated history until at least `events` more events happened.
    pub fn generate(&self, events: usize) {
        let mut state = self.state();
        history::generate(&mut state, events);
        drop(state);
        self.happened();
    }

    /// The API requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().expect("no holder of the state panics")
    }

    pub(crate) fn client(&self) -> &HttpClient {
        &self.inner.client
    }

    /// Wakes the automatic delivery.
    pub(crate) fn happened(&self) {
        self.inner.happened.notify_one();
    }

    /// Waits until something happens, or at most for a while, after which time itself may have brought something.
    pub(crate) async fn something_happens(&self, at_most: Duration) {
        let waited = tokio::time::timeout(at_most, self.inner.happened.notified()).await;
        if waited.is_err() {
            self.state().catch_up();
        }
    }
}
