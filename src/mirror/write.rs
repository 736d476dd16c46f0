//! Putting rows into their tables, unless something newer is there.

mod lists;

use std::{
    collections::{HashMap, HashSet},
    sync::{LazyLock, RwLock},
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Statement, Value,
    sea_query::{
        Expr, ExprTrait, Func, InsertStatement, OnConflict, PostgresQueryBuilder, Query, SelectStatement,
        SqliteQueryBuilder,
    },
    sqlx::Row,
};
use serde_json::Value as Json;

pub use self::lists::{CompleteLists, Listed, lists};
use super::{
    Mirror,
    borrowed::BORROWED,
    column::{Column, Kind as ColumnKind},
    snapshot::Snapshot,
};
use crate::db::{Columns, Field, Transaction};

/// Rows of one statement on SQLite, which is prepared once for each number of them: of a hundred columns each, the most
/// stay below its 32,766 parameters.
const ROWS: [usize; 3] = [32, 8, 1];

/// What the mirror keeps of a row beside Stripe's fields.
const BOOKKEEPING: [&str; 8] =
    ["deleted", "unsettled", "account", "api_version", "stamp", "stamp_event", "synced_at", "raw"];

/// Which stored rows a statement may write over, of those of the same account.
///
/// Merchants choose the ids of some objects, and two accounts may choose the same: then the row is that of the account
/// whose name sorts first, whichever arrives first; one's own has the empty name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Those of an earlier second that are no tombstones: the usual case.
    Older,
    /// Those of no later second: what is written was decided against them, or follows from its parent.
    NotNewer,
    /// All: what is written was decided against them under their lock.
    Locked,
    /// Those that came along inside another object too, and earlier.
    Embedded,
    /// The very state that is stored: only its columns are filled again, without the bookkeeping.
    Again,
    /// The same; what the offered row does not know stays, since its parent may have told it.
    AgainKnown,
}

impl Guard {
    fn is_again(self) -> bool {
        matches!(self, Self::Again | Self::AgainKnown)
    }
}

/// Writes rows of one object type and says the ids of those that were written.
///
/// The guard is in the statement itself, so that of two processes neither can undo the other's newer row. Rows
/// must come sorted by id: two transactions then lock them in the same order.
pub async fn upsert(
    tx: &Transaction,
    mirror: &'static Mirror,
    rows: &[&Snapshot],
    guard: Guard,
    now: DateTime<Utc>,
) -> Result<HashSet<String>, DbErr> {
    let mut written = HashSet::with_capacity(rows.len());
    let (bare, whole): (Vec<&Snapshot>, Vec<&Snapshot>) = rows.iter().partition(|row| row.bare);
    for (rows, bare) in [(whole, false), (bare, true)] {
        insert(tx, mirror, &rows, Form { guard, bare }, now, &mut written).await?;
    }
    Ok(written)
}

/// The form of a statement that writes rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Form {
    guard: Guard,
    /// Of the object only the id is known: the columns stay as they are.
    bare: bool,
}

async fn insert(
    tx: &Transaction,
    mirror: &'static Mirror,
    rows: &[&Snapshot],
    form: Form,
    now: DateTime<Utc>,
    written: &mut HashSet<String>,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    if let Some(tx) = tx.postgres() {
        let mut columns = Columns::default();
        add_rows(&mut columns, mirror, rows, now);
        let ids = tx.rows(insert_text(mirror, form), columns).await?;
        written.extend(ids.iter().map(|row| row.get::<String, _>(0)));
        return Ok(());
    }
    let mut left = rows;
    for count in ROWS {
        while let Some((rows, others)) = left.split_at_checked(count) {
            for row in tx.query_all_raw(insert_rows(mirror, rows, form, now)).await? {
                written.insert(row.try_get("", "id")?);
            }
            left = others;
        }
    }
    Ok(())
}

fn insert_into(mirror: &'static Mirror) -> InsertStatement {
    Query::insert().into_table(mirror.table).columns(names(mirror)).to_owned()
}

