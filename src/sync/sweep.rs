//! Events that were never delivered: Stripe lists those of the last thirty days, and what the inbox does not know of
//! them goes the way of all events.
//!
//! A sweep goes through a range of time whose end is fixed when it starts, from the newest event to the oldest, as Stripe
//! lists them. The place in it is stored once the events of a page are durable, so that a process that ends without a
//! word costs a page. Of several processes one sweeps at a time: it has a lease, which each page renews.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use entity::sweep::{ActiveModel, Column, Entity, Model};
use futures_util::future::try_join_all;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    backfill::{Created, Selection, start_afresh},
    is_stopping, jittered,
    path::escape,
    stopped,
};
use crate::{
    app::App,
    db::Database,
    error::{Code, Error, Result},
    mirror::{
        account::{Admission, Mode},
        event::parse,
        inbox::{self, LONGEST_REASON},
    },
    stripe::{Answer, Stripe, StripeError},
};

/// How far a sweep goes back before the end of the last one: Stripe's list of events is not at once complete.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);

/// How far a sweep stays behind now: what just happened is on its way.
const DISTANCE: TimeDelta = TimeDelta::seconds(10);

/// How long Stripe lists an event.
const REACH: TimeDelta = TimeDelta::days(30);

/// The gap from which on operators are warned.
const NEAR_REACH: TimeDelta = TimeDelta::days(25);

/// How long a process keeps the others from sweeping; longer than a request may take with all its attempts.
const LEASE: TimeDelta = TimeDelta::seconds(90);

/// The pause after a sweep that failed, where sweeps are not more frequent anyway.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);

/// How many events Stripe lists at once.
const PAGE: usize = 100;

/// What a sweep did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// How many events Stripe listed.
    pub seen: i64,
    /// How many of them were not known.
    pub found: i64,
    /// From when on events are missing that Stripe lists no more.
    pub lost_since: Option<DateTime<Utc>>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(Swept),
    /// Another process sweeps.
    Busy,
}

/// Sweeps at the start and from then on regularly, until the gateway stops.
pub async fn run(app: App) {
    let Some(interval) = app.config.sweep_interval else { return };
    let stripe = app.stripe.background();
    let (mut pause, mut failing) = (Duration::ZERO, false);
    loop {
        tokio::select! {
            () = stopped(&app) => return,
            () = tokio::time::sleep(pause) => {}
        }
        let outcome = sweep(&app, &stripe, None).await;
        if is_stopping(&app) {
            return;
        }
        pause = match &outcome {
            Ok(Outcome::Done(_)) => jittered(interval),
            Ok(Outcome::Busy) => jittered(interval.min(PAUSE_AFTER_FAILURE * 2)),
            Err(_) => jittered(interval.min(PAUSE_AFTER_FAILURE)),
        };
        if let Err(error) = &outcome
            && !failing
        {
            tracing::warn!(error = error.chain(), "events that were not delivered cannot be looked for");
        }
        failing = outcome.is_err();
    }
}

/// Takes in what happened since the end of the last sweep, or since a moment, and was not delivered.
///
/// A sweep that was broken off goes on where it was, and is followed by one of what happened since.
pub async fn sweep(app: &App, stripe: &Stripe, since: Option<DateTime<Utc>>) -> Result<Outcome> {
    let Some(mut lease) = Lease::take(&app.db, app.clock.now()).await? else { return Ok(Outcome::Busy) };
    let outcome = async {
        if app.config.ask_whose_key {
            app.account.recognize_once(stripe).await?;
        }
        match since {
            Some(since) => again(app, stripe, &mut lease, since).await,
            None => go_on(app, stripe, &mut lease).await,
        }
    };
    let outcome = outcome.await;
    lease.give_up(&app.db, outcome.as_ref().err()).await?;
    outcome.map(Outcome::Done)
}

/// Finishes what was broken off, and sweeps what follows it.
async fn go_on(app: &App, stripe: &Stripe, lease: &mut Lease) -> Result<Swept> {
    let lost_since = gap(app, lease).await?;
    let mut swept = None;
    if let Some(range) = Range::of(&lease.row) {
        swept = Some(through(app, stripe, lease, range).await?);
    }
    let since = lease.row.swept_until.map_or(app.clock.now() - REACH, |last| last - OVERLAP);
    let range = Range { since, until: None, after: None, seen: 0, found: 0 };
    let next = through(app, stripe, lease, range).await?;
    let (seen, found) = swept.as_ref().map_or((0, 0), |swept| (swept.seen, swept.found));
    let since = swept.map_or(next.since, |swept| swept.since);
    Ok(Swept { since, seen: next.seen + seen, found: next.found + found, lost_since, ..next })
}

