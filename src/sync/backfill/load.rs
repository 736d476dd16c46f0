//! One step of a range: a page of a list, or the lists of some parents; asked for, and written with its progress.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use chrono::{DateTime, Utc};
use entity::{mirrored::Listing, sync_run_range::Model as Range};
use futures_util::{StreamExt, TryStreamExt, stream};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::Value as Json;

use super::{
    range::{Split, rest, without_cursor},
    store::{Progress, Run},
};
use crate::{
    app::App,
    error::Error,
    mirror::{
        Mirror, mirror,
        page::{Found, Page},
    },
    network,
    stripe::{Answer, Stripe, StripeError},
    sync::{
        fetch::{Cause, Setback},
        jobs::Patience,
        listed, lists,
        path::{escape, fill},
    },
};

/// How many parents' lists a step reads.
const PARENTS: u64 = 32;

/// The field in which discounts come along where that is asked for: Stripe lists them nowhere.
const DISCOUNTS: &str = "discounts";

/// How many requests a step has under way.
const AT_ONCE: usize = 8;

/// Why a step is not done.
#[derive(Debug)]
pub enum Obstacle {
    /// It may pass.
    Passing(String),
    /// It may pass, and takes as long as it takes: Stripe allows no more at the moment, or the database is away.
    Waiting(String),
    /// It does not pass, and concerns one object type.
    OfType(String),
    /// It does not pass, and concerns everything.
    OfAll(String),
}

impl From<StripeError> for Obstacle {
    fn from(error: StripeError) -> Self {
        let reason = network::chain(&error);
        match error {
            StripeError::NotConfigured | StripeError::Withheld(_) => Self::OfAll(reason),
            StripeError::Refused(refusal) if refusal.status == 401 => Self::OfAll(reason),
            StripeError::Refused(refusal) if refusal.is_in_flight() => Self::Passing(reason),
            StripeError::Refused(_) | StripeError::NotAnId | StripeError::Unsendable(_) => {
                Self::OfType(reason)
            }
            StripeError::RateLimited => Self::Waiting(reason),
            StripeError::Failing { .. } | StripeError::Unreachable(_) | StripeError::Unreadable(_) => {
                Self::Passing(reason)
            }
        }
    }
}

impl From<Setback> for Obstacle {
    fn from(setback: Setback) -> Self {
        match setback.into_cause() {
            Ok(Cause::Stripe(error)) => error.into(),
            Ok(Cause::Ours(error)) => error.into(),
            Err(Setback { patience: Patience::Growing, reason, .. }) => Self::Passing(reason),
            Err(Setback { reason, .. }) => Self::OfType(reason),
        }
    }
}

impl From<Error> for Obstacle {
    fn from(error: Error) -> Self {
        if error.is_transient() { Self::Waiting(error.chain()) } else { Self::Passing(error.chain()) }
    }
}

impl From<DbErr> for Obstacle {
    fn from(error: DbErr) -> Self {
        Error::from(error).into()
    }
}

/// A step of a range.
#[derive(Clone)]
pub struct Step {
    pub app: App,
    pub run: Run,
    pub mirror: &'static Mirror,
    pub range: Range,
    pub split: Split,
    /// The number of the next range.
    pub numbers: Arc<AtomicI32>,
}

impl Step {
    /// Asks Stripe, and writes the answer and what is left in one transaction.
    pub async fn take(&self) -> Result<(), Obstacle> {
        match self.mirror.listing {
            Listing::Ranges(path) | Listing::Whole(path) => self.page(path).await,
            Listing::Each { of, path } => match (&self.range.parent, &self.range.cursor) {
                (Some(parent), Some(_)) => self.page_of(parent, of, path).await,
                _ => self.parents(of).await,
            },
            Listing::Made { of } => self.parents(of).await,
            Listing::None => Err(Obstacle::OfType("Stripe has no list of it".to_owned())),
        }
    }

