//! GraphQL over HTTP: <https://graphql.github.io/graphql-over-http/draft/>.

use async_graphql::{
    Request, Response, Variables,
    parser::types::{DocumentOperations, ExecutableDocument, OperationType},
};
use axum::{
    Extension,
    body::Bytes,
    extract::{FromRequestParts, Query, Request as HttpRequest, State, WebSocketUpgrade},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response as HttpResponse},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Memory, context, mask::identify, sse, ws};
use crate::{
    app::{App, RequestId},
    error::{Error, Result},
};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaType {
    /// GraphQL's own, whose status tells of errors.
    GraphqlResponse,
    Json,
    /// A stream of answers.
    EventStream,
}

impl MediaType {
    /// The media type that the client prefers of these; JSON where it says nothing.
    fn accepted(headers: &HeaderMap) -> Result<Self> {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges: Vec<_> = values.flat_map(|value| value.split(',')).map(weighed).collect();
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        ranges.retain(|(_, weight)| *weight > 0.0);
        ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let known = ranges.iter().find_map(|(range, _)| match range.as_str() {
            GRAPHQL_RESPONSE | "*/*" | "application/*" => Some(Self::GraphqlResponse),
            JSON => Some(Self::Json),
            sse::EVENT_STREAM => Some(Self::EventStream),
            _ => None,
        });
        known.ok_or_else(|| {
            let message =
                "The answer is application/graphql-response+json, application/json or text/event-stream.";
            Error::invalid(message).status(StatusCode::NOT_ACCEPTABLE)
        })
    }
}

const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// The parameters of a request; other members are passed over, as the specification asks for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<serde_json::Map<String, Value>>,
    #[serde(rename = "extensions")]
    _extensions: Option<serde_json::Map<String, Value>>,
}

/// The same in a URL, where `variables` is JSON text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrlParameters {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
}

/// A query by URL, a subscription as events, as browsers' `EventSource` asks for it, or a WebSocket.
pub async fn get(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (mut parts, _) = request.into_parts();
    if parts.headers.contains_key("upgrade") {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &app).await {
            Ok(upgrade) => ws::upgrade(app, id, &mut parts, upgrade).await,
            Err(rejection) => Ok(rejection.into_response()),
        };
    }
    let media_type = MediaType::accepted(&parts.headers)?;
    let Ok(Query(url)) = Query::<UrlParameters>::try_from_uri(&parts.uri) else {
        return Err(Error::invalid("The URL has no `query`, or a parameter that is not text."));
    };
    let variables = match url.variables.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Error::invalid("`variables` is not a JSON object.").because(error))?,
    };
    let parameters = Parameters {
        query: url.query,
        operation_name: url.operation_name.filter(|name| !name.is_empty()),
        variables,
        _extensions: None,
    };
    // A link on another site can make a browser send this: it must change nothing.
    if mutates(&parameters) {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut response = Error::invalid("A mutation is sent by POST.").status(status).into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return Ok(response);
    }
    execute(&app, id, &parts.headers, parameters, media_type).await
}

/// A query or a mutation.
pub async fn post(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<HttpResponse> {
    let media_type = MediaType::accepted(&headers)?;
    // Only this content type makes a browser ask first before it sends a request for another site.
    if !is_json(&headers) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Error::invalid("The content type should be application/json.").status(status));
    }
    let parameters: Parameters = serde_json::from_slice(&body)
        .map_err(|error| Error::invalid("The body is not a GraphQL request.").because(error))?;
    execute(&app, id, &headers, parameters, media_type).await
}

async fn execute(
    app: &App,
    id: RequestId,
    headers: &HeaderMap,
    parameters: Parameters,
    media_type: MediaType,
) -> Result<HttpResponse> {
    let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let viewer = app.auth.viewer(authorization).await?;
    let expires_at = viewer.expires_at;
    let memory = if media_type == MediaType::EventStream { Memory::None } else { Memory::OneAnswer };
    let mut request = Request::new(parameters.query);
    request.operation_name = parameters.operation_name;
    if let Some(variables) = parameters.variables {
        request = request.variables(Variables::from_json(Value::Object(variables)));
    }
    request.data = context(app, viewer, id.clone(), memory).await?;
    Ok(match media_type {
        MediaType::EventStream => sse::stream(app, id, request, expires_at),
        MediaType::GraphqlResponse | MediaType::Json => {
            let mut response = app.schema.execute(request).await;
            response.errors.iter_mut().for_each(|error| identify(error, &id));
            answer(&response, media_type)
        }
    })
}

/// The answer as the specification wants it: an error of the request itself has no `data`, and is a 400 in the
/// media type that is GraphQL's own.
fn answer(response: &Response, media_type: MediaType) -> HttpResponse {
    let refused = response.data == async_graphql::Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty());
    let status = if refused && media_type == MediaType::GraphqlResponse {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let body = if refused { json!({ "errors": response.errors }).to_string() } else { to_json(response) };
    let name = if media_type == MediaType::GraphqlResponse { GRAPHQL_RESPONSE } else { JSON };
    let content_type = format!("{name}; charset=utf-8");
    let headers = [
        (CONTENT_TYPE, content_type.as_str()),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept, Authorization, Origin"),
    ];
    (status, headers, body).into_response()
}

/// An answer as JSON text.
pub fn to_json(response: &Response) -> String {
    serde_json::to_string(response).expect("a response is JSON")
}

/// A media range without its parameters, and how much the client wants it (RFC 9110, 12.4.2).
fn weighed(value: &str) -> (String, f32) {
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let range = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
    (range, weight.unwrap_or(1.0))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some(JSON)
        && parts.all(|part| {
            part.strip_prefix("charset=").is_none_or(|charset| charset.trim_matches('"') == "utf-8")
        })
}

/// Whether the operation that is asked for may be a mutation; a document that cannot be read is refused later.
fn mutates(parameters: &Parameters) -> bool {
    let Ok(document) = async_graphql::parser::parse_query(&parameters.query) else { return false };
    let ExecutableDocument { operations, .. } = &document;
    let named = parameters.operation_name.as_deref();
    let mut asked = operations.iter().filter(|(name, _)| match (operations, named) {
        (DocumentOperations::Multiple(_), Some(named)) => name.is_some_and(|name| name.as_str() == named),
        _ => true,
    });
    asked.any(|(_, operation)| operation.node.ty == OperationType::Mutation)
}
