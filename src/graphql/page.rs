//! Relay connections over keysets: written once, for every table.
//!
//! A page is asked for by places in an [`Order`], between which it lies, and by the end from which its rows are counted;
//! what a list has beside is asked for only when it is selected.
//! <https://relay.dev/graphql/connections.htm>

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{Context, Object, ObjectType, OutputType, SelectionField, SimpleObject, TypeName, Value};
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, JoinType, Order as Sort, QueryFilter, QuerySelect, QueryTrait,
    Select,
    sea_query::{Asterisk, ColumnRef, Expr, ExprTrait, Query, SelectStatement, WindowStatement},
};

use super::{
    filter::Filter,
    in_place::{EachInPlace, InPlace},
    join::Joined,
    load::{Load, Row, load},
    order::{Cursor, Order, Side},
    parent::{PARENTS, names, naming},
    select::Columns,
};
use crate::{
    db::Reader,
    error::{Error, Result},
};

/// How many rows a page has where nothing is said.
pub const DEFAULT: u64 = 20;

/// How many rows a page has at most.
pub const MOST: i32 = 100;

/// Which page of a connection is asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageArgs {
    limit: u64,
    /// To which side rows are counted: from the first of those between the cursors on, or back from the last.
    side: Side,
    /// All rows follow this place.
    after: Option<Cursor>,
    /// All rows come before this place.
    before: Option<Cursor>,
    order: Order,
    filter: Option<Arc<Filter>>,
}

/// Some rows of a connection, in its order.
pub struct Page<E: EntityTrait> {
    pub rows: Vec<Row<E>>,
    /// Whether there are more rows on the side that was read to.
    more: bool,
}

impl<E: EntityTrait> Default for Page<E> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: false }
    }
}

impl PageArgs {
    /// The first row.
    pub fn one<E: Joined>() -> Self {
        let order = Order::newest::<E>();
        Self { limit: 1, side: Side::After, after: None, before: None, order, filter: None }
    }

    /// Which rows the whole list has.
    pub fn filter(&self) -> Option<&Arc<Filter>> {
        self.filter.as_ref()
    }

    /// Whether indexes lead to the page: to rows that are few, or to those in the order that is asked for.
    pub fn is_indexed(&self) -> bool {
        match &self.filter {
            Some(filter) if !filter.is_empty() => filter.is_indexed(),
            _ => self.order.is_indexed(),
        }
    }

    /// The rows that lie behind the page's cursor on a side, and that of the cursor.
    pub fn behind(&self, side: Side) -> Option<Expr> {
        let cursor = match side {
            Side::After => self.before.as_ref(),
            Side::Before => self.after.as_ref(),
        };
        let cursor = cursor?;
        Some(self.order.beyond(cursor, side).or(self.order.at(cursor)))
    }
}

/// Reads a page of a query's rows, with these columns and those of the order.
pub async fn fetch<E: Joined>(
    db: &Reader,
    query: Select<E>,
    args: &PageArgs,
    columns: Columns,
) -> Result<Page<E>> {
    let columns = columns.with::<E>(args.order.columns());
    let mut query = columns.of(between_cursors(query, args));
    args.order.towards(args.side).sort(QuerySelect::query(&mut query));
    Ok(cut(columns.rows::<E>(db, &query.limit(args.limit + 1).into_query()).await?, args))
}

/// Reads the same page for each of several parents, in one statement.
pub async fn fetch_for_parents<E: Joined>(
    db: &Reader,
    query: Select<E>,
    column: &'static str,
    parents: &[&str],
    args: &PageArgs,
    columns: Columns,
) -> Result<HashMap<String, Page<E>>> {
    if let [parent] = parents {
        let query = query.filter(names::<E>(column, Expr::value(*parent), db.get_database_backend()));
        let page = fetch(db, query, args, columns).await?;
        return Ok(HashMap::from([((*parent).to_owned(), page)]));
    }
    let columns = columns.with::<E>(args.order.columns());
    let query = columns.of(between_cursors(query, args));
    let statement = match db.get_database_backend() {
        DbBackend::Postgres => lateral(query, column, parents, args),
        backend => ranked(naming(query, column, parents, backend), args),
    };
    let mut rows: HashMap<String, Vec<E::Model>> = HashMap::with_capacity(parents.len());
    for answer in db.query_all(&statement).await? {
        rows.entry(answer.try_get("", "parent")?).or_default().push(columns.row::<E>(&answer)?);
    }
    Ok(rows.into_iter().map(|(parent, rows)| (parent, cut(rows, args))).collect())
}

