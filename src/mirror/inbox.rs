//! The inbox: every event that arrived, recorded once by its id.

use std::collections::HashSet;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    change::Kind,
    webhook_event::{ActiveModel, Column, Entity, State},
};
use sea_orm::{
    ActiveEnum,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use super::{
    order::{self, Claim, Digest, Origin},
    snapshot::Snapshot,
    thin::Thin,
};
use crate::{
    config::KeepPayloads,
    db::{Columns, Field, Transaction},
};

/// How soon an event is tried again that could not be applied.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);

/// The longest text that is kept of a failure, in characters.
pub const LONGEST_REASON: usize = 1000;

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
    /// The body as it arrived: JSON, and so text.
    pub body: Bytes,
    /// Absent where nothing identifies the object.
    pub snapshot: Option<Snapshot>,
    /// Present where it is a thin event.
    pub thin: Option<Thin>,
}

impl Event {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What becomes of it if all goes well.
    pub fn state(&self) -> State {
        let tells = self.snapshot.is_some() || self.is_to_be_fetched();
        if tells { State::Applied } else { State::Ignored }
    }

    /// Whether it is a thin event of an object that can be asked for.
    fn is_to_be_fetched(&self) -> bool {
        self.thin.as_ref().is_some_and(|thin| thin.path.is_some())
    }

    fn snapshot_event(&self) -> Option<&str> {
        self.thin.as_ref()?.snapshot_event.as_deref()
    }

    /// The body, where it is kept from the start.
    pub fn kept(&self, keep: KeepPayloads) -> Option<String> {
        (keep == KeepPayloads::All || self.state() != State::Applied).then(|| self.text())
    }

    fn claim(&self) -> Option<&Claim> {
        self.snapshot.as_ref()?.claim.as_ref()
    }

    fn leads_to(&self) -> Option<i64> {
        match self.claim()?.leads_to {
            order::State::Is(Digest(digest)) => Some(digest),
            order::State::Gone => None,
        }
    }

    fn came_from(&self) -> Option<i64> {
        match self.claim()?.came_from {
            Origin::Was(Digest(digest)) => Some(digest),
            Origin::Nothing | Origin::Unknown => None,
        }
    }

    fn life_cycle(&self) -> i32 {
        self.claim().map_or(0, |claim| claim.life_cycle)
    }

    fn row(&self, state: State, now: DateTime<Utc>) -> ActiveModel {
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
            reason: Set(None),
            previous_attributes: Set(self.previous_attributes.clone()),
            leads_to: Set(self.leads_to()),
            came_from: Set(self.came_from()),
            life_cycle: Set(self.life_cycle()),
            snapshot_event: Set(self.snapshot_event().map(str::to_owned)),
            payload: Set(None),
            received_at: Set(now),
            applied_at: Set((state == State::Applied).then_some(now)),
            retry_at: Set(None),
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

/// Which of these events are known: recorded, or told of by a thin event that was taken in.
pub async fn known<'e>(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = &'e str>,
) -> Result<HashSet<String>, DbErr> {
    let ids: Vec<&str> = ids.collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let recorded =
        Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(ids.iter().copied()));
    let mut known: HashSet<String> = recorded.into_tuple().all(db).await?.into_iter().collect();
    let told = Entity::find().select_only().column(Column::SnapshotEvent);
    let told = told.filter(Column::SnapshotEvent.is_in(ids)).filter(Column::State.ne(State::Failed));
    known.extend(told.into_tuple::<String>().all(db).await?);
    Ok(known)
}

/// Puts events, each once, into the order in which every process records them: so neither waits for the other in a
/// circle.
pub fn sort_once_each<'e, T>(events: &mut Vec<T>, event: fn(&T) -> &'e Event) {
    events.sort_by_key(|of| &event(of).id);
    events.dedup_by_key(|of| &event(of).id);
}

/// Records events and says the ids of those that were not known before.
///
/// What became of an event is said afterwards, by [`amend`].
pub async fn record(
    tx: &Transaction,
    events: &[&Event],
    keep: KeepPayloads,
    now: DateTime<Utc>,
) -> Result<HashSet<String>, DbErr> {
    let mut events = events.to_vec();
    sort_once_each(&mut events, |event| event);
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = events
        .iter()
        .map(|event| ActiveModel { payload: Set(event.kept(keep)), ..event.row(event.state(), now) });
    let known_before = OnConflict::column(Column::Id).do_nothing().to_owned();
    match Entity::insert_many(rows).on_conflict(known_before).exec_with_returning_keys(tx).await {
        Err(DbErr::RecordNotInserted) => Ok(HashSet::new()),
        inserted => inserted.map(|ids| ids.into_iter().collect()),
    }
}

/// The columns that are written of an event when it is recorded.
pub const COLUMNS: [&str; 18] = [
    "id",
    "type",
    "object",
    "object_id",
    "account",
    "created",
    "api_version",
    "livemode",
    "state",
    "attempts",
    "previous_attributes",
    "leads_to",
    "came_from",
    "life_cycle",
    "snapshot_event",
    "payload",
    "received_at",
    "applied_at",
];

/// The statement for PostgreSQL that records the events of a parameter, and returns the ids of those that were not known
/// before as `event`.
pub fn record_text(parameter: usize) -> String {
    let columns = COLUMNS.join(", ");
    format!(
        "INSERT INTO webhook_events ({columns}) SELECT {columns} FROM unnest(${parameter}::webhook_events[]) \
         ON CONFLICT (id) DO NOTHING RETURNING id AS event"
    )
}

