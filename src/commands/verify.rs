//! `billgraph verify`.

use std::{num::NonZeroU64, time::Duration};

use clap::Args;
use entity::verification::Outcome;

use super::{Failure, print, with_stripe};
use crate::{
    config::Config,
    mirror::account::Mode,
    sync::{
        backfill::{Created, Selection},
        verify::{Drift, HELD, Kind, OfObject, Report, Wanted, verify},
    },
};

/// How long is waited before a difference is looked at again.
const PAUSE: Duration = Duration::from_secs(2);

/// What to compare.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Stripe's names of the objects, comma-separated, or `all`.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    object: Vec<String>,
    /// Compares about so many objects of each type, chosen by chance, instead of all.
    #[arg(long, value_name = "N")]
    sample: Option<NonZeroU64>,
    /// Writes what Stripe says where the mirror says something else.
    #[arg(long)]
    repair: bool,
    /// Prints what was found as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Compares the mirror with Stripe, and tells where they differ.
pub async fn run(config: Config, which: Which) -> Result<(), Failure> {
    let mode = Mode::of_key(config.stripe.secret_key.as_ref());
    let sample = which.sample.map(NonZeroU64::get);
    // With those that have lists of them: where such a row is missing, so is what it lists.
    let Selection { mirrors, .. } = Selection::new(&which.object, Created::default(), mode)?;
    let wanted = Wanted { mirrors, sample, repair: which.repair, pause: PAUSE, held: HELD };
    let report = with_stripe(config, async |app| {
        let mut printed = Ok(());
        let mut tell = |drift: &Drift| {
            if !which.json && printed.is_ok() {
                printed = print(&line(drift));
            }
        };
        let report = verify(app, &app.stripe, &wanted, &mut tell).await?;
        printed.map(|()| report)
    });
    let report = report.await.map_err(|failure| match failure {
        Failure::Failed(message) => Failure::Told { code: 4, message },
        other => other,
    })?;
    if which.json {
        let json = serde_json::to_string_pretty(&report);
        print(&json.map_err(|error| Failure::Failed(error.to_string()))?)?;
    } else {
        for found in &report.objects {
            print(&summary(found))?;
        }
    }
    ended(&report)
}

fn ended(report: &Report) -> Result<(), Failure> {
    let Report { checked, drifted, repaired, .. } = report;
    let unchecked = report.objects.iter().filter(|found| found.error.is_some()).count();
    match report.outcome {
        Outcome::Equal => Ok(()),
        Outcome::Drift => {
            let message =
                format!("{drifted} of {checked} objects differ from Stripe; {repaired} were repaired.");
            Err(Failure::Told { code: 3, message })
        }
        Outcome::Unchecked => {
            let message = format!("Of {unchecked} types of objects not all could be compared.");
            Err(Failure::Told { code: 4, message })
        }
    }
}

fn line(drift: &Drift) -> String {
    let how = match drift.kind {
        Kind::Missing => "is missing".to_owned(),
        Kind::Surplus => "is not at Stripe any more".to_owned(),
        Kind::Differs => format!("differs: {}", drift.fields.join(", ")),
    };
    let repaired = if drift.repaired { "\trepaired" } else { "" };
    format!("{}\t{}\t{how}{repaired}", drift.object, drift.id)
}

fn summary(found: &OfObject) -> String {
    let OfObject { object, checked, missing, surplus, differing, changing, repaired, .. } = found;
    let changing = Some(changing).filter(|changing| **changing > 0);
    let changing = changing.map(|changing| format!("\t{changing} went on changing")).unwrap_or_default();
    let error = found.error.as_ref().map(|error| format!("\tnot all could be compared: {error}"));
    let error = error.unwrap_or_default();
    format!(
        "{object}\t{checked} compared\t{missing} missing\t{surplus} surplus\t{differing} differing\t\
         {repaired} repaired{changing}{error}"
    )
}