    async fn page(&self, path: &str) -> Result<(), Obstacle> {
        let (list, range) = self.read(path).await?;
        let (mut left, mut parts) = (None, Vec::new());
        if let Some(cursor) = list.cursor_within(&range)? {
            let split =
                if matches!(self.mirror.listing, Listing::Ranges(_)) { self.split } else { Split::No };
            let (rest, part) = rest(&range, cursor, list.oldest(), split);
            left = Some(rest);
            parts.extend(part.map(|part| self.numbered(part)));
        }
        let list = match self.mirror.listing {
            Listing::Whole(_) => list.within(&range),
            _ => list,
        };
        let found = self.completed(list).await?;
        self.write(found, left, parts).await
    }

    /// A further page of a parent's list.
    async fn page_of(&self, parent: &str, of: &str, path: &str) -> Result<(), Obstacle> {
        let path = fill(path, |_| Some(parent.to_owned()))?;
        let (list, range) = match self.read(&path).await {
            Err(Missing::Parent) => return self.write(Vec::new(), None, Vec::new()).await,
            outcome => outcome?,
        };
        let cursor = list.cursor_within(&range)?.map(str::to_owned);
        let found = list.within(&range).of_parent(of, parent);
        let left = cursor.map(|cursor| Range { cursor: Some(cursor), ..range });
        self.write(found, left, Vec::new()).await
    }

    /// The first pages of the lists of some parents; those that go on become ranges of their own.
    async fn parents(&self, of: &'static str) -> Result<(), Obstacle> {
        let Some(of) = mirror(of) else {
            return Err(Obstacle::OfType(format!("there is no table of `{of}`")));
        };
        let parents = self.next_parents(of).await?;
        let Some(last) = parents.last().cloned() else {
            return self.write(Vec::new(), None, Vec::new()).await;
        };
        let is_more = parents.len() as u64 == PARENTS;
        let known = self.known(&parents).await?;
        let lists = parents.into_iter().map(|parent| {
            let is_known = known.contains(&parent);
            async move { self.first_page(of, parent, is_known).await }
        });
        let lists: Vec<(Vec<Found>, Option<Range>)> =
            stream::iter(lists).buffered(AT_ONCE).try_collect().await?;
        let (mut all, mut parts) = (Vec::new(), Vec::new());
        for (found, part) in lists {
            all.extend(found);
            parts.extend(part.map(|part| self.numbered(part)));
        }
        let left = is_more.then(|| Range { parent: Some(last), ..self.range.clone() });
        self.write(all, left, parts).await
    }

    async fn first_page(
        &self,
        of: &'static Mirror,
        parent: String,
        is_known: bool,
    ) -> Result<(Vec<Found>, Option<Range>), Obstacle> {
        let Listing::Each { path, .. } = self.mirror.listing else {
            return match listed::made(&self.stripe(), self.mirror, &parent, is_known).await {
                Ok(made) => Ok((made.into_iter().collect(), None)),
                Err(setback) if setback.is_gone() => Ok((Vec::new(), None)),
                Err(setback) => Err(setback.into()),
            };
        };
        let path = with_limit(&fill(path, |_| Some(parent.clone()))?);
        let list = match self.stripe().get(&path).await {
            Ok(answer) => List::of(answer)?,
            // It was deleted meanwhile.
            Err(error) if error.is_missing() => return Ok((Vec::new(), None)),
            Err(error) => return Err(error.into()),
        };
        let cursor = list.cursor_within(&self.range)?.map(str::to_owned);
        let part = cursor.map(|cursor| Range {
            parent: Some(parent.clone()),
            cursor: Some(cursor),
            ..self.range.clone()
        });
        Ok((list.within(&self.range).of_parent(of.object, &parent), part))
    }

    /// The parents that come next, by their ids.
    async fn next_parents(&self, of: &'static Mirror) -> Result<Vec<String>, DbErr> {
        let mut statement = Query::select();
        statement.column("id").from(of.table).order_by("id", sea_orm::Order::Asc).limit(PARENTS);
        statement.and_where(Expr::col("account").eq("")).and_where(Expr::col("deleted").eq(false));
        if let Some(last) = &self.range.parent {
            statement.and_where(Expr::col("id").gt(last.as_str()));
        }
        // Whenever they were created: an old one may have got something in the range.
        let rows = self.app.db.reader.query_all(&statement).await?;
        rows.iter().map(|row| row.try_get("", "id")).collect()
    }

