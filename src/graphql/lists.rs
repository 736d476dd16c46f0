//! Lists that are declared: a field of an object for each `Join::many`, with no code of its own.

use std::borrow::Cow;

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
    async_trait::async_trait,
    parser::types::Field,
    registry::{MetaInputValue, MetaTypeId, Registry},
    resolver_utils::resolve_container,
};
use futures_util::future::BoxFuture;

use super::{
    describe::{field, list_arguments, part},
    in_place::InPlace,
    join::Joined,
    load::{Row, load, text},
    page::{Connection, Paging},
};
use crate::error::Result;

/// The lists that a row's object has.
pub struct Lists<E: Joined> {
    row: Row<E>,
}

/// A list: what is said of it, and how it is read.
pub struct List {
    description: &'static str,
    type_name: fn(&mut Registry) -> String,
    arguments: fn(&mut Registry) -> Vec<MetaInputValue>,
    resolve: for<'a> fn(&'a Context<'a>, &'static str, String) -> BoxFuture<'a, ServerResult<Value>>,
}

impl List {
    /// A list of a table's rows.
    pub const fn of<T: Joined>(description: &'static str) -> Self {
        Self {
            description,
            type_name: Connection::<T::Shown>::create_type_info,
            arguments: list_arguments::<T>,
            resolve: |ctx, column, parent| Box::pin(resolve::<T>(ctx, column, parent)),
        }
    }
}

async fn resolve<T: Joined>(ctx: &Context<'_>, column: &'static str, parent: String) -> ServerResult<Value> {
    answer(ctx, connection::<T>(ctx, column, parent).await).await
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

impl<E: Joined> Lists<E> {
    /// The lists of a row.
    pub fn of(row: &Row<E>) -> Self {
        Self { row: row.clone() }
    }
}

#[async_trait]
impl<E: Joined> OutputType for Lists<E> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Lists", E::name()).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            let lists = E::JOINS.iter().filter_map(|join| {
                let list = join.list.as_ref()?;
                let ty = (list.type_name)(registry);
                Some(field(join.field, list.description, ty, (list.arguments)(registry)))
            });
            let lists: Vec<_> = lists.collect();
            part(Self::type_name().into_owned(), lists, std::any::type_name::<Self>())
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

#[async_trait]
impl<E: Joined> ContainerType for Lists<E> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let name = ctx.item.node.name.node.as_str();
        let Some(join) = E::JOINS.iter().find(|join| join.field == name) else { return Ok(None) };
        match (&join.list, join.foreign) {
            (Some(list), Some(column)) => {
                (list.resolve)(ctx, column, text::<E>(&self.row, "id")).await.map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl<E: Joined> ObjectType for Lists<E> {}
