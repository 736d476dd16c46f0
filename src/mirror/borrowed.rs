//! Columns that are filled from a row of another table.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, Order, Statement,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
    sqlx::{Row, postgres::PgRow},
};
use serde_json::{Value as Json, json};

use super::{lock::Locks, snapshot::Snapshot, write::Texts};
use crate::db::{Columns, Transaction};

/// The links that an API version keeps in a third object: most since 2025-03-31. They are in the order in which they are found.
pub static BORROWED: &[Borrowed] = &[
    Borrowed {
        table: "invoices",
        column: "payment_intent",
        key: "id",
        lender: "invoice_payments",
        lender_column: "payment_intent",
        lender_key: "invoice",
    },
    Borrowed {
        table: "invoices",
        column: "charge",
        key: "payment_intent",
        lender: "payment_intents",
        lender_column: "latest_charge",
        lender_key: "id",
    },
    Borrowed {
        table: "payment_intents",
        column: "invoice",
        key: "id",
        lender: "invoice_payments",
        lender_column: "invoice",
        lender_key: "payment_intent",
    },
    Borrowed {
        table: "charges",
        column: "invoice",
        key: "payment_intent",
        lender: "invoice_payments",
        lender_column: "invoice",
        lender_key: "payment_intent",
    },
    // A refund names its customer only since 2026-03-25.
    Borrowed {
        table: "refunds",
        column: "customer",
        key: "charge",
        lender: "charges",
        lender_column: "customer",
        lender_key: "id",
    },
];

/// A column that an object no longer carries itself, and that is filled from a row of another table: the lender.
#[derive(Debug)]
pub struct Borrowed {
    pub table: &'static str,
    pub column: &'static str,
    /// The row's own column by which the lender is found …
    pub key: &'static str,
    pub lender: &'static str,
    pub lender_column: &'static str,
    /// … in this column of the lender's.
    pub lender_key: &'static str,
}

impl Borrowed {
    /// The order of several lenders, of which the first counts: the one that Stripe calls the default, else the oldest.
    fn preference(&self) -> &'static str {
        // NULL is not the default either, which the two databases would sort differently.
        if self.lender == "invoice_payments" { "is_default IS NOT TRUE, created, id" } else { "created, id" }
    }
}

/// Whether a table has columns that are filled from another, or fills others.
pub fn has(table: &str) -> bool {
    BORROWED.iter().any(|link| link.table == table || link.lender == table)
}

/// Some of the links: a bit for the place of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Links(u32);

impl Links {
    fn places(self) -> impl Iterator<Item = usize> {
        (0..BORROWED.len()).filter(move |place| self.0 >> place & 1 == 1)
    }
}

/// What lenders have, by the key under which borrowers look for it.
pub type Lent = BTreeMap<String, String>;

/// The keys by which each link is looked for.
#[derive(Debug)]
pub struct Keys(Vec<BTreeSet<String>>);

