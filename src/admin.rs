//! Routes for operators: loads of what Stripe held before, and single objects.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ActiveEnum;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    error::{Code, Error, Result},
    mirror::account::Mode,
    sync::{
        backfill::{
            Bounds, Created, Selection, Started,
            progress::{self, Progress},
            start,
        },
        single,
    },
};

/// The largest body that is read, in bytes.
const BODY_LIMIT: usize = 16 << 10;

/// The routes; each takes an admin's token.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/sync", post(load))
        .route("/sync/daily", post(async |state, headers, body| recent(state, headers, body, 1).await))
        .route("/sync/weekly", post(async |state, headers, body| recent(state, headers, body, 7).await))
        .route("/sync/monthly", post(async |state, headers, body| recent(state, headers, body, 31).await))
        .route("/sync/single/{id}", post(one))
        .route("/sync/{run}", get(state_of))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// What is to be loaded.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Load {
    object: Option<String>,
    #[serde(default)]
    created: Bounds,
}

/// What is to be loaded of the last days.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recent {
    object: Option<String>,
}

async fn load(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<(StatusCode, Json<Value>)> {
    admin(&app, &headers).await?;
    let asked: Load = read(&body)?;
    let created = asked.created.created()?;
    begin(&app, asked.object, created).await
}

async fn recent(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
    days: i64,
) -> Result<(StatusCode, Json<Value>)> {
    admin(&app, &headers).await?;
    let asked: Recent = read(&body)?;
    let created = Created::since(app.clock.now(), TimeDelta::days(days));
    begin(&app, asked.object, created).await
}

async fn begin(app: &App, object: Option<String>, created: Created) -> Result<(StatusCode, Json<Value>)> {
    let mode = Mode::of_key(app.config.stripe.secret_key.as_ref());
    let selection = Selection::new(object.as_slice(), created, mode)?;
    match start(app, &selection).await? {
        Started::Now(progress) => Ok((StatusCode::ACCEPTED, Json(shown(&progress)))),
        Started::Earlier(Progress { run, .. }) => {
            Err(Error::new(Code::Conflict, format!("{} loads the same, and is under way.", run.id)))
        }
    }
}

async fn state_of(
    State(app): State<App>,
    headers: HeaderMap,
    run: std::result::Result<Path<String>, PathRejection>,
) -> Result<Json<Value>> {
    admin(&app, &headers).await?;
    let unknown = || Error::new(Code::NotFound, "There is no such run.");
    let Path(run) = run.map_err(|_| unknown())?;
    if run.contains('\0') {
        return Err(unknown());
    }
    let progress = progress::read(&app.db, &run).await?.ok_or_else(unknown)?;
    Ok(Json(shown(&progress)))
}

async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    id: std::result::Result<Path<String>, PathRejection>,
) -> Result<Json<Value>> {
    admin(&app, &headers).await?;
    let Path(id) = id.map_err(|_| Error::invalid("This can be no id of Stripe's."))?;
    let synced = single::sync(&app, &id).await?;
    Ok(Json(json!({
        "object": synced.object,
        "id": synced.id,
        "deleted": synced.deleted,
        "companions": synced.companions,
    })))
}

async fn admin(app: &App, headers: &HeaderMap) -> Result<()> {
    app.viewer(headers).await?.require_admin()
}

/// The body as JSON; without one, nothing in particular is asked for.
fn read<T: for<'a> Deserialize<'a> + Default>(body: &[u8]) -> Result<T> {
    if body.is_empty() {
        return Ok(T::default());
    }
    // The parser's own text may repeat the body.
    serde_json::from_slice(body).map_err(|_| {
        Error::invalid(
            "The body should be JSON such as {\"object\": \"customer\", \"created\": {\"gte\": 1767225600}}.",
        )
    })
}

fn shown(progress: &Progress) -> Value {
    let run = &progress.run;
    let time = |time: DateTime<Utc>| time.to_rfc3339();
    let objects = progress.objects.iter().map(|object| {
        let row = &object.row;
        json!({ "object": row.object, "state": row.state.to_value(), "loaded": row.loaded, "refused": row.refused,
                "done": object.done, "error": row.error })
    });
    json!({
        "id": run.id,
        "state": run.state.to_value(),
        "createdGte": run.created_gte.map(time),
        "createdLt": time(run.created_lt),
        "objects": objects.collect::<Vec<_>>(),
        "error": run.error,
        "startedAt": time(run.created),
        "updatedAt": time(run.updated_at),
        "finishedAt": run.finished_at.map(time),
    })
}
