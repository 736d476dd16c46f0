//! Putting rows into their tables, unless something newer is there.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use entity::{change::Kind, mirrored::Children};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Order,
    sea_query::{Expr, ExprTrait, Func, InsertStatement, OnConflict, Query, SelectStatement},
};

use super::{
    Mirror,
    borrowed::{BORROWED, Borrowed},
    mirror,
    snapshot::Snapshot,
};

/// Rows of one statement: 200 rows of at most 60 columns stay below SQLite's 32,766 parameters.
const ROWS: usize = 200;

/// What the mirror keeps of a row beside Stripe's fields.
const BOOKKEEPING: [&str; 8] =
    ["deleted", "unsettled", "account", "api_version", "stamp", "stamp_event", "synced_at", "raw"];

/// Which stored rows a statement may write over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Those of an earlier second that are no tombstones: the usual case.
    Older,
    /// Tombstones of an earlier second: their id was created again.
    OlderTombstone,
    /// Those of no later second: what is written was decided against them, or follows from its parent.
    NotNewer,
}

/// Writes rows of one object type and says the ids of those that were written.
///
/// The guard is in the statement itself, so that of two processes neither can undo the other's newer row. Rows
/// must come sorted by id: two transactions then lock them in the same order.
pub async fn upsert(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    rows: &[&Snapshot],
    guard: Guard,
    now: DateTime<Utc>,
) -> Result<HashSet<String>, DbErr> {
    let mut written = HashSet::with_capacity(rows.len());
    let (bare, whole): (Vec<&Snapshot>, Vec<&Snapshot>) = rows.iter().partition(|row| row.bare);
    for rows in [whole, bare] {
        written.extend(insert(tx, mirror, &rows, guard, now).await?);
    }
    if guard == Guard::Older {
        let again = |row: &&&Snapshot| row.source.kind == Kind::Created && !written.contains(&row.id);
        let again: Vec<&Snapshot> = rows.iter().filter(again).copied().collect();
        written.extend(insert(tx, mirror, &again, Guard::OlderTombstone, now).await?);
    }
    Ok(written)
}

async fn insert(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    rows: &[&Snapshot],
    guard: Guard,
    now: DateTime<Utc>,
) -> Result<Vec<String>, DbErr> {
    let mut written = Vec::with_capacity(rows.len());
    for rows in rows.chunks(ROWS) {
        let statement = insert_statement(tx.get_database_backend(), mirror, rows, guard, now);
        for row in tx.query_all(&statement).await? {
            written.push(row.try_get("", "id")?);
        }
    }
    Ok(written)
}

fn insert_statement(
    backend: DbBackend,
    mirror: &'static Mirror,
    rows: &[&Snapshot],
    guard: Guard,
    now: DateTime<Utc>,
) -> InsertStatement {
    let mut statement = Query::insert();
    let names = mirror.columns.iter().map(|column| column.name).chain(BOOKKEEPING);
    statement.into_table(mirror.table).columns(names);
    for row in rows {
        let values = row.values.iter().cloned().map(Expr::value);
        statement.values_panic(values.chain(bookkeeping(backend, row, now)));
    }
    let bare = rows.iter().all(|row| row.bare);
    statement.on_conflict(on_conflict(mirror, bare, guard)).returning_col("id");
    statement
}

fn bookkeeping(backend: DbBackend, row: &Snapshot, now: DateTime<Utc>) -> [Expr; 8] {
    let raw = Expr::value(row.raw.as_str());
    [
        Expr::value(row.deleted),
        Expr::value(!row.settled),
        Expr::value(row.source.account.as_str()),
        Expr::value(row.source.api_version.as_str()),
        Expr::value(row.source.stamp),
        Expr::value(row.source.event.as_str()),
        Expr::value(now),
        // Bound as text: the database parses it once, and we not at all.
        if backend == DbBackend::Postgres { raw.cast_as("json") } else { raw },
    ]
}

