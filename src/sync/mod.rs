//! Asking Stripe for what the mirror lacks.
//!
//! [`jobs`] is the list of what is to be asked for, shared by all processes; [`worker`] does what is due; [`fetch`]
//! asks for one object; [`missing`] finds what never arrived, [`sweep`] the events that were never delivered;
//! [`backfill`] loads what there was before; [`single`] fetches one object that somebody waits for, with what is [`listed`] for it alone; [`verify`] compares
//! all of it with Stripe. [`retry`] tries events again that failed, and [`retention`]
//! deletes what was recorded long ago: these two ask nobody.

pub mod backfill;
pub mod fetch;
pub mod jobs;
pub mod listed;
pub mod lists;
pub mod missing;
pub mod path;
pub mod retention;
pub mod retry;
pub mod single;
pub mod sweep;
pub mod verify;
pub mod worker;

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::app::App;

/// Starts the background tasks of this process; without a key none asks Stripe, and the jobs wait.
pub fn start(app: &App) -> Vec<JoinHandle<()>> {
    if app.config.sync_tasks == 0 {
        return Vec::new();
    }
    let mut tasks = vec![tokio::spawn(retry::run(app.clone())), tokio::spawn(retention::run(app.clone()))];
    if !app.stripe.is_configured() {
        return tasks;
    }
    tasks.push(tokio::spawn(backfill::resume(app.clone())));
    tasks.push(tokio::spawn(missing::run(app.clone())));
    tasks.push(tokio::spawn(sweep::run(app.clone())));
    tasks.push(tokio::spawn(verify::run(app.clone())));
    tasks.extend((0..app.config.sync_tasks).map(|_| tokio::spawn(worker::run(app.clone()))));
    tasks
}

/// Returns when the gateway stops.
pub async fn stopped(app: &App) {
    // The sender is gone: that is a stop too.
    let _ = app.stopping.clone().wait_for(|stopping| *stopping).await;
}

fn is_stopping(app: &App) -> bool {
    *app.stopping.borrow() || app.stopping.has_changed().is_err()
}

/// A pause of half to the whole of this length: processes that started together do not stay together.
fn jittered(pause: Duration) -> Duration {
    let chance = getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX));
    pause.mul_f64(0.5 + chance / 2.0)
}
