//! Keys that sign tokens in tests, and a server that publishes them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, response::Redirect, routing::get};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

/// What comes before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410).
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A key that was made for these tests and signs nothing else: RSA, 2048 bits, PKCS#1.
const RSA_PRIVATE: &str = "\
    MIIEpAIBAAKCAQEA/gMF2U0PM9t/PkF14YaZxHwoRRImPoRRqOv8aFQvkqkEa03yXVgEHRLWRvy4MTM7dJ8MubPu0xgZkRRb\
    dz4tUP9Rz51vJXZt5zWA9VjK7gq17MZh72rpO+MUQ1eEB8vhmmHo3WYsEzlRy2Z1rDrCOsKRyUK21HiUGMu8JFZ4SHbDTBq1\
    iILYwYtTOjkrdSPDCDP6u0a5T+P/H2QM1aDRKQE07/EEvlNBhc47HYHjXlNtkwNx/qHXaYSA50YHbD/8CFgNTb4HxmDIGkVn\
    fxeM557kSZDoBHOH+tqMkF5/pllx3OYnT+H5zAaQxhSH8jFtAEBbPcmf/+1YKS19CX7zHQIDAQABAoIBABTMvZFeMIUAD8rS\
    xGrbwUKoIgoJ4uzSm/c3n7sRTbX2NiDtSI/hMbEJxlcYwaJxvggeMAYS2FcbzZgmMRkyE7biuVnFXAEW0ggRRwaQJ0nXwa7q\
    TcGzoPag8RtUksCqrsYcB1v9zlUip/J+aNtaEmaKYTK4Tk1WtFXVdQoKtJ3GRhNobYeVDN3ofOTnZUXTInL5jRiTzhTd8vPp\
    wxuBBvVuWmgLLO81Jah0N2WVNXyxjNx1tcWrFDvF9HD5pLuqJpsklhtJ1/q7EgNtLp1Wv8oOYpLSO3sO1rYV+DAb/Csg0Xh+\
    HodW4KV4vCAwDh6GkuOE05zsaQj9wb5Bg1mQDacCgYEA//Ngk3ZcW2bXBdiszdDTGOyF6S03bi6Sq+6k0WsOftWgOt5U33Sf\
    Z2QxXrkOcifVHPD1+CZSqPCs5+tiCjphq3uoBOwrIt2VJXWiJ0ZIXbsQCoREzvPSQgqKpJNZd+lHcwCCbK/YjmhMuSEHvfl4\
    o112GgJiSp4sCeuRFE+dZpMCgYEA/g+My0Yw3hlDIrEUbmAOWAFlOOFUpYUQXJIZag62XP1Ig0S+eCFdkCmVztSSltTj/fZv\
    u9ks0OKXbSXdkCFYQV2qs7CYxdO7Z5ALXIhoqeZzGuA8LKg9ZLYCkOby142CvNk2h3EBekGfrCSZnlG0BXmu8DhHKNsAyZ/w\
    bvi8HY8CgYBiccKolTLKuRBlIES+2N4IzRhoakrSpzkkxiJAphOqNxJs8gzk8Z9KDiBrFXR39dgjTI7exiau8fsfLMrFslTU\
    tzgVxJyGyYFPKiKXRpIY8xUlZmBs1Rz+570RtdcIpwIjOoPvt+bsRzOTVR/8MtLyysTdFiOmHZZEroVbsY+R3wKBgQDmKFop\
    UMY2fnZGeFuE/nogGeuEUwXnCRvgcO6bGQb2SPKnEODoXXmwfyva+tJt2CFPUjC44a7q8UuzMql8x+h3Fw7syGAuX3kYAfN4\
    +Y6v1DiUsW1yG1u63/SFJuP6iJVW1gTDQInRIqAvR9zvAx9uEmV788/rYDNfdQhQz/9DWwKBgQCgNOx96DciGy4uchru9js2\
    tSnPnvg/KBvcpAw079uxZT4U5VPj04sfpMofwU0PTUnMxx5v512T88kTwxhSsEag1rnbeeeXf7yOE3IMIc+xLfdBBx7fPxsa\
    IFc1HlOYFbsWYMaaJtJ9YzmsovEdhyI6aUiGMn3/o9y2DOp8rhqY/A==";

