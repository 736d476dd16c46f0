//! `GET /wait`: reading what one wrote.
//!
//! A mutation that makes something at Stripe returns a token that names it. Whoever has the token can wait until the
//! mirror holds that object: at once in the gateway that wrote it, and elsewhere, or where the answer of Stripe's could
//! not be written, as soon as its event is taken in. The token is sealed with the Stripe key, so that nobody can ask for
//! what no mutation of theirs made.

use std::{pin::pin, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header::CACHE_CONTROL},
    response::IntoResponse,
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query as Statement},
};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use crate::{
    app::App,
    auth::Caller,
    db::Database,
    error::{Error, Result},
    mirror::{Mirror, mirror},
    sync::stopped,
};

/// How long is waited where nothing is said, in seconds.
const DEFAULT: u64 = 10;

/// How long is waited at most, in seconds.
const LONGEST: u64 = 60;

/// How often is looked for what another process wrote.
const INTERVAL: Duration = Duration::from_millis(250);

/// The length of a seal, in bytes.
const SEAL: usize = 32;

/// The route.
pub fn routes() -> Router<App> {
    Router::new().route("/wait", get(wait))
}

/// What a mutation made at Stripe.
#[derive(Debug)]
struct Made {
    mirror: &'static Mirror,
    id: String,
    /// The state that it was made in or a later one is waited for, by the second.
    since: i64,
}

/// A token with which is waited until the mirror holds an object, in a state of that second or a later one.
///
/// Stripe's events may carry an earlier second than its answers: for what was made, the second is that of its `created`.
/// There is no token without a key.
pub fn token(app: &App, object: &str, id: &str, since: i64) -> Option<String> {
    let named = format!("1 {since} {object} {id}");
    let seal = sealing(app)?.chain_update(&named).finalize().into_bytes();
    Some(URL_SAFE_NO_PAD.encode([&seal, named.as_bytes()].concat()))
}

/// What a token names, if the gateway made it.
fn opened(app: &App, token: &str) -> Result<Made> {
    let sealing = sealing(app).ok_or_else(|| Error::unavailable("STRIPE_SECRET_KEY is not set."))?;
    let open = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, named) = bytes.split_at_checked(SEAL)?;
        sealing.chain_update(named).verify_slice(seal).ok()?;
        let named = str::from_utf8(named).ok()?.strip_prefix("1 ")?;
        let (since, named) = named.split_once(' ')?;
        let (object, id) = named.split_once(' ')?;
        Some(Made { mirror: mirror(object)?, id: id.to_owned(), since: since.parse().ok()? })
    };
    open().ok_or_else(|| Error::invalid("The token is none that a mutation of this gateway returned."))
}

fn sealing(app: &App) -> Option<Hmac<Sha256>> {
    let key = app.config.stripe.secret_key.as_ref()?.expose();
    let sealing = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length will do");
    Some(sealing.chain_update("billgraph wait token "))
}

#[derive(Deserialize)]
struct Parameters {
    token: Option<String>,
    timeout: Option<String>,
}

async fn wait(
    State(app): State<App>,
    headers: HeaderMap,
    parameters: std::result::Result<Query<Parameters>, QueryRejection>,
) -> Result<impl IntoResponse> {
    if app.viewer(&headers).await?.caller == Caller::Anonymous {
        return Err(Error::unauthenticated("Sign in to wait."));
    }
    let Query(parameters) =
        parameters.map_err(|_| Error::invalid("The parameters are `token` and `timeout`, once each."))?;
    let timeout = seconds(parameters.timeout.as_deref())?;
    let token = parameters.token.ok_or_else(|| Error::invalid("`token` is missing."))?;
    let made = opened(&app, &token)?;
    if !holds(&app.db, &made).await? {
        let late =
            |_| Error::unavailable("The mirror does not hold it yet.").status(StatusCode::GATEWAY_TIMEOUT);
        tokio::time::timeout(timeout, held(&app, &made)).await.map_err(late)??;
    }
    let body = Json(json!({ "object": made.mirror.object, "id": made.id }));
    Ok(([(CACHE_CONTROL, "no-store")], body))
}

fn seconds(text: Option<&str>) -> Result<Duration> {
    let Some(text) = text else { return Ok(Duration::from_secs(DEFAULT)) };
    let seconds = text.parse().ok().filter(|seconds| (0..=LONGEST).contains(seconds));
    // `parse` takes a plus sign.
    let seconds = seconds.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let refusal = || Error::invalid(format!("`timeout` is in whole seconds, from 0 to {LONGEST}."));
    seconds.map(Duration::from_secs).ok_or_else(refusal)
}

/// Returns once the mirror holds it.
async fn held(app: &App, made: &Made) -> Result<()> {
    // Followed before the mirror is looked at again: what is written in between is told.
    let changes = app.changes.follow(app.db.reader.clone(), vec![made.mirror.object], None).await?;
    let of_it = changes.filter(|change| {
        let is_of_it = change.as_ref().is_ok_and(|change| change.object_id == made.id);
        std::future::ready(is_of_it)
    });
    let mut of_it = pin!(of_it);
    while !holds(&app.db, made).await? {
        tokio::select! {
            _ = of_it.next() => {}
            () = tokio::time::sleep(INTERVAL) => {}
            () = stopped(app) => return Err(Error::unavailable("The gateway is shutting down.")),
        }
    }
    Ok(())
}

async fn holds(db: &Database, made: &Made) -> Result<bool, DbErr> {
    let mut statement = Statement::select();
    statement.expr(Expr::value(1)).from(made.mirror.table).and_where(Expr::col("id").eq(made.id.as_str()));
    statement.and_where(Expr::col("account").eq("")).and_where(Expr::col("stamp").gte(made.since));
    Ok(db.reader.query_one(&statement).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_in_whole_seconds() {
        assert_eq!(seconds(None).ok(), Some(Duration::from_secs(10)));
        assert_eq!(seconds(Some("0")).ok(), Some(Duration::ZERO));
        assert_eq!(seconds(Some("60")).ok(), Some(Duration::from_mins(1)));
        for wrong in ["", "61", "-1", "+1", "1.5", "10s", "ten", "99999999999999999999", "١"] {
            assert!(seconds(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
