//! The list of what Stripe is to be asked for: claimed, done, put off.
//!
//! A claim is `locked_until`: it is committed before Stripe is asked, and a process that ends without a word loses it
//! by the passing of time. Whoever changes a claimed job names the claim, so that one that was lost changes nothing.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::sync_job::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};

use super::jittered;
use crate::db::Database;
pub use crate::mirror::jobs::{NewJob, enqueue, enqueue_for};

/// How long a claim holds.
pub const CLAIM: TimeDelta = TimeDelta::minutes(5);

/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause, and the one after a refusal that will stay.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The pause before a job that was asked for again while it was done.
const PAUSE_BETWEEN: TimeDelta = TimeDelta::seconds(1);

/// The longest text that is kept of a failure, in characters.
const LONGEST_ERROR: usize = 1000;

/// How long a job that failed waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Longer with each failure: it may pass.
    Growing,
    /// As long as jobs wait at most: nothing changes by itself.
    Longest,
}

/// Takes some jobs that are due and that nobody works on; other processes get others.
pub async fn claim(db: &Database, now: DateTime<Utc>, at_most: u64) -> Result<Vec<Model>, DbErr> {
    // Usually there is none: that is found without a transaction that writes.
    if due(now).one(&db.reader).await?.is_none() {
        return Ok(Vec::new());
    }
    let tx = db.begin().await?;
    let free = due(now).order_by_asc(Column::RunAt).limit(at_most);
    let free = free.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let mut jobs = free.all(&tx).await?;
    for job in &mut jobs {
        job.locked_until = Some(now + CLAIM);
        let claim = Entity::update_many().col_expr(Column::LockedUntil, Expr::value(job.locked_until));
        claim
            .filter(Column::Object.eq(&*job.object))
            .filter(Column::ObjectId.eq(&*job.object_id))
            .exec(&tx)
            .await?;
    }
    tx.commit().await?;
    Ok(jobs)
}

fn due(now: DateTime<Utc>) -> sea_orm::Select<Entity> {
    let free = Condition::any().add(Column::LockedUntil.is_null()).add(Column::LockedUntil.lte(now));
    Entity::find().filter(Column::RunAt.lte(now)).filter(free)
}

/// Strikes a job off that is done, unless it was asked for again meanwhile: then it is to be done once more.
pub async fn finish(db: &Database, job: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let done = Entity::delete_many().filter(held(job)).filter(Column::Requested.eq(job.requested));
    if done.exec(&db.writer).await?.rows_affected > 0 {
        return Ok(());
    }
    let again = Entity::update_many()
        .col_expr(Column::LockedUntil, nobody())
        .col_expr(Column::RunAt, Expr::value(now + PAUSE_BETWEEN))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::LastError, Expr::value(Option::<String>::None));
    again.filter(held(job)).exec(&db.writer).await.map(drop)
}

/// Puts a job off that failed, with the reason for operators to see.
pub async fn put_off(
    db: &Database,
    job: &Model,
    patience: Patience,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let attempts = job.attempts.saturating_add(1);
    let reason: String = reason.replace('\0', "").chars().take(LONGEST_ERROR).collect();
    let wait = Entity::update_many()
        .col_expr(Column::LockedUntil, nobody())
        .col_expr(Column::RunAt, Expr::value(now + jittered(pause(attempts, patience))))
        .col_expr(Column::Attempts, Expr::value(attempts))
        .col_expr(Column::LastError, Expr::value(reason));
    wait.filter(held(job)).exec(&db.writer).await.map(drop)
}

/// Gives jobs back that were claimed and not done.
pub async fn release(db: &Database, jobs: &[Model]) -> Result<(), DbErr> {
    for job in jobs {
        let free = Entity::update_many().col_expr(Column::LockedUntil, nobody());
        free.filter(held(job)).exec(&db.writer).await?;
    }
    Ok(())
}

/// The job, as long as the claim on it holds.
fn held(job: &Model) -> Condition {
    Condition::all()
        .add(Column::Object.eq(&*job.object))
        .add(Column::ObjectId.eq(&*job.object_id))
        .add(Column::LockedUntil.eq(job.locked_until))
}

fn nobody() -> Expr {
    Expr::value(Option::<DateTime<Utc>>::None)
}

/// The longest pause after so many failures; jitter makes it shorter.
pub(super) fn pause(attempts: i32, patience: Patience) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(20);
    match patience {
        Patience::Growing => (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE),
        Patience::Longest => LONGEST_PAUSE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_an_hour() {
        let seconds = |attempts| pause(attempts, Patience::Growing).as_secs();
        assert_eq!([1, 2, 3, 10, 11, i32::MAX].map(seconds), [5, 10, 20, 2560, 3600, 3600]);
        assert_eq!(pause(1, Patience::Longest), LONGEST_PAUSE);
        for _ in 0..100 {
            let jittered = jittered(LONGEST_PAUSE);
            assert!((LONGEST_PAUSE / 2..=LONGEST_PAUSE).contains(&jittered));
        }
    }
}
