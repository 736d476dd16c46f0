//! What a simulation is told from outside, and what it tells about its requests.

use serde_json::Value;

/// Settings of a simulation.
#[derive(Debug, Clone)]
pub struct Options {
    /// The seed of every id and of the generated history.
    pub seed: u64,
    /// The API key that requests must carry.
    pub secret_key: String,
    /// The id of the simulated account.
    pub account_id: String,
    /// The API version of requests that name none, and of the stored events.
    pub api_version: String,
    /// Unix seconds at which the clock starts.
    pub now: i64,
    /// What moves the clock.
    pub clock: ClockMode,
    /// The ids of the connected accounts for which requests may act (`Stripe-Account`); they share this one state.
    pub connected_accounts: Vec<String>,
    /// Whether objects and events exist in live mode.
    pub livemode: bool,
}

impl Options {
    /// An account in live mode, with a live key.
    #[must_use]
    pub fn live() -> Options {
        Options { secret_key: "sk_live_sim".to_owned(), livemode: true, ..Options::default() }
    }

    /// Whether requests may act for an account.
    pub(crate) fn knows_account(&self, id: &str) -> bool {
        self.account_id == id || self.connected_accounts.iter().any(|known| known == id)
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            secret_key: "sk_test_sim".to_owned(),
            account_id: "acct_sim".to_owned(),
            api_version: "2026-09-30.endive".to_owned(),
            now: 1_790_812_800,
            clock: ClockMode::Virtual,
            connected_accounts: Vec::new(),
            livemode: false,
        }
    }
}

/// What moves the clock of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// Only `advance` moves it.
    Virtual,
    /// Real time moves it, and `advance` moves it further.
    Wall,
}

/// A webhook endpoint of the account.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where events are posted; plain HTTP.
    pub url: String,
    /// The signing secret (`whsec_…`).
    pub secret: String,
    /// The API version in which its events are rendered; the account's when absent.
    pub api_version: Option<String>,
    /// The event types it wants; `*` stands for all.
    pub enabled_events: Vec<String>,
    /// Whether it gets thin events, which name their object without its content.
    pub thin: bool,
    /// The connected account of which its events tell; the account itself when absent.
    pub account: Option<String>,
}

impl Endpoint {
    /// An endpoint that gets every event in the account's API version.
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> Endpoint {
        Endpoint {
            url: url.into(),
            secret: secret.into(),
            api_version: None,
            enabled_events: vec!["*".to_owned()],
            thin: false,
            account: None,
        }
    }

    /// The same endpoint, pinned to an API version.
    #[must_use]
    pub fn pinned(mut self, api_version: impl Into<String>) -> Endpoint {
        self.api_version = Some(api_version.into());
        self
    }

    /// The same endpoint for thin events.
    #[must_use]
    pub fn thin(mut self) -> Endpoint {
        self.thin = true;
        self
    }

    /// The same endpoint for the events of a connected account, as a Connect endpoint gets them.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Endpoint {
        self.account = Some(id.into());
        self
    }

    pub(crate) fn wants(&self, event_type: &str) -> bool {
        self.enabled_events.iter().any(|enabled| enabled == "*" || enabled == event_type)
    }
}

/// How events reach the endpoints.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// When events are delivered.
    pub mode: DeliveryMode,
    /// The seed of a random order; in the order of happening when absent.
    pub shuffle: Option<u64>,
    /// How many of a hundred events are delivered a second time.
    pub duplicate: u8,
    /// How many of the latest events stay pending.
    pub delay_events: usize,
}

/// When events are delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeliveryMode {
    /// Only when `deliver` is called.
    #[default]
    Manual,
    /// By a background task, as events happen.
    Automatic,
}

/// One logged API request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// The path without the query, such as `/v1/customers`.
    pub path: String,
    /// The parameters of query and body, as one JSON object.
    pub params: Value,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The `Stripe-Version` header.
    pub api_version: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Stripe-Account` header.
    pub account: Option<String>,
    /// The status of the answer; none while it runs, or when the connection was dropped.
    pub status: Option<u16>,
}
