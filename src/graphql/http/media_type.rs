//! How an answer is written, and how a request is: by their headers.

use axum::http::{
    HeaderMap, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};

use crate::{
    error::{Error, Result},
    graphql::sse,
};

const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// GraphQL's own, whose status tells of errors.
    GraphqlResponse,
    Json,
    /// A stream of answers.
    EventStream,
}

impl MediaType {
    /// The media type that the client prefers of these; JSON where it says nothing or takes anything, since whoever
    /// knows GraphQL's own says so.
    pub fn accepted(headers: &HeaderMap) -> Result<Self> {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges: Vec<_> = values.flat_map(|value| value.split(',')).map(weighed).collect();
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        ranges.retain(|(_, weight)| *weight > 0.0);
        ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let known = ranges.iter().find_map(|(range, _)| match range.as_str() {
            GRAPHQL_RESPONSE => Some(Self::GraphqlResponse),
            JSON | "*/*" | "application/*" => Some(Self::Json),
            sse::EVENT_STREAM => Some(Self::EventStream),
            _ => None,
        });
        known.ok_or_else(|| {
            let message =
                "The answer is application/graphql-response+json, application/json or text/event-stream.";
            Error::invalid(message).status(StatusCode::NOT_ACCEPTABLE)
        })
    }

    /// What an answer that is no stream says of itself.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json | Self::EventStream => "application/json; charset=utf-8",
        }
    }
}

/// A media range without its parameters, and how much the client wants it (RFC 9110, 12.4.2).
fn weighed(value: &str) -> (String, f32) {
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let range = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
    (range, weight.unwrap_or(1.0))
}

/// Whether a body is JSON in UTF-8.
pub fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some(JSON)
        && parts.all(|part| {
            part.strip_prefix("charset=").is_none_or(|charset| charset.trim_matches('"') == "utf-8")
        })
}