/// Its public half, as a SubjectPublicKeyInfo.
pub const RSA_PUBLIC: &str = "\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA/gMF2U0PM9t/PkF14YaZxHwoRRImPoRRqOv8aFQvkqkEa03yXVgE\
    HRLWRvy4MTM7dJ8MubPu0xgZkRRbdz4tUP9Rz51vJXZt5zWA9VjK7gq17MZh72rpO+MUQ1eEB8vhmmHo3WYsEzlRy2Z1rDrC\
    OsKRyUK21HiUGMu8JFZ4SHbDTBq1iILYwYtTOjkrdSPDCDP6u0a5T+P/H2QM1aDRKQE07/EEvlNBhc47HYHjXlNtkwNx/qHX\
    aYSA50YHbD/8CFgNTb4HxmDIGkVnfxeM557kSZDoBHOH+tqMkF5/pllx3OYnT+H5zAaQxhSH8jFtAEBbPcmf/+1YKS19CX7z\
    HQIDAQAB";

/// A key with the name that it is published under.
pub struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    pub id: &'static str,
}

impl Signer {
    pub fn rsa(algorithm: Algorithm) -> Self {
        let der = BASE64_STANDARD.decode(RSA_PRIVATE).expect("base64");
        Self { key: EncodingKey::from_rsa_der(&der), algorithm, id: "rsa" }
    }

    pub fn ed25519(seed: u8, id: &'static str) -> Self {
        let der = [&ED25519_PREFIX[..], &[seed; 32]].concat();
        Self { key: EncodingKey::from_ed_der(&der), algorithm: Algorithm::EdDSA, id }
    }

    pub fn secret(secret: &[u8], id: &'static str) -> Self {
        Self { key: EncodingKey::from_secret(secret), algorithm: Algorithm::HS256, id }
    }

    /// The public half; without `alg`, so that the kind of key decides.
    pub fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key");
        let mut jwk = serde_json::to_value(jwk).expect("a key is JSON");
        jwk.as_object_mut().expect("an object").remove("alg");
        jwk["kid"] = self.id.into();
        jwk
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) }, claims)
    }

    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).expect("it signs")
    }
}

/// Publishes keys, and counts how often it is asked.
#[derive(Clone)]
pub struct Server {
    pub url: String,
    keys: Arc<Mutex<Value>>,
    status: Arc<AtomicU16>,
    fetches: Arc<AtomicUsize>,
}

impl Server {
    pub async fn start(keys: &[&Signer]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Self {
            url: format!("http://{}", listener.local_addr().expect("it listens")),
            keys: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
            fetches: Arc::default(),
        };
        server.publish(keys);
        let app = Router::new()
            .route("/.well-known/jwks.json", get(published))
            .route(
                "/moved/.well-known/jwks.json",
                get(|| async { Redirect::temporary("/.well-known/jwks.json") }),
            )
            .route("/away/.well-known/jwks.json", get(elsewhere))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub fn publish(&self, keys: &[&Signer]) {
        let keys: Vec<_> = keys.iter().map(|signer| signer.public()).collect();
        *self.keys.lock().expect("not poisoned") = json!({ "keys": keys });
    }

    pub fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

async fn published(State(server): State<Server>) -> (StatusCode, Json<Value>) {
    server.fetches.fetch_add(1, Ordering::Relaxed);
    let status = StatusCode::from_u16(server.status.load(Ordering::Relaxed)).expect("a status");
    (status, Json(server.keys.lock().expect("not poisoned").clone()))
}

/// The same keys, but on what is another host to whoever reads the URL.
async fn elsewhere(State(server): State<Server>) -> Redirect {
    Redirect::temporary(&format!("{}/.well-known/jwks.json", server.url.replace("127.0.0.1", "localhost")))
}