/// The columns that are written: the object's own, and what the mirror keeps beside them.
pub(super) fn names(mirror: &'static Mirror) -> impl Iterator<Item = &'static str> {
    mirror.columns.iter().map(|column| column.name).chain(BOOKKEEPING)
}

/// The statement for SQLite, with the values of the rows.
fn insert_rows(mirror: &'static Mirror, rows: &[&Snapshot], form: Form, now: DateTime<Utc>) -> Statement {
    static TEXTS: Texts<(&str, Form, usize)> = Texts::new();
    let text = TEXTS.get((mirror.table, form, rows.len()), || {
        let mut statement = insert_into(mirror);
        for _ in rows {
            statement.values_panic(names(mirror).map(|_| Expr::cust("?")));
        }
        statement.on_conflict(on_conflict(mirror, form)).returning_col("id");
        statement.to_string(SqliteQueryBuilder)
    });
    let mut values = Vec::with_capacity(rows.len() * parameters(mirror));
    for row in rows {
        values.extend(row.values.iter().cloned());
        values.extend([
            row.deleted.into(),
            (!row.settled).into(),
            row.source.account.as_str().into(),
            row.source.api_version.as_str().into(),
            row.source.stamp.into(),
            row.source.event.as_str().into(),
            now.into(),
            // Bound as text: the database parses it once, and we not at all.
            row.raw.as_str().into(),
        ]);
    }
    Statement::from_sql_and_values(DbBackend::Sqlite, text, values)
}

/// The statement for PostgreSQL, which takes an array for each column.
fn insert_text(mirror: &'static Mirror, form: Form) -> &'static str {
    static TEXTS: Texts<(&str, Form)> = Texts::new();
    TEXTS.get((mirror.table, form), || insertion(mirror, form, 0))
}

/// The same after so many parameters of other statements.
fn insertion(mirror: &'static Mirror, form: Form, after: usize) -> String {
    let mut statement = insert_into(mirror);
    statement.select_from(arrays(mirror, after)).expect("as many expressions as columns");
    statement.on_conflict(on_conflict(mirror, form)).returning_col("id");
    statement.to_string(PostgresQueryBuilder)
}

/// The statement that writes the rows of a parameter whose events are among those that another part of it returns; it
/// returns the events of the rows that were written.
pub(super) fn insertion_of(mirror: &'static Mirror, guard: Guard, parameter: usize, events: &str) -> String {
    let mut rows = Query::select();
    rows.columns(names(mirror).map(|name| ("rows", name)));
    let array = Expr::cust(format!("${parameter}::{}[]", mirror.table));
    rows.from_function(Func::cust("unnest").arg(array), "rows");
    rows.and_where(Expr::cust(format!("rows.stamp_event = ANY(ARRAY(SELECT event FROM {events}))")));
    let mut statement = insert_into(mirror);
    statement.select_from(rows).expect("as many columns on both sides");
    statement.on_conflict(on_conflict(mirror, Form { guard, bare: false })).returning_col("stamp_event");
    statement.to_string(PostgresQueryBuilder)
}

/// A row's fields, in the order of [`names`].
pub(super) fn fields<'r>(mirror: &Mirror, row: &'r Snapshot, now: DateTime<Utc>) -> Vec<Field<'r>> {
    let mut fields: Vec<Field<'r>> =
        mirror.columns.iter().zip(&row.values).map(|(column, value)| field(column, value)).collect();
    fields.extend([
        Field::Flag(Some(row.deleted)),
        Field::Flag(Some(!row.settled)),
        Field::Text(Some(&row.source.account)),
        Field::Text(Some(&row.source.api_version)),
        Field::BigInteger(Some(row.source.stamp)),
        Field::Text(Some(&row.source.event)),
        Field::Time(Some(now)),
        Field::Json(Some(row.raw.as_str().into())),
    ]);
    fields
}

fn field<'r>(column: &Column, value: &'r Value) -> Field<'r> {
    match (column.kind, value) {
        (ColumnKind::Text, Value::String(text)) => Field::Text(text.as_deref()),
        (ColumnKind::Integer, Value::Int(number)) => Field::Integer(*number),
        (ColumnKind::BigInteger, Value::BigInt(number)) => Field::BigInteger(*number),
        (ColumnKind::Flag, Value::Bool(flag)) => Field::Flag(*flag),
        (ColumnKind::Time, Value::ChronoDateTimeUtc(time)) => Field::Time(*time),
        (ColumnKind::Json, Value::Json(json)) => {
            Field::Json(json.as_ref().map(|json| json.to_string().into()))
        }
        (kind, other) => unreachable!("{other:?} in a column of {kind:?}"),
    }
}