    /// Those of these ids that have a row already.
    async fn known(&self, ids: &[String]) -> Result<HashSet<String>, DbErr> {
        let mut statement = Query::select();
        statement.column("id").from(self.mirror.table).and_where(Expr::col("id").is_in(ids));
        let rows = self.app.db.reader.query_all(&statement).await?;
        rows.iter().map(|row| row.try_get("", "id")).collect()
    }

    /// A page of a list, and the range that it is of: another one, where Stripe no longer has the last object.
    async fn read(&self, path: &str) -> Result<(List, Range), Missing> {
        let mut range = self.range.clone();
        loop {
            let asked = address(path, &range, self.mirror);
            match self.stripe().get(&asked).await {
                Ok(answer) => return Ok((List::of(answer)?, range)),
                Err(error) if lost_its_place(&error, &range) => {
                    tracing::debug!(object.r#type = range.object, "the last object of a page is gone");
                    range = without_cursor(&range);
                }
                Err(error) if error.is_missing() && range.parent.is_some() => return Err(Missing::Parent),
                Err(error) => return Err(Missing::Page(error.into())),
            }
        }
    }

    /// The objects of a page, each with its own lists whole.
    async fn completed(&self, list: List) -> Result<Vec<Found>, Obstacle> {
        if self.mirror.children.is_empty() {
            return Ok(list.found().collect());
        }
        let stripe = self.stripe();
        let completing = list.found().map(|found| {
            let stripe = stripe.clone();
            async move {
                let known = found.whole.as_ref().unwrap_or(&found.sent);
                match lists::completed(&stripe, self.mirror, known, |_| None).await {
                    Ok(whole) => Ok(Found { whole: whole.or(found.whole), ..found }),
                    Err(setback) if setback.patience == Patience::Growing => Err(Obstacle::from(setback)),
                    // It stays as it came, and is asked for by itself.
                    Err(_) => Ok(found),
                }
            }
        });
        stream::iter(completing).buffered(AT_ONCE).try_collect().await
    }

    /// Writes the objects, and what is left, in one transaction; what cannot be written is left out and counted.
    async fn write(&self, found: Vec<Found>, rest: Option<Range>, parts: Vec<Range>) -> Result<(), Obstacle> {
        let rows = self.app.writer.rows(found);
        let mut progress = Progress {
            run: self.run.clone(),
            now: self.app.clock.now(),
            range: self.range.clone(),
            rest,
            parts,
            loaded: i64::try_from(rows.len()).unwrap_or_default(),
            refused: 0,
            error: None,
        };
        let page = Page { rows: rows.clone(), beside: Some(Box::new(progress.clone())) };
        let error = match self.app.writer.page(page).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_transient() || rows.is_empty() => return Err(error.into()),
            Err(error) => error,
        };
        tracing::debug!(error = error.chain(), "a page cannot be written whole");
        for row in rows.iter() {
            let id = &row.id;
            match self.app.writer.page(Page { rows: Arc::new([row.clone()]), beside: None }).await {
                Ok(()) => {}
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    tracing::error!(object.id = id, error = error.chain(), "an object cannot be written");
                    progress.loaded -= 1;
                    progress.refused += 1;
                    progress.error = Some(format!("{id}: {}", error.chain()));
                }
            }
        }
        Ok(self.app.writer.page(Page { rows: Arc::default(), beside: Some(Box::new(progress)) }).await?)
    }

    fn numbered(&self, range: Range) -> Range {
        Range { number: self.numbers.fetch_add(1, Ordering::Relaxed), ..range }
    }

    fn stripe(&self) -> Stripe {
        self.app.stripe.bulk()
    }
}

/// Why there is no page.
enum Missing {
    /// What the list is of is gone.
    Parent,
    Page(Obstacle),
}

impl From<Obstacle> for Missing {
    fn from(obstacle: Obstacle) -> Self {
        Self::Page(obstacle)
    }
}

impl From<Missing> for Obstacle {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Parent => Self::OfType("what the list is of is gone".to_owned()),
            Missing::Page(obstacle) => obstacle,
        }
    }
}

/// Whether Stripe no longer has the object after which the list was to go on.
fn lost_its_place(error: &StripeError, range: &Range) -> bool {
    let names_it = |param: &str| param == "starting_after";
    let refusal = error.refusal().filter(|refusal| refusal.is_missing());
    let refusal = refusal.filter(|_| range.cursor.as_deref().is_some_and(|cursor| !cursor.is_empty()));
    refusal.is_some_and(|refusal| refusal.param.as_deref().is_none_or(names_it))
}