fn on_conflict(mirror: &'static Mirror, bare: bool, guard: Guard) -> OnConflict {
    let stored = |column: &'static str| Expr::col((mirror.table, column));
    let offered = |column: &'static str| Expr::col(("excluded", column));
    let mut conflict = OnConflict::column("id");
    if bare {
        // Nothing is known of the object but its end: what was known before stays.
        conflict.update_columns(BOOKKEEPING.iter().copied().filter(|column| *column != "raw"));
    } else {
        let is_borrowed =
            |name: &str| BORROWED.iter().any(|link| link.table == mirror.table && link.column == name);
        let (borrowed, own): (Vec<_>, Vec<_>) =
            mirror.columns[1..].iter().map(|column| column.name).partition(|name| is_borrowed(name));
        conflict.update_columns(own.into_iter().chain(BOOKKEEPING));
        for column in borrowed {
            conflict.value(column, Func::coalesce([offered(column), stored(column)]));
        }
    }
    conflict.action_and_where(match guard {
        Guard::Older => stored("stamp").lt(offered("stamp")).and(stored("deleted").eq(false)),
        Guard::OlderTombstone => stored("stamp").lt(offered("stamp")).and(stored("deleted").eq(true)),
        Guard::NotNewer => stored("stamp").lte(offered("stamp")),
    });
    conflict
}

/// Whether the object has a row.
pub async fn exists(tx: &DatabaseTransaction, snapshot: &Snapshot) -> Result<bool, DbErr> {
    let mut statement = Query::select();
    statement.column("id").from(snapshot.mirror.table).and_where(Expr::col("id").eq(snapshot.id.as_str()));
    Ok(tx.query_one(&statement).await?.is_some())
}

/// Makes tombstones of the objects that a complete list no longer names.
pub async fn remove_unlisted(
    tx: &DatabaseTransaction,
    parent: &Snapshot,
    children: &'static Children,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(mirror) = mirror(children.object) else { return Ok(()) };
    let listed = parent.children.iter().filter(|child| child.mirror.object == mirror.object);
    let mut statement = Query::update();
    statement
        .table(mirror.table)
        .value("deleted", true)
        .value("stamp", parent.source.stamp)
        .value("stamp_event", parent.source.event.as_str())
        .value("synced_at", now)
        .and_where(Expr::col(children.parent).eq(parent.id.as_str()))
        .and_where(Expr::col("deleted").eq(false))
        .and_where(Expr::col("stamp").lte(parent.source.stamp))
        .and_where(Expr::col("id").is_not_in(listed.map(|child| child.id.as_str())));
    tx.execute(&statement).await.map(drop)
}

/// Fills the borrowed columns of the rows just written, and of those to whom one just written lends.
pub async fn lend(tx: &DatabaseTransaction, written: &[&Snapshot]) -> Result<(), DbErr> {
    let mut borrowers: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::new();
    for link in BORROWED {
        let ids = borrowers.entry(link.table).or_default();
        let borrows = |row: &&&Snapshot| row.mirror.table == link.table && row.text(link.column).is_none();
        ids.extend(written.iter().filter(borrows).map(|row| row.id.as_str()));
        let lends =
            |row: &&&Snapshot| row.mirror.table == link.lender && row.text(link.lender_column).is_some();
        let keys: BTreeSet<&str> =
            written.iter().filter(lends).filter_map(|row| row.text(link.lender_key)).collect();
        if link.key == "id" {
            // A later link of the same table may go through what this one finds.
            ids.extend(&keys);
        }
        borrow(tx, link, ids, &keys).await?;
    }
    Ok(())
}

async fn borrow(
    tx: &DatabaseTransaction,
    link: &Borrowed,
    ids: &BTreeSet<&str>,
    keys: &BTreeSet<&str>,
) -> Result<(), DbErr> {
    for (column, values) in [("id", ids), (link.key, keys)] {
        let values: Vec<&str> = values.iter().copied().collect();
        for values in values.chunks(ROWS) {
            let own = Expr::col((link.table, link.column));
            let lent = Expr::SubQuery(None, Box::new(lent(link).into()));
            let mut statement = Query::update();
            statement
                .table(link.table)
                .value(link.column, Expr::from(Func::coalesce([lent, own])))
                .and_where(Expr::col(column).is_in(values.iter().copied()));
            tx.execute(&statement).await?;
        }
        if link.key == "id" {
            return Ok(());
        }
    }
    Ok(())
}

/// The value of the lender; of several, the one that Stripe calls the default, else the oldest.
fn lent(link: &Borrowed) -> SelectStatement {
    let lender = |column: &'static str| Expr::col(("lender", column));
    let mut select = Query::select();
    select
        .expr(lender(link.lender_column))
        .from_as(link.lender, "lender")
        .and_where(lender(link.lender_key).equals((link.table, link.key)))
        .and_where(lender(link.lender_column).is_not_null())
        .and_where(lender("deleted").eq(false));
    if link.lender == "invoice_payments" {
        select.order_by_expr(lender("is_default"), Order::Desc);
    }
    select.order_by_expr(lender("created"), Order::Asc).order_by_expr(lender("id"), Order::Asc).limit(1);
    select
}
