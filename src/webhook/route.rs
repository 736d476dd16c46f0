//! `POST /webhooks/stripe`.

use axum::{Json, body::Bytes, extract::State, http::HeaderMap};
use serde_json::{Value, json};

use super::signature;
use crate::{
    app::App,
    crash,
    error::{Error, Result},
    mirror::{account::Admission, event::parse},
};

/// The largest body that is read, in bytes. Stripe's own events stay far below.
pub const BODY_LIMIT: usize = 1 << 20;

/// Takes an event in: the answer is 200 once it is durable, be it new, known, stale or about anything else.
///
/// An event of another mode than the database's is refused and not stored; but of a connected account, a live
/// endpoint gets the events of test mode too: these are passed over.
///
/// Whatever is not answered 200 Stripe delivers again, for up to three days.
pub async fn receive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>> {
    let secrets = &app.config.stripe.webhook_secrets;
    if secrets.is_empty() {
        return Err(Error::unavailable("STRIPE_WEBHOOK_SECRET is not set."));
    }
    let header = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    signature::verify(header, &body, secrets, app.clock.unix())
        .map_err(|refusal| Error::invalid(refusal.message()))?;
    crash::point("received");
    let event = parse(&body)?;
    tracing::debug!(event.id, event.r#type, object.id = event.object_id, "event received");
    if app.account.admit(&event).await? == Admission::TakenIn {
        app.writer.event(event).await?;
    }
    crash::point("before the answer");
    Ok(Json(json!({ "received": true })))
}
