//! Columns that are filled from a row of another table.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use sea_orm::{
    ConnectionTrait, DbErr, Order,
    sea_query::{Expr, ExprTrait, PostgresQueryBuilder, Query, SelectStatement},
    sqlx::Row,
};

use super::snapshot::Snapshot;
use crate::db::{Columns, PostgresTransaction, Transaction};

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

/// What lenders have, by the key under which borrowers look for it.
type Lent = BTreeMap<String, String>;

/// Fills the borrowed columns of the rows just written, and of those to whom one just written lends.
pub async fn lend(tx: &Transaction, written: &[Cow<'_, Snapshot>]) -> Result<(), DbErr> {
    // What an earlier link found, by the row's table and column: a later one may go through it.
    let mut found: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for (place, link) in BORROWED.iter().enumerate() {
        let mut keys = found.get(&(link.table, link.key)).cloned().unwrap_or_default();
        for row in written {
            if row.mirror.table == link.table && row.text(link.column).is_none() {
                keys.extend(row.text(link.key).map(str::to_owned));
            }
            if row.mirror.table == link.lender && row.text(link.lender_column).is_some() {
                keys.extend(row.text(link.lender_key).map(str::to_owned));
            }
        }
        if keys.is_empty() {
            continue;
        }
        let lent = match tx.postgres() {
            Some(tx) => lend_arrays(tx, place, keys).await?,
            None => lend_rows(tx, link, keys).await?,
        };
        found.entry((link.table, link.column)).or_default().extend(lent);
    }
    Ok(())
}

/// Fills a column on SQLite, and says with what.
async fn lend_rows(tx: &Transaction, link: &Borrowed, keys: BTreeSet<String>) -> Result<Vec<String>, DbErr> {
    let mut statement = lenders(link);
    statement.and_where(Expr::col(link.lender_key).is_in(keys));
    let mut lent = Lent::new();
    for row in tx.query_all(&statement).await? {
        lent.entry(row.try_get_by_index(0)?).or_insert(row.try_get_by_index(1)?);
    }
    for (key, value) in &lent {
        let mut statement = Query::update();
        let other = Expr::col(link.column).is_null().or(Expr::col(link.column).ne(value.as_str()));
        statement
            .table(link.table)
            .value(link.column, value.as_str())
            .and_where(Expr::col(link.key).eq(key.as_str()))
            .and_where(other);
        tx.execute(&statement).await?;
    }
    Ok(lent.into_values().collect())
}

/// The statements for PostgreSQL, by the place of their link: the one that finds lenders, and the one that lends.
static TEXTS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    let texts = BORROWED.iter().map(|link| {
        let mut find = lenders(link);
        find.and_where(Expr::cust(format!("{} = ANY($1::text[])", link.lender_key)));
        let find: &'static str = find.to_string(PostgresQueryBuilder).leak();
        let Borrowed { table, column, key, .. } = link;
        let lend: &'static str = format!(
            "UPDATE {table} SET {column} = lent.value \
             FROM (SELECT unnest($1::text[]) AS key, unnest($2::text[]) AS value) AS lent \
             WHERE {table}.{key} = lent.key AND {table}.{column} IS DISTINCT FROM lent.value"
        )
        .leak();
        (find, lend)
    });
    texts.collect()
});

/// The same on PostgreSQL.
async fn lend_arrays(
    tx: &PostgresTransaction,
    place: usize,
    keys: BTreeSet<String>,
) -> Result<Vec<String>, DbErr> {
    let (find, lend) = TEXTS[place];
    let mut columns = Columns::default();
    columns.add(Vec::from_iter(keys));
    let mut lent = Lent::new();
    for row in tx.rows(find, columns).await? {
        lent.entry(row.get(0)).or_insert(row.get(1));
    }
    if !lent.is_empty() {
        let mut columns = Columns::default();
        columns.add(lent.keys().map(String::as_str).collect::<Vec<_>>());
        columns.add(lent.values().map(String::as_str).collect::<Vec<_>>());
        tx.execute(lend, columns).await?;
    }
    Ok(lent.into_values().collect())
}

/// Keys with what their lenders have; of several lenders first the one that Stripe calls the default, else the oldest.
fn lenders(link: &Borrowed) -> SelectStatement {
    let mut select = Query::select();
    select
        .column(link.lender_key)
        .column(link.lender_column)
        .from(link.lender)
        .and_where(Expr::col(link.lender_column).is_not_null())
        .and_where(Expr::col("deleted").eq(false));
    if link.lender == "invoice_payments" {
        // NULL is not the default either, which the two databases would sort differently.
        select.order_by_expr(
            Expr::col("is_default").is_not_null().and(Expr::col("is_default").eq(true)),
            Order::Desc,
        );
    }
    select.order_by("created", Order::Asc).order_by("id", Order::Asc).to_owned()
}
