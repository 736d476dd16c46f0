//! Who is asking: issuers' tokens and our own become a [`Viewer`].

mod claims;
mod jwk;
mod jwt;
mod key_set;
mod recent;
pub mod scope;
pub mod service_token;
mod viewer;

use std::sync::Arc;

use sea_orm::DatabaseConnection;
use sha2::{Digest, Sha256};

pub use self::viewer::{Caller, Organization, Role, User, Viewer};
use crate::{
    clock::Clock,
    config::AuthConfig,
    error::{Error, Result},
};

/// Longest token that is looked at, in bytes.
const LONGEST_TOKEN: usize = 16 << 10;

/// Knows whose tokens are believed; clones share keys and memory.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    issued: jwt::Tokens,
    recent: recent::Recent,
    db: DatabaseConnection,
    clock: Clock,
}

impl Auth {
    /// Believes the issuers and secrets of `config`, and the service tokens of `db`.
    pub fn new(config: &AuthConfig, db: DatabaseConnection, clock: Clock) -> Self {
        let issued = jwt::Tokens::new(config, clock.clone());
        Self(Arc::new(Inner { issued, recent: recent::Recent::default(), db, clock }))
    }

    /// Who the bearer of this `Authorization` value is; without one, nobody in particular.
    ///
    /// Fails with `UNAUTHENTICATED` where the token is not believed, and with `UNAVAILABLE` where that cannot be
    /// found out.
    pub async fn viewer(&self, authorization: Option<&str>) -> Result<Viewer> {
        let Some(authorization) = authorization else { return Ok(Viewer::anonymous()) };
        let token = bearer(authorization)?;
        let digest = Sha256::digest(token).into();
        if let Some(viewer) = self.0.recent.get(&digest, self.0.clock.now()) {
            return Ok(viewer);
        }
        let viewer = if token.starts_with(service_token::PREFIX) {
            service_token::authenticate(&self.0.db, &self.0.clock, token).await?
        } else {
            self.0.issued.viewer(token).await?
        };
        self.0.recent.put(digest, &viewer, self.0.clock.now());
        Ok(viewer)
    }

    /// Fetches the keys of each issuer ahead of the first request; failures are only logged.
    pub async fn warm(&self) {
        self.0.issued.warm().await;
    }
}

/// The token of a `Bearer` value (RFC 6750; the scheme's case does not matter, RFC 9110).
fn bearer(authorization: &str) -> Result<&str> {
    let (scheme, token) = authorization.trim().split_once(' ').unwrap_or((authorization, ""));
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Error::unauthenticated("Authorization should be `Bearer` and a token."));
    }
    if token.len() > LONGEST_TOKEN {
        return Err(not_valid());
    }
    Ok(token)
}

/// All that a client learns of a token that is forged, broken or foreign.
fn not_valid() -> Error {
    Error::unauthenticated("The token is not valid.")
}

fn expired() -> Error {
    Error::unauthenticated("The token has expired.")
}

#[cfg(test)]
mod tests;