impl Keys {
    /// Those of rows that lack a borrowed column, and those of rows that lend it.
    pub fn of<'r>(rows: impl Iterator<Item = &'r Snapshot>) -> Self {
        let rows: Vec<&Snapshot> = rows.collect();
        Self(BORROWED.iter().map(|link| keys(link, &rows)).collect())
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(BTreeSet::is_empty)
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<String> {
        self.0.iter().flatten().cloned().collect()
    }

    /// The links that have any.
    pub fn links(&self) -> Links {
        let some = self.0.iter().enumerate().filter(|(_, keys)| !keys.is_empty());
        Links(some.fold(0, |links, (place, _)| links | 1 << place))
    }

    /// Adds them as [`find_text`] takes them.
    pub fn add(&self, columns: &mut Columns) {
        for keys in self.0.iter().filter(|keys| !keys.is_empty()) {
            columns.add(keys.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

fn keys(link: &Borrowed, rows: &[&Snapshot]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for row in rows {
        if row.mirror.table == link.table && row.text(link.column).is_none() {
            keys.extend(row.text(link.key).map(str::to_owned));
        }
        if row.mirror.table == link.lender && row.text(link.lender_column).is_some() {
            keys.extend(row.text(link.lender_key).map(str::to_owned));
        }
    }
    keys
}

/// Fills the borrowed columns of the rows just written, and of those to whom one just written lends.
pub async fn lend_all<'r>(
    tx: &Transaction,
    written: impl Iterator<Item = &'r Snapshot>,
    locks: &Locks,
) -> Result<(), DbErr> {
    let keys = Keys::of(written);
    locks.add(tx, &keys.all()).await?;
    let lent = find(tx, &keys).await?;
    lend(tx, lent, locks).await
}

/// The same with what was found by their keys.
pub async fn lend(tx: &Transaction, mut lent: Vec<Lent>, locks: &Locks) -> Result<(), DbErr> {
    for place in 0..BORROWED.len() {
        if lent[place].is_empty() {
            continue;
        }
        fill(tx, place, &lent[place]).await?;
        // A later link may go through what this one found.
        let mut more = Keys(vec![BTreeSet::new(); BORROWED.len()]);
        for later in through(place) {
            more.0[later].extend(lent[place].values().cloned());
        }
        if !more.is_empty() {
            locks.add(tx, &more.all()).await?;
            for (known, new) in lent.iter_mut().zip(find(tx, &more).await?) {
                known.extend(new);
            }
        }
    }
    Ok(())
}

/// The later links that go through what one finds.
fn through(place: usize) -> impl Iterator<Item = usize> {
    let Borrowed { table, column, .. } = &BORROWED[place];
    (place + 1..BORROWED.len())
        .filter(move |later| (BORROWED[*later].table, BORROWED[*later].key) == (*table, *column))
}

/// What lenders have, for each link by its keys.
pub async fn find(tx: &Transaction, keys: &Keys) -> Result<Vec<Lent>, DbErr> {
    if keys.is_empty() {
        return Ok(vec![Lent::new(); BORROWED.len()]);
    }
    if let Some(tx) = tx.postgres() {
        static FIND: Texts<Links> = Texts::new();
        let mut columns = Columns::default();
        keys.add(&mut columns);
        let text = FIND.get(keys.links(), || find_text(keys.links(), 0, &[]));
        return Ok(found(&tx.rows(text, columns).await?));
    }
    let mut found = vec![Lent::new(); BORROWED.len()];
    for (place, keys) in keys.0.iter().enumerate().filter(|(_, keys)| !keys.is_empty()) {
        let link = &BORROWED[place];
        let mut statement = lenders(link, place);
        // There may be more of them than a statement has parameters.
        let held = format!("{} IN (SELECT value FROM json_each(?))", link.lender_key);
        statement.and_where(Expr::cust_with_values(held, [json!(keys).to_string()]));
        for row in tx.query_all(&statement).await? {
            found[place].entry(row.try_get_by_index(1)?).or_insert(row.try_get_by_index(2)?);
        }
    }
    Ok(found)
}

/// What the lenders of a link have, by the key under which borrowers look for it.
pub async fn lent<'k>(
    db: &impl ConnectionTrait,
    link: &Borrowed,
    keys: impl Iterator<Item = &'k str>,
) -> Result<Lent, DbErr> {
    let mut statement = lenders(link, 0);
    statement.and_where(Expr::col(link.lender_key).is_in(keys));
    let mut lent = Lent::new();
    for row in db.query_all(&statement).await? {
        lent.entry(row.try_get_by_index(1)?).or_insert(row.try_get_by_index(2)?);
    }
    Ok(lent)
}

/// What the rows of [`find_text`] say.
pub fn found(rows: &[PgRow]) -> Vec<Lent> {
    let mut found = vec![Lent::new(); BORROWED.len()];
    for row in rows {
        let place = usize::try_from(row.get::<i32, _>(0)).unwrap_or_default();
        found[place].entry(row.get(1)).or_insert(row.get(2));
    }
    found
}

/// The statement that finds what lenders have, where a borrower lacks it, of some links at once, after so many parameters of
/// others. It does not see the rows of tables that another part of it writes: there all that lenders have is found.
pub fn find_text(links: Links, after: usize, unseen: &[&str]) -> String {
    let find = links.places().enumerate().map(|(number, place)| {
        let Borrowed { table, column, key, lender, lender_column, lender_key } = &BORROWED[place];
        let lacking = format!(
            " WHERE EXISTS (SELECT 1 FROM {table} WHERE {table}.{key} = lent.key \
             AND {table}.{column} IS DISTINCT FROM lent.value)"
        );
        // What a later link goes through is found in any case.
        let lacking = if unseen.contains(table) || through(place).next().is_some() { "" } else { &lacking };
        format!(
            "SELECT {place}, key, value FROM (SELECT DISTINCT ON ({lender_key}) {lender_key} AS key, \
             {lender_column} AS value FROM {lender} WHERE {lender_key} = ANY(${}::text[]) \
             AND {lender_column} IS NOT NULL AND NOT deleted ORDER BY {lender_key}, {}) AS lent{lacking}",
            after + number + 1,
            BORROWED[place].preference(),
        )
    });
    find.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Fills a column with what lenders have.
async fn fill(tx: &Transaction, place: usize, lent: &Lent) -> Result<(), DbErr> {
    if let Some(tx) = tx.postgres() {
        let mut columns = Columns::default();
        columns.add(lent.keys().map(String::as_str).collect::<Vec<_>>());
        columns.add(lent.values().map(String::as_str).collect::<Vec<_>>());
        return tx.execute(&POSTGRES_FILL[place], columns).await;
    }
    // There may be more of them than a statement has parameters.
    let lent: Json = lent.iter().map(|(key, value)| json!([key, value])).collect();
    let statement =
        Statement::from_sql_and_values(DbBackend::Sqlite, &SQLITE_FILL[place], [lent.to_string().into()]);
    tx.execute_raw(statement).await.map(drop)
}

/// The statements for PostgreSQL that fill the column of each link.
static POSTGRES_FILL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let fill = BORROWED.iter().map(|Borrowed { table, column, key, .. }| {
        format!(
            "UPDATE {table} SET {column} = lent.value \
             FROM (SELECT unnest($1::text[]) AS key, unnest($2::text[]) AS value) AS lent \
             WHERE {table}.{key} = lent.key AND {table}.{column} IS DISTINCT FROM lent.value"
        )
    });
    fill.collect()
});

/// The statements for SQLite that fill the column of each link.
static SQLITE_FILL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let fill = BORROWED.iter().map(|Borrowed { table, column, key, .. }| {
        format!(
            "UPDATE {table} SET {column} = lent.value \
             FROM (SELECT value ->> 0 AS key, value ->> 1 AS value FROM json_each(?)) AS lent \
             WHERE {table}.{key} = lent.key AND {table}.{column} IS NOT lent.value"
        )
    });
    fill.collect()
});

/// Keys with what their lenders have, which may be several.
fn lenders(link: &Borrowed, place: usize) -> SelectStatement {
    let mut select = Query::select();
    select
        .expr(Expr::value(i32::try_from(place).expect("there are a few links")))
        .column(link.lender_key)
        .column(link.lender_column)
        .from(link.lender)
        .and_where(Expr::col(link.lender_column).is_not_null())
        .and_where(Expr::col("deleted").eq(false));
    select.order_by_expr(Expr::cust(link.preference()), Order::Asc).to_owned()
}
