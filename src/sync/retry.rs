//! Recorded events that could not be applied are tried again, in every process, each event in one of them at a time.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use entity::webhook_event::{Column, Entity, Model, State};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use super::{
    is_stopping, jittered,
    jobs::{CLAIM, Patience, pause},
    stopped,
};
use crate::{
    app::App,
    clock::Clock,
    db::Database,
    error::{Error, Result},
    mirror::{event::parse, inbox::LONGEST_REASON, writer::Writer},
};

/// How many events are claimed at a time.
const AT_ONCE: u64 = 16;

/// How often is looked for events that are due.
const INTERVAL: Duration = Duration::from_secs(5);

/// What became of an event that was applied again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was weighed under the same rules as the first time.
    Done(State),
    /// It could not be applied, for this reason.
    Failed(String),
    /// Its body is not kept.
    NotKept,
}

/// Tries what is due until the gateway stops.
pub async fn run(app: App) {
    while !is_stopping(&app) {
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(jittered(INTERVAL)) => {}
        }
        // While the database is away nothing is lost: whatever was claimed is due again when the claim has passed.
        if let Err(error) = drain(&app, app.clock.now()).await {
            tracing::debug!(error = error.chain(), "events that failed cannot be tried again now");
        }
    }
}

/// Tries everything once that is due at a moment.
pub async fn drain(app: &App, now: DateTime<Utc>) -> Result<()> {
    loop {
        let events = claim(&app.db, now).await?;
        if events.is_empty() || is_stopping(app) {
            return Ok(());
        }
        for event in &events {
            match attempt(&app.db, &app.writer, &app.clock, event).await? {
                Outcome::Done(_) => tracing::info!(event.id, "an event that had failed is applied"),
                Outcome::Failed(reason) => {
                    tracing::debug!(event.id, reason, "event could not be applied again");
                }
                Outcome::NotKept => {}
            }
        }
    }
}

/// Takes some events that are due; others get none of them until the claim has passed.
async fn claim(db: &Database, now: DateTime<Utc>) -> Result<Vec<Model>, DbErr> {
    // Usually there is none: that is found without a transaction that writes.
    if due(now).one(&db.reader).await?.is_none() {
        return Ok(Vec::new());
    }
    let tx = db.begin().await?;
    let free = due(now).order_by_asc(Column::Created).order_by_asc(Column::Id).limit(AT_ONCE);
    let events = free.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await?;
    Entity::update_many()
        .col_expr(Column::RetryAt, Expr::value(now + CLAIM))
        .filter(Column::Id.is_in(events.iter().map(|event| event.id.as_str())))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(events)
}

fn due(now: DateTime<Utc>) -> sea_orm::Select<Entity> {
    let due = Condition::any().add(Column::RetryAt.is_null()).add(Column::RetryAt.lte(now));
    Entity::find().filter(Column::State.eq(State::Failed)).filter(Column::Payload.is_not_null()).filter(due)
}

/// Applies a recorded event again; the error is of what may pass by itself, and then nothing is noted.
pub async fn attempt(db: &Database, writer: &Writer, clock: &Clock, recorded: &Model) -> Result<Outcome> {
    let Some(payload) = &recorded.payload else { return Ok(Outcome::NotKept) };
    let outcome = match parse(&Bytes::from(payload.clone())) {
        Ok(event) => writer.replay(event).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => {
            let row = Entity::find_by_id(&recorded.id).one(&db.writer).await?;
            Ok(Outcome::Done(row.map_or(State::Applied, |row| row.state)))
        }
        Err(error) if error.is_transient() => Err(error),
        Err(error) => put_off(db, recorded, &error, clock.now()).await,
    }
}

/// Notes that an event failed once more; one that was applied before stays applied.
async fn put_off(db: &Database, recorded: &Model, error: &Error, now: DateTime<Utc>) -> Result<Outcome> {
    let reason: String = error.chain().replace('\0', "").chars().take(LONGEST_REASON).collect();
    let wait = jittered(pause(recorded.attempts.saturating_add(1), Patience::Growing));
    let wait = TimeDelta::from_std(wait).unwrap_or(CLAIM);
    Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::Reason, Expr::value(reason.as_str()))
        .col_expr(Column::RetryAt, Expr::value(now + wait))
        .filter(Column::Id.eq(&recorded.id))
        .filter(Column::State.eq(State::Failed))
        .exec(&db.writer)
        .await?;
    Ok(Outcome::Failed(reason))
}