/// The rows of a table, whose columns come as arrays.
fn arrays(mirror: &'static Mirror, after: usize) -> SelectStatement {
    let own = mirror.columns.iter().map(|column| (column.name, column.kind.array()));
    let kept = ["bool[]", "bool[]", "text[]", "text[]", "int8[]", "text[]", "timestamptz[]", "text[])::json"];
    let mut select = Query::select();
    for (number, (name, array)) in own.chain(BOOKKEEPING.into_iter().zip(kept)).enumerate() {
        let (array, cast) = array.split_once(')').unwrap_or((array, ""));
        select.expr_as(Expr::cust(format!("unnest(${}::{array}){cast}", after + number + 1)), name);
    }
    select
}

/// How many parameters the insertion into a table takes.
fn parameters(mirror: &Mirror) -> usize {
    mirror.columns.len() + BOOKKEEPING.len()
}

fn add_rows(columns: &mut Columns, mirror: &'static Mirror, rows: &[&Snapshot], now: DateTime<Utc>) {
    for (place, column) in mirror.columns.iter().enumerate() {
        add_array(columns, column, rows.iter().map(|row| &row.values[place]));
    }
    columns.add(rows.iter().map(|row| row.deleted).collect::<Vec<_>>());
    columns.add(rows.iter().map(|row| !row.settled).collect::<Vec<_>>());
    columns.add(rows.iter().map(|row| row.source.account.as_str()).collect::<Vec<_>>());
    columns.add(rows.iter().map(|row| row.source.api_version.as_str()).collect::<Vec<_>>());
    columns.add(rows.iter().map(|row| row.source.stamp).collect::<Vec<_>>());
    columns.add(rows.iter().map(|row| row.source.event.as_str()).collect::<Vec<_>>());
    columns.add(vec![now; rows.len()]);
    columns.add(rows.iter().map(|row| row.raw.as_str()).collect::<Vec<_>>());
}

fn add_array<'a>(columns: &mut Columns, column: &Column, values: impl Iterator<Item = &'a Value>) {
    match column.kind {
        ColumnKind::Text => columns.add(each(values, |value| match value {
            Value::String(text) => text.as_deref(),
            _ => None,
        })),
        ColumnKind::Integer => columns.add(each(values, |value| match value {
            Value::Int(number) => *number,
            _ => None,
        })),
        ColumnKind::BigInteger => columns.add(each(values, |value| match value {
            Value::BigInt(number) => *number,
            _ => None,
        })),
        ColumnKind::Flag => columns.add(each(values, |value| match value {
            Value::Bool(flag) => *flag,
            _ => None,
        })),
        ColumnKind::Time => columns.add(each(values, |value| match value {
            Value::ChronoDateTimeUtc(time) => *time,
            _ => None,
        })),
        ColumnKind::Json => columns.add(each(values, |value| match value {
            Value::Json(json) => json.as_ref().map(ToString::to_string),
            _ => None,
        })),
    }
}

fn each<'a, T>(values: impl Iterator<Item = &'a Value>, of: fn(&'a Value) -> Option<T>) -> Vec<Option<T>> {
    values.map(of).collect()
}

