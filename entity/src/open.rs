//! Enumerations that Stripe may extend at any time.

use std::{borrow::Cow, fmt, marker::PhantomData};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, Value as GraphqlValue,
    async_trait::async_trait, parser::types::Field, registry::Registry,
};
use sea_orm::{
    ColIdx, ColumnType, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, Nullable, StringLen, ValueType, ValueTypeErr},
};
use serde::de::{DeserializeOwned, value::StrDeserializer};

/// A value as Stripe wrote it, read as `T` by the API.
///
/// A value that `T` does not know is stored to the letter and shown as `UNKNOWN`: it breaks no client.
pub struct Open<T> {
    text: String,
    known: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Open<T> {
    /// The value among those that `T` knows; `T` names its own catch-all by `#[serde(other)]`.
    pub fn known(&self) -> T {
        let text = StrDeserializer::<serde::de::value::Error>::new(&self.text);
        T::deserialize(text).expect("every open enumeration has a catch-all")
    }
}

impl<T> Open<T> {
    /// The value as Stripe wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T> From<String> for Open<T> {
    fn from(text: String) -> Self {
        Self { text, known: PhantomData }
    }
}

impl<T> Clone for Open<T> {
    fn clone(&self) -> Self {
        self.text.clone().into()
    }
}

impl<T> PartialEq for Open<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Open<T> {}

impl<T> fmt::Debug for Open<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl<T> From<Open<T>> for Value {
    fn from(open: Open<T>) -> Self {
        open.text.into()
    }
}

impl<T> TryGetable for Open<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        String::try_get_by(row, index).map(Self::from)
    }
}

impl<T> ValueType for Open<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <String as ValueType>::try_from(value).map(Self::from)
    }

    fn type_name() -> String {
        "Open".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::String(StringLen::None)
    }
}

impl<T> Nullable for Open<T> {
    fn null() -> Value {
        String::null()
    }
}

#[async_trait]
impl<T: OutputType + DeserializeOwned> OutputType for Open<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<GraphqlValue> {
        self.known().resolve(ctx, field).await
    }
}
