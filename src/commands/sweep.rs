//! `billgraph sweep`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use super::{Failure, print, with_stripe, written_moment};
use crate::{
    app::App,
    clock::Clock,
    config::Config,
    error::shown,
    sync::sweep::{Outcome, Swept, sweep},
};

/// How often is looked whether another process is done.
const PAUSE: Duration = Duration::from_millis(500);

/// Which events to look for.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// From when on, such as `2026-11-20`, `2026-11-20T15:04:05Z` or seconds since 1970; left out: from the end of the
    /// last sweep.
    #[arg(long)]
    since: Option<String>,
}

/// Takes in what was never delivered, and tells how much that was.
pub async fn run(config: Config, which: Which) -> Result<(), Failure> {
    let since =
        which.since.as_deref().map(|text| moment("--since", text, Clock::system().now())).transpose()?;
    with_stripe(config, async |app| {
        let swept = in_turn(app, since).await?;
        print(&format!(
            "{} to {}\t{} events seen\t{} taken in",
            swept.since.to_rfc3339(),
            swept.until.to_rfc3339(),
            swept.seen,
            swept.found
        ))?;
        match swept.lost_since {
            Some(since) => Err(Failure::Failed(format!(
                "Stripe lists events for 30 days. What changed since {} may be missing: load it with `billgraph backfill`.",
                since.to_rfc3339()
            ))),
            None => Ok(()),
        }
    })
    .await
}

/// Waits for another process that sweeps; what it leaves of its time when it dies is short.
async fn in_turn(app: &App, since: Option<DateTime<Utc>>) -> Result<Swept, Failure> {
    let mut waits = false;
    loop {
        match sweep(app, &app.stripe, since).await? {
            Outcome::Done(swept) => return Ok(swept),
            Outcome::Busy if !waits => tracing::info!("another process sweeps: waiting for it"),
            Outcome::Busy => {}
        }
        waits = true;
        tokio::time::sleep(PAUSE).await;
    }
}

/// A moment in the past.
pub fn moment(name: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    written_moment(text).filter(|moment| (DateTime::UNIX_EPOCH..=now).contains(moment)).ok_or_else(|| {
        let shown = shown(text);
        Failure::Usage(format!(
            "{name} is `{shown}`; it should be a moment in the past, such as `2026-11-20` or `2026-11-20T15:04:05Z`."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a moment");
        for text in [
            "",
            " ",
            "yesterday",
            "5m",
            "-1",
            "1790000001",
            "99999999999999999999",
            "2026-13-01",
            "2026-02-30",
            "2999-01-01",
            "2026-01-01T00:00:00",
            "+99999-01-01T00:00:00Z",
            "2026-01-01; DROP TABLE sweeps",
        ] {
            assert!(matches!(moment("--since", text, now), Err(Failure::Usage(_))), "{text}");
        }
        for (text, second) in [
            ("1780000000", 1_780_000_000),
            ("2026-05-28", 1_779_926_400),
            ("2026-05-28T20:26:40Z", 1_780_000_000),
            ("2026-05-28T22:26:40+02:00", 1_780_000_000),
            ("1970-01-01", 0),
        ] {
            let read = moment("--since", text, now).expect(text);
            assert_eq!(read.timestamp(), second, "{text}");
        }
    }
}
