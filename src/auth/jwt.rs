//! Tokens of issuers: who signed one, whether that counts, and whom it names.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use reqwest::{Client, Url, redirect::Policy};
use serde_json::{Map, Value};

use super::{
    Caller, Viewer,
    claims::{Claims, Namespace},
    jwk,
    key_set::KeySet,
    not_valid,
};
use crate::{
    clock::Clock,
    config::{AdminClaim, AuthConfig, Issuer},
    error::{Error, Result},
    network,
};

const TIMEOUT: Duration = Duration::from_secs(5);
const MOST_REDIRECTS: usize = 3;

/// Checks issuers' tokens.
pub struct Tokens {
    issuers: Vec<Trusted>,
    secret: Option<DecodingKey>,
    audiences: Vec<String>,
    admin_claim: Option<AdminClaim>,
    clock: Clock,
}

struct Trusted {
    issuer: Issuer,
    keys: Arc<KeySet>,
}

impl Tokens {
    pub fn new(config: &AuthConfig, clock: Clock) -> Self {
        let client = client();
        let trust = |issuer: &Issuer| Trusted {
            issuer: issuer.clone(),
            keys: KeySet::new(&issuer.url, client.clone(), clock.clone()),
        };
        Self {
            issuers: config.issuers.iter().map(trust).collect(),
            secret: config
                .jwt_secret
                .as_ref()
                .map(|secret| DecodingKey::from_secret(secret.expose().as_bytes())),
            audiences: config.audiences.clone(),
            admin_claim: config.admin_claim.clone(),
            clock,
        }
    }

    /// Fetches the keys of each issuer.
    pub async fn warm(&self) {
        join_all(self.issuers.iter().map(|trusted| trusted.keys.warm())).await;
    }

    /// Whom the token names.
    pub async fn viewer(&self, token: &str) -> Result<Viewer> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| not_valid())?;
        // Extensions that must be understood (RFC 7515, 4.1.11): we know none.
        if header.crit.is_some() {
            return Err(not_valid());
        }
        let (claims, issuer) = match header.alg {
            Algorithm::HS256 => self.by_secret(token)?,
            Algorithm::HS384 | Algorithm::HS512 => return Err(not_valid()),
            _ => self.by_issuer(token, &header).await?,
        };
        let expires_at = claims.check_time(self.clock.now())?;
        if claims.is_anon_key() {
            return Ok(Viewer::anonymous());
        }
        if !self.issuers.is_empty() && issuer.is_none() {
            return Err(no_issuer());
        }
        claims.check_audience(&self.audiences)?;
        let user = claims.user(&self.namespace(issuer), self.admin_claim.as_ref())?;
        Ok(Viewer { caller: Caller::User(user), expires_at: Some(expires_at) })
    }

    /// By the shared secret, and by nothing else: a public key is no secret (RFC 8725, 2.1).
    ///
    /// Where there is no secret, Supabase's anon key still passes: it makes nobody of its bearer, forged or not.
    fn by_secret(&self, token: &str) -> Result<(Claims, Option<&Trusted>)> {
        let claims = if let Some(secret) = &self.secret {
            Claims(jwk::signed_claims(token, secret, Algorithm::HS256).ok_or_else(not_valid)?)
        } else {
            let claims = unverified(token)?;
            claims.is_anon_key().then_some(claims).ok_or_else(not_valid)?
        };
        let issuer = self.trusted(&claims);
        Ok((claims, issuer))
    }

    /// By a key of the issuer that the token itself names; this choice is all that is read ahead of the check.
    async fn by_issuer(&self, token: &str, header: &Header) -> Result<(Claims, Option<&Trusted>)> {
        let trusted = self.trusted(&unverified(token)?).ok_or_else(no_issuer)?;
        let claims = Claims(trusted.keys.verify(token, header).await?);
        // The text is the same, but two readings of it could differ.
        if !claims.is_from(&trusted.issuer.url) {
            return Err(not_valid());
        }
        Ok((claims, Some(trusted)))
    }

    /// The issuer that the claims name, preferring one that is written exactly so.
    fn trusted(&self, claims: &Claims) -> Option<&Trusted> {
        let exactly = |trusted: &&Trusted| claims.issuer() == Some(trusted.issuer.url.as_str());
        let nearly = |trusted: &&Trusted| claims.is_from(&trusted.issuer.url);
        self.issuers.iter().find(exactly).or_else(|| self.issuers.iter().find(nearly))
    }

    fn namespace(&self, issuer: Option<&Trusted>) -> Namespace<'_> {
        let alias = |trusted: &'_ Trusted| trusted.issuer.alias.clone();
        Namespace {
            alias: issuer.and_then(alias),
            others: self.issuers.iter().filter_map(|trusted| trusted.issuer.alias.as_deref()).collect(),
        }
    }
}

fn unverified(token: &str) -> Result<Claims> {
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<Map<String, Value>>(token);
    claims.map(Claims).map_err(|_| not_valid())
}

fn no_issuer() -> Error {
    Error::unauthenticated("No accepted issuer.")
}

/// Keys come from where the configuration says: a redirect stays on that host.
fn client() -> Client {
    let same_origin = |from: &Url, to: &Url| from.origin() == to.origin();
    network::client(|builder| {
        builder.timeout(TIMEOUT).redirect(Policy::custom(move |attempt| {
            let stays = attempt.previous().iter().all(|url| same_origin(url, attempt.url()));
            if stays && attempt.previous().len() <= MOST_REDIRECTS {
                attempt.follow()
            } else {
                attempt.stop()
            }
        }))
    })
}
