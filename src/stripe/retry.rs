//! When a request to Stripe is sent again, and after which pause.

use std::time::Duration;

use backon::ExponentialBuilder;
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::StripeError;

/// How often and for how long a request is tried.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: usize,
    /// Longest pause before the second attempt; each further one may be twice as long.
    pub first_pause: Duration,
    /// Longest pause that we choose ourselves.
    pub longest_pause: Duration,
    /// Longest pause that Stripe may ask for.
    pub longest_retry_after: Duration,
    /// Time for one attempt, its body included.
    pub attempt_timeout: Duration,
    /// Time for everything, pauses and waiting for the rate limit included.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(20),
            deadline: Duration::from_mins(1),
        }
    }
}

impl RetryPolicy {
    /// The same for what is better done late than not: some minutes without Stripe do not end it.
    pub fn patient(&self) -> Self {
        Self { attempts: self.attempts * 6, deadline: self.deadline * 10, ..self.clone() }
    }

    /// The pauses before jitter.
    pub fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_factor(2.0)
            .with_max_times(self.attempts.saturating_sub(1))
    }

    /// The pause to make where backoff says `backoff`, Stripe `retry_after`, and the dice `chance` (0 to 1).
    ///
    /// [Full jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), but never
    /// less than Stripe asks for.
    pub fn pause(&self, backoff: Duration, retry_after: Option<Duration>, chance: f64) -> Duration {
        let asked = retry_after.unwrap_or_default().min(self.longest_retry_after);
        backoff.mul_f64(chance).max(asked)
    }
}

/// One attempt that failed.
#[derive(Debug)]
pub struct Failure {
    pub error: StripeError,
    /// Stripe's own word on trying again, from `Stripe-Should-Retry`.
    pub should_retry: Option<bool>,
    /// The pause that Stripe asks for.
    pub retry_after: Option<Duration>,
}

impl From<StripeError> for Failure {
    fn from(error: StripeError) -> Self {
        Self { error, should_retry: None, retry_after: None }
    }
}

impl Failure {
    /// A failure with what Stripe's headers say about it.
    pub fn new(error: StripeError, headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let should_retry =
            headers.get("stripe-should-retry").and_then(|value| value.to_str().ok()?.parse().ok());
        Self { error, should_retry, retry_after: retry_after(headers, now) }
    }

    /// Whether the same request may succeed on another attempt.
    ///
    /// Stripe's word comes first; else as in <https://docs.stripe.com/error-low-level>.
    pub fn is_worth_retrying(&self) -> bool {
        self.should_retry.unwrap_or_else(|| match &self.error {
            StripeError::RateLimited | StripeError::Unreachable(_) => true,
            StripeError::Failing { status, .. } => matches!(status, 500..=504),
            StripeError::Refused(refusal) => refusal.is_in_flight(),
            StripeError::NotConfigured
            | StripeError::Unsendable(_)
            | StripeError::NotAnId
            | StripeError::Unreadable(_)
            | StripeError::Withheld(_) => false,
        })
    }
}

/// `Retry-After` as seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{super::Refusal, *};

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-11-20T12:00:00Z").expect("a date").to_utc()
    }

    fn asked(value: &'static str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().expect("a header"))]);
        retry_after(&headers, now())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for nonsense in ["", "soon", "-1", "1.5", "Fri, 99 Nov 2026 12:00:00 GMT"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Fri, 20 Nov 2026 12:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(asked("Fri, 20 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn stripe_may_ask_for_a_longer_pause_but_not_for_any() {
        let policy = RetryPolicy::default();
        let second = Duration::from_secs(1);
        assert_eq!(policy.pause(second, None, 0.25), second / 4);
        assert_eq!(policy.pause(second, Some(second * 3), 0.25), second * 3);
        assert_eq!(policy.pause(second, Some(second * 3600), 1.0), second * 30);
        assert_eq!(policy.pause(second * 8, Some(second), 1.0), second * 8);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let refused = |status, code: &str| {
            let code = Some(code.to_owned());
            Failure::from(StripeError::Refused(Box::new(Refusal { status, code, ..Refusal::default() })))
        };
        assert!(refused(409, "lock_timeout").is_worth_retrying());
        assert!(refused(409, "idempotency_key_in_use").is_worth_retrying());
        for (status, code) in [(400, "parameter_missing"), (402, "card_declined"), (409, "other"), (404, "")]
        {
            assert!(!refused(status, code).is_worth_retrying(), "{status} {code}");
        }
        let failing = |status| Failure::from(StripeError::Failing { status, request_id: None });
        assert!(failing(500).is_worth_retrying() && failing(504).is_worth_retrying());
        assert!(!failing(511).is_worth_retrying());
        assert!(!Failure { should_retry: Some(false), ..failing(503) }.is_worth_retrying());
        assert!(Failure { should_retry: Some(true), ..refused(400, "") }.is_worth_retrying());
    }
}
