//! Resolving the fields of an object where it stands.
//!
//! The library makes a task of each field, asks every extension about it, and writes the fields as they finish. What was
//! loaded ahead has nothing to wait for: here each field is asked once, in the order of the document, and only what then
//! still waits is awaited, all at once. It makes use of what the library keeps for its macros.

use std::{borrow::Cow, future::poll_fn, sync::Arc, task::Poll};

use async_graphql::{
    ContextSelectionSet, Name, OutputType, Positioned, ServerError, ServerResult, Value,
    async_trait::async_trait,
    indexmap::IndexMap,
    parser::types::{Field, Selection},
    registry::{MetaType, Registry},
};
use futures_util::future::BoxFuture;

use super::{load::load, plain::Plain};

/// An object whose fields are resolved in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPlace<T>(pub T);

/// The objects of a list, resolved in place.
pub struct EachInPlace<T>(pub Vec<T>);

/// What is selected of objects of a type, in the order of the document.
pub struct Plan<T: Plain>(Vec<Step<T>>);

struct Step<T: Plain> {
    key: Name,
    how: How<T>,
}

/// How a field comes to its value.
enum How<T: Plain> {
    /// It is `__typename`.
    Typed,
    /// It is read.
    Read(T::Reading),
    /// Its resolver says.
    Resolved,
}

impl<T: Plain> Plan<T> {
    /// What a document selects of an object.
    pub fn of(ctx: &ContextSelectionSet<'_>) -> ServerResult<Self> {
        let mut selected = Vec::new();
        collect(ctx, &T::type_name(), &mut selected)?;
        let step = |field: &Positioned<Field>| {
            let how = match T::reading(ctx, field) {
                _ if field.node.name.node == "__typename" => How::Typed,
                Some(reading) => How::Read(reading),
                None => How::Resolved,
            };
            Step { key: field.node.response_key().node.clone(), how }
        };
        Ok(Self(selected.into_iter().map(step).collect()))
    }

    /// Whether no resolver is asked.
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|step| !matches!(step.how, How::Resolved))
    }

    /// What is selected of an object of which no resolver is asked; none where the object cannot be read.
    pub fn read(&self, object: &T) -> Option<Value> {
        let mut resolved = IndexMap::with_capacity(self.0.len());
        for step in &self.0 {
            add(&mut resolved, &step.key, step.value(object)?);
        }
        Some(Value::Object(resolved))
    }
}

impl<T: Plain> Step<T> {
    /// What is known without a resolver.
    fn value(&self, object: &T) -> Option<Value> {
        match &self.how {
            How::Typed => Some(Value::String(T::type_name().into_owned())),
            How::Read(reading) => object.read(reading),
            How::Resolved => None,
        }
    }
}

#[async_trait]
impl<T: Plain> OutputType for InPlace<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let plan = planned::<T>(ctx)?;
        match plan.read(&self.0) {
            Some(value) => Ok(value),
            None => object(ctx, &plan, &self.0).await,
        }
    }
}

#[async_trait]
impl<T: Plain> OutputType for EachInPlace<T> {
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
        let plan = planned::<T>(ctx)?;
        if plan.is_plain()
            && let Some(items) = self.0.iter().map(|item| plan.read(item)).collect()
        {
            return Ok(Value::List(items));
        }
        let places: Vec<_> = (0..self.0.len()).map(|index| ctx.with_index(index)).collect();
        let items = places.iter().zip(&self.0).map(|(place, item)| -> BoxFuture<'_, _> {
            let item = object(place, &plan, item);
            Box::pin(async move { item.await.map_err(|error| place.set_error_path(error)) })
        });
        all(items.collect()).await.into_iter().collect::<ServerResult<_>>().map(Value::List)
    }
}

/// What is selected here, which is found out once for all objects of a place in the document.
fn planned<T: Plain>(ctx: &ContextSelectionSet<'_>) -> ServerResult<Arc<Plan<T>>> {
    load(ctx).once::<T, _, _>(ctx.item.pos, || Plan::of(ctx))
}

/// What is selected of an object.
async fn object<T: Plain>(ctx: &ContextSelectionSet<'_>, plan: &Plan<T>, object: &T) -> ServerResult<Value> {
    let mut selected = Vec::with_capacity(plan.0.len());
    collect(ctx, &T::type_name(), &mut selected)?;
    let (mut resolved, mut places) = (IndexMap::with_capacity(plan.0.len()), Vec::new());
    for (field, step) in selected.into_iter().zip(&plan.0) {
        let value = step.value(object);
        if value.is_none() {
            places.push(ctx.with_field(field));
        }
        add(&mut resolved, &step.key, value.unwrap_or_default());
    }
    let outcomes = all(places.iter().map(|place| object.resolve_field(place)).collect()).await;
    for (place, outcome) in places.iter().zip(outcomes) {
        let key = &place.item.node.response_key().node;
        match outcome {
            Ok(value) => add(&mut resolved, key, value.unwrap_or_default()),
            Err(error) => ctx.add_error(error),
        }
    }
    Ok(Value::Object(resolved))
}

/// The fields that are selected of an object, those of fragments among them.
fn collect<'a>(
    ctx: &ContextSelectionSet<'a>,
    ty: &str,
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
        if on.is_none_or(|on| is_a(&ctx.schema_env.registry, ty, &on.node.on.node)) {
            collect(&ctx.with_selection_set(set), ty, selected)?;
        }
    }
    Ok(())
}

/// Whether objects of a type are of another: of an interface or a union that it belongs to.
fn is_a(registry: &Registry, ty: &str, other: &str) -> bool {
    ty == other || registry.types.get(other).is_some_and(|other: &MetaType| other.is_possible_type(ty))
}

/// Adds the value of a field to those of its object; to what is known of it, where it is selected twice.
fn add(resolved: &mut IndexMap<Name, Value>, key: &Name, value: Value) {
    match resolved.get_mut(key) {
        None => drop(resolved.insert(key.clone(), value)),
        Some(known) => merge(known, value),
    }
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
        (value @ Value::Null, more) => *value = more,
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
