//! Fields that only show what a row has: they are read from it, with neither resolver nor context.
//!
//! What a field shows is known from its name, from what its table says of its fields ([`Joined::COMPUTED`]) and from its
//! type in the schema. Whatever is not known to be that simple is left to the field's resolver, which answers the same.

use std::collections::HashMap;

use async_graphql::{
    ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ScalarType, Value,
    parser::types::Field,
    registry::{MetaType, MetaTypeName, Registry},
};
use sea_orm::{EntityTrait, ModelTrait, Value as Cell};

use super::{
    column::Kind,
    in_place::Plan,
    join::Joined,
    money::{Amount, Money},
    page::{Connection, Edge, Shows},
    select::{self, column},
};

/// An object of which fields may be read without their resolvers.
pub trait Plain: ContainerType + 'static {
    /// How a field is read.
    type Reading: Send + Sync + 'static;

    /// How a field is read; none where only its resolver knows.
    fn reading(_: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> Option<Self::Reading> {
        None
    }

    /// The value of a field; none where the object has no row.
    fn read(&self, _: &Self::Reading) -> Option<Value> {
        None
    }
}

/// How a field of a row is read.
pub enum Reading<E: EntityTrait> {
    /// It shows a column.
    Column(E::Column),
    /// It shows a column as one of an enumeration's values, which are here by what Stripe writes.
    Choice(E::Column, HashMap<String, Value>),
    /// It shows an amount of money: what is selected of it, of the column of the amount and that of the currency.
    Money(E::Column, E::Column, Plan<Amount>),
}

impl<T: Shows> Plain for T {
    type Reading = Reading<T::Entity>;

    fn reading(ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<Self::Reading> {
        let (name, registry) = (field.node.name.node.as_str(), &ctx.schema_env.registry);
        let ty = registry.types.get(T::type_name().as_ref())?.field_by_name(name)?.ty.as_str();
        if T::Entity::JOINS.iter().any(|join| join.field == name) {
            return None;
        }
        let has_code = T::Entity::COMPUTED.iter().any(|(field, _)| *field == name);
        match select::shown::<T::Entity>(name).as_slice() {
            [own] if !has_code => reading_of::<T::Entity>(own, ty, registry),
            [amount, currency] if MetaTypeName::concrete_typename(ty) == Money::type_name() => {
                let (amount, currency) =
                    (column_of::<T::Entity>(amount, "BigInt")?, column_of::<T::Entity>(currency, "String")?);
                let inside = ctx.with_selection_set(&field.node.selection_set);
                let plan = Plan::of(&inside).ok().filter(Plan::is_plain)?;
                Some(Reading::Money(amount, currency, plan))
            }
            _ => None,
        }
    }

    fn read(&self, reading: &Self::Reading) -> Option<Value> {
        let row = self.shown()?;
        Some(match reading {
            Reading::Column(column) => shown(row.get(*column)),
            Reading::Choice(column, values) => match row.get(*column) {
                Cell::String(Some(text)) => values.get(&text).or_else(|| values.get("unknown"))?.clone(),
                _ => Value::Null,
            },
            Reading::Money(amount, currency, plan) => match (row.get(*amount), row.get(*currency)) {
                (Cell::BigInt(Some(amount)), Cell::String(Some(currency))) => {
                    plan.read(&Amount::new(amount, currency))?
                }
                _ => Value::Null,
            },
        })
    }
}

impl<T: Shows> Plain for Connection<T> {
    type Reading = ();
}

impl<T: Shows> Plain for Edge<T> {
    type Reading = ();
}

/// How a field of that type shows a column.
fn reading_of<E: Joined>(name: &str, ty: &str, registry: &Registry) -> Option<Reading<E>> {
    match registry.types.get(MetaTypeName::concrete_typename(ty)) {
        Some(MetaType::Enum { enum_values, .. }) if enum_values.contains_key("UNKNOWN") => {
            let value = |name: &String| (name.to_ascii_lowercase(), Value::Enum(Name::new(name)));
            let values = enum_values.keys().map(value).collect();
            Some(Reading::Choice(column_of::<E>(name, "String")?, values))
        }
        _ => column_of::<E>(name, ty).map(Reading::Column),
    }
}

/// A column whose values are shown as they are by a field of that type.
fn column_of<E: Joined>(name: &str, ty: &str) -> Option<E::Column> {
    let (column, kind) = column::<E>(name)?;
    let fits = match ty.trim_end_matches('!') {
        "String" | "ID" => kind == Kind::Text,
        "Int" => kind == Kind::Integer,
        "BigInt" => kind == Kind::BigInteger,
        "Boolean" => kind == Kind::Flag,
        "DateTime" => kind == Kind::Time,
        _ => false,
    };
    fits.then_some(column)
}

/// What the API shows of a column's value.
pub fn shown(cell: Cell) -> Value {
    match cell {
        Cell::String(Some(text)) => Value::String(text),
        Cell::Int(Some(number)) => Value::Number(number.into()),
        Cell::BigInt(Some(number)) => Value::Number(number.into()),
        Cell::Bool(Some(flag)) => Value::Boolean(flag),
        Cell::ChronoDateTimeUtc(Some(time)) => time.to_value(),
        _ => Value::Null,
    }
}
