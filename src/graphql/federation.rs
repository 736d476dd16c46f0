//! The API as a subgraph of Apollo Federation 2: each node is an entity, which a router finds by its `id`
//! (<https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec>).

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, Data, Executor, MergedObject, ObjectType, OutputType,
    Positioned, Request, Response, ServerResult, Value,
    async_trait::async_trait,
    parser::types::Field,
    registry::{MetaType, MetaTypeId, Registry},
    resolver_utils::resolve_container,
};
use futures_util::stream::BoxStream;

use super::{
    declared::answer,
    describe::part,
    live::Live,
    mutation::Mutation,
    object::{Node, entity},
    query::{Asked, Query},
    roots::Roots,
};

/// The schema with its resolvers, by itself or as a subgraph.
#[derive(Clone)]
pub enum Schema {
    Whole(async_graphql::Schema<Query, Mutation, Live>),
    Subgraph(async_graphql::Schema<Subgraph, Mutation, Live>),
}

/// What can be asked.
#[derive(MergedObject)]
#[graphql(name = "Query")]
pub struct Subgraph(pub Asked, pub Roots, pub Entities);

/// Gives the nodes their keys, and finds them by these; it has no fields of its own.
pub struct Entities;

#[async_trait]
impl Executor for Schema {
    async fn execute(&self, request: Request) -> Response {
        match self {
            Self::Whole(schema) => schema.execute(request).await,
            Self::Subgraph(schema) => schema.execute(request).await,
        }
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        match self {
            Self::Whole(schema) => Executor::execute_stream(schema, request, session),
            Self::Subgraph(schema) => Executor::execute_stream(schema, request, session),
        }
    }
}

#[async_trait]
impl OutputType for Entities {
    fn type_name() -> Cow<'static, str> {
        "Entities".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            let node = Node::create_type_info(registry);
            let nodes = match registry.types.get(node.trim_end_matches('!')) {
                Some(MetaType::Interface { possible_types, .. }) => possible_types.iter().cloned().collect(),
                _ => Vec::new(),
            };
            for node in nodes {
                registry.add_keys(&node, "id");
            }
            part(Self::type_name().into_owned(), [], std::any::type_name::<Self>())
        })
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container(ctx, self).await
    }
}

#[async_trait]
impl ContainerType for Entities {
    async fn resolve_field(&self, _: &Context<'_>) -> ServerResult<Option<Value>> {
        Ok(None)
    }

    /// The entity that a router names by its type and its key: null where the viewer may not see it.
    async fn find_entity(&self, ctx: &Context<'_>, named: &Value) -> ServerResult<Option<Value>> {
        let text = |name| match named {
            Value::Object(fields) => match fields.get(name) {
                Some(Value::String(text)) => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        };
        match text("__typename").zip(text("id")) {
            Some((ty, id)) => answer(ctx, entity(ctx, ty, id).await).await.map(Some),
            None => Ok(Some(Value::Null)),
        }
    }
}

impl ObjectType for Entities {}
