//! Filling the columns of stored rows again from the objects that they hold, without asking Stripe.
//!
//! It goes page by page, and a row is written only if it is still the one that was read: what arrives meanwhile wins.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use chrono::{DateTime, Utc};
use entity::change::Kind;
use sea_orm::{
    ConnectionTrait, DbErr, Order, QueryResult, Value,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use serde_json::Value as Json;

use super::{
    MIRRORS, Mirror, OTHER, batch, borrowed,
    exclude::Exclusions,
    jobs,
    lock::{self, Locks},
    snapshot::{Snapshot, Source},
    tie::Offer,
    usual::Done,
    write::{self, Guard},
};
use crate::{
    db::{Database, IngestConnection, Transaction},
    error::is_lost_connection,
};

/// How many rows are read at once.
const PAGE: u64 = 200;

/// How often a page is tried that another process's transaction stands in the way of.
const ATTEMPTS: usize = 5;

/// What was done to a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Projected {
    pub read: usize,
    /// Rows of which a column had another value.
    pub changed: usize,
    /// Rows that came from the table of all objects that had none of their own.
    pub moved: usize,
}

/// A row as it is stored.
struct Row {
    id: String,
    raw: String,
    stamp: i64,
    event: String,
    account: String,
    api_version: String,
    deleted: bool,
    unsettled: bool,
    /// The column that names its parent, and what it holds, where it is of a list inside another object.
    parent: Option<(&'static str, String)>,
}

/// Fills the columns of a table again, and moves the objects into it that arrived before it was there.
///
/// Fields that are excluded by now are taken out of what is stored.
pub async fn project(
    db: &Database,
    mirror: &'static Mirror,
    exclusions: &Exclusions,
    now: DateTime<Utc>,
) -> Result<Projected, DbErr> {
    let ingest = db.ingest().await?;
    let mut done = Projected::default();
    let mut last = String::new();
    loop {
        let page = select(mirror, &last);
        let rows = read(db, &page, mirror).await?;
        let Some(end) = rows.last() else { break };
        last.clone_from(&end.id);
        done.read += rows.len();
        done.changed +=
            retried(async |beforehand| fill(&ingest, mirror, &rows, exclusions, beforehand, now).await)
                .await?;
    }
    last.clear();
    loop {
        let mut page = select(&OTHER, &last);
        page.and_where(Expr::col("object").eq(mirror.object));
        let rows = read(db, &page, &OTHER).await?;
        let Some(end) = rows.last() else { break };
        last.clone_from(&end.id);
        done.moved +=
            retried(async |beforehand| relocate(&ingest, &rows, exclusions, beforehand, now).await).await?;
    }
    Ok(done)
}

/// Writes a page, again where the first try fails for a moment; it is given what another one found out is to be locked.
async fn retried(
    mut page: impl AsyncFnMut(&mut BTreeSet<String>) -> Result<usize, DbErr>,
) -> Result<usize, DbErr> {
    let mut beforehand = BTreeSet::new();
    for _ in 1..ATTEMPTS {
        match page(&mut beforehand).await {
            Err(error) if is_lost_connection(&error) || lock::is_refusal(&error) => {}
            outcome => return outcome,
        }
    }
    page(&mut beforehand).await
}

fn select(mirror: &Mirror, after: &str) -> SelectStatement {
    let mut statement = Query::select();
    statement
        .columns(["id", "stamp", "stamp_event", "account", "api_version", "deleted", "unsettled"])
        .expr_as(Expr::col("raw").cast_as("text"), "raw")
        .columns(parent(mirror))
        .from(mirror.table)
        .and_where(Expr::col("id").gt(after))
        .order_by("id", Order::Asc)
        .limit(PAGE)
        .to_owned()
}

/// The column that names the object in whose list these travel.
fn parent(mirror: &Mirror) -> Option<&'static str> {
    let mut lists = MIRRORS.iter().flat_map(|parent| parent.children);
    lists.find(|list| list.object == mirror.object).map(|list| list.parent)
}

async fn read(db: &Database, page: &SelectStatement, mirror: &Mirror) -> Result<Vec<Row>, DbErr> {
    let row = |row: &QueryResult| {
        let parent = match parent(mirror) {
            Some(column) => row.try_get::<Option<String>>("", column)?.map(|id| (column, id)),
            None => None,
        };
        Ok(Row {
            id: row.try_get("", "id")?,
            raw: row.try_get("", "raw")?,
            stamp: row.try_get("", "stamp")?,
            event: row.try_get("", "stamp_event")?,
            account: row.try_get("", "account")?,
            api_version: row.try_get("", "api_version")?,
            deleted: row.try_get("", "deleted")?,
            unsettled: row.try_get("", "unsettled")?,
            parent,
        })
    };
    db.reader.query_all(page).await?.iter().map(row).collect()
}

impl Row {
    /// What the row says, as it is read today; none where that is another row.
    fn snapshot(&self, exclusions: &Exclusions, kind: Kind) -> Option<Snapshot> {
        // What was stored was JSON when it arrived.
        let object: Json = serde_json::from_str(&self.raw).unwrap_or_default();
        let object = exclusions.of_object(&object);
        let raw = match &object {
            Cow::Borrowed(_) => self.raw.clone(),
            Cow::Owned(object) => object.to_string(),
        };
        let mut object = object.into_owned();
        if let (Some((column, id)), Json::Object(fields)) = (&self.parent, &mut object) {
            // Inside its parent it need not name it.
            let named = fields.entry(*column).or_insert(Json::Null);
            if *named == Json::Null {
                *named = id.as_str().into();
            }
        }
        let source = Source {
            stamp: self.stamp,
            event: self.event.clone(),
            api_version: self.api_version.clone(),
            account: self.account.clone(),
            kind,
        };
        let snapshot = Snapshot::of(&object, &raw, source)?;
        Some(Snapshot { settled: !self.unsettled, ..snapshot })
    }

