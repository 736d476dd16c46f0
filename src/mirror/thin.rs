//! Thin events: they say that an object changed, and not to what.
//!
//! What they tell of is fetched, unless the snapshot event that tells the same is in the inbox already. Comes that
//! event later, it is applied like any other, and the object is fetched once in vain.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{
    sync_job::Reason,
    webhook_event::{Column, Entity, State},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};

use super::{
    inbox::Event,
    jobs::{self, NewJob},
};

/// What a thin event says beside what all events say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thin {
    /// The snapshot event that tells the same.
    pub snapshot_event: Option<String>,
    /// Where Stripe answers with the object, below its base; absent where it has no id.
    pub path: Option<String>,
}

/// Marks those of the events just recorded that are thin and tell nothing new, and has what the others tell of fetched;
/// says whether there is any.
pub async fn record(tx: &impl ConnectionTrait, events: &[&Event], now: DateTime<Utc>) -> Result<bool, DbErr> {
    let thin: Vec<(&Event, &Thin)> =
        events.iter().filter_map(|event| Some((*event, event.thin.as_ref()?))).collect();
    if thin.is_empty() {
        return Ok(false);
    }
    let told = told(tx, thin.iter().filter_map(|(_, thin)| thin.snapshot_event.as_deref())).await?;
    let is_told = |thin: &Thin| thin.snapshot_event.as_ref().is_some_and(|event| told.contains(event));
    let (known, new): (Vec<_>, Vec<_>) = thin.into_iter().partition(|(_, thin)| is_told(thin));
    mark_duplicate(tx, known.iter().map(|(event, _)| event.id.as_str())).await?;
    let wanted: Vec<NewJob> = new.into_iter().filter_map(|(event, thin)| wanted(event, thin)).collect();
    jobs::enqueue(tx, &wanted, now).await?;
    Ok(!wanted.is_empty())
}

fn wanted(event: &Event, thin: &Thin) -> Option<NewJob> {
    Some(NewJob {
        object: event.object.clone()?,
        object_id: event.object_id.clone()?,
        account: event.account.clone().unwrap_or_default(),
        path: Some(thin.path.clone()?),
        reason: Reason::ThinEvent,
    })
}

/// Which of these events are in the inbox, and not as failed: what failed says nothing to the mirror.
async fn told(
    tx: &impl ConnectionTrait,
    events: impl Iterator<Item = &str>,
) -> Result<HashSet<String>, DbErr> {
    let events: Vec<&str> = events.collect();
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let known = Entity::find().select_only().column(Column::Id);
    let known = known.filter(Column::Id.is_in(events)).filter(Column::State.ne(State::Failed));
    Ok(known.into_tuple().all(tx).await?.into_iter().collect())
}

async fn mark_duplicate(tx: &impl ConnectionTrait, events: impl Iterator<Item = &str>) -> Result<(), DbErr> {
    let events: Vec<&str> = events.collect();
    if events.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::State, Expr::value(State::Duplicate.to_value()))
        .col_expr(Column::AppliedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(Column::Id.is_in(events))
        .exec(tx)
        .await
        .map(drop)
}
