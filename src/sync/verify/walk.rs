//! Through Stripe's lists and the mirror's rows side by side; what is held in memory does not grow with the account.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::mirrored::{Listing, Object};
use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream};
use sea_orm::{
    ConnectionTrait, Order, Value,
    sea_query::{Expr, ExprTrait, Func, Query, SelectStatement},
};
use serde_json::Value as Json;

use super::{
    Check, Trouble,
    compare::{Look, Seen, compare},
    settle::Doubt,
};
use crate::{
    mirror::{Mirror, mirror},
    stripe::Answer,
    sync::{
        lists,
        path::{escape, fill},
    },
};

/// How many objects Stripe lists at once.
const PAGE: usize = 100;

/// How many follow each of those that a sample chooses.
const SAMPLED_AT_ONCE: u64 = 10;

/// How many requests are under way at once.
const AT_ONCE: usize = 8;

/// How many objects' lists are compared at once.
const PARENTS: usize = 32;

/// How many ids are read at once.
const IDS: u64 = 500;

/// How many doubts are gathered before they are looked at again.
const MOST_DOUBTS: usize = 200;

/// A list that is gone through.
struct List {
    path: String,
    /// The column that names whose list it is, and what it holds.
    of: Option<(&'static str, String)>,
}

impl List {
    fn page(&self, limit: usize, after: Option<&str>) -> String {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        let after = after.map(|id| format!("&starting_after={}", escape(id))).unwrap_or_default();
        format!("{}{joint}limit={limit}{after}", self.path)
    }
}

/// The mirror's rows that the pages so far have left behind: those that were created later than this.
#[derive(Default)]
struct Edge {
    created: Option<DateTime<Utc>>,
    /// The listed objects of that very second.
    ids: HashSet<String>,
}

impl Check<'_> {
    /// Notes what seems to differ, of all objects or of a sample.
    pub async fn walk(&mut self) -> Result<(), Trouble> {
        match (self.mirror.listing, self.wanted.sample) {
            (Listing::None, _) => Ok(()),
            (Listing::Ranges(path) | Listing::Whole(path), None) => {
                self.list(&List { path: path.to_owned(), of: None }).await
            }
            (Listing::Ranges(path) | Listing::Whole(path), Some(sample)) => {
                self.sample(&List { path: path.to_owned(), of: None }, sample).await
            }
            (Listing::Each { of, .. } | Listing::Made { of }, sample) => self.each(of, sample).await,
        }
    }

    /// Goes through what each object of another type has, or some of them have.
    async fn each(&mut self, of: &'static str, sample: Option<u64>) -> Result<(), Trouble> {
        let Some(parent) = mirror(of) else { return Ok(()) };
        if let Some(sample) = sample {
            let chosen = self.chosen(parent, sample).await?;
            for ids in chosen.chunks(PARENTS) {
                self.those_of(ids).await?;
            }
            return Ok(());
        }
        let mut last = String::new();
        loop {
            let mut page = own_ids(parent);
            page.and_where(Expr::col("id").gt(last.as_str())).order_by("id", Order::Asc).limit(IDS);
            let ids = self.ids(&page).await?;
            let Some(end) = ids.last() else { return Ok(()) };
            last.clone_from(end);
            for ids in ids.chunks(PARENTS) {
                self.those_of(ids).await?;
            }
        }
    }

    /// Goes through what some objects of another type have.
    async fn those_of(&mut self, parents: &[String]) -> Result<(), Trouble> {
        let Listing::Each { of, path } = self.mirror.listing else {
            let made = some_at_once(parents.iter().map(|id| self.assembled(id).boxed())).await?;
            let made: Vec<Seen> = made.into_iter().flatten().collect();
            return self.compare_page(&made).await;
        };
        let lists = parents.iter().map(|id| {
            let path = fill(path, |_| Some(id.clone()))?;
            Ok(List { path, of: Some((of, id.clone())) })
        });
        let lists = lists.collect::<Result<Vec<_>, Trouble>>()?;
        let pages = some_at_once(lists.iter().map(|list| self.whole(list).boxed())).await?;
        let (mut objects, mut whole, mut long) = (Vec::new(), Vec::new(), Vec::new());
        for (list, page) in lists.into_iter().zip(pages) {
            match page {
                Some(page) => {
                    objects.extend(page);
                    whole.push(list);
                }
                None => long.push(list),
            }
        }
        self.compare_page(&objects).await?;
        let listed = objects.into_iter().map(|seen| seen.snapshot.id).collect();
        self.unlisted(&whole, &listed).await?;
        for list in long {
            self.list(&list).await?;
        }
        Ok(())
    }

    /// What is in a list; none where it has more than a page.
    async fn whole(&self, list: &List) -> Result<Option<Vec<Seen>>, Trouble> {
        let page = match self.stripe.get(&list.page(PAGE, None)).await {
            // Whose list it is, is gone, and the list with it.
            Err(error) if error.is_missing() => return Ok(Some(Vec::new())),
            page => page?,
        };
        if page.object["has_more"].as_bool() == Some(true) {
            return Ok(None);
        }
        self.seen(&page, list.of.as_ref()).await.map(Some)
    }