/// From when on events are missing that Stripe lists no more, if any may be; warns before it comes to that.
///
/// Stripe lists the newest events first: while a range is under way, it is the oldest of it that are left.
async fn gap(app: &App, lease: &mut Lease) -> Result<Option<DateTime<Utc>>> {
    let (now, row) = (app.clock.now(), &lease.row);
    let Some(last) = row.swept_until else { return Ok(None) };
    if now - last <= REACH {
        if now - last > NEAR_REACH {
            tracing::warn!(
                swept_until = %last,
                "events have not been swept for long: Stripe lists them for {} days", REACH.num_days()
            );
        }
        return Ok(None);
    }
    // While sweeps go on failing, what was done about it holds for as long as Stripe lists what happened since.
    if row.gap_noticed_at.is_none_or(|noticed| noticed <= last || now - noticed > REACH) {
        close_gap(app, lease, last).await?;
    }
    Ok(Some(last))
}

/// What changed in a gap, of objects of whatever age, is told by no event any more: all is loaded anew.
async fn close_gap(app: &App, lease: &mut Lease, since: DateTime<Utc>) -> Result<()> {
    let now = app.clock.now();
    let until = now - REACH;
    tracing::warn!(
        %since, %until,
        "events of this time may be missing, and Stripe lists them no more: all is loaded anew"
    );
    let mode = Mode::of_key(app.config.stripe.secret_key.as_ref());
    let all = Selection::new(&[], Created::default(), mode)?;
    match start_afresh(app, &all).await? {
        // What it loaded first may have changed after that, and before what Stripe still lists.
        Some(run) if run.created_lt < until => Err(Error::new(
            Code::Conflict,
            format!("{} began within the gap; when it is finished, all is loaded anew.", run.id),
        )),
        _ => lease.notice_gap(&app.db, now).await,
    }
}

/// Sweeps since a moment that somebody names, whatever was swept before.
async fn again(app: &App, stripe: &Stripe, lease: &mut Lease, since: DateTime<Utc>) -> Result<Swept> {
    let reach = app.clock.now() - REACH;
    let lost_since = (since < reach).then_some(since);
    if let Some(since) = lost_since {
        beyond_reach(since, reach);
    }
    // Its place is not stored: it is the other range that goes on by itself.
    let (under_way, last) = (Range::of(&lease.row), lease.row.swept_until);
    let mut range = Range { since, until: None, after: None, seen: 0, found: 0 };
    while !step(app, stripe, &mut range).await? {
        lease.renew(&app.db, app.clock.now()).await?;
    }
    let swept = range.swept();
    // It may have left out what happened between the last sweep and its own beginning.
    if under_way.is_none() && since <= last.unwrap_or(reach) {
        lease.done(&app.db, &range, app.clock.now()).await?;
    } else {
        lease.count(&app.db, &range, app.clock.now()).await?;
    }
    swept.tell();
    Ok(Swept { lost_since, ..swept })
}

/// Stripe does not tell any more what happened in this time; only loading it anew does.
fn beyond_reach(since: DateTime<Utc>, until: DateTime<Utc>) {
    tracing::warn!(
        %since, %until,
        "events of this time may be missing, and Stripe lists them no more: load what changed with `billgraph backfill`"
    );
}

/// Goes through a range to its end, from the place that is stored.
async fn through(app: &App, stripe: &Stripe, lease: &mut Lease, mut range: Range) -> Result<Swept> {
    while !step(app, stripe, &mut range).await? {
        lease.keep(&app.db, &range, app.clock.now()).await?;
    }
    lease.done(&app.db, &range, app.clock.now()).await?;
    let swept = range.swept();
    swept.tell();
    Ok(swept)
}

/// A range of time that is swept, and the place in it.
#[derive(Clone, Debug)]
struct Range {
    since: DateTime<Utc>,
    /// Stripe's clock says it with the first page.
    until: Option<DateTime<Utc>>,
    /// The last event that was read.
    after: Option<String>,
    seen: i64,
    found: i64,
}

impl Range {
    /// The one that is under way.
    fn of(row: &Model) -> Option<Self> {
        let (after, seen, found) = (row.range_after.clone(), row.seen, row.found);
        Some(Self { since: row.range_since?, until: Some(row.range_until?), after, seen, found })
    }

