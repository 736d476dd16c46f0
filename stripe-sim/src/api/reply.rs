//! Answers on the wire.

use axum::body::Body;
use axum::http::{HeaderValue, Response};
use bytes::Bytes;
use chrono::DateTime;
use serde_json::Value;

use crate::error::ApiError;

/// The status, the body and the headers of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// An answer with a JSON body, printed as Stripe prints it.
    pub(crate) fn json(status: u16, value: &Value) -> Reply {
        let body = serde_json::to_vec_pretty(value).expect("a JSON value has a text");
        Reply { status, body: body.into(), headers: vec![("content-type", "application/json".to_owned())] }
    }

    /// An HTML page.
    pub(crate) fn html(status: u16, page: String) -> Reply {
        Reply {
            status,
            body: page.into(),
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
        }
    }

    /// The answer to a refused request.
    pub(crate) fn error(error: &ApiError) -> Reply {
        let reply = Reply::json(error.status, &error.body());
        if error.status == 409 { reply.with("stripe-should-retry", "true") } else { reply }
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer as axum sends it, at a unix second.
    pub(crate) fn into_response(self, now: i64) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status.try_into().expect("statuses are three digits");
        let date = ("date", http_date(now));
        for (name, value) in self.headers.into_iter().chain([date]) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A unix second as HTTP writes it (RFC 9110, section 5.6.7).
fn http_date(second: i64) -> String {
    let date = DateTime::from_timestamp(second, 0).expect("the clock stays within chrono's range");
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
