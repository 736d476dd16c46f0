//! Whether the mirror holds what Stripe holds: row by row, and what to do where it does not.
//!
//! [`walk`] goes through Stripe's lists page by page beside the mirror's rows of the same time, and notes where the two
//! seem to differ; [`settle`] looks again at what was noted, since something may just have changed, and mends it where
//! that is asked for. [`compare`] says what a difference is: one in a column that is filled from Stripe's object.

mod compare;
mod settle;
mod walk;

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entity::verification::{ActiveModel, Column, Entity, Model, Outcome};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait, QueryOrder};
use serde::Serialize;

use self::settle::Doubt;
use super::{fetch::Setback, is_stopping, jittered, stopped};
use crate::{
    app::App,
    error::{Error, Result},
    mirror::{Mirror, listed},
    network,
    stripe::{Stripe, StripeError},
};

/// How many objects of a type that differ are named in a report; all are counted.
const MOST_NAMED: usize = 10_000;

/// How many are kept with the stored report.
const MOST_STORED: usize = 100;

/// How soon after the start a comparison is due that is done regularly.
const FIRST_PAUSE: Duration = Duration::from_mins(10);

/// What is compared, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub mirrors: Vec<&'static Mirror>,
    /// About how many objects of each type are compared, chosen by chance; none: all.
    pub sample: Option<u64>,
    /// Whether Stripe's answer is written where the mirror differs.
    pub repair: bool,
    /// How long is waited before a difference is looked at again: what just changed is on its way.
    pub pause: Duration,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub outcome: Outcome,
    pub checked: u64,
    pub drifted: u64,
    pub repaired: u64,
    pub objects: Vec<OfObject>,
}

/// What was found of one type of object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfObject {
    /// Stripe's name for the type.
    pub object: &'static str,
    pub checked: u64,
    pub missing: u64,
    pub surplus: u64,
    pub differing: u64,
    /// How many went on changing while they were compared.
    pub changing: u64,
    pub repaired: u64,
    /// Why not all could be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first of those that differ.
    pub drift: Vec<Drift>,
}

/// An object of which mirror and Stripe say something different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    pub object: &'static str,
    pub id: String,
    pub kind: Kind,
    /// The columns that differ; of what is in a list, `list/id` or `list/id/column`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    pub repaired: bool,
}

/// How they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The mirror has no row.
    Missing,
    /// Stripe has no such object any more.
    Surplus,
    /// Columns differ, or what is in the object's lists.
    Differs,
}

impl OfObject {
    fn drifted(&self) -> u64 {
        self.missing + self.surplus + self.differing
    }

    fn note(&mut self, drift: Drift) {
        match drift.kind {
            Kind::Missing => self.missing += 1,
            Kind::Surplus => self.surplus += 1,
            Kind::Differs => self.differing += 1,
        }
        self.repaired += u64::from(drift.repaired);
        if self.drift.len() < MOST_NAMED {
            self.drift.push(drift);
        }
    }
}

impl Report {
    fn of(objects: Vec<OfObject>) -> Self {
        let sum = |of: fn(&OfObject) -> u64| objects.iter().map(of).sum();
        let (checked, drifted, repaired) =
            (sum(|found| found.checked), sum(OfObject::drifted), sum(|found| found.repaired));
        let outcome = if drifted > 0 {
            Outcome::Drift
        } else if objects.iter().any(|found| found.error.is_some()) {
            Outcome::Unchecked
        } else {
            Outcome::Equal
        };
        Self { outcome, checked, drifted, repaired, objects }
    }
}

/// Why something could not be compared.
enum Trouble {
    Stripe(StripeError),
    /// What came is not what was asked for.
    Odd(String),
    Database(DbErr),
    Stopping,
}

impl From<StripeError> for Trouble {
    fn from(error: StripeError) -> Self {
        Self::Stripe(error)
    }
}

