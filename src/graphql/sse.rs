//! Subscriptions over server-sent events, in distinct connections mode:
//! <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::{convert::Infallible, time::Duration};

use async_graphql::{Executor, Request};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};

use super::{http::to_json, mask::identify};
use crate::app::{App, RequestId};

/// The media type that asks for this transport.
pub const EVENT_STREAM: &str = "text/event-stream";

/// How often a comment keeps an idle connection open.
const KEEPALIVE: Duration = Duration::from_secs(12);

/// Answers with each result as an event, until the operation ends, the token expires or the gateway stops.
pub fn stream(app: &App, id: RequestId, request: Request, expires_at: Option<DateTime<Utc>>) -> Response {
    let results = app.schema.execute_stream(request, None);
    let events = results
        .map(move |mut response| {
            response.errors.iter_mut().for_each(|error| identify(error, &id));
            Event::default().event("next").data(to_json(&response))
        })
        .chain(stream::once(async { Event::default().event("complete").data("") }))
        .map(Ok::<_, Infallible>)
        .take_until(Box::pin(ended(app.clone(), expires_at)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEPALIVE).text("")).into_response()
}

/// Returns when the connection is to end whatever it carries.
async fn ended(app: App, expires_at: Option<DateTime<Utc>>) {
    let mut stopping = app.stopping.clone();
    let mut check = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            _ = check.tick() => {
                if expires_at.is_some_and(|end| end <= app.clock.now()) {
                    return;
                }
            }
        }
    }
}
