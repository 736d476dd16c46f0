//! Relay connections over keysets: written once, for every table.
//!
//! Rows come newest first; a cursor is a place between rows, so that pages stay stable under inserts.
//! <https://relay.dev/graphql/connections.htm>

use std::{borrow::Cow, collections::HashMap, str::FromStr, sync::Arc};

use async_graphql::{Context, Object, OutputType, SimpleObject, TypeName};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entity::mirrored::Owned;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, EntityTrait, FromQueryResult, ModelTrait, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, Value,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, WindowStatement},
};

use super::load::{Load, Row, load, text};
use crate::error::{Error, Result};

/// How many rows a page has where nothing is said.
pub const DEFAULT: u64 = 20;

/// How many rows a page has at most.
pub const MOST: i32 = 100;

/// Which page of a connection is asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageArgs {
    limit: u64,
    direction: Direction,
    cursor: Option<Cursor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Direction {
    Forward,
    Backward,
}

/// A place in the order of a connection: that of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Cursor {
    created: DateTime<Utc>,
    id: String,
}

/// Some rows of a connection, in its order.
pub struct Page<E: EntityTrait> {
    pub rows: Vec<Row<E>>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<E: EntityTrait> Default for Page<E> {
    fn default() -> Self {
        Self { rows: Vec::new(), has_next: false, has_previous: false }
    }
}

impl PageArgs {
    /// The first row.
    pub fn one() -> Self {
        Self { limit: 1, direction: Direction::Forward, cursor: None }
    }

    /// The arguments as the client wrote them; `first` and `last` together are not allowed, as nothing says what
    /// they would mean.
    pub fn new(
        first: Option<i32>,
        after: Option<&str>,
        last: Option<i32>,
        before: Option<&str>,
    ) -> Result<Self> {
        let (direction, count, cursor) = match (first, after, last, before) {
            (first, after, None, None) => (Direction::Forward, first, after),
            (None, None, last, before) => (Direction::Backward, last, before),
            _ => return Err(Error::invalid("Use `first` with `after`, or `last` with `before`.")),
        };
        let limit = match count {
            None => DEFAULT,
            Some(count @ 0..=MOST) => u64::from(count.unsigned_abs()),
            Some(_) => return Err(Error::invalid(format!("`first` and `last` are from 0 to {MOST}."))),
        };
        Ok(Self { limit, direction, cursor: cursor.map(Cursor::decode).transpose()? })
    }
}

impl Cursor {
    /// The version comes first, so that the order can change and old cursors are refused.
    const VERSION: &'static str = "1";

    fn of<E: EntityTrait>(row: &E::Model) -> Self {
        let created = match E::Column::from_str("created").map(|column| row.get(column)) {
            Ok(Value::ChronoDateTimeUtc(Some(created))) => created,
            _ => DateTime::UNIX_EPOCH,
        };
        Self { created, id: text::<E>(row, "id") }
    }

    fn encode(&self) -> String {
        let place = format!("{} {} {}", Self::VERSION, self.created.timestamp_micros(), self.id);
        URL_SAFE_NO_PAD.encode(place)
    }

    fn decode(text: &str) -> Result<Self> {
        let parse = || {
            let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let (version, rest) = place.split_once(' ')?;
            let (created, id) = rest.split_once(' ')?;
            let created = DateTime::from_timestamp_micros(created.parse().ok()?)?;
            (version == Self::VERSION && !id.contains('\0')).then(|| Self { created, id: id.to_owned() })
        };
        parse().ok_or_else(|| Error::invalid("The cursor is not one of this connection."))
    }
}

/// The columns that tell a row's place: Stripe says of some objects, such as an invoice's lines, not when they were
/// created.
fn place<E: EntityTrait>() -> &'static [&'static str] {
    if E::Column::from_str("created").is_ok() { &["created", "id"] } else { &["id"] }
}

/// Reads a page of a query's rows.
pub async fn fetch<E: EntityTrait>(
    db: &DatabaseConnection,
    query: Select<E>,
    args: &PageArgs,
) -> Result<Page<E>> {
    let (mut query, order) = beyond_cursor(query, args);
    for column in place::<E>() {
        query = query.order_by(Expr::col(*column), order.clone());
    }
    Ok(cut(query.limit(args.limit + 1).all(db).await?, args))
}

/// Reads the same page for each of several parents, in one statement.
pub async fn fetch_for_parents<E: EntityTrait>(
    db: &DatabaseConnection,
    query: Select<E>,
    column: &'static str,
    parents: &[&str],
    args: &PageArgs,
) -> Result<HashMap<String, Page<E>>> {
    if let [parent] = parents {
        let page = fetch(db, query.filter(Expr::col(column).eq(*parent)), args).await?;
        return Ok(HashMap::from([((*parent).to_owned(), page)]));
    }
    let (query, order) = beyond_cursor(query.filter(Expr::col(column).is_in(parents.iter().copied())), args);
    let statement = ranked::<E>(query.into_query(), column, &order, args.limit + 1);
    let mut rows: HashMap<String, Vec<E::Model>> = HashMap::with_capacity(parents.len());
    for row in db.query_all(&statement).await? {
        let row = E::Model::from_query_result(&row, "")?;
        rows.entry(text::<E>(&row, column)).or_default().push(row);
    }
    Ok(rows.into_iter().map(|(parent, rows)| (parent, cut(rows, args))).collect())
}

