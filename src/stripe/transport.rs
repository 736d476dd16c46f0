//! One request to Stripe: limited, timed, tried again, and read.

use std::time::Duration;

use backon::Retryable;
use bytes::Bytes;
use chrono::DateTime;
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{CONTENT_TYPE, DATE, HeaderMap},
    redirect::Policy,
};
use serde_json::Value;
use stripe_client_core::{IdempotencyKey, RequestBuilder, StripeMethod, VERSION};
use tokio::time::{Instant, timeout_at};

use super::{
    Answer, Refusal, StripeError,
    error::{Cause, check_id},
    limit::{Limit, Priority},
    retry::{Failure, RetryPolicy},
};
use crate::{
    clock::Clock,
    config::{Secret, StripeConfig},
    network,
};

const LONGEST_ANSWER: usize = 16 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where requests go, with which key, and how fast.
pub struct Transport {
    client: Client,
    base: String,
    key: Secret,
    limit: Limit,
    policy: RetryPolicy,
    clock: Clock,
}

/// On whose behalf a request is sent.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub priority: Priority,
    /// The connected account whose objects it is about; empty for one's own.
    pub account: String,
    /// The API version that the answer is to be in; none: the newest that we know.
    pub api_version: Option<String>,
    /// Whether it is better done late than not.
    pub is_patient: bool,
}

impl Transport {
    /// None where there is no key.
    pub fn new(config: &StripeConfig, policy: RetryPolicy, clock: Clock) -> Option<Self> {
        let key = config.secret_key.clone()?;
        Some(Self {
            // A redirect would carry the key elsewhere.
            client: network::client(|builder| {
                builder.connect_timeout(CONNECT_TIMEOUT).redirect(Policy::none())
            }),
            base: config.api_base.clone(),
            key,
            limit: Limit::new(config.rate_limit),
            policy,
            clock,
        })
    }

    /// Sends the request until there is an answer that will not change, or no time left.
    pub async fn call(
        &self,
        request: &RequestBuilder,
        key: Option<&IdempotencyKey>,
        caller: &Caller,
    ) -> Result<Answer, StripeError> {
        check_path(&request.path)?;
        if !caller.account.is_empty() {
            check_id(&caller.account)?;
        }
        let policy = if caller.is_patient { self.policy.patient() } else { self.policy.clone() };
        let deadline = Instant::now() + policy.deadline;
        let body = request.body.as_ref().map(|body| Bytes::copy_from_slice(body.as_bytes()));
        (|| self.attempt(request, body.clone(), key, caller, deadline))
            .retry(policy.backoff())
            .when(Failure::is_worth_retrying)
            .adjust(|failure, backoff| {
                let pause = policy.pause(backoff?, failure.retry_after, chance());
                (Instant::now() + pause < deadline).then_some(pause)
            })
            .notify(|failure, pause| {
                tracing::debug!(error = network::chain(&failure.error), ?pause, "trying Stripe again");
            })
            .await
            .map_err(|failure| failure.error)
    }

