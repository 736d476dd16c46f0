//! Resolving the fields of an object where it stands.
//!
//! The library makes a task of each field, asks every extension about it, and writes the fields as they finish. What was
//! loaded ahead has nothing to wait for: here each field is asked once, in the order of the document, and only what then
//! still waits is awaited, all at once. It makes use of what the library keeps for its macros.

use std::{borrow::Cow, future::poll_fn, task::Poll};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Name, ObjectType, OutputType, Positioned, ServerError,
    ServerResult, Value,
    async_trait::async_trait,
    indexmap::IndexMap,
    parser::types::{Field, Selection},
    registry::{MetaType, Registry},
};
use futures_util::future::BoxFuture;

/// An object whose fields are resolved in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPlace<T>(pub T);

/// The objects of a list, resolved in place.
pub struct EachInPlace<T>(pub Vec<T>);

#[async_trait]
impl<T: ContainerType> OutputType for InPlace<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        object(ctx, &self.0).await
    }
}

#[async_trait]
impl<T: ContainerType> ContainerType for InPlace<T> {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        self.0.resolve_field(ctx).await
    }
}

impl<T: ObjectType> ObjectType for InPlace<T> {}

#[async_trait]
impl<T: ContainerType> OutputType for EachInPlace<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let places: Vec<_> = (0..self.0.len()).map(|index| ctx.with_index(index)).collect();
        let items = places.iter().zip(&self.0).map(|(place, item)| -> BoxFuture<'_, _> {
            Box::pin(async move { object(place, item).await.map_err(|error| place.set_error_path(error)) })
        });
        all(items.collect()).await.into_iter().collect::<ServerResult<_>>().map(Value::List)
    }
}

/// What is selected of an object.
async fn object<T: ContainerType>(ctx: &ContextSelectionSet<'_>, object: &T) -> ServerResult<Value> {
    let mut selected = Vec::with_capacity(ctx.item.node.items.len());
    collect(ctx, object, &mut selected)?;
    let places: Vec<Context<'_>> = selected.into_iter().map(|field| ctx.with_field(field)).collect();
    let fields = places.iter().map(|place| -> BoxFuture<'_, ServerResult<Option<Value>>> {
        if place.item.node.name.node == "__typename" {
            let name = Value::String(object.introspection_type_name().into_owned());
            return Box::pin(std::future::ready(Ok(Some(name))));
        }
        object.resolve_field(place)
    });
    let outcomes = all(fields.collect()).await;
    let mut resolved: IndexMap<Name, Value> = IndexMap::with_capacity(outcomes.len());
    for (place, outcome) in places.iter().zip(outcomes) {
        let key = &place.item.node.response_key().node;
        match (outcome, resolved.get_mut(key)) {
            (Ok(value), None) => drop(resolved.insert(key.clone(), value.unwrap_or_default())),
            (Ok(value), Some(before)) => merge(before, value.unwrap_or_default()),
            (Err(error), _) => ctx.add_error(error),
        }
    }
    Ok(if resolved.is_empty() { Value::Null } else { Value::Object(resolved) })
}

/// The fields that are selected of an object, those of fragments among them.
fn collect<'a, T: ContainerType>(
    ctx: &ContextSelectionSet<'a>,
    object: &T,
    selected: &mut Vec<&'a Positioned<Field>>,
) -> ServerResult<()> {
    for item in &ctx.item.node.items {
        let (on, set) = match &item.node {
            Selection::Field(field) => {
                selected.push(field);
                continue;
            }
            Selection::InlineFragment(fragment) => {
                (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let fragment = ctx.query_env.fragments.get(name).ok_or_else(|| {
                    ServerError::new(format!("Unknown fragment \"{name}\"."), Some(spread.pos))
                })?;
                (Some(&fragment.node.type_condition), &fragment.node.selection_set)
            }
        };
        if on.is_none_or(|on| {
            is_a(&ctx.schema_env.registry, &object.introspection_type_name(), &on.node.on.node)
        }) {
            collect(&ctx.with_selection_set(set), object, selected)?;
        }
    }
    Ok(())
}

/// Whether objects of a type are of another: of an interface or a union that it belongs to.
fn is_a(registry: &Registry, ty: &str, other: &str) -> bool {
    ty == other || registry.types.get(other).is_some_and(|other: &MetaType| other.is_possible_type(ty))
}

/// Puts together what is selected twice under one key.
fn merge(value: &mut Value, more: Value) {
    match (value, more) {
        (Value::Object(fields), Value::Object(more)) => {
            for (key, more) in more {
                match fields.get_mut(&key) {
                    Some(field) => merge(field, more),
                    None => drop(fields.insert(key, more)),
                }
            }
        }
        (Value::List(items), Value::List(more)) => {
            items.iter_mut().zip(more).for_each(|(item, more)| merge(item, more));
        }
        _ => {}
    }
}

/// What comes of futures that run at once, in their order.
async fn all<T>(mut futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut outcomes: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        let mut waits = false;
        for (future, outcome) in futures.iter_mut().zip(&mut outcomes) {
            if outcome.is_none() {
                match future.as_mut().poll(cx) {
                    Poll::Ready(done) => *outcome = Some(done),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    outcomes.into_iter().flatten().collect()
}
