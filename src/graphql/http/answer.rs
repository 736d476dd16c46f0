//! An answer as the specification wants it, and one that a client may keep.

use async_graphql::Response;
use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response as HttpResponse},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::MediaType;
use crate::{
    app::RequestId,
    error::{Code, Error},
};

/// What of a request decides on its answer, beside the URL.
const VARIES_BY: &str = "Accept, Authorization, Origin";

/// The answer to an operation.
pub fn one(response: &Response, media_type: MediaType) -> HttpResponse {
    let status = match media_type {
        MediaType::GraphqlResponse => status(response),
        MediaType::Json | MediaType::EventStream => StatusCode::OK,
    };
    written(status, media_type, to_json(response))
}

/// The answers to a list of operations, of which none speaks for all.
pub fn list(responses: &[Response], media_type: MediaType) -> HttpResponse {
    let answers: Vec<_> = responses.iter().map(to_json).collect();
    written(StatusCode::OK, media_type, format!("[{}]", answers.join(",")))
}

/// An error of a request that is none, in the form in which clients of GraphQL read errors.
pub fn refusal(error: Error, RequestId(id): &RequestId, media_type: MediaType) -> HttpResponse {
    let extensions = json!({ "code": error.code.name(), "requestId": id });
    let body = json!({ "errors": [{ "message": error.message, "extensions": extensions }] }).to_string();
    // Keeps the status and what else the error says in headers.
    let (mut parts, _) = error.into_response().into_parts();
    parts.extensions.remove::<Error>();
    if parts.status == StatusCode::METHOD_NOT_ALLOWED {
        parts.headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    let mut response = written(parts.status, media_type, body);
    response.headers_mut().extend(parts.headers);
    response
}

/// The answer to a query of the catalogue, with a name for what it says: a client that has that already is told so. It is
/// for this client alone, as shared caches know nothing of tokens.
pub fn of_catalogue(response: &Response, media_type: MediaType, request: &HeaderMap) -> HttpResponse {
    let body = to_json(response);
    // Weak, since it may be compressed on its way.
    let name = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..16]));
    let held = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = held
        .flat_map(|names| names.split(','))
        .map(str::trim)
        .any(|held| held == "*" || held.trim_start_matches("W/") == name.trim_start_matches("W/"));
    let mut answer = if known {
        (StatusCode::NOT_MODIFIED, [(VARY, VARIES_BY)]).into_response()
    } else {
        written(StatusCode::OK, media_type, body)
    };
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(ETAG, HeaderValue::from_str(&name).expect("base64 is plain text"));
    answer
}

/// An answer as JSON text: an error of the request itself has no `data`.
pub fn to_json(response: &Response) -> String {
    let text = serde_json::to_string(response).expect("a response is JSON");
    match text.strip_prefix(r#"{"data":null,"#) {
        Some(rest) if is_refused(response) => format!("{{{rest}"),
        _ => text,
    }
}

/// Whether nothing was executed, or to no end.
fn is_refused(response: &Response) -> bool {
    response.data == async_graphql::Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

/// What GraphQL's own media type says by the status.
fn status(response: &Response) -> StatusCode {
    if !is_refused(response) {
        return StatusCode::OK;
    }
    let code = |code: Code| {
        let named = Some(async_graphql::Value::from(code.name()));
        response.errors.iter().any(|error| {
            error.extensions.as_ref().and_then(|extensions| extensions.get("code")) == named.as_ref()
        })
    };
    let told = [Code::Internal, Code::Unavailable, Code::Forbidden].into_iter().find(|told| code(*told));
    told.map_or(StatusCode::BAD_REQUEST, Code::status)
}

fn written(status: StatusCode, media_type: MediaType, body: String) -> HttpResponse {
    let headers = [(CONTENT_TYPE, media_type.content_type()), (CACHE_CONTROL, "no-store"), (VARY, VARIES_BY)];
    (status, headers, body).into_response()
}