    /// Goes through a list to its end.
    async fn list(&mut self, list: &List) -> Result<(), Trouble> {
        let (mut edge, mut read, mut places) = (Edge::default(), HashSet::new(), Vec::<String>::new());
        loop {
            let page = match self.stripe.get(&list.page(PAGE, places.last().map(String::as_str))).await {
                // What was the last of a page is not there any more: the one before it is the place then.
                Err(error) if error.is_missing() && places.len() > 1 => {
                    places.pop();
                    continue;
                }
                // Whose list it is, is gone, and the list with it.
                Err(error) if error.is_missing() && list.of.is_some() => break,
                page => page?,
            };
            let objects = self.seen(&page, list.of.as_ref()).await?;
            self.compare_page(&objects).await?;
            let ids: Vec<String> = objects.iter().map(|seen| seen.snapshot.id.clone()).collect();
            let has_more = page.object["has_more"].as_bool() == Some(true);
            if self.is_dated() && list.of.is_none() {
                edge = self.surplus(edge, &objects, has_more).await?;
            } else {
                read.extend(ids.iter().cloned());
            }
            if !has_more {
                break;
            }
            if ids.is_empty() || ids.last() == places.last() {
                return Err(Trouble::Odd(format!("the list {} does not end", list.path)));
            }
            places = ids;
        }
        if self.is_dated() && list.of.is_none() {
            Ok(())
        } else {
            self.unlisted(std::slice::from_ref(list), &read).await
        }
    }

    /// Compares some objects behind some that are chosen by chance, and these too.
    async fn sample(&mut self, list: &List, sample: u64) -> Result<(), Trouble> {
        let chosen = self.chosen(self.mirror, sample.div_ceil(SAMPLED_AT_ONCE)).await?;
        if chosen.is_empty() {
            let page = self.stripe.get(&list.page(PAGE, None)).await?;
            let objects = self.seen(&page, None).await?;
            return self.compare_page(&objects).await;
        }
        let limit = usize::try_from(SAMPLED_AT_ONCE).expect("it is small");
        for id in chosen {
            self.found.checked += 1;
            let page = match self.stripe.get(&list.page(limit, Some(&id))).await {
                Err(error) if error.is_missing() => {
                    self.doubt(Doubt::of(id));
                    continue;
                }
                page => page?,
            };
            self.doubt(Doubt::of(id));
            let objects = self.seen(&page, None).await?;
            self.compare_page(&objects).await?;
            self.settle_if_many().await?;
        }
        Ok(())
    }

    /// An object that is nothing but its own lists; none where it is gone.
    pub async fn assembled(&self, id: &str) -> Result<Option<Seen>, Trouble> {
        let mut known = Object::new();
        known.insert("object".to_owned(), self.mirror.object.into());
        known.insert(self.mirror.key.to_owned(), id.into());
        let value = |name: &str| (name == "id").then(|| id.to_owned());
        match lists::assembled(self.stripe, self.mirror, known, value).await {
            Err(setback) if setback.is_gone() => Ok(None),
            answer => Ok(answer?.and_then(|answer| Seen::of(answer, None, &self.app.config.exclusions))),
        }
    }