fn address(path: &str, range: &Range, mirror: &Mirror) -> String {
    let mut address = with_limit(path);
    if mirror.embedded.contains(&DISCOUNTS) {
        address = format!("{address}&expand%5B%5D=data.{DISCOUNTS}");
    }
    if matches!(mirror.listing, Listing::Ranges(_)) {
        for (bound, time) in [("gte", range.created_gte), ("lt", range.created_lt)] {
            if let Some(time) = time {
                address = format!("{address}&created%5B{bound}%5D={}", time.timestamp());
            }
        }
    }
    match range.cursor.as_deref() {
        Some(cursor) if !cursor.is_empty() => format!("{address}&starting_after={}", escape(cursor)),
        _ => address,
    }
}

fn with_limit(path: &str) -> String {
    format!("{path}{}limit=100", if path.contains('?') { '&' } else { '?' })
}

/// An object as Stripe sends it where discounts are not asked for; none where it has none.
fn unexpanded(object: &Json) -> Option<Json> {
    let discounts = object[DISCOUNTS].as_array().filter(|discounts| discounts.iter().any(Json::is_object))?;
    let ids: Json = discounts.iter().map(|discount| discount.get("id").unwrap_or(discount).clone()).collect();
    let mut sent = object.clone();
    sent[DISCOUNTS] = ids;
    Some(sent)
}

/// When an object was created; an invoice item calls it its date.
fn created(object: &Json) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(object["created"].as_i64().or_else(|| object["date"].as_i64())?, 0)
}

/// A page of a list.
struct List {
    objects: Vec<Json>,
    has_more: bool,
    at: i64,
    api_version: String,
}

impl List {
    fn of(mut answer: Answer) -> Result<Self, Obstacle> {
        let has_more = answer.object["has_more"] == true;
        let Json::Array(objects) = answer.object["data"].take() else {
            return Err(Obstacle::OfType("Stripe's answer is no list".to_owned()));
        };
        Ok(Self { objects, has_more, at: answer.at, api_version: answer.api_version })
    }

    /// The last object, where others follow.
    fn cursor(&self) -> Result<Option<&str>, Obstacle> {
        if !self.has_more {
            return Ok(None);
        }
        let last = self.objects.last().and_then(|object| object["id"].as_str());
        last.map(Some).ok_or_else(|| Obstacle::OfType("the list goes on without an object".to_owned()))
    }

    /// The same, unless what follows is older than the range: a list without ranges is newest first.
    fn cursor_within(&self, range: &Range) -> Result<Option<&str>, Obstacle> {
        let is_past = self.oldest().zip(range.created_gte).is_some_and(|(oldest, from)| oldest < from);
        Ok(self.cursor()?.filter(|_| !is_past))
    }

    /// When the oldest object was created.
    fn oldest(&self) -> Option<DateTime<Utc>> {
        self.objects.iter().filter_map(created).min()
    }

    /// What of it was created in the range, and what has no such time.
    fn within(mut self, range: &Range) -> Self {
        self.objects.retain(|object| {
            created(object).is_none_or(|time| {
                range.created_gte.is_none_or(|from| time >= from)
                    && range.created_lt.is_none_or(|until| time < until)
            })
        });
        self
    }

    fn found(self) -> impl Iterator<Item = Found> {
        let Self { at, api_version, .. } = self;
        self.objects.into_iter().map(move |object| {
            let api_version = api_version.clone();
            match unexpanded(&object) {
                Some(sent) => Found { sent, whole: Some(object), at, api_version },
                None => Found { sent: object, whole: None, at, api_version },
            }
        })
    }

    /// The objects of a parent's list, which need not name it.
    fn of_parent(self, of: &str, parent: &str) -> Vec<Found> {
        let named = |found: Found| {
            let whole = Json::is_null(&found.sent[of]).then(|| {
                let mut whole = found.sent.clone();
                whole[of] = parent.into();
                whole
            });
            Found { whole, ..found }
        };
        self.found().map(named).collect()
    }
}