/// The first rows of each parent, in order.
fn ranked<E: EntityTrait>(
    mut rows: SelectStatement,
    column: &'static str,
    order: &Order,
    limit: u64,
) -> SelectStatement {
    let mut window = WindowStatement::partition_by(column);
    for column in place::<E>() {
        window.order_by(*column, order.clone());
    }
    rows.expr_window_as(Expr::cust("ROW_NUMBER()"), window, "place");
    Query::select()
        .expr(Expr::cust("*"))
        .from_subquery(rows, "ranked")
        .and_where(Expr::col("place").lte(limit))
        .order_by("place", Order::Asc)
        .to_owned()
}

fn beyond_cursor<E: EntityTrait>(query: Select<E>, args: &PageArgs) -> (Select<E>, Order) {
    let columns = place::<E>();
    let place = || Expr::tuple(columns.iter().map(|column| Expr::col(*column)));
    let cursor = args.cursor.as_ref().map(|cursor| {
        Expr::tuple(columns.iter().map(|column| match *column {
            "created" => Expr::value(cursor.created),
            _ => Expr::value(cursor.id.as_str()),
        }))
    });
    match (args.direction, cursor) {
        (Direction::Forward, Some(cursor)) => (query.filter(place().lt(cursor)), Order::Desc),
        (Direction::Forward, None) => (query, Order::Desc),
        (Direction::Backward, Some(cursor)) => (query.filter(place().gt(cursor)), Order::Asc),
        (Direction::Backward, None) => (query, Order::Asc),
    }
}

/// One row more than asked for was read: it tells whether there are more.
fn cut<E: EntityTrait>(mut rows: Vec<E::Model>, args: &PageArgs) -> Page<E> {
    let more = rows.len() as u64 > args.limit;
    rows.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    // The row that the cursor names lies on the other side.
    let behind = args.cursor.is_some();
    let (has_next, has_previous) = match args.direction {
        Direction::Forward => (more, behind),
        Direction::Backward => {
            rows.reverse();
            (behind, more)
        }
    };
    Page { rows: rows.into_iter().map(Arc::new).collect(), has_next, has_previous }
}

/// A GraphQL object that shows a row.
pub trait Shows: OutputType {
    /// The row's table.
    type Entity: Owned;

    /// The object of a row.
    fn row(row: Row<Self::Entity>) -> Self;
}

/// Which rows a connection counts.
enum Counted {
    All,
    Of(&'static str, String),
}

/// A page of a list.
pub struct Connection<T: Shows> {
    page: Arc<Page<T::Entity>>,
    counted: Counted,
}

impl<T: Shows> Connection<T> {
    /// A page of all rows.
    pub fn all(page: Page<T::Entity>) -> Self {
        Self { page: Arc::new(page), counted: Counted::All }
    }

    /// A page of the rows whose `column` names the parent.
    pub async fn of(load: &Load, column: &'static str, parent: &str, args: Paging) -> Result<Self> {
        let page = load.page_of(column, parent, args.check()?).await?;
        Ok(Self { page, counted: Counted::Of(column, parent.to_owned()) })
    }
}

/// Which page of a list: `first` with `after`, or `last` with `before`.
#[derive(Default)]
pub struct Paging {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl Paging {
    /// The arguments, checked.
    pub fn check(&self) -> Result<PageArgs> {
        PageArgs::new(self.first, self.after.as_deref(), self.last, self.before.as_deref())
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
    async fn edges(&self) -> Vec<Edge<T>> {
        self.page.rows.iter().map(|row| Edge(row.clone())).collect()
    }

    /// The rows.
    async fn nodes(&self) -> Vec<T> {
        self.page.rows.iter().map(|row| T::row(row.clone())).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        let cursor = |row: &Row<T::Entity>| Cursor::of::<T::Entity>(row).encode();
        PageInfo {
            has_next_page: self.page.has_next,
            has_previous_page: self.page.has_previous,
            start_cursor: self.page.rows.first().map(cursor),
            end_cursor: self.page.rows.last().map(cursor),
        }
    }

    /// How many rows the whole list has; counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let load = load(ctx);
        let count = match &self.counted {
            Counted::All => load.count::<T::Entity>().await?,
            Counted::Of(column, parent) => load.count_of::<T::Entity>(column, parent).await?,
        };
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// A row with its cursor.
pub struct Edge<T: Shows>(Row<T::Entity>);

impl<T: Shows> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", <T as OutputType>::type_name()).into()
    }
}

/// A row of a list, with its place.
#[Object(name_type)]
impl<T: Shows> Edge<T> {
    /// The row.
    async fn node(&self) -> T {
        T::row(self.0.clone())
    }

    /// The row's place in the list, for `after` and `before`.
    async fn cursor(&self) -> String {
        Cursor::of::<T::Entity>(&self.0).encode()
    }
}

/// Where a page lies in its list.
#[derive(SimpleObject)]
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
