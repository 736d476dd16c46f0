//! Through Stripe's lists and the mirror's rows side by side; what is held in memory does not grow with the account.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::mirrored::Listing;
use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream};
use sea_orm::{
    ConnectionTrait, Order, Value,
    sea_query::{Expr, ExprTrait, Func, Query, SelectStatement},
};
use serde_json::{Map, Value as Json};

use super::{
    Check, Trouble,
    compare::{Look, Seen, compare},
    pages::{List, PAGE, Pages, ids},
    settle::Doubt,
};
use crate::{
    mirror::{Mirror, mirror},
    stripe::Answer,
    sync::{lists, path::fill},
};

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

/// What came of reading an object's lists to their end.
pub enum Read {
    Whole(Box<Seen>),
    /// It was deleted meanwhile.
    Gone,
    /// It is of another type.
    Foreign,
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
            let ids = self.ids_after(&own_ids(parent), &last, IDS).await?;
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
        match dated(self.mirror).filter(|_| list.of.is_none()) {
            Some(date) => self.by_date(list, date).await,
            None => self.by_rows(list).await,
        }
    }

    /// Goes through a list beside the rows of the time of each page.
    async fn by_date(&mut self, list: &List, date: &'static str) -> Result<(), Trouble> {
        let (mut pages, mut edge) = (Pages::of(list), Edge::default());
        while let Some(page) = pages.next(self.stripe).await? {
            let objects = self.seen(&page, None).await?;
            self.compare_page(&objects).await?;
            edge = self.surplus(date, edge, &objects, !pages.is_ended).await?;
        }
        Ok(())
    }

    /// Goes through a list that does not say when its objects were created, beside so many rows as may be held: once more
    /// for the next of them.
    async fn by_rows(&mut self, list: &List) -> Result<(), Trouble> {
        let rows = self.rows_of(std::slice::from_ref(list));
        let (mut after, mut is_compared) = (Some(String::new()), false);
        while let Some(last) = after {
            let held = match &rows {
                Some(rows) => self.ids_after(rows, &last, self.wanted.held).await?,
                None => Vec::new(),
            };
            after = held.last().filter(|_| held.len() as u64 == self.wanted.held).cloned();
            let mut unlisted: HashSet<String> = held.into_iter().collect();
            let mut pages = Pages::of(list);
            while let Some(page) = pages.next(self.stripe).await? {
                if is_compared {
                    for id in ids(&page) {
                        unlisted.remove(&id);
                    }
                    continue;
                }
                let objects = self.seen(&page, list.of.as_ref()).await?;
                self.compare_page(&objects).await?;
                for seen in &objects {
                    unlisted.remove(&seen.snapshot.id);
                }
            }
            is_compared = true;
            for id in unlisted {
                self.doubt(Doubt::of(id));
                self.settle_if_many().await?;
            }
        }
        Ok(())
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
        let mut known = Map::new();
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
        let read =
            some_at_once(objects.into_iter().map(|object| self.complete(page, object).boxed())).await?;
        // What is gone by now is as if the page did not name it: in doubt, where it has a row.
        let seen = read.into_iter().filter_map(|read| match read {
            Read::Whole(seen) => Some(*seen),
            Read::Gone | Read::Foreign => None,
        });
        Ok(seen.collect())
    }

    /// An object of an answer, with its lists to their end.
    pub async fn complete(&self, answer: &Answer, object: Json) -> Result<Read, Trouble> {
        let whole = match lists::completed(self.stripe, self.mirror, &object, |_| None).await {
            Err(setback) if setback.is_gone() => return Ok(Read::Gone),
            whole => whole?,
        };
        let answer = Answer { object, raw: bytes::Bytes::new(), ..answer.clone() };
        let seen = Seen::of(answer, whole, &self.app.config.exclusions);
        let own = seen.filter(|seen| seen.snapshot.mirror.table == self.mirror.table);
        Ok(own.map_or(Read::Foreign, |seen| Read::Whole(Box::new(seen))))
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

    /// Notes the rows that a page of Stripe's would have, were they there; says where the next page begins.
    async fn surplus(
        &mut self,
        date: &'static str,
        edge: Edge,
        page: &[Seen],
        has_more: bool,
    ) -> Result<Edge, Trouble> {
        let created = |seen: &Seen| seen.snapshot.time(date);
        let oldest = page.iter().filter_map(created).min();
        let oldest = oldest.into_iter().chain(edge.created).min().filter(|_| has_more);
        let mut listed: HashSet<String> = page.iter().map(|seen| seen.snapshot.id.clone()).collect();
        listed.extend(edge.ids);
        let mut rows = own_ids(self.mirror);
        if let Some(newest) = edge.created {
            rows.and_where(Expr::col(date).lte(newest));
        }
        if let Some(oldest) = oldest {
            rows.and_where(Expr::col(date).gt(oldest));
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
        match self.rows_of(lists) {
            Some(rows) => self.unless_listed(&rows, listed).await,
            None => Ok(()),
        }
    }

    /// The rows that lists should name; none where a row does not say whose it is: nobody can tell then which list lacks it.
    fn rows_of(&self, lists: &[List]) -> Option<SelectStatement> {
        let mut rows = own_ids(self.mirror);
        let of: Vec<_> = lists.iter().filter_map(|list| list.of.as_ref()).collect();
        if let Some((column, _)) = of.first() {
            self.mirror.position(column)?;
            rows.and_where(Expr::col(*column).is_in(of.iter().map(|(_, id)| id.as_str())));
        }
        Some(rows)
    }

    async fn unless_listed(
        &mut self,
        rows: &SelectStatement,
        listed: &HashSet<String>,
    ) -> Result<(), Trouble> {
        let mut last = String::new();
        loop {
            let ids = self.ids_after(rows, &last, IDS).await?;
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

    /// So many of some rows behind an id, in the order of their ids.
    async fn ids_after(&self, rows: &SelectStatement, last: &str, many: u64) -> Result<Vec<String>, Trouble> {
        let mut page = rows.clone();
        page.and_where(Expr::col("id").gt(last)).order_by("id", Order::Asc).limit(many);
        self.ids(&page).await
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

/// The column that says when an object was created, by which its row is told from those of other pages; payment links and
/// features have none.
fn dated(mirror: &Mirror) -> Option<&'static str> {
    ["created", "date"].into_iter().find(|column| mirror.position(column).is_some())
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

/// An object with whose list it is in, where it does not say so itself; one that says `null` is in nobody's any more.
pub fn named(mut object: Json, of: Option<&(&'static str, String)>) -> Json {
    if let (Some((column, id)), Json::Object(fields)) = (of, &mut object) {
        fields.entry(*column).or_insert_with(|| id.as_str().into());
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
