//! Loading the selected joins ahead: level by level, for all rows of a level at once.
//!
//! An object says which of its fields lead to which table; what a query selects is then read with one statement for
//! each field, whatever the number of rows. A field that is not declared here still works: its resolver's loader
//! gathers what is asked for at about the same time.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    str::FromStr,
};

use async_graphql::{Name, OutputType, SelectionField, Value, registry::Registry};
use entity::mirrored::{Owned, Owner};
use futures_util::future::{BoxFuture, try_join_all};
use sea_orm::{EntityTrait, ModelTrait, TryIntoModel, Value as Cell};

use super::{
    column::Column,
    declared::Link,
    filter::{self, By, Filter, filter_type},
    load::{Load, Row},
    object,
    page::{PageArgs, Paging, Shows},
};
use crate::error::Result;

/// A table whose rows lead to others: what it says of itself to be joined, listed and filtered.
pub trait Joined: Owned<ActiveModel: TryIntoModel<<Self as EntityTrait>::Model>> {
    /// The object that shows a row.
    type Shown: Shows<Entity = Self>;

    /// What is before the id in the global one.
    const NAMESPACE: &'static str = "";
    /// The name before `Filter` and `Order`, where it is not the object's.
    const NAME: Option<&'static str> = None;
    /// The fields of its object that lead to other tables.
    const JOINS: &'static [Join] = &[];
    /// The columns by which rows are found, beside the id, when they were created, and metadata.
    const FILTERS: &'static [By] = &[];
    /// The columns by which lists are ordered, beside the id and when rows were created; each has an index.
    const ORDERS: &'static [&'static str] = &[];

    /// The fields whose code shows other columns than the one of their name, each with these; of an amount, that of its
    /// currency is known.
    const COMPUTED: &'static [Computed] = &[];

    /// Whether it may have millions of rows: what customers own, and who they are.
    fn is_large() -> bool {
        !matches!(Self::OWNER, Owner::Catalogue { .. } | Owner::Nobody)
    }

    /// The name before `Filter` and `Order`.
    fn name() -> String {
        Self::NAME.map_or_else(|| Self::Shown::type_name().into_owned(), str::to_owned)
    }
}

/// A field with code of its own, and the columns that it shows.
pub type Computed = (&'static str, &'static [&'static str]);

/// A field that leads to another table.
pub struct Join {
    pub field: &'static str,
    /// The row's column whose value leads there.
    pub key: &'static str,
    /// The other table's column that has the same value, where it is not the id.
    pub foreign: Option<&'static str>,
    /// Whether an index leads back from the value to the row.
    pub indexed: bool,
    /// The other table, where filters can follow to it.
    pub target: Option<&'static Target>,
    /// How the object shows it, where it has no code of its own.
    pub link: Option<Link>,
    read: Read,
}

/// What is known of a table that a field leads to.
pub struct Target {
    pub table: fn() -> &'static str,
    pub owner: Owner,
    pub has_tombstones: fn() -> bool,
    pub filter_type: fn(&mut Registry) -> String,
    pub filter: fn(&Value, &mut filter::Budget) -> Result<Filter>,
}

type Read = for<'a> fn(Level<'a>, &'static str) -> BoxFuture<'a, Result<()>>;

/// What is to be read at once: the rows that some keys lead to, and what is selected of them, in one place or several.
pub struct Level<'a> {
    pub load: &'a Load,
    pub keys: Vec<String>,
    pub selected: Vec<SelectionField<'a>>,
}

impl Target {
    const fn of<T: Joined>() -> Self {
        Self {
            table: || T::default().table_name(),
            owner: T::OWNER,
            has_tombstones: || Column::find::<T>("deleted").is_some(),
            filter_type: filter_type::<T>,
            filter: filter::parse::<T>,
        }
    }
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        (self.table)() == (other.table)()
    }
}

impl Eq for Target {}

impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.table)().hash(state);
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str((self.table)())
    }
}

impl Join {
    /// To the row whose id `column` holds.
    pub const fn one<T: Joined>(
        field: &'static str,
        column: &'static str,
        description: &'static str,
    ) -> Self {
        let read: Read = |level, _| Box::pin(read_one::<T>(level));
        let (target, link) = (Some(const { &Target::of::<T>() }), Some(Link::one::<T>(description)));
        Self { field, key: column, foreign: None, indexed: true, target, link, read }
    }

    /// The same, where no index leads back to the row.
    pub const fn unindexed(mut self) -> Self {
        self.indexed = false;
        self
    }

    /// To the rows whose ids `column` lists.
    pub const fn each<T: Joined>(
        field: &'static str,
        column: &'static str,
        description: &'static str,
    ) -> Self {
        let read: Read = |level, _| Box::pin(read_one::<T>(level));
        let link = Some(Link::each::<T>(description));
        Self { field, key: column, foreign: None, indexed: false, target: None, link, read }
    }

    /// To the object, of whatever kind, whose id `column` holds.
    pub const fn any(field: &'static str, column: &'static str) -> Self {
        let read: Read = |level, _| Box::pin(object::ahead(level));
        Self { field, key: column, foreign: None, indexed: false, target: None, link: None, read }
    }

