//! The keys of one issuer: fetched once, kept, and fetched again when they may have changed.

use std::{
    error::Error as StdError,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Header;
use reqwest::Client;
use serde_json::{Map, Value};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
};

use super::{
    jwk::{self, Key},
    not_valid,
};
use crate::{
    clock::Clock,
    error::{Error, Result},
    network,
};

/// How long keys are kept without asking again.
const FRESH: TimeDelta = TimeDelta::minutes(10);
/// Shortest time between two fetches: whoever sends unknown key ids does not cause more.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The same while there are no keys at all and so no user can come in.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_DOCUMENT: usize = 256 << 10;

/// The keys that an issuer publishes.
pub struct KeySet {
    address: String,
    client: Client,
    clock: Clock,
    held: RwLock<Held>,
    fetching: Arc<Mutex<()>>,
}

#[derive(Clone, Default)]
struct Held {
    keys: Arc<Vec<Key>>,
    fetched: Option<DateTime<Utc>>,
    tried: Option<DateTime<Utc>>,
}

impl Held {
    fn has(&self, key_id: Option<&str>) -> bool {
        self.keys.iter().any(|key| key.is_named(key_id))
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        is_within(self.fetched, FRESH, now)
    }

    fn may_be_fetched(&self, now: DateTime<Utc>) -> bool {
        !is_within(self.tried, if self.fetched.is_some() { PAUSE } else { FIRST_PAUSE }, now)
    }
}

/// Whether `time` is less than `span` ago; a time in the future (the clock was set back) is not.
fn is_within(time: Option<DateTime<Utc>>, span: TimeDelta, now: DateTime<Utc>) -> bool {
    time.is_some_and(|time| (TimeDelta::zero()..span).contains(&(now - time)))
}

impl KeySet {
    /// The keys at `{issuer}/.well-known/jwks.json`, not fetched yet.
    pub fn new(issuer: &str, client: Client, clock: Clock) -> Arc<Self> {
        let address = format!("{}/.well-known/jwks.json", issuer.strip_suffix('/').unwrap_or(issuer));
        Arc::new(Self { address, client, clock, held: RwLock::default(), fetching: Arc::default() })
    }

    /// The claims of a token that one of the keys has signed.
    pub async fn verify(self: &Arc<Self>, token: &str, header: &Header) -> Result<Map<String, Value>> {
        let key_id = header.kid.as_deref();
        let keys = self.keys(key_id).await?;
        keys.iter()
            .filter(|key| key.is_named(key_id))
            .find_map(|key| key.verify(token, header.alg))
            .ok_or_else(not_valid)
    }

    /// Fetches the keys if that is due.
    pub async fn warm(self: &Arc<Self>) {
        let turn = Arc::clone(&self.fetching).lock_owned().await;
        self.fetch_if_due(turn).await;
    }

    /// The keys, with the named one if the issuer has it.
    async fn keys(self: &Arc<Self>, key_id: Option<&str>) -> Result<Arc<Vec<Key>>> {
        let held = self.held();
        if held.has(key_id) {
            if !held.is_fresh(self.clock.now())
                && let Ok(turn) = Arc::clone(&self.fetching).try_lock_owned()
            {
                // Nobody waits for it: the keys at hand serve until the new ones are there.
                drop(self.start_if_due(turn));
            }
            return Ok(held.keys);
        }
        let turn = Arc::clone(&self.fetching).lock_owned().await;
        if !self.held().has(key_id) {
            self.fetch_if_due(turn).await;
        }
        let held = self.held();
        if held.fetched.is_none() {
            return Err(Error::unavailable("The issuer of the token cannot be reached."));
        }
        Ok(held.keys)
    }

    async fn fetch_if_due(self: &Arc<Self>, turn: OwnedMutexGuard<()>) {
        if let Some(task) = self.start_if_due(turn) {
            // It ends early only while the process shuts down.
            let _ended = task.await;
        }
    }

    /// Fetches in a task of its own: a caller that hangs up does not end it for the others.
    fn start_if_due(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> Option<JoinHandle<()>> {
        let now = self.clock.now();
        if !self.held().may_be_fetched(now) {
            return None;
        }
        self.change(|held| held.tried = Some(now));
        let this = Arc::clone(self);
        Some(tokio::spawn(async move {
            match this.fetch().await {
                Ok(keys) => this.change(|held| {
                    held.keys = Arc::new(keys);
                    held.fetched = Some(now);
                }),
                Err(error) => {
                    let cause = network::chain(&*error);
                    tracing::warn!(issuer.keys = this.address, error = cause, "no keys from the issuer");
                }
            }
            drop(turn);
        }))
    }

    async fn fetch(&self) -> Result<Vec<Key>, Box<dyn StdError + Send + Sync>> {
        let response = self.client.get(&self.address).send().await.map_err(reqwest::Error::without_url)?;
        let response = response.error_for_status().map_err(reqwest::Error::without_url)?;
        let document = network::read(response, LONGEST_DOCUMENT).await?;
        Ok(jwk::parse(&document).map_err(|error| format!("no key set, at line {}", error.line()))?)
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}