impl Event {
    /// The fields of its row, in the order of [`COLUMNS`]; `payload` is the body, where it is kept.
    pub fn fields<'e>(
        &'e self,
        state: &'e str,
        payload: Option<&'e str>,
        now: DateTime<Utc>,
    ) -> Vec<Field<'e>> {
        let applied = self.state() == State::Applied;
        vec![
            Field::Text(Some(&self.id)),
            Field::Text(Some(&self.r#type)),
            Field::Text(self.object.as_deref()),
            Field::Text(self.object_id.as_deref()),
            Field::Text(self.account.as_deref()),
            Field::Time(Some(self.created)),
            Field::Text(self.api_version.as_deref()),
            Field::Flag(Some(self.livemode)),
            Field::Text(Some(state)),
            Field::Integer(Some(1)),
            Field::Text(self.previous_attributes.as_deref()),
            Field::BigInteger(self.leads_to()),
            Field::BigInteger(self.came_from()),
            Field::Integer(Some(self.life_cycle())),
            Field::Text(self.snapshot_event()),
            Field::Text(payload),
            Field::Time(Some(now)),
            Field::Time(applied.then_some(now)),
        ]
    }
}

/// Notes of recorded events that they are applied once more; what becomes of them is said afterwards, by [`amend`].
///
/// What they claim is noted anew: this version may read an object otherwise than the one that recorded it.
pub async fn record_again(
    tx: &impl ConnectionTrait,
    events: &[&Event],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut events = events.to_vec();
    events.sort_unstable_by_key(|event| &event.id);
    for event in events {
        let state = event.state();
        let applied_at = (state == State::Applied).then_some(now);
        Entity::update_many()
            .col_expr(Column::State, Expr::value(state.to_value()))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .col_expr(Column::Reason, Expr::value(Option::<String>::None))
            .col_expr(Column::Object, Expr::value(event.object.clone()))
            .col_expr(Column::ObjectId, Expr::value(event.object_id.clone()))
            .col_expr(Column::LeadsTo, Expr::value(event.leads_to()))
            .col_expr(Column::CameFrom, Expr::value(event.came_from()))
            .col_expr(Column::LifeCycle, Expr::value(event.life_cycle()))
            .col_expr(Column::AppliedAt, Expr::value(applied_at))
            .col_expr(Column::RetryAt, Expr::value(Option::<DateTime<Utc>>::None))
            .filter(Column::Id.eq(&event.id))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Records an event that could not be applied, for operators to see and to be tried again.
pub async fn record_failed(
    db: &impl ConnectionTrait,
    event: &Event,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let reason: String = reason.replace('\0', "").chars().take(LONGEST_REASON).collect();
    let row = ActiveModel {
        payload: Set(Some(event.text())),
        reason: Set(Some(reason)),
        retry_at: Set(Some(now + FIRST_RETRY)),
        ..event.row(State::Failed, now)
    };
    let known_before = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(row).on_conflict(known_before).exec_without_returning(db).await.map(drop)
}

/// What is noted of an event after it was recorded.
#[derive(Debug)]
pub struct Amendment {
    pub id: String,
    /// Where it is another than what was recorded.
    pub state: Option<(State, Option<String>)>,
    /// Its body, which may be needed again.
    pub payload: Option<String>,
}

const AMEND: &str = "UPDATE webhook_events SET state = coalesce(new.state, webhook_events.state), \
     reason = coalesce(new.reason, webhook_events.reason), \
     applied_at = CASE WHEN new.state IS NULL THEN applied_at END, \
     payload = coalesce(webhook_events.payload, new.payload) \
     FROM (SELECT unnest($1::text[]) AS id, unnest($2::text[]) AS state, unnest($3::text[]) AS reason, \
     unnest($4::text[]) AS payload) AS new WHERE webhook_events.id = new.id";

/// Notes what became of events, and keeps the bodies of those that may be needed again.
pub async fn amend(tx: &Transaction, mut amendments: Vec<Amendment>) -> Result<(), DbErr> {
    if amendments.is_empty() {
        return Ok(());
    }
    amendments.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    amendments.dedup_by(|other, kept| {
        let is_same = other.id == kept.id;
        if is_same {
            kept.state = kept.state.take().or(other.state.take());
            kept.payload = kept.payload.take().or(other.payload.take());
        }
        is_same
    });
    if let Some(tx) = tx.postgres() {
        let state = |amendment: &Amendment| amendment.state.as_ref().map(|(state, _)| state.to_value());
        let reason = |amendment: &Amendment| amendment.state.as_ref().and_then(|(_, reason)| reason.clone());
        let mut columns = Columns::default();
        columns.add(amendments.iter().map(|amendment| amendment.id.as_str()).collect::<Vec<_>>());
        columns.add(amendments.iter().map(state).collect::<Vec<_>>());
        columns.add(amendments.iter().map(reason).collect::<Vec<_>>());
        columns.add(amendments.iter().map(|amendment| amendment.payload.as_deref()).collect::<Vec<_>>());
        return tx.execute(AMEND, columns).await;
    }
    for Amendment { id, state, payload } in amendments {
        let mut update = Entity::update_many().filter(Column::Id.eq(id));
        if let Some((state, reason)) = state {
            update = update
                .col_expr(Column::State, Expr::value(state.to_value()))
                .col_expr(Column::Reason, Expr::value(reason))
                .col_expr(Column::AppliedAt, Expr::value(Option::<DateTime<Utc>>::None));
        }
        if let Some(payload) = payload {
            update = update.col_expr(Column::Payload, Expr::value(payload));
        }
        update.exec(tx).await?;
    }
    Ok(())
}