    fn path(&self) -> String {
        let since = self.since.timestamp();
        let until = self.until.map(|until| format!("&created%5Blt%5D={}", until.timestamp()));
        let after = self.after.as_ref().map(|after| format!("&starting_after={}", escape(after)));
        let (until, after) = (until.unwrap_or_default(), after.unwrap_or_default());
        format!("/events?limit={PAGE}&created%5Bgte%5D={since}{until}{after}")
    }

    fn swept(&self) -> Swept {
        let until = self.until.unwrap_or(self.since);
        Swept { since: self.since, until, seen: self.seen, found: self.found, lost_since: None }
    }
}

impl Swept {
    fn tell(&self) {
        let Self { since, until, seen, found, .. } = self;
        if *found > 0 {
            tracing::info!(%since, %until, seen, found, "events were taken in that had not been delivered");
        } else {
            tracing::debug!(%since, %until, seen, "no event is missing");
        }
    }
}

/// Takes in the next page of a range, and says whether it was the last.
async fn step(app: &App, stripe: &Stripe, range: &mut Range) -> Result<bool> {
    let path = range.path();
    let answer = tokio::select! {
        answer = stripe.get(&path) => answer,
        () = stopped(app) => return Err(Error::unavailable("The gateway is shutting down.")),
    };
    let answer = match answer {
        // The event at the place is older by now than Stripe lists them, and so is all after it.
        Err(error) if error.is_missing() && range.after.is_some() => return Ok(true),
        answer => answer?,
    };
    let until = *range.until.get_or_insert_with(|| end(&answer));
    let page = take_in(app, &answer.raw, until.timestamp()).await?;
    range.seen += page.seen;
    range.found += page.found;
    if !page.has_more {
        return Ok(true);
    }
    let is_new = |last: &String| range.after.as_ref() != Some(last);
    let Some(last) = page.last.filter(is_new) else {
        return Err(StripeError::Unreadable("the list of events does not end".into()).into());
    };
    range.after = Some(last);
    Ok(false)
}

/// The end of a range, by Stripe's own clock: ours may be wrong.
fn end(answer: &Answer) -> DateTime<Utc> {
    DateTime::from_timestamp(answer.at, 0).unwrap_or_default() - DISTANCE
}

/// What a page had.
struct Page {
    seen: i64,
    found: i64,
    last: Option<String>,
    has_more: bool,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

/// What is read of an event before it is known to be new.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    created: i64,
}

/// Takes in what is new of a page; returns once it is durable.
async fn take_in(app: &App, page: &Bytes, until: i64) -> Result<Page> {
    let unreadable = |error: serde_json::Error| {
        let place = format!("no list of events at line {}, column {}", error.line(), error.column());
        Error::from(StripeError::Unreadable(place.into()))
    };
    let list: List<'_> = serde_json::from_slice(page).map_err(unreadable)?;
    let mut events = Vec::with_capacity(list.data.len());
    for event in &list.data {
        let head: Head<'_> = serde_json::from_str(event.get()).map_err(unreadable)?;
        events.push((head, event.get()));
    }
    let end = events.last().map(|(head, _)| head.id.clone().into_owned());
    // What is newer than the end may be under way.
    events.retain(|(head, _)| head.created < until);
    let known = inbox::known(&app.db.reader, events.iter().map(|(head, _)| &*head.id)).await?;
    let (seen, has_more) = (count(events.len()), list.has_more);
    events.retain(|(head, _)| !known.contains(&*head.id));
    // The oldest first: what follows the changes then sees each.
    let texts: Vec<Bytes> = events.iter().rev().map(|(_, text)| page.slice_ref(text.as_bytes())).collect();
    try_join_all(texts.iter().map(|text| receive(app, text))).await?;
    Ok(Page { seen, found: count(texts.len()), last: end, has_more })
}

/// The way of all events.
async fn receive(app: &App, text: &Bytes) -> Result<()> {
    let event = match parse(text) {
        Ok(event) => event,
        // Nothing comes of it by waiting, and what is behind it must not wait.
        Err(error) => {
            tracing::error!(error = error.chain(), "Stripe lists an event that cannot be read");
            return Ok(());
        }
    };
    if app.account.admit(&event).await? == Admission::TakenIn {
        app.writer.event(event).await?;
    }
    Ok(())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("a page is short")
}

/// The right to sweep, for some time; whoever loses it changes nothing any more.
struct Lease {
    row: Model,
}