/// The first rows of each parent, in order: an index leads to them, however many more there are.
fn lateral<E: Joined>(
    query: Select<E>,
    column: &'static str,
    parents: &[&str],
    args: &PageArgs,
) -> SelectStatement {
    let mut rows = query.filter(names::<E>(column, Expr::col(PARENTS), DbBackend::Postgres));
    args.order.towards(args.side).sort(QuerySelect::query(&mut rows));
    // Nothing is the child of NULL.
    let mut keys: Vec<Option<&str>> = parents.iter().copied().map(Some).collect();
    keys.resize(keys.len().next_power_of_two(), None);
    Query::select()
        .column(("rows", Asterisk))
        .expr_as(Expr::col(PARENTS), "parent")
        .from_values(keys.into_iter().map(|key| key.map(str::to_owned)), PARENTS.0)
        .join_lateral(
            JoinType::InnerJoin,
            rows.limit(args.limit + 1).into_query(),
            "rows",
            Expr::cust("TRUE"),
        )
        .to_owned()
}

/// The same where a statement cannot look at one parent after the other.
fn ranked<E: EntityTrait>((rows, parent): (Select<E>, ColumnRef), args: &PageArgs) -> SelectStatement {
    let mut window = WindowStatement::partition_by(parent.clone());
    args.order.towards(args.side).sort(&mut window);
    let mut rows = rows.into_query();
    rows.expr_as(Expr::col(parent), "parent");
    rows.expr_window_as(Expr::cust("ROW_NUMBER()"), window, "place");
    Query::select()
        .expr(Expr::cust("*"))
        .from_subquery(rows, "ranked")
        .and_where(Expr::col("place").lte(args.limit + 1))
        .order_by("place", Sort::Asc)
        .to_owned()
}

fn between_cursors<E: EntityTrait>(query: Select<E>, args: &PageArgs) -> Select<E> {
    let bounds = [(&args.after, Side::After), (&args.before, Side::Before)];
    bounds.into_iter().fold(query, |query, (cursor, side)| match cursor {
        Some(cursor) => query.filter(args.order.beyond(cursor, side)),
        None => query,
    })
}

/// One row more than asked for was read: it tells whether there are more.
fn cut<E: EntityTrait>(mut rows: Vec<E::Model>, args: &PageArgs) -> Page<E> {
    let more = rows.len() as u64 > args.limit;
    rows.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    if args.side == Side::Before {
        rows.reverse();
    }
    Page { rows: rows.into_iter().map(Arc::new).collect(), more }
}

/// A GraphQL object that shows a row.
pub trait Shows: ObjectType + 'static {
    /// The row's table.
    type Entity: Joined;

    /// The object of a row.
    fn row(row: Row<Self::Entity>) -> Self;

    /// The row whose columns its fields show; none: each field's resolver is asked.
    fn shown(&self) -> Option<&Row<Self::Entity>> {
        None
    }
}

/// A page of a list.
pub struct Connection<T: Shows> {
    page: Arc<Page<T::Entity>>,
    args: PageArgs,
    /// The column that names the parent, and the parent's id, where the list is not of all rows.
    parent: Option<(&'static str, String)>,
}

impl<T: Shows> Connection<T> {
    /// A page of all rows.
    pub async fn all(load: &Load, args: PageArgs) -> Result<Self> {
        let page = load.page(&args).await?;
        Ok(Self { page, args, parent: None })
    }

    /// A page of the rows whose `column` names the parent.
    pub async fn of(load: &Load, column: &'static str, parent: String, args: PageArgs) -> Result<Self> {
        let page = load.shown_page_of(column, &parent, args.clone()).await?;
        Ok(Self { page, args, parent: Some((column, parent)) })
    }

    /// The rows of the page.
    pub fn rows(&self) -> &[Row<T::Entity>] {
        &self.page.rows
    }

    /// Whether the list has more rows on a side of the page, where that is asked by this field.
    async fn has_more(&self, ctx: &Context<'_>, side: Side, field: &str) -> Result<bool> {
        if self.args.side == side && self.page.more {
            return Ok(true);
        }
        if !ctx.field().selection_set().any(|selected| selected.name() == field) {
            return Ok(false);
        }
        // What lies behind a cursor is another question to the database.
        load(ctx).behind::<T::Entity>(self.parent.as_ref(), &self.args, side).await
    }

