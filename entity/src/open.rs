//! Enumerations that Stripe may extend at any time.

use std::{borrow::Cow, fmt, marker::PhantomData};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, Value as GraphqlValue,
    async_trait::async_trait, parser::types::Field, registry::Registry, resolver_utils::EnumType,
};
use sea_orm::{
    ColIdx, ColumnType, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, Nullable, StringLen, ValueType, ValueTypeErr},
};

/// A value as Stripe wrote it, read as `T` by the API.
///
/// A value that `T` does not know is stored to the letter and shown as `UNKNOWN`: it breaks no client.
pub struct Open<T> {
    text: String,
    known: PhantomData<fn() -> T>,
}

impl<T: EnumType> Open<T> {
    /// The value among those that `T` knows, whose names are what Stripe writes in upper case; or else its `UNKNOWN`.
    pub fn known(&self) -> T {
        let is_lower = !self.text.bytes().any(|letter| letter.is_ascii_uppercase());
        let named = T::items().iter().find(|item| is_lower && item.name.eq_ignore_ascii_case(&self.text));
        let known = named.or_else(|| T::items().iter().find(|item| item.name == "UNKNOWN"));
        known.expect("every open enumeration has a catch-all").value
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
impl<T: OutputType + EnumType> OutputType for Open<T> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        payment_method::PaymentMethodType, subscription::SubscriptionStatus, tax_id_type::TaxIdType,
    };

    fn known<T: EnumType>(text: &str) -> T {
        Open::from(text.to_owned()).known()
    }

    #[test]
    fn what_stripe_writes_is_the_value_of_that_name() {
        assert_eq!(known::<SubscriptionStatus>("past_due"), SubscriptionStatus::PastDue);
        assert_eq!(known::<PaymentMethodType>("p24"), PaymentMethodType::P24);
        assert_eq!(known::<PaymentMethodType>("us_bank_account"), PaymentMethodType::UsBankAccount);
        assert_eq!(known::<TaxIdType>("eu_oss_vat"), TaxIdType::EuOssVat);
    }

    #[test]
    fn what_has_no_name_is_unknown() {
        for text in ["", "unknown", "PAST_DUE", "Past_due", "past_due ", "on_the_house"] {
            assert_eq!(known::<SubscriptionStatus>(text), SubscriptionStatus::Unknown, "{text}");
        }
    }
}
