//! A client of `graphql-transport-ws` that hides nothing of what is said.

use std::{future::Future, time::Duration};

use futures_util::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::TestApp;

/// The name of the protocol.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// Waits for something that must come.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(2), what).await.expect("it comes within two minutes")
}

/// An open WebSocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens one, with these headers beside the usual ones.
    pub async fn open(
        url: &str,
        protocol: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, StatusCode> {
        let mut request =
            url.replacen("http://", "ws://", 1).into_client_request().expect("the URL is right");
        for (name, value) in headers.iter().chain(&[("sec-websocket-protocol", protocol)]) {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("the value is text"));
        }
        match soon(connect_async(request)).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("no socket: {error}"),
        }
    }

    /// Opens one and says who asks.
    pub async fn signed_in(test: &TestApp, token: &str) -> Self {
        let mut socket =
            Self::open(&test.url("/graphql"), PROTOCOL, &[]).await.expect("the gateway upgrades");
        socket.init(json!({ "authorization": format!("Bearer {token}") })).await;
        assert_eq!(socket.next().await, json!({ "type": "connection_ack" }));
        socket
    }

    /// Sends the first message.
    pub async fn init(&mut self, payload: Value) {
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
    }

    /// Starts an operation whose id is `1`.
    pub async fn subscribe(&mut self, query: &str) {
        self.send(json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })).await;
    }

    /// The same, of a query that follows changes from now on: when this returns, it does.
    pub async fn follow(&mut self, test: &TestApp, query: &str) {
        // Before anything else it reads where it starts.
        let starts = || test.app().db.seen().iter().any(|statement| statement.sql.contains("\"changes\""));
        starts();
        self.subscribe(query).await;
        soon(async {
            while !starts() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the socket is open");
    }

    /// The next message, or `{"closed": CODE}`; pings are answered.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = self.heard().await;
            if message["type"] != "ping" {
                break message;
            }
            self.send(json!({ "type": "pong" })).await;
        }
    }

    /// The next message, pings too, or `{"closed": CODE}`.
    pub async fn heard(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Text(text))) => {
                    break serde_json::from_str(&text).expect("a message is JSON");
                }
                Some(Ok(Message::Close(frame))) => {
                    break json!({ "closed": frame.map(|frame| u16::from(frame.code)) });
                }
                Some(Ok(_)) => {}
                other => panic!("the socket ended without a close: {other:?}"),
            }
        }
    }

    /// Whether the gateway ends the socket, in whatever way, before it says anything else.
    pub async fn ends(&mut self) -> bool {
        matches!(soon(self.0.next()).await, None | Some(Err(_) | Ok(Message::Close(_))))
    }

    /// The data of the next result of the operation.
    pub async fn data(&mut self) -> Value {
        let mut message = self.next().await;
        assert_eq!((&message["type"], message["payload"].get("errors")), (&json!("next"), None), "{message}");
        message["payload"]["data"].take()
    }

    /// The data of an operation that has one result.
    pub async fn ask(&mut self, query: &str) -> Value {
        self.subscribe(query).await;
        let data = self.data().await;
        assert_eq!(self.next().await, json!({ "type": "complete", "id": "1" }), "{query}");
        data
    }

    /// Expects that nothing was pushed so far: the answer to a ping comes next.
    pub async fn assert_quiet(&mut self) {
        self.send(json!({ "type": "ping" })).await;
        assert_eq!(self.next().await, json!({ "type": "pong" }));
    }
}