    fn cursor(&self, row: &Row<T::Entity>) -> String {
        self.args.order.encode(&self.args.order.place::<T::Entity>(row))
    }
}

/// Which page of which list: `first` or `last` of the rows between `after` and `before`; a filter, and an order.
#[derive(Default)]
pub struct Paging {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
    pub filter: Value,
    pub order_by: Value,
}

impl Paging {
    /// The arguments of a field; none where one of them cannot be read, which is refused elsewhere.
    pub fn of(field: &SelectionField<'_>) -> Option<Self> {
        let number = |value: &Value| match value {
            Value::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
            _ => None,
        };
        let mut paging = Self::default();
        for (name, value) in field.arguments().ok()? {
            match (name.as_str(), value) {
                ("first", value) => paging.first = number(&value),
                ("last", value) => paging.last = number(&value),
                ("after", Value::String(text)) => paging.after = Some(text),
                ("before", Value::String(text)) => paging.before = Some(text),
                ("filter", value) => paging.filter = value,
                ("orderBy", value) => paging.order_by = value,
                _ => {}
            }
        }
        Some(paging)
    }

    /// The arguments of the field that is resolved.
    pub fn here(ctx: &Context<'_>) -> Option<Self> {
        Self::of(&ctx.field())
    }

    /// The arguments, checked; `first` and `last` together are not allowed, as they confuse.
    pub fn check<E: Joined>(self) -> Result<PageArgs> {
        let (side, count) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(Error::invalid("Of `first` and `last` one is enough.")),
            (None, None) if self.after.is_none() && self.before.is_some() => (Side::Before, None),
            (first, None) => (Side::After, first),
            (None, last) => (Side::Before, last),
        };
        let limit = match count {
            None => DEFAULT,
            Some(count @ 0..=MOST) => u64::from(count.unsigned_abs()),
            Some(_) => return Err(Error::invalid(format!("`first` and `last` are from 0 to {MOST}."))),
        };
        let order = Order::parse::<E>(&self.order_by)?;
        let place = |cursor: Option<String>| cursor.map(|cursor| order.decode(&cursor)).transpose();
        let (after, before) = (place(self.after)?, place(self.before)?);
        let filter = Filter::parse::<E>(&self.filter)?.map(Arc::new);
        Ok(PageArgs { limit, side, after, before, order, filter })
    }
}

impl<T: Shows> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", <T as OutputType>::type_name()).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<T: Shows> Connection<T> {
    /// The rows, each with its cursor.
    async fn edges(&self) -> EachInPlace<Edge<T>> {
        let edge = |row: &Row<T::Entity>| Edge { row: row.clone(), cursor: self.cursor(row) };
        EachInPlace(self.page.rows.iter().map(edge).collect())
    }

    /// The rows.
    async fn nodes(&self) -> EachInPlace<T> {
        EachInPlace(self.page.rows.iter().map(|row| T::row(row.clone())).collect())
    }

    /// Where the page lies in the list.
    async fn page_info(&self, ctx: &Context<'_>) -> Result<PageInfo> {
        Ok(PageInfo {
            has_next_page: self.has_more(ctx, Side::After, "hasNextPage").await?,
            has_previous_page: self.has_more(ctx, Side::Before, "hasPreviousPage").await?,
            start_cursor: self.page.rows.first().map(|row| self.cursor(row)),
            end_cursor: self.page.rows.last().map(|row| self.cursor(row)),
        })
    }

    /// How many rows the whole list has; counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let (load, filter) = (load(ctx), self.args.filter());
        let count = match &self.parent {
            None => load.count::<T::Entity>(filter).await?,
            Some((column, parent)) => load.count_of::<T::Entity>(column, parent, filter).await?,
        };
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// A row with its cursor.
pub struct Edge<T: Shows> {
    row: Row<T::Entity>,
    cursor: String,
}

impl<T: Shows> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", <T as OutputType>::type_name()).into()
    }
}

/// A row of a list, with its place.
#[Object(name_type)]
impl<T: Shows> Edge<T> {
    /// The row.
    async fn node(&self) -> InPlace<T> {
        InPlace(T::row(self.row.clone()))
    }

    /// The row's place in the list, for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }
}

/// Where a page lies in its list.
#[derive(SimpleObject)]
#[graphql(shareable)]
pub struct PageInfo {
    /// Whether there are rows after the page.
    pub(super) has_next_page: bool,
    /// Whether there are rows before the page.
    pub(super) has_previous_page: bool,
    /// The place of the page's first row.
    pub(super) start_cursor: Option<String>,
    /// The place of the page's last row.
    pub(super) end_cursor: Option<String>,
}