fn on_conflict(mirror: &'static Mirror, form: Form) -> OnConflict {
    let stored = |column: &'static str| Expr::col((mirror.table, column));
    let offered = |column: &'static str| Expr::col(("excluded", column));
    let mut conflict = OnConflict::column("id");
    if form.bare {
        // What it was stays to be read; only that it is gone is new.
        conflict.update_columns(BOOKKEEPING.into_iter().filter(|column| *column != "raw"));
    } else {
        let (borrowed, own): (Vec<_>, Vec<_>) =
            mirror.columns[1..].iter().map(|column| column.name).partition(|name| is_borrowed(mirror, name));
        let (known, own): (Vec<_>, Vec<_>) = own.into_iter().partition(|_| form.guard == Guard::AgainKnown);
        let bookkeeping = BOOKKEEPING.into_iter().filter(|_| !form.guard.is_again());
        conflict.update_columns(own.into_iter().chain(bookkeeping));
        for column in borrowed.into_iter().chain(known) {
            conflict.value(column, Func::coalesce([offered(column), stored(column)]));
        }
    }
    let guard = match form.guard {
        Guard::Older => stored("stamp").lt(offered("stamp")).and(stored("deleted").eq(false)),
        Guard::NotNewer => stored("stamp").lte(offered("stamp")),
        Guard::Again | Guard::AgainKnown => stored("stamp")
            .eq(offered("stamp"))
            .and(stored("stamp_event").eq(offered("stamp_event")))
            .and(differs(mirror, form)),
        Guard::Locked => stored("id").eq(offered("id")),
        Guard::Embedded => stored("stamp").eq(0).and(stored("stamp_event").lt(offered("stamp_event"))),
    };
    let own = guard.and(stored("account").eq(offered("account")));
    let guard = if form.bare { own } else { own.or(stored("account").gt(offered("account"))) };
    conflict.action_and_where(guard);
    conflict
}

/// Whether a column would have another value.
fn differs(mirror: &'static Mirror, form: Form) -> Expr {
    let differs = |column: &Column| {
        let (stored, offered) =
            (format!("\"{}\".\"{}\"", mirror.table, column.name), format!("excluded.\"{}\"", column.name));
        let keeps = form.guard == Guard::AgainKnown || is_borrowed(mirror, column.name);
        let offered = if keeps { format!("COALESCE({offered}, {stored})") } else { offered };
        format!("{offered} IS DISTINCT FROM {stored}")
    };
    let columns: Vec<String> = mirror.columns[1..].iter().map(differs).collect();
    Expr::cust(format!("({})", columns.join(" OR ")))
}

fn is_borrowed(mirror: &Mirror, column: &str) -> bool {
    BORROWED.iter().any(|link| link.table == mirror.table && link.column == column)
}

/// Which of these ids a table has.
pub async fn existing(
    tx: &Transaction,
    mirror: &'static Mirror,
    ids: &[&str],
) -> Result<HashSet<String>, DbErr> {
    static TEXTS: Texts<&str> = Texts::new();
    if let Some(tx) = tx.postgres() {
        let text =
            TEXTS.get(mirror.table, || format!("SELECT id FROM {} WHERE id = ANY($1::text[])", mirror.table));
        let mut columns = Columns::default();
        columns.add(ids);
        return Ok(tx.rows(text, columns).await?.iter().map(|row| row.get(0)).collect());
    }
    let mut statement = Query::select();
    // A page may have more rows than a statement has parameters.
    let listed = [ids.iter().copied().collect::<Json>().to_string()];
    let is_listed = Expr::cust_with_values("id IN (SELECT value FROM json_each(?))", listed);
    statement.column("id").from(mirror.table).and_where(is_listed);
    tx.query_all(&statement).await?.iter().map(|row| row.try_get("", "id")).collect()
}

/// How many statements for mixtures of tables are kept: each connection knows as many.
const MIXTURES: usize = 400;

/// Statements of constant text, each made once.
pub(super) struct Texts<K>(LazyLock<RwLock<HashMap<K, &'static str>>>);

impl<K: Eq + std::hash::Hash> Texts<K> {
    pub(super) const fn new() -> Self {
        Self(LazyLock::new(RwLock::default))
    }

    /// The same, unless too many were made.
    fn get_some(&self, key: K, make: impl FnOnce() -> String) -> Option<&'static str> {
        let known = self.0.read().expect("nothing panics under the lock");
        let is_one_too_many = known.len() >= MIXTURES && !known.contains_key(&key);
        drop(known);
        (!is_one_too_many).then(|| self.get(key, make))
    }

    pub(super) fn get(&self, key: K, make: impl FnOnce() -> String) -> &'static str {
        let known = self.0.read().expect("nothing panics under the lock").get(&key).copied();
        known.unwrap_or_else(|| {
            let text: &'static str = make().leak();
            self.0.write().expect("nothing panics under the lock").insert(key, text);
            text
        })
    }
}
