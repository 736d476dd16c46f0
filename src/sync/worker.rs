//! Doing what is due: a few jobs at a time, in every process, each job in one of them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::sync_job::Model;
use futures_util::future::try_join_all;
use sea_orm::DbErr;

use super::{
    fetch::{Setback, fetch},
    is_stopping, jittered, jobs, stopped,
};
use crate::app::App;

/// How many jobs a task does at a time.
const AT_ONCE: u64 = 4;

/// How long a job may take: less than a claim on it holds.
const LONGEST_JOB: Duration = Duration::from_mins(4);

/// How long a task sleeps when there is nothing to do, unless it is told of something.
const SLEEP: Duration = Duration::from_secs(1);

/// How long it sleeps when the database does not answer.
const SLEEP_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Does what is due until the gateway stops.
pub async fn run(app: App) {
    let mut failing = false;
    while !is_stopping(&app) {
        let outcome = round(&app, app.clock.now()).await;
        let sleep = match &outcome {
            Ok(0) => SLEEP,
            Ok(_) => Duration::ZERO,
            Err(_) => SLEEP_AFTER_FAILURE,
        };
        if let Err(error) = &outcome
            && !failing
        {
            tracing::error!(error = %error, "the list of what Stripe is to be asked for cannot be read");
        }
        failing = outcome.is_err();
        if !sleep.is_zero() {
            tokio::select! {
                () = stopped(&app) => {}
                () = app.jobs.notified(), if !failing => {}
                () = tokio::time::sleep(jittered(sleep)) => {}
            }
        }
    }
}

/// Does everything that is due at a moment, at once instead of in the background; without a key nothing.
pub async fn drain(app: &App, now: DateTime<Utc>) -> Result<(), DbErr> {
    if app.stripe.is_configured() {
        while round(app, now).await? > 0 {}
    }
    Ok(())
}

/// Does a few jobs, and says how many were due.
async fn round(app: &App, now: DateTime<Utc>) -> Result<usize, DbErr> {
    let jobs = jobs::claim(&app.db, now, AT_ONCE).await?;
    tokio::select! {
        outcome = try_join_all(jobs.iter().map(|job| work(app, job, now))) => drop(outcome?),
        () = stopped(app) => jobs::release(&app.db, &jobs).await?,
    }
    Ok(jobs.len())
}

async fn work(app: &App, job: &Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let outcome = match tokio::time::timeout(LONGEST_JOB, fetch(app, job)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Setback::passing("it took too long")),
    };
    let now = now.max(app.clock.now());
    match outcome {
        Ok(()) => jobs::finish(&app.db, job, now).await,
        Err(setback) => {
            tell(job, &setback);
            jobs::put_off(&app.db, job, setback.patience, &setback.reason, now).await
        }
    }
}

/// The first failure of a job is told; `last_error` has what follows.
fn tell(job: &Model, setback: &Setback) {
    let (kind, id, error) = (&job.object, &job.object_id, &setback.reason);
    if job.attempts == 0 {
        tracing::warn!(
            object.r#type = kind,
            object.id = id,
            error,
            "Stripe's answer on an object is awaited"
        );
    } else {
        tracing::debug!(object.r#type = kind, object.id = id, error, "Stripe's answer is still awaited");
    }
}
