//! What every outgoing HTTP client shares: its cryptography and a limit on what it reads.

use std::{error::Error as StdError, fmt};

use bytes::{Bytes, BytesMut};
use reqwest::{Client, ClientBuilder, Response};

/// Chooses ring for TLS, for the whole process; calling it again changes nothing.
pub fn install_crypto() {
    // An error means that a provider is there already, and one is all that is needed.
    let _installed = rustls::crypto::ring::default_provider().install_default();
}

/// A client as `configure` describes it, which says who we are.
///
/// On a machine without root certificates it still reaches plain http; https then fails for each request.
pub fn client(configure: impl Fn(ClientBuilder) -> ClientBuilder) -> Client {
    install_crypto();
    let builder =
        || configure(Client::builder().user_agent(concat!("billgraph/", env!("CARGO_PKG_VERSION"))));
    builder().build().unwrap_or_else(|error| {
        tracing::warn!(error = chain(&error), "https is not available");
        builder().tls_certs_only([]).build().expect("a client without root certificates needs nothing")
    })
}

/// Reads a body of at most `limit` bytes.
pub async fn read(mut response: Response, limit: usize) -> Result<Bytes, ReadError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ReadError::Broken(error.without_url()))? {
        if body.len() + chunk.len() > limit {
            return Err(ReadError::TooLong(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// An error with all its causes, in one line.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Why a body could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// It is longer than this many bytes.
    TooLong(usize),
    /// The connection failed on the way.
    Broken(reqwest::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(limit) => write!(f, "the answer is longer than {limit} bytes"),
            Self::Broken(_) => f.write_str("the answer broke off"),
        }
    }
}

impl StdError for ReadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::TooLong(_) => None,
            Self::Broken(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};

    use super::*;

    #[tokio::test]
    async fn a_long_body_is_cut_off() {
        let app = Router::new().route("/", get(|| async { "x".repeat(1000) }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = client(|builder| builder);
        let get = || async { client.get(format!("http://{address}/")).send().await.expect("an answer") };
        assert!(matches!(read(get().await, 999).await, Err(ReadError::TooLong(999))));
        assert_eq!(read(get().await, 1000).await.expect("it fits").len(), 1000);
    }

    #[test]
    fn crypto_can_be_installed_twice() {
        install_crypto();
        install_crypto();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
