//! Putting rows into their tables, unless something newer is there.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{change::Kind, mirrored::Children};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr,
    sea_query::{Expr, ExprTrait, Func, InsertStatement, OnConflict, Query, SelectStatement},
};

use super::{BORROWED, Borrowed, Mirror, mirror, snapshot::Snapshot};

/// Rows of one statement: 200 rows of at most 60 columns stay below SQLite's 32,766 parameters.
const ROWS: usize = 200;

/// What the mirror keeps of a row beside Stripe's fields.
const BOOKKEEPING: [&str; 6] = ["deleted", "api_version", "stamp", "stamp_event", "synced_at", "raw"];

/// Which stored rows a statement may write over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Those that say nothing newer and are no tombstones.
    NotNewer,
    /// Tombstones of an earlier second: their id was created again.
    OlderTombstone,
}

/// Writes rows of one object type and says the ids of those that were written.
///
/// The guard is in the statement itself, so that of two processes neither can undo the other's newer row. Rows
/// must come sorted by id: two transactions then lock them in the same order.
pub async fn upsert(
    tx: &DatabaseTransaction,
    mirror: &'static Mirror,
    rows: &[&Snapshot],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, DbErr> {
    let mut written = HashSet::with_capacity(rows.len());
    let (bare, whole): (Vec<&Snapshot>, Vec<&Snapshot>) = rows.iter().partition(|row| row.bare);
    for rows in [whole, bare] {
        written.extend(insert(tx, mirror, &rows, Guard::NotNewer, now).await?);
    }
    let created_again = |row: &&&Snapshot| row.source.kind == Kind::Created && !written.contains(&row.id);
    let created_again: Vec<&Snapshot> = rows.iter().filter(created_again).copied().collect();
    written.extend(insert(tx, mirror, &created_again, Guard::OlderTombstone, now).await?);
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

fn bookkeeping(backend: DbBackend, row: &Snapshot, now: DateTime<Utc>) -> [Expr; 6] {
    let raw = Expr::value(row.raw.as_str());
    [
        Expr::value(row.deleted),
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
        Guard::NotNewer => stored("stamp").lte(offered("stamp")).and(stored("deleted").eq(false)),
        Guard::OlderTombstone => stored("stamp").lt(offered("stamp")).and(stored("deleted").eq(true)),
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

/// Fills the links that only an invoice payment knows, for the rows and the invoice payments just written.
pub async fn lend(tx: &DatabaseTransaction, written: &[&Snapshot]) -> Result<(), DbErr> {
    for link in BORROWED {
        let keys: HashSet<&str> = written.iter().filter_map(|row| needs(link, row)).collect();
        let mut keys: Vec<&str> = keys.into_iter().collect();
        keys.sort_unstable();
        for keys in keys.chunks(ROWS) {
            let mut statement = Query::update();
            statement
                .table(link.table)
                .value(link.column, Expr::from(lender(link)))
                .and_where(Expr::col(link.key).is_in(keys.iter().copied()))
                .and_where(Expr::col(link.column).is_null());
            tx.execute(&statement).await?;
        }
    }
    Ok(())
}

/// The key by which a row that was just written concerns a link: as the borrower or as the lender.
fn needs<'a>(link: &Borrowed, row: &'a Snapshot) -> Option<&'a str> {
    if row.mirror.object == "invoice_payment" {
        return row.text(link.lender_key).filter(|_| row.text(link.column).is_some());
    }
    let borrows = row.mirror.table == link.table && row.text(link.column).is_none();
    if borrows { row.text(link.key) } else { None }
}

fn lender(link: &Borrowed) -> SelectStatement {
    let lender = |column: &'static str| Expr::col(("lender", column));
    let mut select = Query::select();
    select
        .expr(lender(link.column))
        .from_as("invoice_payments", "lender")
        .and_where(lender(link.lender_key).equals((link.table, link.key)))
        .and_where(lender(link.column).is_not_null())
        .and_where(lender("deleted").eq(false))
        .order_by_expr(lender("is_default"), sea_orm::Order::Desc)
        .order_by_expr(lender("created"), sea_orm::Order::Asc)
        .order_by_expr(lender("id"), sea_orm::Order::Asc)
        .limit(1);
    select
}
