//! What was recorded long ago is deleted: events in the inbox, and changes in the feed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::{
    change,
    webhook_event::{self, State},
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};

use super::{is_stopping, jittered, stopped};
use crate::{app::App, db::Database};

/// How soon after the start is looked, and how often then.
const FIRST_PAUSE: Duration = Duration::from_mins(2);
const INTERVAL: Duration = Duration::from_hours(1);

/// How many rows are deleted at once, so that nobody waits for it.
const BATCH: u64 = 500;

/// The pause between two batches.
const BREATH: Duration = Duration::from_millis(100);

/// The events that are deleted; one that failed stays for operators to see, and to be tried again.
const FORGETTABLE: [State; 4] = [State::Applied, State::Stale, State::Duplicate, State::Ignored];

/// Deletes until the gateway stops.
pub async fn run(app: App) {
    let Some(kept) = app.config.event_retention else { return };
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = INTERVAL;
        // What cannot be deleted now is deleted the next time.
        if let Err(error) = clear(&app, app.clock.now() - kept).await {
            tracing::debug!(error = %error, "what was recorded long ago cannot be deleted now");
        }
    }
}

/// Deletes what was recorded before a moment.
pub async fn clear(app: &App, before: DateTime<Utc>) -> Result<(), DbErr> {
    while events(&app.db, before).await? == BATCH && !is_stopping(app) {
        tokio::time::sleep(BREATH).await;
    }
    while changes(&app.db, before).await? == BATCH && !is_stopping(app) {
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

/// Deletes some events: those that happened and arrived before a moment.
async fn events(db: &Database, before: DateTime<Utc>) -> Result<u64, DbErr> {
    use webhook_event::{Column, Entity};
    let old: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.is_in(FORGETTABLE))
        .filter(Column::Created.lt(before))
        .filter(Column::ReceivedAt.lt(before))
        .limit(BATCH)
        .into_tuple()
        .all(&db.reader)
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    // One that was applied again meanwhile, and failed, stays.
    let delete =
        Entity::delete_many().filter(Column::Id.is_in(&old)).filter(Column::State.is_in(FORGETTABLE));
    delete.exec(&db.writer).await?;
    Ok(old.len() as u64)
}

/// Deletes some changes from the beginning of the feed, up to the first that is to stay; the newest always stays, since
/// followers start from its number.
async fn changes(db: &Database, before: DateTime<Utc>) -> Result<u64, DbErr> {
    use change::{Column, Entity};
    let oldest: Vec<(i64, DateTime<Utc>)> = Entity::find()
        .select_only()
        .columns([Column::Seq, Column::OccurredAt])
        .order_by(Column::Seq, Order::Asc)
        .limit(BATCH + 1)
        .into_tuple()
        .all(&db.reader)
        .await?;
    let old = oldest.iter().take_while(|(_, occurred_at)| *occurred_at < before).count();
    let old = old.min(oldest.len().saturating_sub(1));
    if old == 0 {
        return Ok(0);
    }
    Entity::delete_many().filter(Column::Seq.lt(oldest[old].0)).exec(&db.writer).await?;
    Ok(old as u64)
}
