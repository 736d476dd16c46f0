//! The HTTP client of webhook deliveries: plain HTTP, pooled connections.

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A pooled client for plain HTTP.
pub(crate) type HttpClient = Client<HttpConnector, Body>;

pub(crate) fn new() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Sends a request and reads its answer to the end; none on a transport error.
pub(crate) async fn send(client: &HttpClient, request: Request<Body>) -> Option<(u16, Bytes)> {
    let response = client.request(request).await.ok()?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.ok()?;
    Some((status, body.to_bytes()))
}
