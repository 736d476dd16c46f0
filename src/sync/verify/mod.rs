//! Whether the mirror holds what Stripe holds: row by row, and what to do where it does not.
//!
//! [`walk`] goes through Stripe's lists page by page beside the mirror's rows of the same time, and notes where the two
//! seem to differ; [`settle`] looks again at what was noted, since something may just have changed, and mends it where
//! that is asked for. [`compare`] says what a difference is: one in a column that is filled from Stripe's object.

mod compare;
mod pages;
mod settle;
mod walk;

use std::{
    collections::HashSet,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use entity::{
    mirrored::Listing,
    verification::{ActiveModel, Column, Entity, Model, Outcome},
};
use futures_util::{StreamExt, stream};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, TryInsertResult,
    sea_query::OnConflict,
};
use serde::Serialize;

use self::settle::Doubt;
use super::{fetch::Setback, is_stopping, jittered, stopped};
use crate::{
    app::App,
    error::{Error, Result},
    mirror::{Mirror, account::Mode, listed_in},
    network,
    stripe::{Stripe, StripeError},
};

/// How many objects of a type that differ are named in a report; all are counted.
const MOST_NAMED: usize = 10_000;

/// How many are kept with the stored report.
const MOST_STORED: usize = 100;

/// How many rows are held in memory of a list that does not say when its objects were created.
pub const HELD: u64 = 100_000;

/// How many types of objects are compared at once.
const TYPES: usize = 4;

/// How often is looked whether a comparison is due that is made regularly.
const LOOK: Duration = Duration::from_mins(10);

/// How long such a one waits before it looks at a difference again.
const PAUSE: Duration = Duration::from_secs(10);

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
    /// How many rows are held in memory of a list that does not say when its objects were created: of more, it is gone
    /// through several times.
    pub held: u64,
}

/// All that the key may list.
fn all(app: &App) -> impl Iterator<Item = &'static Mirror> {
    listed_in(Mode::of_key(app.config.stripe.secret_key.as_ref()))
}

impl Wanted {
    /// Whether that is all there is.
    fn is_whole(&self, app: &App) -> bool {
        let is_wanted = |mirror: &Mirror| self.mirrors.iter().any(|wanted| wanted.object == mirror.object);
        self.sample.is_none() && all(app).all(is_wanted)
    }
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
    let begun =
        begin(app, None, wanted).await?.ok_or_else(|| Error::internal("a comparison was not stored"))?;
    let report = compare_all(app, stripe, wanted, told).await;
    finish(app, begun, &report).await?;
    Ok(report)
}

async fn compare_all(
    app: &App,
    stripe: &Stripe,
    wanted: &Wanted,
    told: &mut (dyn FnMut(&Drift) + Send + Sync),
) -> Report {
    let (stripe, told, trouble_of_all) = (stripe.patient(), Mutex::new(told), OnceLock::new());
    let tell = |drift: &Drift| told.lock().unwrap_or_else(PoisonError::into_inner)(drift);
    let mut objects = Vec::with_capacity(wanted.mirrors.len());
    // What is listed by the rows of others comes behind these, of which some may have to be mended.
    for is_of_others in [false, true] {
        let mirrors = wanted.mirrors.iter().filter(|mirror| is_listed_by_others(mirror) == is_of_others);
        let check = |mirror| Check::new(app, &stripe, wanted, mirror, &tell).outcome(&trouble_of_all);
        let checks: Vec<_> = mirrors.copied().map(check).collect();
        objects.extend(stream::iter(checks).buffered(TYPES).collect::<Vec<_>>().await);
    }
    let place = |found: &OfObject| wanted.mirrors.iter().position(|mirror| mirror.object == found.object);
    objects.sort_by_key(place);
    Report::of(objects)
}

fn is_listed_by_others(mirror: &Mirror) -> bool {
    matches!(mirror.listing, Listing::Each { .. } | Listing::Made { .. })
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
    told: &'a (dyn Fn(&Drift) + Send + Sync),
}

impl<'a> Check<'a> {
    fn new(
        app: &'a App,
        stripe: &'a Stripe,
        wanted: &'a Wanted,
        mirror: &'static Mirror,
        told: &'a (dyn Fn(&Drift) + Send + Sync),
    ) -> Self {
        let found = OfObject { object: mirror.object, ..OfObject::default() };
        Self { app, stripe, wanted, mirror, found, doubts: Vec::new(), doubted: HashSet::new(), told }
    }

