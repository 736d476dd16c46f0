//! The inbox: every event that arrived, recorded once by its id.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{
    change::Kind,
    webhook_event::{ActiveModel, Column, Entity, State},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use super::snapshot::Snapshot;
use crate::config::KeepPayloads;

/// An event as it arrived, with what it says of its object.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub r#type: String,
    pub object: Option<String>,
    pub object_id: Option<String>,
    pub account: Option<String>,
    pub created: DateTime<Utc>,
    pub api_version: Option<String>,
    pub livemode: bool,
    /// What the object was before, as Stripe tells it: JSON text.
    pub previous_attributes: Option<String>,
    pub body: String,
    /// Absent where the object has no table or no id.
    pub snapshot: Option<Snapshot>,
}

impl Event {
    /// The row of an event that just arrived.
    fn row(
        &self,
        state: State,
        reason: Option<String>,
        keep: KeepPayloads,
        now: DateTime<Utc>,
    ) -> ActiveModel {
        let kept = keep == KeepPayloads::All || state != State::Applied;
        ActiveModel {
            id: Set(self.id.clone()),
            r#type: Set(self.r#type.clone()),
            object: Set(self.object.clone()),
            object_id: Set(self.object_id.clone()),
            account: Set(self.account.clone()),
            created: Set(self.created),
            api_version: Set(self.api_version.clone()),
            livemode: Set(self.livemode),
            state: Set(state),
            attempts: Set(1),
            reason: Set(reason),
            previous_attributes: Set(self.previous_attributes.clone()),
            leads_to: Set(None),
            came_from: Set(None),
            life_cycle: Set(0),
            snapshot_event: Set(None),
            payload: Set(kept.then(|| self.body.clone())),
            received_at: Set(now),
            applied_at: Set((state == State::Applied).then_some(now)),
        }
    }
}

/// What the type of an event says happened.
pub fn kind(event_type: &str) -> Kind {
    match event_type.rsplit('.').next() {
        Some("created") => Kind::Created,
        Some("deleted") => Kind::Deleted,
        _ => Kind::Updated,
    }
}

/// Keeps the body of an event that may be needed again.
pub async fn keep_body(db: &impl ConnectionTrait, id: &str, body: &str) -> Result<(), DbErr> {
    let keep = Entity::update_many().col_expr(Column::Payload, Expr::value(body)).filter(Column::Id.eq(id));
    keep.exec(db).await.map(drop)
}

/// Records events and says the ids of those that were not known before.
///
/// Whether an event's object has a table decides its state; [`mark_stale`] corrects it afterwards.
pub async fn record(
    db: &impl ConnectionTrait,
    events: &[&Event],
    keep: KeepPayloads,
    now: DateTime<Utc>,
) -> Result<HashSet<String>, DbErr> {
    let state = |event: &Event| if event.snapshot.is_some() { State::Applied } else { State::Ignored };
    let mut rows: Vec<_> =
        events.iter().map(|event| (&event.id, event.row(state(event), None, keep, now))).collect();
    // Two processes record in the same order, so that neither waits for the other in a circle.
    rows.sort_unstable_by_key(|(id, _)| *id);
    rows.dedup_by_key(|(id, _)| *id);
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let known_before = OnConflict::column(Column::Id).do_nothing().to_owned();
    let inserted = Entity::insert_many(rows.into_iter().map(|(_, row)| row))
        .on_conflict(known_before)
        .exec_with_returning_keys(db)
        .await;
    match inserted {
        Err(DbErr::RecordNotInserted) => Ok(HashSet::new()),
        inserted => inserted.map(|ids| ids.into_iter().collect()),
    }
}

/// Records an event that could not be applied, for operators to see and to try again.
pub async fn record_failed(
    db: &impl ConnectionTrait,
    event: &Event,
    reason: String,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = event.row(State::Failed, Some(reason), KeepPayloads::All, now);
    let known_before = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(row).on_conflict(known_before).exec_without_returning(db).await.map(drop)
}

/// Notes that the mirror held something newer than these events, and keeps their bodies.
pub async fn mark_stale(db: &impl ConnectionTrait, events: &[&Event]) -> Result<(), DbErr> {
    for event in events {
        Entity::update_many()
            .col_expr(Column::State, Expr::value("stale"))
            .col_expr(Column::AppliedAt, Expr::value(Option::<DateTime<Utc>>::None))
            .col_expr(Column::Payload, Expr::value(event.body.as_str()))
            .filter(Column::Id.eq(event.id.as_str()))
            .exec(db)
            .await?;
    }
    Ok(())
}
