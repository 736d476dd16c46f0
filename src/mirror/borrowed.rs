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
use serde_json::json;

use super::snapshot::Snapshot;
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

/// What lenders have, by the key under which borrowers look for it.
type Lent = BTreeMap<String, String>;

/// Fills the borrowed columns of the rows just written, and of those to whom one just written lends.
pub async fn lend(tx: &Transaction, written: &[Cow<'_, Snapshot>]) -> Result<(), DbErr> {
    let keys: Vec<BTreeSet<String>> = BORROWED.iter().map(|link| keys(link, written)).collect();
    if keys.iter().all(BTreeSet::is_empty) {
        return Ok(());
    }
    let mut lent = found(tx, &keys).await?;
    for place in 0..BORROWED.len() {
        if lent[place].is_empty() {
            continue;
        }
        fill(tx, place, &lent[place]).await?;
        // A later link may go through what this one found.
        let through =
            |later: &Borrowed| (later.table, later.key) == (BORROWED[place].table, BORROWED[place].column);
        let mut more = vec![BTreeSet::new(); BORROWED.len()];
        for later in (place + 1..BORROWED.len()).filter(|later| through(&BORROWED[*later])) {
            more[later].extend(lent[place].values().cloned());
        }
        if more.iter().any(|keys| !keys.is_empty()) {
            for (known, new) in lent.iter_mut().zip(found(tx, &more).await?) {
                known.extend(new);
            }
        }
    }
    Ok(())
}

/// The keys by which a link is looked for: those of rows that lack it, and those of rows that lend it.
fn keys(link: &Borrowed, written: &[Cow<'_, Snapshot>]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for row in written {
        if row.mirror.table == link.table && row.text(link.column).is_none() {
            keys.extend(row.text(link.key).map(str::to_owned));
        }
        if row.mirror.table == link.lender && row.text(link.lender_column).is_some() {
            keys.extend(row.text(link.lender_key).map(str::to_owned));
        }
    }
    keys
}

/// What lenders have, for each link by its keys.
async fn found(tx: &Transaction, keys: &[BTreeSet<String>]) -> Result<Vec<Lent>, DbErr> {
    let mut found = vec![Lent::new(); BORROWED.len()];
    if let Some(tx) = tx.postgres() {
        let mut columns = Columns::default();
        for keys in keys {
            columns.add(keys.iter().map(String::as_str).collect::<Vec<_>>());
        }
        for row in tx.rows(TEXTS.find, columns).await? {
            let place = usize::try_from(row.get::<i32, _>(0)).unwrap_or_default();
            found[place].entry(row.get(1)).or_insert(row.get(2));
        }
        return Ok(found);
    }
    for (place, keys) in keys.iter().enumerate().filter(|(_, keys)| !keys.is_empty()) {
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

/// Fills a column with what lenders have.
async fn fill(tx: &Transaction, place: usize, lent: &Lent) -> Result<(), DbErr> {
    if let Some(tx) = tx.postgres() {
        let mut columns = Columns::default();
        columns.add(lent.keys().map(String::as_str).collect::<Vec<_>>());
        columns.add(lent.values().map(String::as_str).collect::<Vec<_>>());
        return tx.execute(TEXTS.fill[place], columns).await;
    }
    let link = &BORROWED[place];
    for (key, value) in lent {
        let mut statement = Query::update();
        let other = Expr::col(link.column).is_null().or(Expr::col(link.column).ne(value.as_str()));
        statement
            .table(link.table)
            .value(link.column, value.as_str())
            .and_where(Expr::col(link.key).eq(key.as_str()))
            .and_where(other);
        tx.execute(&statement).await?;
    }
    Ok(())
}

/// The statements for PostgreSQL.
struct Texts {
    /// Finds the lenders of all links at once.
    find: &'static str,
    /// Fills the column of each link.
    fill: Vec<&'static str>,
}

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    let find = BORROWED.iter().enumerate().map(|(place, link)| {
        let mut find = lenders(link, place);
        find.and_where(Expr::cust(format!("{} = ANY(${}::text[])", link.lender_key, place + 1)));
        format!("({})", find.to_string(PostgresQueryBuilder))
    });
    let fill = BORROWED.iter().map(|Borrowed { table, column, key, .. }| {
        let text = format!(
            "UPDATE {table} SET {column} = lent.value \
             FROM (SELECT unnest($1::text[]) AS key, unnest($2::text[]) AS value) AS lent \
             WHERE {table}.{key} = lent.key AND {table}.{column} IS DISTINCT FROM lent.value"
        );
        &*text.leak()
    });
    Texts { find: find.collect::<Vec<_>>().join(" UNION ALL ").leak(), fill: fill.collect() }
});

/// Keys with what their lenders have; of several lenders first the one that Stripe calls the default, else the oldest.
fn lenders(link: &Borrowed, place: usize) -> SelectStatement {
    let mut select = Query::select();
    select
        .expr(Expr::value(i32::try_from(place).expect("there are a few links")))
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
