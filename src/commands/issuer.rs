//! An issuer of tokens for the demo and for tests: one ES256 key, published as any OpenID provider does.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use axum::{Json, Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

/// What comes before the 32 bytes of a P-256 key in PKCS#8 (RFC 5958), without the public half.
const PKCS8_PREFIX: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04,
    0x20,
];

/// Signs tokens for whoever asks: for the demo and for tests, never for people's data.
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    key: EncodingKey,
    public: Value,
    key_id: String,
    url: OnceLock<String>,
}

impl Issuer {
    /// An issuer with a fresh key.
    pub fn new() -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("the machine has randomness");
        // Neither zero nor beyond the curve's order.
        seed[0] &= 0x7f;
        seed[31] |= 1;
        Self::with_seed(seed)
    }

    /// An issuer whose key follows from the seed.
    ///
    /// Panics on the few seeds that are no P-256 key (zero, and those from the curve's order on).
    pub fn with_seed(seed: [u8; 32]) -> Self {
        let key = EncodingKey::from_ec_der(&[&PKCS8_PREFIX[..], &seed].concat());
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("the seed is a key of P-256");
        let key_id =
            jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).expect("the key has coordinates");
        let mut public = serde_json::to_value(jwk).expect("a key is JSON");
        public["kid"] = key_id.clone().into();
        public["use"] = "sig".into();
        Self(Arc::new(Inner { key, public, key_id, url: OnceLock::new() }))
    }

    /// The same issuer at a URL of its own, where its router is served by somebody else.
    #[must_use]
    pub fn at(self, url: impl Into<String>) -> Self {
        // Where it listens already, that stays its name: tokens may be out.
        self.0.url.get_or_init(|| url.into());
        self
    }

    /// The routes that tell its key.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/jwks.json", get(keys))
            .route("/.well-known/openid-configuration", get(configuration))
            .with_state(self.clone())
    }

    /// Serves the routes in the background and returns where (port 0 chooses one).
    pub async fn listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        self.0.url.get_or_init(|| format!("http://{address}"));
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(address)
    }

    /// The `iss` of its tokens; empty before it listens or is given a URL.
    pub fn url(&self) -> &str {
        self.0.url.get().map_or("", String::as_str)
    }

    /// Signs the claims; `iss` is added where it is missing.
    pub fn token(&self, mut claims: Value) -> String {
        if let Value::Object(claims) = &mut claims {
            claims.entry("iss").or_insert_with(|| self.url().into());
        }
        let header = Header { kid: Some(self.0.key_id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &self.0.key).expect("the key signs JSON")
    }

    /// A token for a user with a verified e-mail.
    pub fn user_token(
        &self,
        user_id: &str,
        email: &str,
        lifetime_seconds: i64,
        now: DateTime<Utc>,
    ) -> String {
        let now = now.timestamp();
        self.token(json!({
            "sub": user_id, "email": email, "email_verified": true,
            "iat": now, "exp": now + lifetime_seconds,
        }))
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    Json(json!({ "keys": [issuer.0.public] }))
}

async fn configuration(State(issuer): State<Issuer>) -> Json<Value> {
    let url = issuer.url();
    Json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "subject_types_supported": ["public"],
        "response_types_supported": ["id_token"],
    }))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    #[tokio::test]
    async fn its_tokens_are_verified_by_what_it_publishes() {
        let issuer = Issuer::new();
        let address = issuer.listen(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        assert_eq!(issuer.url(), format!("http://{address}"));
        let client = crate::network::client(|builder| builder);
        let published = client.get(format!("{}/.well-known/jwks.json", issuer.url())).send().await;
        let published: Value = published.expect("an answer").json().await.expect("JSON");
        let jwk: Jwk = serde_json::from_value(published["keys"][0].clone()).expect("a key");
        let now = DateTime::from_timestamp(1_000, 0).expect("a time");
        let token = issuer.user_token("user_1", "a@example.com", 60, now);
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(&jwk).expect("a usable key");
        let data = jsonwebtoken::decode::<Value>(&token, &key, &validation).expect("a valid token");
        assert_eq!(data.claims["exp"], 1_060);
        assert_eq!(data.claims["iss"], issuer.url());
        assert_eq!(data.header.kid, jwk.common.key_id);
    }

    #[test]
    fn a_seed_is_a_key() {
        let (one, same, other) =
            (Issuer::with_seed([1; 32]), Issuer::with_seed([1; 32]), Issuer::with_seed([2; 32]));
        assert_eq!(one.0.public, same.0.public);
        assert_ne!(one.0.key_id, other.0.key_id);
        assert!(one.0.public.get("d").is_none(), "the private half stays here");
        assert_eq!(one.at("http://a.example").at("http://b.example").url(), "http://a.example");
    }
}