    async fn attempt(
        &self,
        request: &RequestBuilder,
        body: Option<Bytes>,
        key: Option<&IdempotencyKey>,
        caller: &Caller,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        if timeout_at(deadline, self.limit.wait(caller.priority)).await.is_err() {
            return Err(Failure { should_retry: Some(false), ..StripeError::RateLimited.into() });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let mut prepared = self
            .client
            .request(method(request.method), self.address(request))
            .bearer_auth(self.key.expose())
            .header("stripe-version", caller.api_version.as_deref().unwrap_or(VERSION.as_str()))
            .timeout(self.policy.attempt_timeout.min(left));
        if let Some(key) = key {
            prepared = prepared.header("idempotency-key", key.as_str());
        }
        if !caller.account.is_empty() {
            prepared = prepared.header("stripe-account", &caller.account);
        }
        if let Some(body) = body {
            prepared = prepared.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        self.read(prepared.send().await.map_err(not_sent)?, caller).await
    }

    fn address(&self, request: &RequestBuilder) -> String {
        let Self { base, .. } = self;
        let path = &request.path;
        let version = if path.starts_with("/v1/") || path.starts_with("/v2/") { "" } else { "/v1" };
        match &request.query {
            Some(query) => format!("{base}{version}{path}?{query}"),
            None => format!("{base}{version}{path}"),
        }
    }

    async fn read(&self, response: Response, caller: &Caller) -> Result<Answer, Failure> {
        let (status, headers) = (response.status(), response.headers().clone());
        let raw = match network::read(response, LONGEST_ANSWER).await {
            Ok(raw) => raw,
            // Whatever was to come, the status says enough.
            Err(_) if !status.is_success() => Bytes::new(),
            Err(error @ network::ReadError::TooLong(_)) => {
                return Err(StripeError::Unreadable(error.into()).into());
            }
            Err(error) => return Err(StripeError::Unreachable(error.into()).into()),
        };
        if !status.is_success() {
            return Err(Failure::new(refusal(status, &headers, &raw), &headers, self.clock.now()));
        }
        let object =
            serde_json::from_slice(&raw).map_err(|error| StripeError::Unreadable(not_json(&error)))?;
        Ok(Answer {
            object,
            raw,
            at: answered_at(&headers).unwrap_or_else(|| self.clock.unix()),
            api_version: text(&headers, "stripe-version").unwrap_or_else(|| VERSION.as_str().to_owned()),
            account: caller.account.clone(),
            request_id: text(&headers, "request-id"),
            replayed: text(&headers, "idempotent-replayed").is_some_and(|value| value == "true"),
        })
    }
}

/// Ids become parts of paths: one that names another route, or a query, is refused before it is sent.
fn check_path(path: &str) -> Result<(), StripeError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-.~%:".contains(&byte);
    let dots = path.to_ascii_lowercase().replace("%2e", ".");
    let climbs = dots.split('/').skip(1).any(|part| part.is_empty() || part.chars().all(|c| c == '.'));
    if path.starts_with('/') && path.bytes().all(plain) && !climbs {
        return Ok(());
    }
    Err(StripeError::NotAnId)
}

fn refusal(status: StatusCode, headers: &HeaderMap, raw: &[u8]) -> StripeError {
    let request_id = text(headers, "request-id");
    if status == StatusCode::TOO_MANY_REQUESTS {
        return StripeError::RateLimited;
    }
    if !status.is_client_error() {
        return StripeError::Failing { status: status.as_u16(), request_id };
    }
    let body: Value = serde_json::from_slice(raw).unwrap_or_default();
    let member = |name: &str| body["error"][name].as_str().map(str::to_owned);
    StripeError::Refused(Box::new(Refusal {
        status: status.as_u16(),
        kind: member("type"),
        code: member("code"),
        param: member("param"),
        message: member("message"),
        at: answered_at(headers),
        request_id,
    }))
}

fn not_sent(error: reqwest::Error) -> Failure {
    let (unsendable, error) = (error.is_builder(), Cause::from(error.without_url()));
    Failure::from(if unsendable { StripeError::Unsendable(error) } else { StripeError::Unreachable(error) })
}

/// serde's own text could quote the body.
fn not_json(error: &serde_json::Error) -> Cause {
    format!("not JSON at line {}, column {}", error.line(), error.column()).into()
}

fn answered_at(headers: &HeaderMap) -> Option<i64> {
    DateTime::parse_from_rfc2822(&text(headers, DATE.as_str())?).ok().map(|date| date.timestamp())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn method(method: StripeMethod) -> Method {
    match method {
        StripeMethod::Get => Method::GET,
        StripeMethod::Post => Method::POST,
        StripeMethod::Delete => Method::DELETE,
    }
}

/// A random number from 0 to 1.
fn chance() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