    /// The snapshot of a row that stays in its table.
    fn again(&self, mirror: &Mirror, exclusions: &Exclusions) -> Option<Snapshot> {
        let mut snapshot = self.snapshot(exclusions, Kind::Updated)?;
        snapshot.deleted |= self.deleted;
        snapshot.bare = false;
        for child in &mut snapshot.children {
            child.deleted |= self.deleted;
            child.bare = false;
        }
        (snapshot.id == self.id && snapshot.mirror.table == mirror.table).then_some(snapshot)
    }
}

/// Fills the columns of some rows, of the rows of lists that came with them, and of those to whom they lend.
async fn fill(
    ingest: &IngestConnection,
    mirror: &'static Mirror,
    rows: &[Row],
    exclusions: &Exclusions,
    beforehand: &mut BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<usize, DbErr> {
    let snapshots: Vec<(&Row, Snapshot)> =
        rows.iter().filter_map(|row| Some((row, row.again(mirror, exclusions)?))).collect();
    let (same, stripped): (Vec<_>, Vec<_>) =
        snapshots.iter().partition(|(row, snapshot)| row.raw == snapshot.raw);
    let of = |rows: Vec<&'_ (&Row, Snapshot)>| {
        rows.into_iter().map(|(_, snapshot)| snapshot.clone()).collect::<Vec<_>>()
    };
    let (same, stripped) = (of(same), of(stripped));
    // A row of a list may know from its parent what it does not hold itself: that stays, or is filled with the parent.
    let guard = if parent(mirror).is_some() { Guard::AgainKnown } else { Guard::Again };
    let tx = ingest.begin().await?;
    let locks = Locks::take(&tx, snapshots.iter().map(|(_, snapshot)| snapshot), beforehand).await?;
    let mut changed = write::upsert(&tx, mirror, &refs(&same), guard, now).await?;
    changed.extend(write::upsert(&tx, mirror, &refs(&stripped), Guard::Again, now).await?);
    for row in &stripped {
        keep_stripped(&tx, row).await?;
        changed.insert(row.id.clone());
    }
    let mut children: BTreeMap<&str, Vec<&Snapshot>> = BTreeMap::new();
    for child in snapshots.iter().flat_map(|(_, snapshot)| &snapshot.children) {
        children.entry(child.mirror.object).or_default().push(child);
    }
    for mut rows in children.into_values() {
        rows.sort_by(|a, b| a.id.cmp(&b.id).then(b.source.stamp.cmp(&a.source.stamp)));
        rows.dedup_by(|a, b| a.id == b.id);
        write::upsert(&tx, rows[0].mirror, &rows, Guard::Again, now).await?;
    }
    let written: Vec<Cow<'_, Snapshot>> =
        snapshots.iter().map(|(_, snapshot)| Cow::Borrowed(snapshot)).collect();
    let lent = borrowed::lend_all(&tx, written.iter().map(AsRef::as_ref), &locks).await;
    lent.inspect_err(|_| beforehand.append(&mut locks.refused()))?;
    tx.commit().await?;
    Ok(changed.len())
}

fn refs(rows: &[Snapshot]) -> Vec<&Snapshot> {
    rows.iter().collect()
}

/// Stores an object from which fields were taken out.
async fn keep_stripped(tx: &Transaction, row: &Snapshot) -> Result<(), DbErr> {
    let raw: Json = serde_json::from_str(&row.raw).unwrap_or_default();
    let mut statement = Query::update();
    statement
        .table(row.mirror.table)
        .value("raw", Value::Json(Some(Box::new(raw))))
        .and_where(Expr::col("id").eq(row.id.as_str()))
        .and_where(Expr::col("stamp").eq(row.source.stamp))
        .and_where(Expr::col("stamp_event").eq(row.source.event.as_str()));
    tx.execute(&statement).await.map(drop)
}

/// Moves objects into the table that their type has by now, unless something newer is there.
async fn relocate(
    ingest: &IngestConnection,
    rows: &[Row],
    exclusions: &Exclusions,
    beforehand: &mut BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<usize, DbErr> {
    let snapshot = |row: &Row| {
        let kind = if row.deleted { Kind::Deleted } else { Kind::Updated };
        row.snapshot(exclusions, kind).filter(|snapshot| snapshot.mirror.table != OTHER.table)
    };
    let snapshots: Vec<(&Row, Snapshot)> =
        rows.iter().filter_map(|row| Some((row, snapshot(row)?))).collect();
    let offers: Vec<Offer<'_>> =
        snapshots.iter().map(|(_, snapshot)| Offer { snapshot, event: None }).collect();
    let tx = ingest.begin().await?;
    let locks = Locks::take(&tx, snapshots.iter().map(|(_, snapshot)| snapshot), beforehand).await?;
    let done = Done::recorded(HashSet::new(), locks);
    let written = batch::write(&tx, &offers, &done, now).await;
    let written = written.inspect_err(|_| beforehand.append(&mut done.locks.refused()))?;
    jobs::enqueue(&tx, &jobs::needed(&written), now).await?;
    for (row, _) in &snapshots {
        let mut statement = Query::delete();
        statement
            .from_table(OTHER.table)
            .and_where(Expr::col("id").eq(row.id.as_str()))
            .and_where(Expr::col("stamp").eq(row.stamp))
            .and_where(Expr::col("stamp_event").eq(row.event.as_str()));
        tx.execute(&statement).await?;
    }
    tx.commit().await?;
    Ok(snapshots.len())
}
