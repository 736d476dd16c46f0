//! The order of a list, and places in it: a cursor is a place between rows, so that pages stay stable under inserts.

use async_graphql::Value as Input;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::mirrored::Owned;
use sea_orm::{
    EntityTrait, Order as Sort,
    sea_query::{Expr, ExprTrait, NullOrdering, OrderedStatement},
};
use serde_json::Value as Json;

use super::{
    column::{Column, Scalar},
    join::Joined,
};
use crate::error::{Error, Result};

/// By how many fields a list is ordered at most, beside the id.
const MOST: usize = 3;

/// By what a list is ordered: columns, the id last, so that no two rows have the same place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    table: &'static str,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Step {
    column: Column,
    descending: bool,
}

/// A place in an order: that of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(Vec<Scalar>);

/// To which side of a place rows lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Those that follow.
    After,
    /// Those that come before.
    Before,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::After => Self::Before,
            Self::Before => Self::After,
        }
    }
}

impl Order {
    /// Newest first, or by the id alone where Stripe does not say when an object was created.
    pub fn newest<E: Owned>() -> Self {
        Self::by::<E>(Column::find::<E>("created").into_iter().map(|column| (column, true)).collect())
    }

    /// The order that a client asks for: fields within each other by `thenBy`.
    pub fn parse<E: Joined>(mut input: &Input) -> Result<Self> {
        let mut columns: Vec<(Column, bool)> = Vec::new();
        while let Input::Object(order) = input {
            let field = match order.get("field") {
                Some(Input::Enum(name)) => name.as_str(),
                Some(Input::String(name)) => name,
                _ => return Err(Error::invalid("An order names a `field`.")),
            };
            let name = fields::<E>().find(|name| name.eq_ignore_ascii_case(field));
            let column = name.and_then(Column::find::<E>);
            let column = column.ok_or_else(|| Error::invalid("The list has no such order."))?;
            if columns.len() == MOST || columns.iter().any(|(before, _)| *before == column) {
                return Err(Error::invalid(format!(
                    "An order has at most {MOST} fields, each of them once."
                )));
            }
            let descending = match order.get("direction") {
                Some(Input::Enum(direction)) => direction.as_str() == "DESC",
                Some(Input::String(direction)) => direction == "DESC",
                _ => false,
            };
            columns.push((column, descending));
            input = order.get("thenBy").unwrap_or(&Input::Null);
        }
        if !matches!(input, Input::Null) {
            return Err(Error::invalid("An order is an object."));
        }
        Ok(if columns.is_empty() { Self::newest::<E>() } else { Self::by::<E>(columns) })
    }

    fn by<E: Owned>(columns: Vec<(Column, bool)>) -> Self {
        let descending = columns.last().is_none_or(|(_, descending)| *descending);
        let id = Column::find::<E>("id").expect("every table has an id");
        let mut steps: Vec<Step> =
            columns.into_iter().map(|(column, descending)| Step { column, descending }).collect();
        // What follows an id orders nothing; rows that are equal follow each other as they were created, as indexes
        // have them.
        for column in Column::find::<E>("created").into_iter().chain([id]) {
            match steps.iter().position(|step| step.column == id) {
                Some(place) => steps.truncate(place + 1),
                None if steps.iter().any(|step| step.column == column) => {}
                None => steps.push(Step { column, descending }),
            }
        }
        Self { table: E::default().table_name(), steps }
    }

