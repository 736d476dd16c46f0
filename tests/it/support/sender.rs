//! A sender of webhooks to a program that dies and comes back: what is not answered 200 is sent again, as by Stripe.

use std::{
    collections::BTreeSet,
    sync::Mutex,
    time::{Duration, Instant},
};

use billgraph::{clock::Clock, network};
use futures_util::{StreamExt, stream};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::watch;

/// How many events are under way at once.
const IN_FLIGHT: usize = 8;

/// From one try of an event to the next.
const PAUSE: Duration = Duration::from_millis(10);

/// After this long something is wrong for good.
const PATIENCE: Duration = Duration::from_secs(100);

/// Sends events to where the program is at the moment.
pub struct Sender {
    client: Client,
    /// Its own: whoever else listens where the program did takes nothing in.
    pub secret: String,
    /// Where the program listens; none while it does not.
    address: watch::Sender<Option<String>>,
    /// How many events were answered 200.
    taken_in: watch::Sender<usize>,
    /// The statuses of all answers.
    statuses: Mutex<BTreeSet<u16>>,
}

impl Sender {
    pub fn new() -> Self {
        Self {
            client: network::client(|builder| builder),
            secret: format!("whsec_{:x}", getrandom::u64().expect("the system has random numbers")),
            address: watch::Sender::new(None),
            taken_in: watch::Sender::new(0),
            statuses: Mutex::default(),
        }
    }

    /// Says where the program listens.
    pub fn aim(&self, address: &str) {
        self.address.send_replace(Some(format!("http://{address}/webhooks/stripe")));
    }

    /// Sends events in about their order, each until it was answered 200.
    pub async fn send(&self, events: &[Value]) {
        stream::iter(events).for_each_concurrent(IN_FLIGHT, |event| self.send_one(event)).await;
    }

    async fn send_one(&self, event: &Value) {
        let (body, started) = (event.to_string(), Instant::now());
        while self.attempt(&body).await != Some(200) {
            assert!(started.elapsed() < PATIENCE, "{} is not taken in: {:?}", event["id"], self.statuses());
            tokio::time::sleep(PAUSE).await;
        }
        self.taken_in.send_modify(|count| *count += 1);
    }

    /// The status of the answer, if there is one.
    async fn attempt(&self, body: &str) -> Option<u16> {
        let url = self.address.subscribe().wait_for(Option::is_some).await.ok()?.clone()?;
        let signature = stripe_sim::signature(&self.secret, Clock::system().unix(), body.as_bytes());
        let request = self.client.post(url).header("Stripe-Signature", signature).body(body.to_owned());
        let status = request.send().await.ok()?.status().as_u16();
        self.statuses.lock().expect("nothing panics under the lock").insert(status);
        Some(status)
    }

    /// The status of the program's answer at another path.
    pub async fn get(&self, path: &str) -> Option<StatusCode> {
        let url = self.address.borrow().clone()?.replace("/webhooks/stripe", path);
        Some(self.client.get(url).send().await.ok()?.status())
    }

    /// Waits until so many events were answered 200.
    pub async fn took_in(&self, events: usize) {
        let mut taken_in = self.taken_in.subscribe();
        taken_in.wait_for(|count| *count >= events).await.expect("the sender is there");
    }

    /// Waits for an answer with this status.
    pub async fn was_told(&self, status: u16) {
        while !self.statuses().contains(&status) {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The statuses of all answers so far.
    pub fn statuses(&self) -> BTreeSet<u16> {
        self.statuses.lock().expect("nothing panics under the lock").clone()
    }
}
