//! From a field of Stripe's to the value of a column.

use std::ops::RangeInclusive;

use chrono::DateTime;
use entity::json::Value as Sent;
use sea_orm::{ColumnTrait, ColumnType, Iden, Value};
use serde_json::Value as Json;

/// A column that is filled from Stripe's field of the same name.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    nullable: bool,
    /// Whether rows are looked up by it.
    is_reference: bool,
}

/// The longest text by which a row is looked up, in bytes: PostgreSQL's indexes take no more than 2,704 of all columns
/// together. Stripe's ids have up to 255 characters, e-mail addresses and codes of promotions up to 512.
const LONGEST_REFERENCE: usize = 2048;

/// The moments that both databases and RFC 3339 know, in seconds since 1970: the years 1 to 9999.
pub const MOMENTS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    Integer,
    BigInteger,
    Flag,
    Time,
    Json,
}

impl Kind {
    /// What a column of this type holds; none where the mirror has no such columns.
    pub fn of(ty: &ColumnType) -> Option<Self> {
        match ty {
            ColumnType::String(_) | ColumnType::Text => Some(Self::Text),
            ColumnType::Integer => Some(Self::Integer),
            ColumnType::BigInteger => Some(Self::BigInteger),
            ColumnType::Boolean => Some(Self::Flag),
            ColumnType::TimestampWithTimeZone => Some(Self::Time),
            ColumnType::Json | ColumnType::JsonBinary => Some(Self::Json),
            _ => None,
        }
    }

    /// PostgreSQL's type of an array of them; behind a bracket, what its elements are cast to.
    pub fn array(self) -> &'static str {
        match self {
            Self::Text => "text[]",
            Self::Integer => "int4[]",
            Self::BigInteger => "int8[]",
            Self::Flag => "bool[]",
            Self::Time => "timestamptz[]",
            Self::Json => "text[])::jsonb",
        }
    }
}

impl Column {
    /// The column of an entity, unless it is one that the mirror keeps for itself; rows are looked up by `references`.
    pub fn of<C: ColumnTrait>(column: C, references: &[&str]) -> Option<Self> {
        let definition = column.def();
        let name: &'static str = String::leak(Iden::to_string(&column));
        let ty = definition.get_column_type();
        let kind = Kind::of(ty).unwrap_or_else(|| unreachable!("no object has a column of type {ty:?}"));
        let is_reference = references.contains(&name);
        (name != "deleted").then(|| Self { name, kind, nullable: definition.is_null(), is_reference })
    }

    /// Whether it holds text, such as an id.
    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text)
    }

    /// The column's value in a lifted object.
    ///
    /// It is total: what is absent or of another type becomes NULL, or the neutral value where the column has no
    /// NULL. A reference that came expanded becomes its id.
    pub fn value(&self, field: Option<&Sent>) -> Value {
        let field = field.filter(|field| !field.is_null());
        match self.kind {
            Kind::Text => {
                let fits = |text: &String| !self.is_reference || text.len() <= LONGEST_REFERENCE;
                Value::String(self.or_neutral(field.and_then(text).filter(fits), String::new))
            }
            Kind::Integer => {
                Value::Int(self.or_neutral(field.and_then(integer).and_then(|n| i32::try_from(n).ok()), || 0))
            }
            Kind::BigInteger => Value::BigInt(self.or_neutral(field.and_then(integer), || 0)),
            Kind::Flag => Value::Bool(self.or_neutral(field.and_then(Sent::as_bool), || false)),
            Kind::Time => {
                let seconds = field.and_then(integer).filter(|seconds| MOMENTS.contains(seconds));
                let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
                Value::ChronoDateTimeUtc(self.or_neutral(time, || DateTime::UNIX_EPOCH))
            }
            Kind::Json => {
                let json = field.map(|field| without_nul(field.to_json()));
                let json = json.filter(|json| self.nullable || json.is_object());
                Value::Json(self.or_neutral(json, || Json::Object(serde_json::Map::new())).map(Box::new))
            }
        }
    }

    fn or_neutral<T>(&self, value: Option<T>, neutral: impl FnOnce() -> T) -> Option<T> {
        if self.nullable { value } else { Some(value.unwrap_or_else(neutral)) }
    }
}

fn text(field: &Sent) -> Option<String> {
    match field {
        Sent::String(text) => Some(printable(text)),
        Sent::Object(object) => object.get("id").and_then(Sent::as_str).map(printable),
        Sent::Number(number) => Some(decimal(&number.to_string())),
        _ => None,
    }
}

/// Stripe writes a whole percentage as `25` or as `25.0`.
fn decimal(number: &str) -> String {
    number.strip_suffix(".0").unwrap_or(number).to_owned()
}

fn integer(field: &Sent) -> Option<i64> {
    field.as_i64().or_else(|| field.as_str().and_then(|text| text.parse().ok()))
}

/// PostgreSQL's text and jsonb have no NUL character.
fn printable(text: &str) -> String {
    if text.as_bytes().contains(&0) { text.replace('\0', "") } else { text.to_owned() }
}

/// The same value without NUL characters, in names too.
pub fn without_nul(json: Json) -> Json {
    if !has_nul(&json) {
        return json;
    }
    match json {
        Json::String(text) => Json::String(printable(&text)),
        Json::Array(items) => items.into_iter().map(without_nul).collect(),
        Json::Object(object) => {
            object.into_iter().map(|(name, value)| (printable(&name), without_nul(value))).collect()
        }
        other => other,
    }
}

fn has_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(object) => object.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
