//! Columns by their names: their types, and values of them that can be compared, remembered and written into cursors.

use std::str::FromStr;

use async_graphql::Value as Input;
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, Value, sea_query::Expr};
use serde_json::Value as Json;

use crate::mirror::column::MOMENTS;

pub use crate::mirror::column::Kind;

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub nullable: bool,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    Null,
    Flag(bool),
    Number(i64),
    /// In microseconds since 1970.
    Time(i64),
    Text(String),
}

impl Column {
    /// The column of that name, if the table has it.
    pub fn find<E: EntityTrait>(name: &'static str) -> Option<Self> {
        let definition = E::Column::from_str(name).ok()?.def();
        let kind = Kind::of(definition.get_column_type()).unwrap_or(Kind::Text);
        Some(Self { name, kind, nullable: definition.is_null() })
    }

    /// The value that a row has in it.
    pub fn of<E: EntityTrait>(&self, row: &E::Model) -> Scalar {
        let Ok(column) = E::Column::from_str(self.name) else { return Scalar::Null };
        match row.get(column) {
            Value::String(Some(text)) => Scalar::Text(text),
            Value::BigInt(Some(number)) => Scalar::Number(number),
            Value::Int(Some(number)) => Scalar::Number(number.into()),
            Value::Bool(Some(flag)) => Scalar::Flag(flag),
            Value::ChronoDateTimeUtc(Some(time)) => Scalar::Time(time.timestamp_micros()),
            _ => Scalar::Null,
        }
    }

    /// A value that a cursor has.
    pub fn json(&self, value: &Json) -> Option<Scalar> {
        match (self.kind, value) {
            (_, Json::Null) => self.nullable.then_some(Scalar::Null),
            (Kind::Text, Json::String(text)) => text_of(text),
            (Kind::Integer | Kind::BigInteger, Json::Number(number)) => number.as_i64().map(Scalar::Number),
            (Kind::Flag, Json::Bool(flag)) => Some(Scalar::Flag(*flag)),
            (Kind::Time, Json::Number(micros)) => time_of(DateTime::from_timestamp_micros(micros.as_i64()?)?),
            _ => None,
        }
    }

    /// A value that a client compares with.
    pub fn input(&self, value: &Input) -> Option<Scalar> {
        match (self.kind, value) {
            (Kind::Text, Input::String(text)) => text_of(text),
            (Kind::Text, Input::Number(number)) => Some(Scalar::Text(number.to_string())),
            (Kind::Integer | Kind::BigInteger, Input::Number(number)) => number.as_i64().map(Scalar::Number),
            (Kind::Flag, Input::Boolean(flag)) => Some(Scalar::Flag(*flag)),
            (Kind::Time, Input::String(text)) => time_of(text.parse().ok()?),
            _ => None,
        }
    }
}

impl Scalar {
    /// As a cursor has it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Flag(flag) => (*flag).into(),
            Self::Number(number) | Self::Time(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    /// As a statement has it.
    pub fn to_sql(&self) -> Expr {
        match self {
            Self::Null => Expr::cust("NULL"),
            Self::Flag(flag) => Expr::value(*flag),
            Self::Number(number) => Expr::value(*number),
            Self::Time(micros) => Expr::value(DateTime::from_timestamp_micros(*micros).unwrap_or_default()),
            Self::Text(text) => Expr::value(text.as_str()),
        }
    }
}

/// PostgreSQL's texts have no NUL: no row has such a text.
fn text_of(text: &str) -> Option<Scalar> {
    (!text.contains('\0')).then(|| Scalar::Text(text.to_owned()))
}

fn time_of(time: DateTime<Utc>) -> Option<Scalar> {
    MOMENTS.contains(&time.timestamp()).then(|| Scalar::Time(time.timestamp_micros()))
}
