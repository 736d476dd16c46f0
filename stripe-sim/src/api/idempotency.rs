//! Idempotency keys (<https://docs.stripe.com/api/idempotent_requests>).

use std::collections::HashMap;

use super::reply::Reply;
use crate::error::ApiError;

/// How long an answer is kept, in seconds.
const KEPT: i64 = 86_400;

/// The idempotency keys of the account.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    used: HashMap<String, Used>,
}

#[derive(Debug)]
struct Used {
    fingerprint: String,
    at: i64,
    /// None while the first request runs.
    reply: Option<Reply>,
}

/// What to do with a request that carries a key.
#[derive(Debug)]
pub(crate) enum Begun {
    /// The key is new, and is in use from now on.
    Run,
    /// The answer of the first request.
    Replay(Reply),
    /// The key cannot be used.
    Refuse(ApiError),
}

impl Keys {
    /// Begins a request; the fingerprint stands for its endpoint and parameters.
    pub(crate) fn begin(&mut self, key: &str, fingerprint: &str, now: i64) -> Begun {
        match self.used.get(key).filter(|used| now - used.at < KEPT) {
            None => {
                let used = Used { fingerprint: fingerprint.to_owned(), at: now, reply: None };
                self.used.insert(key.to_owned(), used);
                Begun::Run
            }
            Some(used) if used.fingerprint != fingerprint => Begun::Refuse(mismatch(key)),
            Some(Used { reply: Some(reply), .. }) => Begun::Replay(reply.clone()),
            Some(_) => Begun::Refuse(in_use(key)),
        }
    }

    /// Keeps the answer of a request that was executed.
    pub(crate) fn keep(&mut self, key: &str, reply: &Reply) {
        if let Some(used) = self.used.get_mut(key) {
            used.reply = Some(reply.clone());
        }
    }

    /// Forgets a key whose request was refused before it was executed.
    pub(crate) fn forget(&mut self, key: &str) {
        self.used.remove(key);
    }
}

fn mismatch(key: &str) -> ApiError {
    ApiError::invalid(format!(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
    ))
    .kind("idempotency_error")
}

fn in_use(key: &str) -> ApiError {
    ApiError::invalid(format!(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): {key}. Please try again later."
    ))
    .kind("idempotency_error")
    .code("idempotency_key_in_use")
    .status(409)
}
