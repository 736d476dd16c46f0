//! The API's own scalars.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// A JSON integer beyond 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigInt(pub i64);

/// A JSON integer beyond 32 bits.
#[Scalar]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => {
                number.as_i64().map(Self).ok_or_else(|| InputValueError::custom("not a 64-bit integer"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// Stripe's metadata: what an integration notes on an object, a JSON object of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Metadata(pub serde_json::Map<String, serde_json::Value>);

impl Metadata {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(serde_json::Value::as_str)
    }

    /// The keys with their values.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }
}

/// A JSON object of strings: what an integration notes on an object.
#[Scalar]
impl ScalarType for Metadata {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value.into_json()? {
            serde_json::Value::Object(object) if object.values().all(serde_json::Value::is_string) => {
                Ok(Self(object))
            }
            _ => Err(InputValueError::custom("metadata is a JSON object of strings")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from_json(serde_json::Value::Object(self.0.clone())).unwrap_or_default()
    }
}

/// Any JSON value, as Stripe sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Json(pub serde_json::Value);

/// Any JSON value, as Stripe sends it.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}