impl Lease {
    /// Takes it, unless another process has it.
    async fn take(db: &Database, now: DateTime<Utc>) -> Result<Option<Self>, DbErr> {
        let first = ActiveModel {
            singleton: Set(true),
            seen: Set(0),
            found: Set(0),
            found_in_all: Set(0),
            ..ActiveModel::default()
        };
        let known_before = OnConflict::column(Column::Singleton).do_nothing().to_owned();
        Entity::insert(first).on_conflict(known_before).exec_without_returning(&db.writer).await?;
        let free = Condition::any().add(Column::LockedUntil.is_null()).add(Column::LockedUntil.lte(now));
        let take = Entity::update_many().col_expr(Column::LockedUntil, Expr::value(now + LEASE)).filter(free);
        if take.exec(&db.writer).await?.rows_affected == 0 {
            return Ok(None);
        }
        let row = Entity::find_by_id(true).one(&db.writer).await?;
        let locked_until = Some(now + LEASE);
        Ok(row.map(|row| Self { row: Model { locked_until, ..row } }))
    }

    /// Stores the place in a range, whose events before it are durable.
    async fn keep(&mut self, db: &Database, range: &Range, now: DateTime<Utc>) -> Result<()> {
        let Range { since, until, after, seen, found } = range.clone();
        let locked_until = Some(now + LEASE);
        let (range_since, range_until) = (Some(since), until);
        let row = self.row.clone();
        let row = Model { range_since, range_until, range_after: after, seen, found, locked_until, ..row };
        self.store(db, row).await
    }

    /// Stores that a range was gone through.
    async fn done(&mut self, db: &Database, range: &Range, now: DateTime<Utc>) -> Result<()> {
        let row = Model {
            // The end of a range is never behind that of one before, whatever Stripe's clock says.
            swept_until: self.row.swept_until.max(range.until),
            range_since: None,
            range_until: None,
            range_after: None,
            seen: range.seen,
            found: range.found,
            found_in_all: self.row.found_in_all + range.found,
            finished_at: Some(now),
            locked_until: Some(now + LEASE),
            ..self.row.clone()
        };
        self.store(db, row).await
    }

    /// Stores what was found in a range that is none of those that follow each other.
    async fn count(&mut self, db: &Database, range: &Range, now: DateTime<Utc>) -> Result<()> {
        let found_in_all = self.row.found_in_all + range.found;
        let row = Model { found_in_all, locked_until: Some(now + LEASE), ..self.row.clone() };
        self.store(db, row).await
    }

    /// Stores that what changed in a gap is taken care of, so that it is not done twice.
    async fn notice_gap(&mut self, db: &Database, now: DateTime<Utc>) -> Result<()> {
        let row = Model { gap_noticed_at: Some(now), ..self.row.clone() };
        self.store(db, row).await
    }

    async fn renew(&mut self, db: &Database, now: DateTime<Utc>) -> Result<()> {
        let row = Model { locked_until: Some(now + LEASE), ..self.row.clone() };
        self.store(db, row).await
    }

    async fn give_up(mut self, db: &Database, error: Option<&Error>) -> Result<()> {
        let last_error = error.map(|error| {
            let reason = error.chain().replace('\0', "");
            reason.chars().take(LONGEST_REASON).collect()
        });
        let row = Model { locked_until: None, last_error, ..self.row.clone() };
        match self.store(db, row).await {
            // It passes by itself; what went wrong is told by the sweep.
            Err(_) if error.is_some() => Ok(()),
            outcome => outcome,
        }
    }

    async fn store(&mut self, db: &Database, row: Model) -> Result<()> {
        let update = Entity::update_many()
            .col_expr(Column::SweptUntil, Expr::value(row.swept_until))
            .col_expr(Column::RangeSince, Expr::value(row.range_since))
            .col_expr(Column::RangeUntil, Expr::value(row.range_until))
            .col_expr(Column::RangeAfter, Expr::value(row.range_after.clone()))
            .col_expr(Column::Seen, Expr::value(row.seen))
            .col_expr(Column::Found, Expr::value(row.found))
            .col_expr(Column::FoundInAll, Expr::value(row.found_in_all))
            .col_expr(Column::FinishedAt, Expr::value(row.finished_at))
            .col_expr(Column::GapNoticedAt, Expr::value(row.gap_noticed_at))
            .col_expr(Column::LockedUntil, Expr::value(row.locked_until))
            .col_expr(Column::LastError, Expr::value(row.last_error.clone()));
        let held = update.filter(Column::LockedUntil.eq(self.row.locked_until));
        if held.exec(&db.writer).await?.rows_affected == 0 {
            return Err(Error::unavailable("Another process took the sweep over."));
        }
        self.row = row;
        Ok(())
    }
}
