//! Loading the selected joins ahead: level by level, for all rows of a level at once.
//!
//! An object says which of its fields lead to which table; what a query selects is then read with one statement for
//! each field, whatever the number of rows. A field that is not declared here still works: its resolver's loader
//! gathers what is asked for at about the same time.

use async_graphql::{SelectionField, Value};
use entity::mirrored::Owned;
use futures_util::future::{BoxFuture, try_join_all};

use super::{
    load::{Load, Row, text},
    page::{PageArgs, Paging},
};
use crate::error::Result;

/// A table whose rows lead to others.
pub trait Joined: Owned {
    /// The fields of its object that lead to other tables.
    const JOINS: &'static [Join] = &[];
}

/// A field that leads to another table.
pub struct Join {
    field: &'static str,
    /// The row's column whose value leads there.
    key: &'static str,
    target: Target,
}

enum Target {
    /// To the row with that id.
    One(for<'a> fn(Level<'a>) -> BoxFuture<'a, Result<()>>),
    /// To the row, or to the rows, that name it in this column.
    Many(&'static str, for<'a> fn(Level<'a>, &'static str) -> BoxFuture<'a, Result<()>>),
}

/// What is to be read at once: the rows that some keys lead to, and what is selected of them.
struct Level<'a> {
    load: &'a Load,
    keys: Vec<String>,
    selected: SelectionField<'a>,
}

impl Join {
    /// To the row whose id `column` holds.
    pub const fn one<T: Joined>(field: &'static str, column: &'static str) -> Self {
        Self { field, key: column, target: Target::One(|level| Box::pin(read_one::<T>(level))) }
    }

    /// To the rows that name this row's id in their `column`.
    pub const fn many<T: Joined>(field: &'static str, column: &'static str) -> Self {
        Self {
            field,
            key: "id",
            target: Target::Many(column, |level, column| Box::pin(read_many::<T>(level, column))),
        }
    }

    /// To the one row that names this row's id in its `column`.
    pub const fn back<T: Joined>(field: &'static str, column: &'static str) -> Self {
        Self {
            field,
            key: "id",
            target: Target::Many(column, |level, column| Box::pin(read_back::<T>(level, column))),
        }
    }
}

/// Reads what is selected of these rows, all the way down.
pub async fn prefetch<E: Joined>(load: &Load, rows: &[Row<E>], selected: SelectionField<'_>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let fields = selected.selection_set().filter_map(|field| {
        let join = E::JOINS.iter().find(|join| join.field == field.name())?;
        Some(read::<E>(load, join, rows, field))
    });
    try_join_all(fields).await.map(drop)
}

/// Reads what is selected of a connection's rows, under `nodes` and under `edges { node }`.
pub async fn prefetch_nodes<E: Joined>(
    load: &Load,
    rows: &[Row<E>],
    connection: SelectionField<'_>,
) -> Result<()> {
    for field in connection.selection_set() {
        match field.name() {
            "nodes" => prefetch::<E>(load, rows, field).await?,
            "edges" => {
                for node in field.selection_set().filter(|field| field.name() == "node") {
                    prefetch::<E>(load, rows, node).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read<'a, E: Joined>(
    load: &'a Load,
    join: &Join,
    rows: &[Row<E>],
    selected: SelectionField<'a>,
) -> BoxFuture<'a, Result<()>> {
    let mut keys: Vec<String> = rows.iter().map(|row| text::<E>(row, join.key)).collect();
    keys.retain(|key| !key.is_empty());
    keys.sort_unstable();
    keys.dedup();
    let level = Level { load, keys, selected };
    match join.target {
        Target::One(read) => read(level),
        Target::Many(column, read) => read(level, column),
    }
}

async fn read_one<T: Joined>(level: Level<'_>) -> Result<()> {
    let rows = level.load.prime::<T>(level.keys).await?;
    prefetch::<T>(level.load, &rows, level.selected).await
}

async fn read_many<T: Joined>(level: Level<'_>, column: &'static str) -> Result<()> {
    // Arguments that are wrong are refused where the field itself is resolved.
    let Some(Ok(args)) = paging(&level.selected).map(|paging| paging.check()) else { return Ok(()) };
    let selects = |name: &str| level.selected.selection_set().any(|field| field.name() == name);
    if selects("totalCount") {
        level.load.prime_counts::<T>(column, level.keys.clone()).await?;
    }
    let rows = level.load.prime_pages::<T>(column, level.keys, &args).await?;
    prefetch_nodes::<T>(level.load, &rows, level.selected).await
}

async fn read_back<T: Joined>(level: Level<'_>, column: &'static str) -> Result<()> {
    let rows = level.load.prime_pages::<T>(column, level.keys, &PageArgs::one()).await?;
    prefetch::<T>(level.load, &rows, level.selected).await
}

fn paging(field: &SelectionField<'_>) -> Option<Paging> {
    let mut paging = Paging::default();
    for (name, value) in field.arguments().ok()? {
        let number = |value: &Value| match value {
            Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
            _ => None,
        };
        match (name.as_str(), value) {
            ("first", value) => paging.first = number(&value),
            ("last", value) => paging.last = number(&value),
            ("after", Value::String(text)) => paging.after = Some(text),
            ("before", Value::String(text)) => paging.before = Some(text),
            _ => {}
        }
    }
    Some(paging)
}
