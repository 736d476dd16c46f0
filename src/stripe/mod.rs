//! The network to Stripe: typed requests out, Stripe's own bytes back.

mod account;
mod checkout;
mod customers;
mod endpoints;
mod error;
mod limit;
mod retry;
mod transport;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use stripe_client_core::{
    CustomizedStripeRequest, IdempotencyKey, RequestBuilder, RequestStrategy, StripeClient, StripeMethod,
    StripeRequest, VERSION,
};

pub use self::{
    checkout::NewCheckoutSession,
    customers::NewCustomer,
    endpoints::WebhookEndpoint,
    error::{Refusal, StripeError},
    retry::RetryPolicy,
};
use crate::{clock::Clock, config::StripeConfig};

/// Stripe's API, as one key reaches it; clones share connections and the rate limit.
#[derive(Clone)]
pub struct Stripe {
    /// Absent where there is no key.
    transport: Option<Arc<transport::Transport>>,
    caller: transport::Caller,
    /// Why nothing may be asked, once that is known.
    withheld: Arc<OnceLock<&'static str>>,
}

/// What Stripe answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The body as JSON.
    pub object: serde_json::Value,
    /// The body as it came.
    pub raw: Bytes,
    /// When Stripe answered, in seconds since 1970: its `Date`, or our clock where that is missing.
    pub at: i64,
    /// The API version that the object is written in.
    pub api_version: String,
    /// The connected account that was asked about; empty for one's own.
    pub account: String,
    /// The id under which Stripe's dashboard shows the request.
    pub request_id: Option<String>,
    /// Whether this repeats the answer to an earlier request with the same idempotency key: the object is then
    /// as it was at that time, which is before `at`.
    pub replayed: bool,
}

impl Stripe {
    /// A connection to Stripe; without a key every call fails with [`StripeError::NotConfigured`].
    pub fn new(config: &StripeConfig) -> Self {
        Self::with(config, RetryPolicy::default(), Clock::system())
    }

    /// The same with other patience and another clock.
    pub fn with(config: &StripeConfig, policy: RetryPolicy, clock: Clock) -> Self {
        let transport = transport::Transport::new(config, policy, clock).map(Arc::new);
        Self { transport, caller: transport::Caller::default(), withheld: Arc::default() }
    }

    /// The same for requests whose answer nobody waits for: they go after all others.
    pub fn background(&self) -> Self {
        let mut other = self.clone();
        other.caller.priority = limit::Priority::Background;
        other
    }

    /// The same for much that nobody waits for: it goes after requests that somebody waits for, and takes all that the
    /// limit leaves.
    pub fn bulk(&self) -> Self {
        let mut other = self.clone();
        other.caller.priority = limit::Priority::Bulk;
        other
    }

    /// The same for what is better done late than not: each call is tried for minutes.
    pub fn patient(&self) -> Self {
        let mut other = self.clone();
        other.caller.is_patient = true;
        other
    }

    /// The same for the objects of a connected account; of one's own where that is empty.
    pub fn on_behalf_of(&self, account: &str) -> Self {
        let mut other = self.clone();
        account.clone_into(&mut other.caller.account);
        other
    }

    /// The same with answers in an API version; in the newest that we know where the text cannot be one.
    pub fn in_version(&self, version: &str) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_version = version.starts_with("20") && version.len() <= 40 && version.bytes().all(plain);
        let mut other = self.clone();
        other.caller.api_version = is_version.then(|| version.to_owned());
        other
    }

    /// The API version of answers, where no other is asked for.
    pub fn version() -> &'static str {
        VERSION.as_str()
    }

    /// Whether there is a key.
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    /// Sends nothing any more, in any clone: every call fails with this reason, which clients are told.
    pub fn withhold(&self, reason: &'static str) {
        self.withheld.get_or_init(|| reason);
    }

    /// Sends a typed request and keeps Stripe's own answer.
    ///
    /// A POST without an idempotency key gets a random one, so that its attempts count as one.
    pub async fn send(
        &self,
        request: &impl StripeRequest,
        idempotency_key: Option<String>,
    ) -> Result<Answer, StripeError> {
        self.send_built(request.build(), idempotency_key).await
    }

    /// Fetches what is at a path, which may have a query.
    pub async fn get(&self, path: &str) -> Result<Answer, StripeError> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut request = RequestBuilder::new(StripeMethod::Get, path);
        request.query = query.map(str::to_owned);
        self.send_built(request, None).await
    }

    /// Sends a request that was built by hand; its path comes after `/v1`, unless it says `/v1` or `/v2` itself.
    pub async fn send_built(
        &self,
        request: RequestBuilder,
        idempotency_key: Option<String>,
    ) -> Result<Answer, StripeError> {
        let transport = self.transport.as_ref().ok_or(StripeError::NotConfigured)?;
        if let Some(reason) = self.withheld.get() {
            return Err(StripeError::Withheld(reason));
        }
        let key = match (idempotency_key, request.method) {
            (Some(key), _) => {
                Some(IdempotencyKey::new(key).map_err(|error| StripeError::Unsendable(error.into()))?)
            }
            (None, StripeMethod::Post) => Some(IdempotencyKey::new_uuid_v4()),
            (None, _) => None,
        };
        transport.call(&request, key.as_ref(), &self.caller).await
    }
}

impl StripeClient for Stripe {
    type Err = StripeError;

    /// Lets a typed request be sent by its own `send`; its retry strategy is ours, its idempotency key its own.
    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, StripeError> {
        let (request, overrides) = request.into_pieces();
        let key = match overrides.request_strategy {
            Some(RequestStrategy::Idempotent(key)) => Some(key.into_inner()),
            _ => None,
        };
        let stripe = match &overrides.account_id {
            Some(account) => self.on_behalf_of(account.as_str()),
            None => self.clone(),
        };
        Ok(stripe.send_built(request, key).await?.raw)
    }
}
