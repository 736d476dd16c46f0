//! Delivery of events to webhook endpoints.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::client;
use crate::clock::real_now;
use crate::options::{ClockMode, DeliveryMode, Endpoint};
use crate::signature::signature;
use crate::sim::Sim;
use crate::state::State;
use crate::version::Version;

/// How often `deliver` tries an event, the first time included.
const TRIES: usize = 4;
/// The longest pause between two tries of automatic delivery.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a call of `deliver` did, over all endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Deliveries that were answered with a 2xx status.
    pub delivered: usize,
    /// Deliveries that failed at each attempt; they stay pending.
    pub failed: usize,
    /// Requests that were sent.
    pub attempts: usize,
}

/// What a refused event means for those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// They are delivered all the same.
    Passed,
    /// They wait for it.
    AwaitedByOthers,
}

/// Delivers what is pending, one event after the other.
pub(crate) async fn deliver(sim: &Sim, refused: Refused) -> Delivered {
    let mut report = Delivered::default();
    let endpoints = sim.state().outbox.boxes.len();
    for index in 0..endpoints {
        let planned = plan(sim, index);
        for position in planned {
            let (sent, attempts) = attempt(sim, index, position).await;
            report.attempts += attempts;
            report.delivered += usize::from(sent && attempts > 0);
            report.failed += usize::from(!sent);
            if !sent && refused == Refused::AwaitedByOthers {
                break;
            }
        }
    }
    report
}

/// Delivers events as they happen, each until it is accepted, while the mode is automatic.
pub(crate) async fn keep_delivering(sim: Sim) {
    while sim.state().outbox.delivery.mode == DeliveryMode::Automatic {
        let mut pause = Duration::from_millis(50);
        while deliver(&sim, Refused::AwaitedByOthers).await.failed > 0 {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        sim.something_happens(Duration::from_millis(500)).await;
    }
}

fn plan(sim: &Sim, index: usize) -> Vec<usize> {
    let mut state = sim.state();
    let happened = state.events.happened();
    state.outbox.plan(index, happened)
}

async fn attempt(sim: &Sim, index: usize, position: usize) -> (bool, usize) {
    for tries in 1..=TRIES {
        let Some(request) = request(&mut sim.state(), index, position) else { return (true, tries - 1) };
        let status = client::send(sim.client(), request).await.map(|(status, _)| status);
        if status.is_some_and(|status| (200..300).contains(&status)) {
            sim.state().outbox.delivered(index, position);
            return (true, tries);
        }
        tracing::debug!(?status, position, "an event was not accepted");
    }
    (false, TRIES)
}

/// The request that delivers an event; none if the endpoint does not get the event.
fn request(state: &mut State, index: usize, position: usize) -> Option<Request<Body>> {
    let endpoint = &state.outbox.boxes.get(index)?.endpoint;
    let Some(body) = body(state, endpoint, position) else {
        state.outbox.delivered(index, position);
        return None;
    };
    let body = Bytes::from(serde_json::to_vec_pretty(&body).expect("a JSON value has a text"));
    let sent = match state.options.clock {
        ClockMode::Virtual => state.now(),
        ClockMode::Wall => real_now(),
    };
    let request = Request::post(&endpoint.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("stripe-signature", signature(&endpoint.secret, sent, &body))
        .body(Body::from(body));
    request.inspect_err(|error| tracing::warn!(%error, "the endpoint's URL cannot be used")).ok()
}

/// An event as an endpoint gets it: thin or with its object; none if its version does not know the event, or it is
/// forgotten.
fn body(state: &State, endpoint: &Endpoint, position: usize) -> Option<Value> {
    let version = endpoint.api_version.as_deref().map_or_else(|| state.version.clone(), Version::named);
    let (event, account) = (state.events.get(position)?, endpoint.account.as_deref());
    if endpoint.thin {
        return event.render_thin(account);
    }
    let mut body = event.exists_in(&version).then(|| event.render(&version, 1))?;
    if let Some(account) = account {
        body["account"] = json!(account);
    }
    Some(body)
}
