//! Deliveries to a receiver.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{Delivery, DeliveryMode, Endpoint, Options, Sim, signature};

/// What a receiver got, and how many requests it refuses before it accepts.
#[derive(Clone, Default)]
pub(super) struct Receiver {
    got: Arc<Mutex<Vec<(String, Bytes)>>>,
    refusals: Arc<Mutex<usize>>,
}

impl Receiver {
    /// Listens, and gives its URL.
    pub(super) async fn listen(&self) -> String {
        let receiver = self.clone();
        let handler = async move |headers: HeaderMap, body: Bytes| receiver.receive(&headers, body);
        let router = Router::new().route("/hook", post(handler));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port is bound");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{address}/hook")
    }

    fn receive(&self, headers: &HeaderMap, body: Bytes) -> StatusCode {
        let mut refusals = self.refusals.lock().expect("no holder panics");
        if *refusals > 0 {
            *refusals -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let signed = headers["stripe-signature"].to_str().expect("it is text").to_owned();
        self.got.lock().expect("no holder panics").push((signed, body));
        StatusCode::OK
    }

    /// The events that it got, each with its signature and its body.
    pub(super) fn events(&self) -> Vec<(String, Bytes, Value)> {
        let got = self.got.lock().expect("no holder panics").clone();
        got.into_iter().map(|(signed, body)| (signed, body.clone(), event(&body))).collect()
    }

    fn ids(&self) -> Vec<Value> {
        let got = self.got.lock().expect("no holder panics");
        got.iter().map(|(_, body)| event(body)["id"].clone()).collect()
    }
}

fn event(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("an event is JSON")
}

async fn connected(version: &str) -> (Sim, Receiver) {
    let (sim, receiver) = (Sim::new(Options::default()), Receiver::default());
    let url = receiver.listen().await;
    sim.add_endpoint(Endpoint::new(url, "whsec_test").pinned(version));
    (sim, receiver)
}

fn ids(sim: &Sim, version: &str) -> Vec<Value> {
    sim.events(version).iter().map(|event| event["id"].clone()).collect()
}

#[test]
fn a_signature_is_the_hmac_of_timestamp_and_body() {
    let signed = signature("whsec_test", 1_790_812_800, br#"{"id":"evt_1"}"#);
    assert_eq!(signed, "t=1790812800,v1=3691c859209ec778c6ec815c29b2d0e27c12884b46e0c16049df0460ae4b097e");
}

#[tokio::test]
async fn events_arrive_signed_in_order_and_in_the_endpoints_version() {
    let (sim, receiver) = connected("2024-11-20.acacia").await;
    sim.generate(100);
    let delivered = sim.deliver().await;
    assert_eq!(receiver.ids(), ids(&sim, "2024-11-20.acacia"));
    assert_eq!((delivered.delivered, delivered.failed), (receiver.ids().len(), 0));
    let got = receiver.got.lock().expect("no holder panics").clone();
    for (position, (signed, body)) in got.iter().enumerate() {
        assert_eq!(*signed, signature("whsec_test", sim.now(), body));
        assert_eq!(event(body), sim.events("2024-11-20.acacia")[position]);
    }
}

#[tokio::test]
async fn a_refused_event_is_tried_again_and_stays_pending() {
    let (sim, receiver) = connected("2026-09-30.endive").await;
    sim.generate(1);
    let events = sim.events("2026-09-30.endive").len();
    *receiver.refusals.lock().expect("no holder panics") = 2;
    let delivered = sim.deliver().await;
    assert_eq!((delivered.failed, delivered.attempts), (0, events + 2));
    *receiver.refusals.lock().expect("no holder panics") = usize::MAX;
    sim.generate(1);
    assert!(sim.deliver().await.failed > 0);
    *receiver.refusals.lock().expect("no holder panics") = 0;
    assert_eq!(sim.deliver().await.failed, 0);
    assert_eq!(receiver.ids(), ids(&sim, "2026-09-30.endive"));
    assert_eq!(sim.deliver().await.attempts, 0);
}

#[tokio::test]
async fn events_can_be_shuffled_doubled_and_kept_back() {
    let (sim, receiver) = connected("2026-09-30.endive").await;
    sim.set_delivery(Delivery { shuffle: Some(1), duplicate: 50, delay_events: 5, ..Delivery::default() });
    sim.generate(100);
    sim.deliver().await;
    let (mut got, mut expected) = (receiver.ids(), ids(&sim, "2026-09-30.endive"));
    expected.truncate(expected.len() - 5);
    assert!(got.len() > expected.len() + 20 && got[..20] != expected[..20]);
    let text = |id: &Value| id.to_string();
    got.sort_by_key(text);
    got.dedup();
    expected.sort_by_key(text);
    assert_eq!(got, expected);
    sim.set_delivery(Delivery::default());
    assert_eq!(sim.deliver().await.delivered, 5);
}

#[tokio::test]
async fn automatic_delivery_needs_no_call() {
    let (sim, receiver) = connected("2026-09-30.endive").await;
    sim.set_delivery(Delivery { mode: DeliveryMode::Automatic, ..Delivery::default() });
    sim.generate(20);
    let wanted = ids(&sim, "2026-09-30.endive");
    let waiting = async {
        while receiver.ids().len() < wanted.len() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("the events arrive");
    assert_eq!(receiver.ids(), wanted);
}

#[tokio::test]
async fn an_endpoint_gets_what_it_asked_for_from_its_beginning() {
    let (sim, receiver) = (Sim::new(Options::default()), Receiver::default());
    sim.generate(100);
    let mut endpoint = Endpoint::new(receiver.listen().await, "whsec_test");
    endpoint.enabled_events = vec!["product.created".to_owned()];
    sim.add_endpoint(endpoint);
    assert_eq!(sim.deliver().await.attempts, 0);
    sim.resend();
    let products = sim.objects("product", "2026-09-30.endive").len();
    assert!(sim.deliver().await.delivered >= products);
}
