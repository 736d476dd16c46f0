//! What can go wrong on the way to Stripe, and what of it a client hears.

use std::{error::Error as StdError, fmt};

use crate::error::{Code, Error};

/// Any error, as a cause.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why Stripe gave no answer that can be used.
#[derive(Debug)]
pub enum StripeError {
    /// There is no key.
    NotConfigured,
    /// Nothing may be asked with this key, for this reason.
    Withheld(&'static str),
    /// The request was wrong before it was sent.
    Unsendable(Cause),
    /// An id in the request's path is none of Stripe's; it was not sent.
    NotAnId,
    /// Stripe understood the request and refused it.
    Refused(Box<Refusal>),
    /// Stripe, or our own limit, allows no more requests at the moment.
    RateLimited,
    /// Stripe answers with a server error, also after all attempts.
    Failing { status: u16, request_id: Option<String> },
    /// There was no answer, also after all attempts.
    Unreachable(Cause),
    /// There was an answer that is not Stripe's, such as a proxy's.
    Unreadable(Cause),
}

/// Stripe's reasons for a refusal, as in its [error object](https://docs.stripe.com/api/errors).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Stripe's `type`, such as `card_error`.
    pub kind: Option<String>,
    /// Stripe's `code`, such as `resource_missing`.
    pub code: Option<String>,
    /// The parameter that the refusal is about.
    pub param: Option<String>,
    /// Stripe's own text; for the log alone.
    pub message: Option<String>,
    /// When Stripe refused, in seconds since 1970: its `Date`.
    pub at: Option<i64>,
    /// The id under which Stripe's dashboard shows the request.
    pub request_id: Option<String>,
}

impl Refusal {
    /// Whether the same request is under way elsewhere, so that repeating it later can succeed.
    ///
    /// See <https://docs.stripe.com/error-codes>: other conflicts stay what they are.
    pub fn is_in_flight(&self) -> bool {
        let code = self.code.as_deref();
        self.status == 409 && matches!(code, Some("lock_timeout" | "idempotency_key_in_use"))
    }

    /// Whether the object that the request names is not there.
    pub fn is_missing(&self) -> bool {
        self.status == 404 || self.code.as_deref() == Some("resource_missing")
    }
}

impl StripeError {
    /// What Stripe said, where it refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the object that the request names is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::NotAnId) || self.refusal().is_some_and(Refusal::is_missing)
    }
}

/// Fails where the text cannot be an id of Stripe's: it would become part of a path.
pub fn check_id(id: &str) -> Result<(), StripeError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=255).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    Err(StripeError::NotAnId)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        let named = [
            ("type", &self.kind),
            ("code", &self.code),
            ("param", &self.param),
            ("message", &self.message),
            ("request", &self.request_id),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, ", {name} {value:?}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for StripeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("there is no Stripe key"),
            Self::Withheld(_) => f.write_str("nothing is asked of Stripe"),
            Self::Unsendable(_) => f.write_str("the request to Stripe could not be built"),
            Self::NotAnId => f.write_str("the path holds what no id of Stripe's does"),
            Self::Refused(refusal) => write!(f, "Stripe refused: {refusal}"),
            Self::RateLimited => f.write_str("no more requests to Stripe are allowed at the moment"),
            Self::Failing { status, request_id } => {
                write!(f, "Stripe fails with status {status}, request {request_id:?}")
            }
            Self::Unreachable(_) => f.write_str("no answer from Stripe"),
            Self::Unreadable(_) => f.write_str("the answer is not Stripe's"),
        }
    }
}

impl StdError for StripeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unsendable(cause) | Self::Unreachable(cause) | Self::Unreadable(cause) => Some(&**cause),
            _ => None,
        }
    }
}

impl stripe_client_core::StripeClientErr for StripeError {
    fn deserialize_err(message: impl fmt::Display) -> Self {
        Self::Unreadable(message.to_string().into())
    }
}

impl From<StripeError> for Error {
    /// Stripe's words stay in the log: they may name keys, people or our mistakes.
    fn from(error: StripeError) -> Self {
        let (code, message) = match &error {
            StripeError::NotConfigured => (Code::Unavailable, "STRIPE_SECRET_KEY is not set."),
            StripeError::Withheld(reason) => (Code::Unavailable, *reason),
            StripeError::Unsendable(_) => return Self::internal(error),
            StripeError::NotAnId => (Code::NotFound, "There is no such object at Stripe."),
            StripeError::Refused(refusal) if matches!(refusal.status, 401 | 403) => {
                (Code::Stripe, "Stripe does not accept the configured key.")
            }
            StripeError::Refused(refusal) if refusal.is_in_flight() => {
                (Code::Conflict, "The same request is under way.")
            }
            StripeError::Refused(_) => (Code::Stripe, "Stripe refused the request."),
            StripeError::RateLimited => (Code::RateLimited, "Too many requests to Stripe; try again later."),
            StripeError::Failing { .. } | StripeError::Unreachable(_) | StripeError::Unreadable(_) => {
                (Code::Unavailable, "Stripe cannot be reached.")
            }
        };
        Self::new(code, message).because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_words_stay_in_the_log() {
        for status in [400, 401, 402, 403, 404, 409] {
            let refusal = Refusal { status, message: Some("hunter2".to_owned()), ..Refusal::default() };
            let error = Error::from(StripeError::Refused(Box::new(refusal)));
            assert_eq!(error.code, Code::Stripe);
            assert!(!error.message.contains("hunter2"));
            assert!(error.chain().contains("hunter2"));
        }
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        let failing = StripeError::Failing { status: 502, request_id: None };
        for error in
            [StripeError::NotConfigured, StripeError::Withheld("…"), failing, StripeError::RateLimited]
        {
            assert!(Error::from(error).is_transient());
        }
        let code = Some("lock_timeout".to_owned());
        let in_flight = StripeError::Refused(Box::new(Refusal { status: 409, code, ..Refusal::default() }));
        assert_eq!(Error::from(in_flight).code, Code::Conflict);
        assert_eq!(Error::from(StripeError::Unsendable("a bad id".into())).code, Code::Internal);
    }
}