    /// The columns by which it orders.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.steps.iter().map(|step| step.column.name)
    }

    /// Whether an index has the rows in this order: by one column and when they were created, all of them one way.
    pub fn is_indexed(&self) -> bool {
        let descending = self.steps[0].descending;
        let names: Vec<&str> = self.steps.iter().map(|step| step.column.name).collect();
        self.steps.iter().all(|step| step.descending == descending)
            && matches!(names[..], ["id"] | ["created", "id"] | [_, "created", "id"])
    }

    /// The same order from its other end.
    pub fn towards(&self, side: Side) -> Self {
        let mut order = self.clone();
        if side == Side::Before {
            order.steps.iter_mut().for_each(|step| step.descending = !step.descending);
        }
        order
    }

    /// Orders a statement's rows. What is absent counts as the greatest, as PostgreSQL's indexes have it.
    pub fn sort(&self, statement: &mut impl OrderedStatement) {
        for step in &self.steps {
            let sort = if step.descending { Sort::Desc } else { Sort::Asc };
            match (step.column.nullable, step.descending) {
                (false, _) => statement.order_by(step.column.name, sort),
                (true, true) => statement.order_by_with_nulls(step.column.name, sort, NullOrdering::First),
                (true, false) => statement.order_by_with_nulls(step.column.name, sort, NullOrdering::Last),
            };
        }
    }

    /// The rows that lie beyond a place.
    pub fn beyond(&self, cursor: &Cursor, side: Side) -> Expr {
        let order = self.towards(side);
        let direction = order.steps[0].descending;
        if order.steps.iter().all(|step| !step.column.nullable && step.descending == direction) {
            let columns = Expr::tuple(order.steps.iter().map(|step| Expr::col(step.column.name)));
            let values = Expr::tuple(cursor.0.iter().map(Scalar::to_sql));
            return if direction { columns.lt(values) } else { columns.gt(values) };
        }
        // One column after the other decides, where those before it are equal.
        let mut beyond = Expr::value(false);
        for (place, step) in order.steps.iter().enumerate().rev() {
            let value = &cursor.0[place];
            beyond = step.beyond(value).or(step.equal(value).and(beyond));
        }
        let first = &order.steps[0];
        if first.column.nullable {
            return beyond;
        }
        // The same, as an index can begin with it.
        let (column, value) = (Expr::col(first.column.name), cursor.0[0].to_sql());
        let bound = if first.descending { column.lte(value) } else { column.gte(value) };
        bound.and(beyond)
    }

    /// The row that has a place.
    pub fn at(&self, cursor: &Cursor) -> Expr {
        let steps = self.steps.iter().zip(&cursor.0);
        let equal = steps.map(|(step, value)| step.equal(value));
        equal.reduce(Expr::and).expect("every order ends with the id")
    }

    /// The place of a row.
    pub fn place<E: EntityTrait>(&self, row: &E::Model) -> Cursor {
        Cursor(self.steps.iter().map(|step| step.column.of::<E>(row)).collect())
    }

    /// A place, for clients.
    pub fn encode(&self, cursor: &Cursor) -> String {
        let mut place = vec![self.name().into()];
        place.extend(cursor.0.iter().map(Scalar::to_json));
        URL_SAFE_NO_PAD.encode(Json::Array(place).to_string())
    }

    /// A place that a client has from this order; those of other orders and of other tables are refused.
    pub fn decode(&self, text: &str) -> Result<Cursor> {
        let parse = || {
            let place: Vec<Json> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            let (name, values) = place.split_first()?;
            if *name != Json::String(self.name()) || values.len() != self.steps.len() {
                return None;
            }
            let values = self.steps.iter().zip(values).map(|(step, value)| step.column.json(value));
            values.collect::<Option<Vec<Scalar>>>().map(Cursor)
        };
        parse().ok_or_else(|| Error::invalid("The cursor is not one of this connection."))
    }

    /// The name of the order, by which its cursors are known. The version comes first, so that cursors can change.
    fn name(&self) -> String {
        let mut name = format!("2 {}", self.table);
        for Step { column, descending } in &self.steps {
            name.push_str(if *descending { " -" } else { " +" });
            name.push_str(column.name);
        }
        name
    }
}

impl Step {
    /// The values that follow one.
    fn beyond(&self, value: &Scalar) -> Expr {
        let column = Expr::col(self.column.name);
        match (value, self.descending) {
            (Scalar::Null, true) => column.is_not_null(),
            (Scalar::Null, false) => Expr::value(false),
            (value, true) => column.lt(value.to_sql()),
            (value, false) if self.column.nullable => {
                column.gt(value.to_sql()).or(Expr::col(self.column.name).is_null())
            }
            (value, false) => column.gt(value.to_sql()),
        }
    }

    fn equal(&self, value: &Scalar) -> Expr {
        let column = Expr::col(self.column.name);
        match value {
            Scalar::Null => column.is_null(),
            value => column.eq(value.to_sql()),
        }
    }
}

/// The columns that a table's lists can be ordered by.
pub fn fields<E: Joined>() -> impl Iterator<Item = &'static str> {
    let created = Column::find::<E>("created").map(|column| column.name);
    E::ORDERS.iter().copied().chain(created).chain(["id"])
}