    /// The objects of a page, with their lists to their end.
    async fn seen(&self, page: &Answer, of: Option<&(&'static str, String)>) -> Result<Vec<Seen>, Trouble> {
        let Some(listed) = page.object["data"].as_array() else {
            return Err(Trouble::Odd("the answer is no list".to_owned()));
        };
        let objects = listed.iter().map(|object| named(object.clone(), of));
        let objects: Vec<Json> = objects.filter(|object| object["deleted"] != true).collect();
        let seen =
            some_at_once(objects.into_iter().map(|object| self.complete(page, object).boxed())).await?;
        Ok(seen.into_iter().flatten().collect())
    }

    /// An object of an answer, with its lists to their end.
    pub async fn complete(&self, answer: &Answer, object: Json) -> Result<Option<Seen>, Trouble> {
        let whole = lists::completed(self.stripe, self.mirror, &object, |_| None).await?;
        let answer = Answer { object, raw: bytes::Bytes::new(), ..answer.clone() };
        let seen = Seen::of(answer, whole, &self.app.config.exclusions);
        Ok(seen.filter(|seen| seen.snapshot.mirror.table == self.mirror.table))
    }

    async fn compare_page(&mut self, objects: &[Seen]) -> Result<(), Trouble> {
        let snapshots: Vec<_> = objects.iter().map(|seen| &seen.snapshot).collect();
        let looks = compare(&self.app.db.reader, self.mirror, &snapshots).await?;
        self.found.checked += objects.len() as u64;
        for (seen, look) in objects.iter().zip(looks) {
            let look = self.relevant(look, seen);
            if !look.is_equal() {
                self.doubt(Doubt::seen(seen, &look));
            }
        }
        self.settle_if_many().await
    }

    /// Of what is nothing but its lists, only these count.
    pub fn relevant(&self, look: Look, seen: &Seen) -> Look {
        if !matches!(self.mirror.listing, Listing::Made { .. }) {
            return look;
        }
        let fields = look.fields.into_iter().filter(|field| field.contains('/')).collect();
        Look { is_missing: look.is_missing && !seen.snapshot.children.is_empty(), fields, ..look }
    }

    fn doubt(&mut self, doubt: Doubt) {
        if self.doubted.insert(doubt.id.clone()) {
            self.doubts.push(doubt);
        }
    }

    async fn settle_if_many(&mut self) -> Result<(), Trouble> {
        if self.doubts.len() >= MOST_DOUBTS { self.settle().await } else { Ok(()) }
    }

    /// Whether rows can be told from those of other pages by when they were created.
    fn is_dated(&self) -> bool {
        self.mirror.position("created").is_some()
    }

    /// Notes the rows that a page of Stripe's would have, were they there; says where the next page begins.
    async fn surplus(&mut self, edge: Edge, page: &[Seen], has_more: bool) -> Result<Edge, Trouble> {
        let created = |seen: &Seen| seen.snapshot.time("created");
        let oldest = page.iter().filter_map(created).min();
        let oldest = oldest.into_iter().chain(edge.created).min().filter(|_| has_more);
        let mut listed: HashSet<String> = page.iter().map(|seen| seen.snapshot.id.clone()).collect();
        listed.extend(edge.ids);
        let mut rows = own_ids(self.mirror);
        if let Some(newest) = edge.created {
            rows.and_where(Expr::col("created").lte(newest));
        }
        if let Some(oldest) = oldest {
            rows.and_where(Expr::col("created").gt(oldest));
        }
        self.unless_listed(&rows, &listed).await?;
        let of_edge = page.iter().filter(|seen| created(seen) == oldest).map(|seen| &seen.snapshot.id);
        let mut ids: HashSet<String> = of_edge.cloned().collect();
        if oldest == edge.created {
            ids.extend(listed);
        }
        Ok(Edge { created: oldest, ids })
    }

    /// Notes the rows that whole lists do not name.
    async fn unlisted(&mut self, lists: &[List], listed: &HashSet<String>) -> Result<(), Trouble> {
        let mut rows = own_ids(self.mirror);
        let of: Vec<_> = lists.iter().filter_map(|list| list.of.as_ref()).collect();
        if let Some((column, _)) = of.first() {
            // Where a row does not say whose it is, nobody can tell which list lacks it.
            if self.mirror.position(column).is_none() {
                return Ok(());
            }
            rows.and_where(Expr::col(*column).is_in(of.iter().map(|(_, id)| id.as_str())));
        }
        self.unless_listed(&rows, listed).await
    }

    async fn unless_listed(
        &mut self,
        rows: &SelectStatement,
        listed: &HashSet<String>,
    ) -> Result<(), Trouble> {
        let mut last = String::new();
        loop {
            let mut page = rows.clone();
            page.and_where(Expr::col("id").gt(last.as_str())).order_by("id", Order::Asc).limit(IDS);
            let ids = self.ids(&page).await?;
            let Some(end) = ids.last() else { return Ok(()) };
            last.clone_from(end);
            for id in ids.into_iter().filter(|id| !listed.contains(id)) {
                self.doubt(Doubt::of(id));
            }
            self.settle_if_many().await?;
        }
    }

    /// So many rows of a table, by chance.
    async fn chosen(&self, mirror: &Mirror, many: u64) -> Result<Vec<String>, Trouble> {
        let mut rows = own_ids(mirror);
        rows.order_by_expr(Func::random().into(), Order::Asc).limit(many);
        self.ids(&rows).await
    }

    async fn ids(&self, rows: &SelectStatement) -> Result<Vec<String>, Trouble> {
        let rows = self.app.db.reader.query_all(rows).await?;
        Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
    }
}

/// What so many calls give, in their order, some under way at once.
async fn some_at_once<'a, T>(
    calls: impl Iterator<Item = BoxFuture<'a, Result<T, Trouble>>>,
) -> Result<Vec<T>, Trouble> {
    stream::iter(calls.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
}

/// The ids of one's own objects that are not deleted.
fn own_ids(mirror: &Mirror) -> SelectStatement {
    let mut statement = Query::select();
    statement
        .column("id")
        .from(mirror.table)
        .and_where(Expr::col("deleted").eq(false))
        .and_where(Expr::col("account").eq(""));
    statement
}

/// An object that may not say itself whose list it is in.
pub fn named(mut object: Json, of: Option<&(&'static str, String)>) -> Json {
    if let (Some((column, id)), Json::Object(fields)) = (of, &mut object) {
        let held = fields.entry(*column).or_insert(Json::Null);
        if *held == Json::Null {
            *held = id.as_str().into();
        }
    }
    object
}

/// The value of a column that holds text.
pub fn text(mirror: &Mirror, values: &[Option<Value>], column: &str) -> Option<String> {
    match values.get(mirror.position(column)?)?.as_ref()? {
        Value::String(text) => text.clone(),
        _ => None,
    }
}
