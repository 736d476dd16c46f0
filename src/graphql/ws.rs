//! Subscriptions over WebSockets: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

mod operations;

use std::{
    future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_graphql::Data;
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{
    extract::{
        FromRequestParts, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{
        HeaderValue,
        header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures_channel::mpsc;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::time::Instant;

use self::operations::Operations;
use super::documents::Named;
use crate::{
    app::{App, RequestId},
    error::{Code, Error, Result},
};

/// The one protocol that is spoken; the older `graphql-ws` of Apollo's is not.
const PROTOCOL: &str = "graphql-transport-ws";

/// What a client answers, so that it is known to be there.
const PING: &str = r#"{"type":"ping"}"#;

/// How often a client is asked in the time that it may be silent.
const PINGS: u32 = 3;

/// The close codes of the protocol, and those of ours.
const GOING_AWAY: u16 = 1001;
const TRY_AGAIN_LATER: u16 = 1013;
const BAD_REQUEST: u16 = 4400;
const UNAUTHORIZED: u16 = 4401;
const LATE: u16 = 4408;
const ID_IN_USE: u16 = 4409;
/// The one code at which clients connect again, with a fresh token.
const FORBIDDEN: u16 = 4403;

/// What the first message of a socket made of it.
#[derive(Default)]
struct Session {
    /// When the token ends, once that is known.
    expiry: OnceLock<Option<DateTime<Utc>>>,
    /// Why the first message was refused, if it was.
    refusal: OnceLock<Code>,
}

/// Takes a socket over.
pub async fn upgrade(
    app: App,
    id: RequestId,
    parts: &mut Parts,
    upgrade: WebSocketUpgrade,
) -> Result<Response> {
    check_origin(&app, parts)?;
    let other_protocol = || Error::invalid("The WebSocket protocol should be graphql-transport-ws.");
    if !offers(parts, PROTOCOL) {
        return Err(other_protocol());
    }
    // The library takes the first that it knows of those that are offered: it is to speak the one that was agreed on.
    parts.headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    let protocol = GraphQLProtocol::from_request_parts(parts, &app).await.map_err(|_| other_protocol())?;
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let most = app.config.graphql.body;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(most).max_frame_size(most);
    Ok(upgrade.on_upgrade(move |socket| serve(app, id, socket, protocol, header)).into_response())
}

/// A browser names the site that opens the socket: only those that are configured may, and the gateway's own pages.
fn check_origin(app: &App, parts: &Parts) -> Result<()> {
    let Some(origin) = parts.headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let own = url::Url::parse(&app.config.public_url).map(|url| url.origin().ascii_serialization());
    if app.config.cors_origins.contains(origin) || own.is_ok_and(|own| own == origin) {
        return Ok(());
    }
    Err(Error::forbidden("The origin is not among BILLGRAPH_CORS_ORIGINS."))
}

fn offers(parts: &Parts, protocol: &str) -> bool {
    let offered =
        parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).any(|offered| offered.trim() == protocol)
}

async fn serve(
    app: App,
    id: RequestId,
    socket: WebSocket,
    protocol: GraphQLProtocol,
    header: Option<String>,
) {
    let silence = app.config.socket_silence;
    let session = Arc::<Session>::default();
    let operations = Arc::<Operations>::default();
    let (mut to_client, from_client) = socket.split();
    let from_client = {
        let operations = operations.clone();
        from_client.take_while(move |message| {
            let goes_on = message.as_ref().map_or(true, |message| operations.hear(message));
            future::ready(goes_on)
        })
    };
    let (sender, mut outgoing) = mpsc::channel::<Message>(16);
    let schema = Named(app.clone());
    let init = {
        let (app, session) = (app.clone(), session.clone());
        move |payload| async move {
            let data = connect(&app, id, header, &payload, &session).await;
            if let Err(error) = &data {
                // The first message comes once.
                let _ = session.refusal.set(error.code);
            }
            Ok(data?)
        }
    };
    let protocol = GraphQLWebSocket::new_with_pair(sender, from_client, schema, protocol)
        .on_connection_init(init)
        .keepalive_timeout(silence)
        .serve();
    let mut protocol = std::pin::pin!(protocol);
    let mut stopping = app.stopping.clone();
    let mut check = tokio::time::interval(Duration::from_secs(1));
    let mut ping = tokio::time::interval_at(Instant::now() + silence / PINGS, silence / PINGS);
    let mut running = true;
    loop {
        let message = tokio::select! {
            message = outgoing.next() => match message {
                Some(message) => match operations.say(with_code_of_protocol(message, &session)) {
                    Some(message) => message,
                    None => continue,
                },
                None if operations.collided() => close(ID_IN_USE, "an operation with this id is under way"),
                None => break,
            },
            _ = ping.tick(), if running && session.expiry.get().is_some() => Message::text(PING),
            () = &mut protocol, if running => {
                running = false;
                continue;
            }
            _ = stopping.wait_for(|stopping| *stopping) => close(GOING_AWAY, "going away"),
            _ = check.tick(), if running => {
                let expired = session.expiry.get().copied().flatten().is_some_and(|end| end <= app.clock.now());
                if !expired { continue }
                close(FORBIDDEN, "the token has expired")
            }
        };
        let last = matches!(message, Message::Close(_));
        if to_client.send(message).await.is_err() || last {
            break;
        }
    }
}

/// Who opened the socket: by the payload of the first message, or by the header of the request.
async fn connect(
    app: &App,
    id: RequestId,
    header: Option<String>,
    payload: &Value,
    session: &Session,
) -> Result<Data> {
    let members = payload.as_object().into_iter().flatten();
    let mut named = members.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let authorization = named.next().and_then(|(_, value)| value.as_str()).map(str::to_owned).or(header);
    let viewer = app.auth.viewer(authorization.as_deref()).await?;
    // The first message comes once: a second one closes the socket.
    let _ = session.expiry.set(viewer.expires_at);
    Ok(super::session(app, viewer, id))
}

/// The library closes with codes that clients take for faults of the server's; the protocol has its own.
fn with_code_of_protocol(message: Message, session: &Session) -> Message {
    let Message::Close(Some(frame)) = message else { return message };
    match frame.code {
        1002 if session.refusal.get() == Some(&Code::Unauthenticated) => close(FORBIDDEN, &frame.reason),
        1002 if session.refusal.get().is_some() => close(TRY_AGAIN_LATER, &frame.reason),
        // The reason is the parser's, and can be longer than a close frame may be.
        1002 => close(BAD_REQUEST, "invalid message"),
        1011 => close(UNAUTHORIZED, "unauthorized"),
        3008 if session.expiry.get().is_none() => close(LATE, "nobody said who asks"),
        _ => Message::Close(Some(frame)),
    }
}

fn close(code: u16, reason: &str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.to_owned().into() }))
}