    /// What is found, unless it is known by then that nothing can be compared.
    async fn outcome(mut self, trouble_of_all: &OnceLock<String>) -> OfObject {
        if let Some(trouble) = trouble_of_all.get() {
            self.found.error = Some(trouble.clone());
            return self.found;
        }
        let app = self.app;
        let compared = tokio::select! {
            compared = self.all() => compared,
            () = stopped(app) => Err(Trouble::Stopping),
        };
        if let Err(trouble) = compared {
            let reason = self.found.error.insert(trouble.reason());
            if trouble.is_of_all() {
                trouble_of_all.get_or_init(|| reason.clone());
            }
        }
        self.found
    }

    async fn all(&mut self) -> Result<(), Trouble> {
        let walked = self.walk().await;
        // What was noted before something went wrong is reported too.
        let settled = self.settle().await;
        walked.and(settled)
    }
}

/// Stores that a comparison begins; none where the one of this slot was made, or is made by another process.
async fn begin(app: &App, slot: Option<i64>, wanted: &Wanted) -> Result<Option<i64>> {
    let row = ActiveModel {
        slot: Set(slot),
        whole: Set(wanted.is_whole(app)),
        started_at: Set(app.clock.now()),
        finished_at: Set(None),
        outcome: Set(Outcome::Unchecked),
        checked: Set(0),
        drifted: Set(0),
        repaired: Set(0),
        report: Set("{}".to_owned()),
        ..ActiveModel::default()
    };
    let taken = OnConflict::column(Column::Slot).do_nothing().to_owned();
    match Entity::insert(row).on_conflict(taken).try_insert().exec(&app.db.writer).await? {
        TryInsertResult::Inserted(inserted) => Ok(Some(inserted.last_insert_id)),
        TryInsertResult::Conflicted | TryInsertResult::Empty => Ok(None),
    }
}

/// Stores what came of a comparison.
async fn finish(app: &App, begun: i64, report: &Report) -> Result<()> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut left = MOST_STORED;
    let mut short = report.clone();
    for found in &mut short.objects {
        found.drift.truncate(left);
        left -= found.drift.len();
    }
    let row = ActiveModel {
        id: Set(begun),
        finished_at: Set(Some(app.clock.now())),
        outcome: Set(report.outcome),
        checked: Set(number(report.checked)),
        drifted: Set(number(report.drifted)),
        repaired: Set(number(report.repaired)),
        report: Set(serde_json::to_string(&short).map_err(Error::internal)?.replace('\0', "")),
        ..ActiveModel::default()
    };
    Ok(Entity::update(row).exec(&app.db.writer).await.map(drop)?)
}

/// What came of the last comparison that was not broken off: of all there is, or of a part where all never was compared.
pub async fn last(app: &App) -> Result<Option<Model>, DbErr> {
    let made = Entity::find().filter(Column::FinishedAt.is_not_null()).order_by_desc(Column::Whole);
    made.order_by_desc(Column::FinishedAt).order_by_desc(Column::Id).one(&app.db.reader).await
}

/// Compares regularly until the gateway stops.
pub async fn run(app: App) {
    let Some(every) = app.config.verify_interval else { return };
    let stripe = app.stripe.background();
    loop {
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(jittered(LOOK)) => {}
        }
        match regular(&app, &stripe, every, PAUSE).await {
            Ok(Some(report)) => report.tell(),
            Ok(None) => {}
            Err(error) => tracing::warn!(error = error.chain(), "the mirror cannot be compared with Stripe"),
        }
    }
}

/// Compares all, unless that was done within the interval that is now, be it by another process.
///
/// Intervals are counted from 1970, so that one of a day begins at midnight (UTC).
pub async fn regular(app: &App, stripe: &Stripe, every: Duration, pause: Duration) -> Result<Option<Report>> {
    let seconds = i64::try_from(every.as_secs()).unwrap_or(i64::MAX).max(1);
    let slot = app.clock.unix().div_euclid(seconds);
    let wanted = Wanted { mirrors: all(app).collect(), sample: None, repair: false, pause, held: HELD };
    let Some(begun) = begin(app, Some(slot), &wanted).await? else { return Ok(None) };
    let report = compare_all(app, stripe, &wanted, &mut |_| {}).await;
    if is_stopping(app) {
        // The next process makes it from the beginning.
        Entity::delete_by_id(begun).exec(&app.db.writer).await?;
        return Ok(None);
    }
    finish(app, begun, &report).await?;
    Ok(Some(report))
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