impl From<DbErr> for Trouble {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<Setback> for Trouble {
    fn from(setback: Setback) -> Self {
        Self::Odd(setback.reason)
    }
}

impl Trouble {
    /// Whether nothing else can be compared either.
    fn is_of_all(&self) -> bool {
        match self {
            Self::Stripe(error) => {
                matches!(error, StripeError::NotConfigured | StripeError::Withheld(_))
                    || error.refusal().is_some_and(|refusal| refusal.status == 401)
            }
            Self::Odd(_) => false,
            Self::Database(_) | Self::Stopping => true,
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Stripe(error) => network::chain(error),
            Self::Odd(reason) => reason.clone(),
            Self::Database(error) => error.to_string(),
            Self::Stopping => "the gateway is shutting down".to_owned(),
        }
    }
}

/// Compares, tells of each difference as it is found, and stores what came of it.
pub async fn verify(
    app: &App,
    stripe: &Stripe,
    wanted: &Wanted,
    told: &mut (dyn FnMut(&Drift) + Send + Sync),
) -> Result<Report> {
    let started = app.clock.now();
    let mut objects = Vec::with_capacity(wanted.mirrors.len());
    let mut trouble_of_all: Option<String> = None;
    for mirror in wanted.mirrors.iter().copied() {
        let mut check = Check::new(app, stripe, wanted, mirror, told);
        check.found.error.clone_from(&trouble_of_all);
        if trouble_of_all.is_none()
            && let Err(trouble) = check.all().await
        {
            check.found.error = Some(trouble.reason());
            if trouble.is_of_all() {
                trouble_of_all = Some(trouble.reason());
            }
        }
        objects.push(check.found);
    }
    let report = Report::of(objects);
    store(app, &report, started).await?;
    Ok(report)
}

/// The comparison of one type of object.
struct Check<'a> {
    app: &'a App,
    stripe: &'a Stripe,
    wanted: &'a Wanted,
    mirror: &'static Mirror,
    found: OfObject,
    /// What is to be looked at again.
    doubts: Vec<Doubt>,
    /// What was noted so far, so that nothing is reported twice.
    doubted: HashSet<String>,
    told: &'a mut (dyn FnMut(&Drift) + Send + Sync),
}

impl<'a> Check<'a> {
    fn new(
        app: &'a App,
        stripe: &'a Stripe,
        wanted: &'a Wanted,
        mirror: &'static Mirror,
        told: &'a mut (dyn FnMut(&Drift) + Send + Sync),
    ) -> Self {
        let found = OfObject { object: mirror.object, ..OfObject::default() };
        Self { app, stripe, wanted, mirror, found, doubts: Vec::new(), doubted: HashSet::new(), told }
    }

    async fn all(&mut self) -> Result<(), Trouble> {
        let walked = self.walk().await;
        // What was noted before something went wrong is reported too.
        let settled = self.settle().await;
        walked.and(settled)
    }
}

async fn store(app: &App, report: &Report, started: DateTime<Utc>) -> Result<()> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut left = MOST_STORED;
    let mut short = report.clone();
    for found in &mut short.objects {
        found.drift.truncate(left);
        left -= found.drift.len();
    }
    let row = ActiveModel {
        started_at: Set(started),
        finished_at: Set(app.clock.now()),
        outcome: Set(report.outcome),
        checked: Set(number(report.checked)),
        drifted: Set(number(report.drifted)),
        repaired: Set(number(report.repaired)),
        report: Set(serde_json::to_string(&short).map_err(Error::internal)?.replace('\0', "")),
        ..ActiveModel::default()
    };
    Ok(Entity::insert(row).exec_without_returning(&app.db.writer).await.map(drop)?)
}

/// What came of the last comparison.
pub async fn last(app: &App) -> Result<Option<Model>, DbErr> {
    Entity::find().order_by_desc(Column::Id).one(&app.db.reader).await
}

/// Compares regularly until the gateway stops.
pub async fn run(app: App) {
    let Some(interval) = app.config.verify_interval else { return };
    let (stripe, every) =
        (app.stripe.background(), TimeDelta::from_std(interval).unwrap_or(TimeDelta::days(1)));
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = FIRST_PAUSE;
        // Another process may have done it, or this one before it was started anew.
        let due =
            last(&app).await.map(|last| last.is_none_or(|last| last.started_at + every <= app.clock.now()));
        if !due.unwrap_or_default() {
            continue;
        }
        let pause = Duration::from_secs(10);
        let wanted = Wanted { mirrors: listed().collect(), sample: None, repair: false, pause };
        match verify(&app, &stripe, &wanted, &mut |_| {}).await {
            Ok(report) => report.tell(),
            Err(error) => tracing::warn!(error = error.chain(), "the mirror cannot be compared with Stripe"),
        }
        if is_stopping(&app) {
            return;
        }
    }
}

impl Report {
    fn tell(&self) {
        let Self { checked, drifted, .. } = self;
        match self.outcome {
            Outcome::Equal => tracing::info!(checked, "the mirror holds what Stripe holds"),
            Outcome::Drift => tracing::warn!(checked, drifted, "the mirror differs from Stripe"),
            Outcome::Unchecked => tracing::warn!(checked, "not all could be compared with Stripe"),
        }
    }
}
