//! Loading what Stripe held before: any object types that it lists, whole or in a range of `created`.
//!
//! A run is a row ([`store`]) with its types, and the ranges that are left of each. A step reads a page of a range and
//! commits the rows together with what is left ([`load`]), so that a process which ends at any moment loses a page at
//! most, and the next one goes on. Ranges are divided ([`range`]) while there is room for more steps at once ([`run`]).

mod load;
pub mod progress;
pub mod range;
mod run;
mod selection;
mod store;

use std::time::Duration;

use chrono::TimeDelta;
use entity::sync_run::Model;

use self::progress::Progress;
pub use self::{
    run::{Outcome, Pace, work},
    selection::{Bounds, Created, Selection},
    store::{Opened, Run, SILENCE, Unfinished, open},
};
use super::{is_stopping, jittered, stopped};
use crate::{
    app::App,
    error::{Error, Result},
};

/// How often is looked for runs that nobody works on any more.
const INTERVAL: Duration = Duration::from_secs(10);

/// After how long one goes on that Stripe, its key or the database interrupted.
pub const REST: TimeDelta = TimeDelta::minutes(10);

/// Begins a run in the background, or goes on with it; says which it is, and whether it is another process's.
pub async fn start(app: &App, selection: &Selection) -> Result<Started> {
    let (started, id): (fn(Progress) -> Started, String) =
        match open(app, selection, Unfinished::GoOn, Duration::ZERO).await? {
            Opened::Ours(run) => {
                let id = run.id.clone();
                in_background(app, run);
                (Started::Now, id)
            }
            Opened::Others(run) => (Started::Earlier, run.id),
        };
    let progress = progress::read(&app.db, &id).await?;
    progress.map(started).ok_or_else(|| Error::internal("a run was removed"))
}

/// A run that was asked for.
#[derive(Debug)]
pub enum Started {
    Now(Progress),
    /// The same is loaded already.
    Earlier(Progress),
}

fn in_background(app: &App, run: Run) {
    let own = app.clone();
    app.tasks.spawn(async move {
        work(&own, &run, &Pace::of(&own.db)).await;
    });
}

/// Begins a run in the background, in place of one of the same that nobody works on; says which one is under way
/// instead, where somebody does.
pub async fn start_afresh(app: &App, selection: &Selection) -> Result<Option<Model>> {
    match open(app, selection, Unfinished::StartAfresh, SILENCE).await? {
        Opened::Ours(run) => {
            in_background(app, run);
            Ok(None)
        }
        Opened::Others(run) => Ok(Some(run)),
    }
}

/// Goes on with runs that nobody works on any more, until the gateway stops.
pub async fn resume(app: App) {
    let mut before: Vec<Model> = Vec::new();
    while !is_stopping(&app) {
        // What cannot be looked at now is looked at the next time.
        let now = app.clock.now();
        let unfinished = store::unfinished(&app.db, now - REST).await.unwrap_or_default();
        for run in &unfinished {
            let is_silent = before.iter().any(|known| (&known.id, known.beat) == (&run.id, run.beat));
            if !is_silent && !run.worker.is_empty() {
                continue;
            }
            if let Ok(Some(run)) = store::take(&app.db, run, now).await {
                tracing::info!(run.id = run.id, "going on with a load");
                in_background(&app, run);
            }
        }
        before = unfinished;
        tokio::select! {
            () = stopped(&app) => {}
            () = tokio::time::sleep(jittered(INTERVAL).max(SILENCE)) => {}
        }
    }
}
