//! `billgraph backfill`.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use chrono::{DateTime, Utc};
use clap::Args;
use entity::{sync_run::State, sync_run_object};
use indicatif::MultiProgress;

use super::{Failure, bars::Bars, print, serve::told_to_stop, with_stripe, written_moment};
use crate::{
    app::App,
    config::Config,
    mirror::account::Mode,
    sync::backfill::{
        Created, Opened, Outcome, Pace, Run, SILENCE, Selection, Unfinished, open,
        progress::{self, Progress},
        work,
    },
};

/// How often is told how far it is.
const INTERVAL: Duration = Duration::from_secs(1);

/// What to load.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Stripe's names of the objects, comma-separated, or `all`.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    object: Vec<String>,
    /// Only what was created then or later: a date, a time as in RFC 3339, or seconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_gte: Option<DateTime<Utc>>,
    /// Only what was created before.
    #[arg(long, value_name = "TIME", value_parser = time)]
    created_lt: Option<DateTime<Utc>>,
    /// Starts anew, where a load of the same was not finished.
    #[arg(long)]
    fresh: bool,
}

/// A time in whole seconds.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = written_moment(text).and_then(|time| DateTime::from_timestamp(time.timestamp(), 0));
    // Stripe's times have ten digits.
    time.filter(|time| (0..10_000_000_000).contains(&time.timestamp())).ok_or_else(|| {
        "it should be a date such as 2026-01-31, a time such as 2026-01-31T12:00:00Z, or seconds since 1970".to_owned()
    })
}

/// Loads, or goes on with a load that was not finished. Where no bars are given, the log tells how far it is.
pub async fn run(config: Config, which: Which, bars: Option<MultiProgress>) -> Result<(), Failure> {
    let mode = Mode::of_key(config.stripe.secret_key.as_ref());
    let created = Created { gte: which.created_gte, lt: which.created_lt };
    let selection = Selection::new(&which.object, created, mode)?;
    let unfinished = if which.fresh { Unfinished::StartAfresh } else { Unfinished::GoOn };
    with_stripe(config, async |app| load(app, &selection, unfinished, bars).await).await
}

async fn load(
    app: &App,
    selection: &Selection,
    unfinished: Unfinished,
    bars: Option<MultiProgress>,
) -> Result<(), Failure> {
    let run = match open(app, selection, unfinished, SILENCE).await? {
        Opened::Ours(run) => run,
        Opened::Others(run) => {
            return Err(Failure::Failed(format!(
                "Another process loads the same: {}, since {}.",
                run.id, run.created
            )));
        }
    };
    let pace = Pace::of(&app.db);
    let working = async {
        tokio::select! {
            outcome = work(app, &run, &pace) => Ok((outcome, false)),
            never = tell(app, &run, bars) => match never {},
            stopped = told_to_stop() => stopped.map(|()| (Outcome::Stopped, true)),
        }
    };
    let (mut outcome, is_interrupted) = working.await?;
    if is_interrupted {
        // The steps that were under way are dropped: their pages are loaded again.
        run.interrupt(&app.db, None, app.clock.now()).await?;
        outcome = Outcome::Interrupted("it was stopped".to_owned());
    }
    summary(app, &run).await?;
    match outcome {
        Outcome::Finished(State::Completed) => Ok(()),
        Outcome::Finished(_) => Err(Failure::Failed(format!("{}: not everything could be loaded.", run.id))),
        Outcome::Interrupted(reason) => Err(Failure::Failed(format!(
            "{} is interrupted: {reason}. The same command goes on with it.",
            run.id
        ))),
        Outcome::Stopped => Err(Failure::Failed(format!("{} is stopped.", run.id))),
        Outcome::Lost => Err(Failure::Failed(format!("Another process goes on with {}.", run.id))),
    }
}

/// Prints what became of each type.
async fn summary(app: &App, run: &Run) -> Result<(), Failure> {
    let Some(progress) = progress::read(&app.db, &run.id).await? else { return Ok(()) };
    for object in progress.objects {
        let row = object.row;
        let mut line = format!("{}\t{} loaded", row.object, row.loaded);
        if row.refused > 0 {
            line = format!("{line}\t{} not written", row.refused);
        }
        match (row.state, row.error) {
            (sync_run_object::State::Loading, _) => line.push_str("\tnot finished"),
            (_, Some(error)) => line = format!("{line}\t{error}"),
            (_, None) => {}
        }
        print(&line)?;
    }
    Ok(())
}

/// Tells how far it is, for ever.
async fn tell(app: &App, run: &Run, bars: Option<MultiProgress>) -> Infallible {
    let mut lines = Lines::default();
    let mut bars = bars.map(Bars::new);
    loop {
        tokio::time::sleep(INTERVAL).await;
        // What cannot be read now is told the next time.
        if let Ok(Some(progress)) = progress::read(&app.db, &run.id).await {
            match &mut bars {
                Some(bars) => bars.show(&progress),
                None => lines.show(&progress),
            }
        }
    }
}

/// A line in the log for each type that went further.
#[derive(Default)]
struct Lines {
    told: HashMap<String, i64>,
}

impl Lines {
    fn show(&mut self, progress: &Progress) {
        for object in &progress.objects {
            let (name, loaded) = (&object.row.object, object.row.loaded);
            if self.told.insert(name.clone(), loaded).unwrap_or_default() != loaded {
                let done = object.done.map(|done| format!("{:.0} %", done * 100.0));
                let run = &progress.run.id;
                tracing::info!(run.id = run, object.r#type = name, loaded, done, "loading");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_a_time_or_seconds() {
        let second = |text: &str| time(text).map(|time| time.timestamp()).ok();
        assert_eq!(second("2026-01-31"), Some(1_769_817_600));
        assert_eq!(second("2026-01-31T01:00:00.9+01:00"), Some(1_769_817_600));
        assert_eq!(second("1769817600"), Some(1_769_817_600));
        for nonsense in ["", "now", "-1", "2026-02-30", "1769817600000", "9e9", "2026-01-31 12:00", "١٢"] {
            assert_eq!(second(nonsense), None, "{nonsense}");
        }
    }
}