    /// To the rows that name this row's id in their `column`.
    pub const fn many<T: Joined>(
        field: &'static str,
        column: &'static str,
        description: &'static str,
    ) -> Self {
        let read: Read = |level, column| Box::pin(read_many::<T>(level, column));
        let (target, link) = (Some(const { &Target::of::<T>() }), Some(Link::list::<T>(description)));
        Self { field, key: "id", foreign: Some(column), indexed: true, target, link, read }
    }

    /// To the rows that list this row's id in their `column`.
    pub const fn listed<T: Joined>(
        field: &'static str,
        column: &'static str,
        description: &'static str,
    ) -> Self {
        // A filter compares ids, and looks into no list.
        Self { target: None, ..Self::many::<T>(field, column, description) }
    }

    /// To the one row that names this row's id in its `column`; to the newest, where several do.
    pub const fn back<T: Joined>(
        field: &'static str,
        column: &'static str,
        description: &'static str,
    ) -> Self {
        let read: Read = |level, column| Box::pin(read_back::<T>(level, column));
        let (target, link) = (Some(const { &Target::of::<T>() }), Some(Link::back::<T>(description)));
        Self { field, key: "id", foreign: Some(column), indexed: true, target, link, read }
    }
}

/// Reads what is selected of these rows, all the way down.
pub async fn prefetch<E: Joined>(
    load: &Load,
    rows: &[Row<E>],
    selected: &[SelectionField<'_>],
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut joins: Vec<(&Join, Vec<SelectionField<'_>>)> = Vec::new();
    for field in fields(selected) {
        let Some(join) = E::JOINS.iter().find(|join| join.field == field.name()) else { continue };
        match joins.iter_mut().find(|(other, alike)| other.field == join.field && are_alike(alike[0], field))
        {
            Some((_, alike)) => alike.push(field),
            None => joins.push((join, vec![field])),
        }
    }
    let reads = joins.into_iter().map(|(join, selected)| read::<E>(load, join, rows, selected));
    try_join_all(reads).await.map(drop)
}

/// Reads what is selected of a connection's rows, under `nodes` and under `edges { node }`.
pub async fn prefetch_nodes<E: Joined>(
    load: &Load,
    rows: &[Row<E>],
    connection: &[SelectionField<'_>],
) -> Result<()> {
    let mut nodes = Vec::new();
    for field in fields(connection) {
        match field.name() {
            "nodes" => nodes.push(field),
            "edges" => nodes.extend(field.selection_set().filter(|field| field.name() == "node")),
            _ => {}
        }
    }
    prefetch::<E>(load, rows, &nodes).await
}

/// What is selected of fields that are one.
fn fields<'a>(selected: &[SelectionField<'a>]) -> impl Iterator<Item = SelectionField<'a>> {
    selected.iter().flat_map(SelectionField::selection_set)
}

/// Whether fields of one name ask for the same: a fragment selects it again, or another alias.
fn are_alike(one: SelectionField<'_>, other: SelectionField<'_>) -> bool {
    let arguments = |field: SelectionField<'_>| -> Option<HashMap<Name, Value>> {
        field.arguments().ok().map(|arguments| arguments.into_iter().collect())
    };
    arguments(one) == arguments(other)
}

fn read<'a, E: Joined>(
    load: &'a Load,
    join: &Join,
    rows: &[Row<E>],
    selected: Vec<SelectionField<'a>>,
) -> BoxFuture<'a, Result<()>> {
    let mut keys: Vec<String> = rows.iter().flat_map(|row| ids::<E>(row, join.key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let level = Level { load, keys, selected };
    (join.read)(level, join.foreign.unwrap_or("id"))
}

/// The ids that a column holds: one, several or none.
pub fn ids<E: EntityTrait>(row: &E::Model, column: &str) -> Vec<String> {
    match E::Column::from_str(column).map(|column| row.get(column)) {
        Ok(Cell::String(Some(id))) => vec![id],
        Ok(Cell::Json(Some(ids))) => {
            let ids = ids.as_array().into_iter().flatten();
            ids.filter_map(serde_json::Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

async fn read_one<T: Joined>(level: Level<'_>) -> Result<()> {
    let rows = level.load.prime::<T>(level.keys).await?;
    prefetch::<T>(level.load, &rows, &level.selected).await
}

async fn read_many<T: Joined>(level: Level<'_>, column: &'static str) -> Result<()> {
    // Arguments that are wrong are refused where the field itself is resolved.
    let Some(Ok(args)) = Paging::of(&level.selected[0]).map(Paging::check::<T>) else { return Ok(()) };
    let selects = |name: &str| fields(&level.selected).any(|field| field.name() == name);
    if selects("totalCount") {
        level.load.prime_counts::<T>(column, level.keys.clone(), args.filter()).await?;
    }
    let rows = level.load.prime_pages::<T>(column, level.keys, &args).await?;
    prefetch_nodes::<T>(level.load, &rows, &level.selected).await
}

async fn read_back<T: Joined>(level: Level<'_>, column: &'static str) -> Result<()> {
    let rows = level.load.prime_pages::<T>(column, level.keys, &PageArgs::one::<T>()).await?;
    prefetch::<T>(level.load, &rows, &level.selected).await
}
