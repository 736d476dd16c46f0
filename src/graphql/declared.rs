//! Fields that are declared: what an object leads to, and what Stripe writes where the API has an enumeration. They have
//! no code of their own.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
    async_trait::async_trait,
    parser::types::Field,
    registry::{MetaField, MetaInputValue, MetaType, MetaTypeId, MetaTypeName, Registry},
    resolver_utils::resolve_container,
};
use futures_util::future::BoxFuture;
use sea_orm::ModelTrait;

use super::{
    describe::{field, list_arguments, part},
    in_place::{EachInPlace, InPlace},
    join::{Joined, ids},
    load::{Row, load},
    object::{each, one},
    page::{Connection, PageArgs, Paging, Shows},
    plain::shown,
    select::{column, snake},
};
use crate::error::Result;

/// The declared fields of a row's object.
pub struct Declared<E: Joined> {
    row: Row<E>,
}

/// A field that leads to another table: what is said of it, and how it is resolved.
pub struct Link {
    description: &'static str,
    type_name: fn(&mut Registry) -> String,
    arguments: fn(&mut Registry) -> Vec<MetaInputValue>,
    resolve: Resolve,
}

/// How a field is resolved, by the other table's column and the values that lead there.
type Resolve = for<'a> fn(&'a Context<'a>, &'static str, Vec<String>) -> BoxFuture<'a, ServerResult<Value>>;

impl Link {
    /// To the object of the row with an id.
    pub const fn one<T: Joined>(description: &'static str) -> Self {
        Self {
            description,
            type_name: Option::<InPlace<T::Shown>>::create_type_info,
            arguments: |_| Vec::new(),
            resolve: |ctx, _, ids| {
                Box::pin(async move {
                    answer(ctx, one::<T::Shown>(ctx, ids.first().map(String::as_str)).await).await
                })
            },
        }
    }

    /// To the objects of the rows with some ids.
    pub const fn each<T: Joined>(description: &'static str) -> Self {
        Self {
            description,
            type_name: EachInPlace::<T::Shown>::create_type_info,
            arguments: |_| Vec::new(),
            resolve: |ctx, _, ids| {
                Box::pin(async move { answer(ctx, each::<T::Shown>(ctx, &ids).await).await })
            },
        }
    }

    /// To the object of the one row that names the parent.
    pub const fn back<T: Joined>(description: &'static str) -> Self {
        Self {
            description,
            type_name: Option::<InPlace<T::Shown>>::create_type_info,
            arguments: |_| Vec::new(),
            resolve: |ctx, column, parent| {
                Box::pin(async move { answer(ctx, back::<T>(ctx, column, &parent[0]).await).await })
            },
        }
    }

    /// To a list of the rows that name the parent.
    pub const fn list<T: Joined>(description: &'static str) -> Self {
        Self {
            description,
            type_name: Connection::<T::Shown>::create_type_info,
            arguments: list_arguments::<T>,
            resolve: |ctx, column, mut parent| {
                Box::pin(
                    async move { answer(ctx, connection::<T>(ctx, column, parent.remove(0)).await).await },
                )
            },
        }
    }
}

async fn back<T: Joined>(
    ctx: &Context<'_>,
    column: &'static str,
    parent: &str,
) -> Result<Option<InPlace<T::Shown>>> {
    let page = load(ctx).shown_page_of::<T>(column, parent, PageArgs::one::<T>()).await?;
    Ok(page.rows.first().cloned().map(T::Shown::row).map(InPlace))
}

async fn connection<T: Joined>(
    ctx: &Context<'_>,
    column: &'static str,
    parent: String,
) -> Result<InPlace<Connection<T::Shown>>> {
    let load = load(ctx);
    // Each parent's list has the arguments of one place in the document.
    let args = load.once::<T, _, _>(ctx.item.pos, || Paging::here(ctx).unwrap_or_default().check::<T>())?;
    Connection::of(load, column, parent, (*args).clone()).await.map(InPlace)
}

/// What is selected of a field's value.
pub async fn answer<T: OutputType>(ctx: &Context<'_>, value: Result<T>) -> ServerResult<Value> {
    let value = value.map_err(|error| ctx.set_error_path(error.at(ctx.item.pos)))?;
    let selected = ctx.with_selection_set(&ctx.item.node.selection_set);
    value.resolve(&selected, ctx.item).await
}

/// What Stripe writes, beside each enumeration that a row shows and that Stripe may extend.
fn raws(row: MetaType, registry: &Registry) -> Vec<MetaField> {
    let MetaType::Object { fields, .. } = row else { return Vec::new() };
    let open = fields.into_values().filter(|field| is_open(registry, &field.ty));
    let raw = |of: MetaField| {
        let description =
            format!("`{}` as Stripe writes it, also where the API has no name for it.", of.name);
        let ty = if of.ty.ends_with('!') { "String!" } else { "String" };
        field(&format!("{}Raw", of.name), &description, ty.to_owned(), Vec::new())
    };
    open.map(raw).collect()
}

/// Whether a type is an enumeration that has a value for what it does not know.
fn is_open(registry: &Registry, ty: &str) -> bool {
    match registry.types.get(MetaTypeName::concrete_typename(ty)) {
        Some(MetaType::Enum { enum_values, .. }) => enum_values.contains_key("UNKNOWN"),
        _ => false,
    }
}

impl<E: Joined> Declared<E> {
    /// The declared fields of a row's object.
    pub fn of(row: &Row<E>) -> Self {
        Self { row: row.clone() }
    }
}

#[async_trait]
impl<E: Joined<Model: OutputType>> OutputType for Declared<E> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Declared", E::name()).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            let row = registry.create_fake_output_type::<E::Model>();
            let mut fields = raws(row, registry);
            fields.extend(E::JOINS.iter().filter_map(|join| {
                let link = join.link.as_ref()?;
                let ty = (link.type_name)(registry);
                Some(field(join.field, link.description, ty, (link.arguments)(registry)))
            }));
            part(Self::type_name().into_owned(), fields, std::any::type_name::<Self>())
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

#[async_trait]
impl<E: Joined<Model: OutputType>> ContainerType for Declared<E> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let name = ctx.item.node.name.node.as_str();
        if let Some(join) = E::JOINS.iter().find(|join| join.field == name) {
            let Some(link) = &join.link else { return Ok(None) };
            let keys = ids::<E>(&self.row, join.key);
            return (link.resolve)(ctx, join.foreign.unwrap_or("id"), keys).await.map(Some);
        }
        let raw = name.strip_suffix("Raw").and_then(|name| column::<E>(&snake(name)));
        Ok(raw.map(|(column, _)| shown(self.row.get(column))))
    }
}

impl<E: Joined<Model: OutputType>> ObjectType for Declared<E> {}
