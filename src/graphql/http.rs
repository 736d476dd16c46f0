//! GraphQL over HTTP: <https://graphql.github.io/graphql-over-http/draft/>.

mod answer;
mod media_type;
mod parameters;

use async_graphql::{
    Executor, Request, Response,
    parser::types::{DocumentOperations, OperationType},
};
use axum::{
    Extension,
    body::Bytes,
    extract::{
        FromRequestParts, Request as HttpRequest, State, WebSocketUpgrade, rejection::BytesRejection,
        ws::rejection::WebSocketUpgradeRejection,
    },
    http::{HeaderMap, StatusCode, header::UPGRADE, request::Parts},
    response::Response as HttpResponse,
};

pub use self::answer::to_json;
use self::{
    media_type::{MediaType, is_json},
    parameters::Operations,
};
use super::{context, limit, mask::identify, sse, ws};
use crate::{
    app::{App, RequestId},
    auth::{Caller, Viewer},
    error::{Error, Result},
};

/// A query by URL, a subscription as events, as browsers' `EventSource` asks for it, or a WebSocket.
pub async fn get(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (mut parts, _) = request.into_parts();
    if asks_for_socket(&parts.headers) {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app).await.map_err(no_socket)?;
        return ws::upgrade(app, id, &mut parts, upgrade).await;
    }
    let accepted = MediaType::accepted(&parts.headers);
    let media_type = accepted.clone().unwrap_or(MediaType::Json);
    let answered = match accepted {
        Ok(media_type) => query(&app, &id, &parts, media_type).await,
        Err(error) => Err(error),
    };
    Ok(answered.unwrap_or_else(|error| answer::refusal(error, &id, media_type)))
}

/// A query or a mutation, or a list of them.
pub async fn post(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> HttpResponse {
    let accepted = MediaType::accepted(&headers);
    let media_type = accepted.clone().unwrap_or(MediaType::Json);
    let answered = match accepted {
        Ok(media_type) => operations(&app, &id, &headers, body, media_type).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| answer::refusal(error, &id, media_type))
}

/// Whether a WebSocket is asked for; another protocol that is offered is none that the gateway would change to.
fn asks_for_socket(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(UPGRADE).iter().filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).any(|offered| offered.trim().eq_ignore_ascii_case("websocket"))
}

fn no_socket(rejection: WebSocketUpgradeRejection) -> Error {
    let status = rejection.status();
    Error::invalid("The request does not open a WebSocket as RFC 6455 has it.")
        .because(rejection)
        .status(status)
}

/// What a URL asks for: a link on another site can make a browser send this, so it must change nothing.
async fn query(app: &App, id: &RequestId, parts: &Parts, media_type: MediaType) -> Result<HttpResponse> {
    let request = parameters::of_url(&parts.uri)?;
    let viewer = app.viewer(&parts.headers).await?;
    let mut request = app.documents.complete(request, &viewer)?;
    if mutates(app, &mut request) {
        return Err(Error::invalid("A mutation is sent by POST.").status(StatusCode::METHOD_NOT_ALLOWED));
    }
    if media_type == MediaType::EventStream {
        return stream(app, id, viewer, request).await;
    }
    // Whoever is nobody sees the catalogue and nothing else.
    let is_of_catalogue = viewer.caller == Caller::Anonymous;
    let response = execute(app, id, viewer, request).await?;
    if is_of_catalogue && response.errors.is_empty() {
        return Ok(answer::of_catalogue(&response, media_type, &parts.headers));
    }
    Ok(answer::one(&response, media_type))
}

/// What a body asks for.
async fn operations(
    app: &App,
    id: &RequestId,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    media_type: MediaType,
) -> Result<HttpResponse> {
    // Only this content type makes a browser ask first before it sends a request for another site.
    if !is_json(headers) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Error::invalid("The content type should be application/json.").status(status));
    }
    let body = body.map_err(|rejection| {
        let status = rejection.status();
        Error::invalid("The body is too large, or was not sent to its end.").because(rejection).status(status)
    })?;
    let operations = parameters::of_body(&body, app.config.graphql.batch)?;
    let viewer = app.viewer(headers).await?;
    match (operations, media_type) {
        (Operations::One(request), MediaType::EventStream) => {
            let request = app.documents.complete(*request, &viewer)?;
            stream(app, id, viewer, request).await
        }
        (Operations::One(request), _) => {
            let request = app.documents.complete(*request, &viewer)?;
            let response = execute(app, id, viewer, request).await?;
            Ok(answer::one(&response, media_type))
        }
        (Operations::Batch(_), MediaType::EventStream) => {
            Err(Error::invalid("A list of operations has no stream: ask for JSON."))
        }
        (Operations::Batch(requests), _) => {
            let mut responses = Vec::with_capacity(requests.len());
            // One after the other, as mutations may build on each other.
            for request in requests {
                responses.push(match app.documents.complete(request, &viewer) {
                    Ok(request) => execute(app, id, viewer.clone(), request).await?,
                    Err(error) => identified(Response::from_errors(vec![error.into()]), id),
                });
            }
            Ok(answer::list(&responses, media_type))
        }
    }
}

async fn execute(app: &App, id: &RequestId, viewer: Viewer, mut request: Request) -> Result<Response> {
    request.data = context(app, viewer, id.clone()).await?;
    Ok(identified(app.schema.execute(request).await, id))
}

fn identified(mut response: Response, id: &RequestId) -> Response {
    response.errors.iter_mut().for_each(|error| identify(error, id));
    response
}

async fn stream(app: &App, id: &RequestId, viewer: Viewer, mut request: Request) -> Result<HttpResponse> {
    let expires_at = viewer.expires_at;
    request.data = context(app, viewer, id.clone()).await?;
    Ok(sse::stream(app, id.clone(), request, expires_at))
}

/// Whether the operation that is asked for may be a mutation; a document that cannot be read is refused later.
fn mutates(app: &App, request: &mut Request) -> bool {
    if limit::check_text(&request.query, app.config.graphql.limits).is_err() {
        return false;
    }
    let named = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else { return false };
    let operations = &document.operations;
    let mut asked = operations.iter().filter(|(name, _)| match (operations, named.as_deref()) {
        (DocumentOperations::Multiple(_), Some(named)) => name.is_some_and(|name| name.as_str() == named),
        _ => true,
    });
    asked.any(|(_, operation)| operation.node.ty == OperationType::Mutation)
}
