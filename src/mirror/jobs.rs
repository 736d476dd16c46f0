//! What Stripe is to be asked for: noted in the transaction that shows the need, done by the refetch worker.

use chrono::{DateTime, TimeDelta, Utc};
use entity::sync_job::{ActiveModel, Column, Entity, Reason};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait,
    sea_query::{Expr, ExprTrait, Func, OnConflict},
};

use super::{batch::Written, inbox::Event, mirror, snapshot::Snapshot};

/// Rows of one statement.
const ROWS: usize = 200;

/// Something that Stripe is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Stripe's name for the type of the object.
    pub object: String,
    pub object_id: String,
    /// The connected account whose object it is; empty for one's own.
    pub account: String,
    /// Where Stripe answers with it, where that does not follow from its type.
    pub path: Option<String>,
    pub reason: Reason,
}

impl NewJob {
    /// Asks for the object of a snapshot.
    pub fn of(snapshot: &Snapshot, reason: Reason) -> Self {
        Self {
            object: snapshot.object().to_owned(),
            object_id: snapshot.id.clone(),
            account: snapshot.source.account.clone(),
            path: None,
            reason,
        }
    }
}

/// Asks for the object of an event that could not be applied, where Stripe answers with one.
pub fn instead_of(event: &Event) -> Option<NewJob> {
    let thin = event.thin.as_ref().and_then(|thin| thin.path.clone());
    let object = event.object.clone()?;
    let is_asked = thin.is_some() || mirror(&object).is_some_and(|mirror| mirror.path.is_some());
    Some(NewJob {
        object_id: event.object_id.clone().filter(|_| is_asked)?,
        account: event.account.clone().unwrap_or_default(),
        path: thin,
        reason: Reason::FailedEvent,
        object,
    })
}

/// Notes what Stripe is to be asked for; an object that is noted already is noted once.
///
/// Whoever works on it at the moment sees by `requested` that it is to be done again. The rows are written in the
/// order of their keys, so that two transactions lock them in the same order.
pub async fn enqueue(db: &impl ConnectionTrait, jobs: &[NewJob], now: DateTime<Utc>) -> Result<(), DbErr> {
    enqueue_for(db, jobs, now, TimeDelta::zero()).await
}

/// The same, to be done after a while.
pub async fn enqueue_for(
    db: &impl ConnectionTrait,
    jobs: &[NewJob],
    now: DateTime<Utc>,
    later: TimeDelta,
) -> Result<(), DbErr> {
    let mut jobs: Vec<&NewJob> = jobs.iter().collect();
    jobs.sort_by_key(|job| (&job.object, &job.object_id, job.path.is_none()));
    jobs.dedup_by_key(|job| (&job.object, &job.object_id));
    for jobs in jobs.chunks(ROWS) {
        let rows = jobs.iter().map(|job| row(job, now, later));
        Entity::insert_many(rows).on_conflict(once_more()).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(job: &NewJob, now: DateTime<Utc>, later: TimeDelta) -> ActiveModel {
    ActiveModel {
        object: Set(job.object.clone()),
        object_id: Set(job.object_id.clone()),
        account: Set(job.account.clone()),
        path: Set(job.path.clone()),
        reason: Set(job.reason),
        requested: Set(1),
        attempts: Set(0),
        created_at: Set(now),
        run_at: Set(now + later.max(delay(job.reason))),
        locked_until: Set(None),
        last_error: Set(None),
    }
}

/// An answer of the same second as the events would be one more claim about it: Stripe is asked after that second.
fn delay(reason: Reason) -> TimeDelta {
    match reason {
        Reason::Tie => TimeDelta::seconds(2),
        _ => TimeDelta::zero(),
    }
}

/// When it may be tried stays as it is: an object of which much is told is not asked for the more while Stripe fails.
fn once_more() -> OnConflict {
    let stored = |column: Column| Expr::col((Entity, column));
    let offered = Expr::col(("excluded", Column::Path));
    OnConflict::columns([Column::Object, Column::ObjectId])
        .value(Column::Requested, stored(Column::Requested).add(1))
        .value(Column::Path, Func::coalesce([stored(Column::Path), offered]))
        .to_owned()
}

/// What Stripe is to be asked for after a batch: objects whose second leaves a doubt, lists of which only the first page
/// came, and what events leave out.
pub fn needed(written: &Written<'_>) -> Vec<NewJob> {
    let ties = written.unsettled.iter().map(|snapshot| NewJob::of(snapshot, Reason::Tie));
    let in_part = written.rows.iter().filter(|row| !row.incomplete.is_empty() || is_abridged(row));
    ties.chain(in_part.map(|row| NewJob::of(row, Reason::LongList))).collect()
}

fn is_abridged(row: &Snapshot) -> bool {
    row.mirror.is_abridged && !row.deleted && !row.source.event.is_empty()
}
